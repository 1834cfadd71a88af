"""What of this machine matters for tracing: the checks of `fasttrace doctor`."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from typing import NamedTuple

from fasttrace._core import inline_unusable
from fasttrace.errors import FasttraceError
from fasttrace.system import procfs
from fasttrace.tracing.tracer import Tracer

_SYSCALL_INFO_SINCE = (5, 3)
_SECCOMP_MODES = {"0": "none", "1": "strict", "2": "a filter"}


class Check(NamedTuple):
    """One finding. state: "ok", "note" (a limit that one can live with) or "bad" (no tracing)."""

    name: str
    state: str
    found: str
    remedy: str = ""


def checks() -> list[Check]:
    """All checks, the real trace last."""
    own = procfs.status("self")
    kernel = _kernel()
    found = [
        kernel,
        _scope(own),
        _capabilities(own),
        _container(),
        _own_seccomp(own),
        _no_new_privs(own),
        _scheduling(own),
        _filter(),
        _inline(),
    ]
    if kernel.state != "bad":  # the engine would not get far
        found += [_trace("trace", None), _trace("trace with a selection", "execve,openat")]
    return found


def works(found: list[Check]) -> bool:
    """Whether commands can be traced: no check is "bad"."""
    return all(check.state != "bad" for check in found)


def _release() -> tuple[int, int]:
    parts = os.uname().release.replace("-", ".").split(".")
    numbers = [int(part) for part in parts[:2] if part.isdecimal()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)


def _kernel() -> Check:
    uname = os.uname()
    found = f"Linux {uname.release} {uname.machine}"
    if _release() >= _SYSCALL_INFO_SINCE:
        return Check("kernel", "ok", found)
    return Check("kernel", "bad", found, "needs Linux 5.3 (PTRACE_GET_SYSCALL_INFO): update it")


def _scope(own: dict[str, str]) -> Check:
    scope = procfs.ptrace_scope()
    able = procfs.has_capability("CAP_SYS_PTRACE", own)
    if scope is None:
        return Check("ptrace_scope", "ok", "no Yama: own processes can be attached to")
    found = f"kernel.yama.ptrace_scope = {scope}"
    if scope == 0 or (able and scope < 3):
        return Check("ptrace_scope", "ok", found)
    if scope == 1:
        remedy = "commands can be traced; for -p PID: root, or sysctl kernel.yama.ptrace_scope=0"
        return Check("ptrace_scope", "note", found, remedy)
    remedy = "needs CAP_SYS_PTRACE: run as root" if scope == 2 else "set it lower and reboot"
    return Check("ptrace_scope", "bad", found, remedy)


def _capabilities(own: dict[str, str]) -> Check:
    have = [name for name in procfs.CAPABILITIES if procfs.has_capability(name, own)]
    lack = [name for name in procfs.CAPABILITIES if name not in have]
    uses = {
        "CAP_SYS_PTRACE": "attach to other users' processes",
        "CAP_SYS_ADMIN": "-e without no_new_privs",
        "CAP_SYS_NICE": "faster stops",
    }
    found = ", ".join(have) or "none"
    if not lack:
        return Check("capabilities", "ok", found)
    wanted = "; ".join(f"{name}: {uses[name]}" for name in lack)
    return Check("capabilities", "note", found, f"not needed for own commands, but {wanted}")


def _container() -> Check:
    kind = procfs.container()
    if kind is None:
        return Check("container", "ok", "none seen")
    if kind == "gVisor":
        return Check("container", "note", kind, "its ptrace is limited: use --runtime=runc")
    remedy = "if a trace fails or for -p PID: start it with --cap-add=SYS_PTRACE"
    return Check("container", "note", kind, remedy)


def _own_seccomp(own: dict[str, str]) -> Check:
    mode = own.get("Seccomp", "0")
    found = _SECCOMP_MODES.get(mode, mode)
    if mode == "0":
        return Check("seccomp on us", "ok", found)
    remedy = "if a trace fails: --cap-add=SYS_PTRACE or --security-opt seccomp=unconfined"
    return Check("seccomp on us", "note", found, remedy)


def _no_new_privs(own: dict[str, str]) -> Check:
    if own.get("NoNewPrivs") != "1":
        return Check("no_new_privs", "ok", "not set")
    remedy = "set-user-ID programs run without their privileges, traced or not"
    return Check("no_new_privs", "note", "set", remedy)


def _scheduling(own: dict[str, str]) -> Check:
    """As scheduling.c decides: SCHED_IDLE must be reversible, sched(7)."""
    soft = resource.getrlimit(resource.RLIMIT_NICE)[0]
    enough = soft == resource.RLIM_INFINITY or soft >= 20 - os.getpriority(os.PRIO_PROCESS, 0)
    if procfs.has_capability("CAP_SYS_NICE", own) or enough:
        return Check("tracer scheduling", "ok", "the tracer may follow the program's processor")
    remedy = "stops cost several times more: give CAP_SYS_NICE, or `ulimit -e 20` (RLIMIT_NICE)"
    return Check("tracer scheduling", "note", "not permitted", remedy)


def _filter() -> Check:
    actions = (procfs.read("/proc/sys/kernel/seccomp/actions_avail") or "").split()
    if "trace" in actions:
        return Check("seccomp filter", "ok", "the kernel selects the calls of -e")
    remedy = "commands with -e cannot run: trace without it"
    return Check("seccomp filter", "note", "no SECCOMP_RET_TRACE", remedy)


def _inline() -> Check:
    why = inline_unusable()
    if why is None:
        return Check("inline engine", "ok", "commands record their own calls")
    return Check("inline engine", "note", "cannot work here", f"{why}; ptrace is used instead")


def _trace(name: str, expression: str | None) -> Check:
    command = [shutil.which("true")] if shutil.which("true") else [sys.executable, "-c", ""]
    argv = [word for word in command if word is not None]
    try:
        with Tracer(argv, trace=expression, events=False, tally=True) as tracer:
            tracer.wait()
            calls, status = tracer.stats["calls"], tracer.exit_status
    except FasttraceError as error:
        # Without a selection there is still all the rest.
        return Check(name, "note" if expression else "bad", "failed", str(error))
    if calls and status == 0:
        return Check(name, "ok", f"{calls} calls of {argv[0]}")
    remedy = "please report this with the output of fasttrace doctor --json"
    return Check(name, "bad", f"{calls} calls of {argv[0]}, exit status {status}", remedy)
