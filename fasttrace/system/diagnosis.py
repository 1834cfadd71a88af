"""Why a command could not be started or a process not be attached to, and what to do about it."""

from __future__ import annotations

import errno
import os
import stat
import struct
from pathlib import Path

from fasttrace.errors import (
    CommandNotExecutable,
    CommandNotFound,
    FasttraceError,
    NoSuchProcess,
    TraceError,
    TraceNotPermitted,
)
from fasttrace.system import procfs
from fasttrace.system.files import look

_CONTAINER_REMEDY = (
    "in a container start it with --cap-add=SYS_PTRACE"
    " (docker run, podman run; in Kubernetes securityContext.capabilities.add)"
)
_PRIVILEGE_REMEDY = f"run fasttrace as root or with CAP_SYS_PTRACE; {_CONTAINER_REMEDY}"

# e_machine of elf(5); the first name is the machine's in uname(2).
_ELF_MACHINES = {
    3: ("i686", "i386"),
    40: ("armv7l", "arm"),
    62: ("x86_64",),
    183: ("aarch64",),
    243: ("riscv64",),
}
_GIVE_TO_REPORT = "it is a recording: fasttrace report counts its calls"
_ELF_PT_INTERP = 3
_SHEBANG_MAX = 256  # BINPRM_BUF_SIZE of the kernel
_INTERPRETERS_MAX = 5  # of interpreters, exec_binprm() of the kernel


def command_not_found(name: str) -> CommandNotFound:
    """No file of this name in PATH; the message names programs that look like it."""
    close = _close_programs(name)
    hint = f"did you mean {' or '.join(close)}?" if close else "check the spelling and PATH"
    if _is_recording(name):
        hint = _GIVE_TO_REPORT
    return CommandNotFound(errno.ENOENT, f"{_named(name)}: command not found; {hint}", name)


def _is_recording(name: str) -> bool:
    return Path(name, "meta.json").is_file() or (
        name.endswith(".parquet") and Path(name).is_file() and not os.access(name, os.X_OK)
    )


def _close_programs(name: str) -> list[str]:
    from difflib import get_close_matches

    found: set[str] = set()
    for folder in os.get_exec_path():
        try:
            found.update(entry.name for entry in Path(folder).iterdir())
        except OSError:
            continue  # PATH may name folders that do not exist
    return get_close_matches(name, sorted(found), n=2, cutoff=0.75)


def _named(path: str) -> str:
    """A path in the middle of a message, where an empty one would not be seen."""
    return path or "''"


def spawn_error(path: str, error: int, stage: str, cwd: str | None = None) -> FasttraceError:
    """Why a command could not be started.

    Args:
        path: the file given to execve(2).
        error: the errno (positive).
        stage: where it failed: one of `fasttrace._core.STAGES`.
        cwd: the directory it should have started in; None: ours.
    """
    reason = os.strerror(error)
    if stage == "exec":
        return _exec_error(path, error)
    if stage == "proc":
        return _foreign_proc(error)
    if stage == "trace":
        return TraceNotPermitted(error, _own_child_reason(error))
    if stage == "cwd":
        message = f"cannot start in {_named(cwd or '.')}: {reason}; give another directory"
        return TraceError(error, message, cwd)
    if stage == "filter":
        message = (
            f"the kernel refuses a seccomp filter: {reason}; trace without a syscall set"
            " (no -e) and select afterwards"
        )
        return TraceNotPermitted(error, message)
    if stage == "stdio":
        message = f"cannot redirect the program's standard streams: {reason}; are they still open?"
        return TraceError(error, message)
    remedy = "; see ulimit -u and the container's limit of pids" if error == errno.EAGAIN else ""
    return TraceError(error, f"cannot start a process: {reason}{remedy}")


def _foreign_proc(error: int) -> TraceError:
    message = (
        "/proc does not show this pid namespace, or is not mounted, so no task could be told from"
        " another; mount it (mount -t proc proc /proc; unshare --mount-proc)"
    )
    return TraceError(error, message)


def _own_child_reason(error: int) -> str:
    """Why ptrace is refused even on a child of our own, which nothing but policy can do."""
    own = procfs.status("self")
    tracer = procfs.tracer_of(os.getpid())
    if tracer:
        return (
            f"fasttrace is itself traced by {procfs.comm(tracer)} (pid {tracer}) and a process can"
            " have one tracer only: run fasttrace outside of it"
        )
    if procfs.ptrace_scope() in (2, 3):
        return _scope_reason("the program")
    what = f"tracing is forbidden here (ptrace: {os.strerror(error)})"
    if procfs.container() == "gVisor":
        return f"{what}: gVisor restricts ptrace; use another runtime (--runtime=runc)"
    if own.get("Seccomp") == "2":
        return (
            f"{what}: a seccomp filter is active; {_CONTAINER_REMEDY}, or with"
            " --security-opt seccomp=unconfined"
        )
    return f"{what}: a security module (SELinux, AppArmor) may forbid it; {_PRIVILEGE_REMEDY}"


def _scope_reason(what: str) -> str:
    scope = procfs.ptrace_scope()
    if scope == 3:
        return (
            f"cannot trace {what}: kernel.yama.ptrace_scope is 3, which forbids all tracing until"
            " the next boot with another setting"
        )
    if scope == 2:
        return f"cannot trace {what}: kernel.yama.ptrace_scope is 2; {_PRIVILEGE_REMEDY}"
    return (
        f"cannot trace {what}: kernel.yama.ptrace_scope is {scope}, only a parent may trace; start"
        " the program with fasttrace, or run fasttrace as root (CAP_SYS_PTRACE), or"
        " sysctl kernel.yama.ptrace_scope=0"
    )


def _exec_error(path: str, error: int) -> FasttraceError:
    name = _named(path)
    if error == errno.ENOENT and os.path.lexists(path):
        return _broken_file(path)
    if error == errno.ELOOP and _interpreter(path):
        message = (
            f"{name}: its interpreter is a script, whose interpreter is one too, and so on for"
            f" more than {_INTERPRETERS_MAX} of them; name a program in the #! line"
        )
        return CommandNotExecutable(error, message, path)
    if error in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
        message = f"{name}: command not found ({os.strerror(error)}); check the path"
        return CommandNotFound(error, message, path)
    found = look(path)
    if found is not None and stat.S_ISDIR(found.st_mode):
        hint = _GIVE_TO_REPORT if _is_recording(path) else "give a file"
        message = f"{name} is a directory, not a program; {hint}"
    elif _is_recording(path):
        message = f"{name} is no program; {_GIVE_TO_REPORT}"
    elif error == errno.EACCES:
        message = _denied_reason(path)
    elif error == errno.ENOEXEC:
        message = _format_reason(path)
    elif error == errno.E2BIG:
        message = (
            f"{name}: arguments and environment are too long; pass fewer at a time (xargs),"
            " or raise the stack limit (ulimit -s)"
        )
    elif error == errno.ETXTBSY:
        message = f"{name}: some process has the file open for writing; try again once it is closed"
    elif error == errno.ECHILD:
        message = f"{name}: killed before it could start; is memory short?"
    else:
        message = f"{name}: cannot be executed: {os.strerror(error)}"
    return CommandNotExecutable(error, message, path)


def _denied_reason(path: str) -> str:
    name = _named(path)
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        return f"{name}: {error.strerror}; a directory on the way to it may not be searched"
    if not stat.S_ISREG(mode):
        return f"{name} is not a regular file; give a program"
    if not os.access(path, os.X_OK):
        return f"{name} is not executable (permission denied); chmod +x it"
    interpreter = _interpreter(path)
    if interpreter and not os.access(interpreter, os.X_OK):
        return f"{name}: its interpreter {_named(interpreter)} is not executable; chmod +x that"
    return f"{name}: permission denied; is its file system mounted noexec?"


def _broken_file(path: str) -> CommandNotExecutable:
    name = _named(path)
    interpreter = _interpreter(path)
    for _ in range(_INTERPRETERS_MAX):
        if interpreter and look(interpreter):
            path, interpreter = interpreter, _interpreter(interpreter)
    if interpreter is None:
        message = f"{name} is a dangling link; repair it"
    elif interpreter.endswith("\r"):
        message = f"{name}: its #! line ends with a carriage return; convert it (sed -i 's/\\r$//')"
    else:
        message = (
            f"{name}: bad interpreter: {_named(interpreter)} does not exist;"
            " install it or correct the file's #! line"
        )
        if _head(path).startswith(b"\x7fELF"):
            message = (
                f"{name}: its loader {_named(interpreter)} does not exist;"
                " install the C library that it was built for"
            )
    return CommandNotExecutable(errno.ENOENT, message, path)


def _format_reason(path: str) -> str:
    name = _named(path)
    head = _head(path)
    if not head:
        return f"{name} is empty: there is nothing to execute"
    if head.startswith(b"\x7fELF") and len(head) >= 20:
        (machine,) = struct.unpack_from("<H", head, 18)
        names = _ELF_MACHINES.get(machine, (f"ELF machine {machine}",))
        return (
            f"{name} is a program for {names[0]} and this is {os.uname().machine};"
            " use one built for this machine, or an emulator (qemu-user)"
        )
    return f"{name} has no #! line and is not a binary; run it with its interpreter: sh {name}"


def _head(path: str, size: int = _SHEBANG_MAX) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def _interpreter(path: str) -> str | None:
    """What execve(2) loads first: a script's interpreter, or a binary's loader."""
    head = _head(path)
    if head.startswith(b"#!"):
        line = head[2:].split(b"\n")[0].strip(b" \t")
        return os.fsdecode(line.split()[0] if line.split() else b"") + (
            "\r" if line.endswith(b"\r") else ""
        )
    if head.startswith(b"\x7fELF"):
        return _elf_loader(path)
    return None


def _elf_loader(path: str) -> str | None:
    """The PT_INTERP of a little-endian ELF file, elf(5)."""
    data = _head(path, 4096)
    wide = data[4:5] == b"\x02"
    try:
        (table,) = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)
        size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
        for i in range(count):
            at = table + i * size
            (kind,) = struct.unpack_from("<I", data, at)
            if kind == _ELF_PT_INTERP:
                (start,) = struct.unpack_from("<Q" if wide else "<I", data, at + (8 if wide else 4))
                return os.fsdecode(data[start:].split(b"\0")[0])
    except struct.error:
        return None  # cut short, or its headers stand elsewhere
    return None


def attach_error(pid: int, error: int, stage: str = "trace") -> FasttraceError:
    """Why a process could not be attached to; `error` is the errno (positive), `stage` where."""
    if stage == "proc":
        return _foreign_proc(error)
    fields = procfs.status(pid)
    if not fields:
        return _no_process(pid)
    if int(fields["Tgid"]) == os.getpid():
        return TraceNotPermitted(
            error, f"pid {pid} is fasttrace's own process: give the pid of another program"
        )
    name = f"{procfs.comm(pid)} (pid {pid})"
    if procfs.is_kernel_thread(pid):
        return TraceNotPermitted(
            error, f"{name} is a kernel thread and makes no system calls; give a program's pid"
        )
    if fields.get("State", "").startswith(("Z", "X")):
        return NoSuchProcess(
            errno.ESRCH, f"{name} has ended already and waits only for its parent to collect it"
        )
    tracer = procfs.tracer_of(pid)
    if tracer:
        return TraceNotPermitted(error, _traced_reason(name, tracer))
    if error == errno.ESRCH:
        return NoSuchProcess(error, f"{name} has just ended; give the pid of a running program")
    if error == errno.EAGAIN:
        return TraceError(error, f"{name} executes one program after the other; try again")
    if error in (errno.EPERM, errno.EACCES):
        return TraceNotPermitted(error, _refused_reason(pid, name, fields))
    if error in (errno.ENOSYS, errno.EIO):
        return TraceNotPermitted(error, _own_child_reason(error))
    return TraceError(error, f"cannot attach to {name}: {os.strerror(error)}")


def _no_process(pid: int) -> FasttraceError:
    if _exists_hidden(pid):
        message = f"pid {pid} is hidden from this user (/proc is mounted with hidepid)"
        return TraceNotPermitted(errno.EPERM, f"{message}; {_PRIVILEGE_REMEDY}")
    return NoSuchProcess.of(pid)


def _exists_hidden(pid: int) -> bool:
    try:
        os.kill(max(pid, 1), 0)
    except PermissionError:
        return pid > 0
    except (ProcessLookupError, OverflowError):
        return False
    return False  # it was born just now


def _traced_reason(name: str, tracer: int) -> str:
    fields = procfs.status(tracer)
    if fields.get("Tgid") == str(os.getpid()):
        return f"{name} is already traced by this program; end that first"
    by = f"{procfs.comm(tracer)} (pid {fields.get('Tgid', tracer)})"
    return f"{name} is already traced by {by} and can have one tracer only; end that first"


def _refused_reason(pid: int, name: str, fields: dict[str, str]) -> str:
    own = procfs.status("self")
    uids = set(fields.get("Uid", "").split())
    if procfs.ptrace_scope() == 3:
        return _scope_reason(name)
    if not procfs.has_capability("CAP_SYS_PTRACE", own):
        if uids != {str(os.getuid())}:
            return f"{name} belongs to {_user(fields)}, not to you; {_PRIVILEGE_REMEDY}"
        if procfs.ptrace_scope():
            return _scope_reason(name)
        more = int(fields.get("CapPrm", "0"), 16) & ~int(own.get("CapPrm", "0"), 16)
        if more:
            return f"{name} has capabilities that fasttrace has not; {_PRIVILEGE_REMEDY}"
        if not _is_dumpable(pid):
            return (
                f"{name} is protected: it is not dumpable (prctl PR_SET_DUMPABLE, or it gave up"
                f" privileges); {_PRIVILEGE_REMEDY}"
            )
    if own.get("Seccomp") == "2":
        return f"cannot attach to {name}: a seccomp filter forbids ptrace; {_CONTAINER_REMEDY}"
    return (
        f"cannot attach to {name}: a security module or a user namespace forbids it;"
        f" {_PRIVILEGE_REMEDY}, outside of its namespace"
    )


def _is_dumpable(pid: int) -> bool:
    """The files of a process that is not belong to root, proc_pid(5)."""
    found = look(f"/proc/{pid}")
    return found is None or found.st_uid == os.geteuid()


def _user(fields: dict[str, str]) -> str:
    uid = int(fields.get("Uid", "-1").split()[0])
    try:
        import pwd

        return f"user {pwd.getpwuid(uid).pw_name}"
    except (ImportError, KeyError):
        return f"user id {uid}"
