"""Promise: every failure is one line with its remedy, has the built-in base and the exit status."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
from pathlib import Path

import pytest

from fasttrace.errors import (
    CommandNotExecutable,
    CommandNotFound,
    EngineUnavailable,
    FasttraceError,
    Interrupted,
    NoSuchProcess,
    SelectionError,
    TraceError,
    TraceNotPermitted,
)
from fasttrace.system import diagnosis, procfs
from fasttrace.system.diagnosis import attach_error, command_not_found, spawn_error


def program(path: Path, content: bytes, mode: int = 0o755) -> str:
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def exec_errno(path: str) -> int:
    """The errno that execve(2) itself gives for the file."""
    with pytest.raises(OSError, match=r".") as caught:
        os.execv(path, [path])
    return caught.value.errno or 0


def one_line(error: FasttraceError) -> str:
    text = str(error)
    assert text
    assert "\n" not in text
    assert not text.startswith("[Errno")
    return text


@pytest.mark.parametrize(
    ("error", "base", "status"),
    [
        (CommandNotFound, FileNotFoundError, 127),
        (CommandNotExecutable, PermissionError, 126),
        (NoSuchProcess, ProcessLookupError, 1),
        (TraceNotPermitted, PermissionError, 1),
        (TraceError, OSError, 1),
        (SelectionError, ValueError, 2),
        (EngineUnavailable, NotImplementedError, 1),
    ],
)
def test_built_on_the_built_in_error(
    error: type[FasttraceError], base: type[Exception], status: int
) -> None:
    assert issubclass(error, base)
    assert error.exit_status == status


def test_keeps_errno_and_survives_pickling() -> None:
    error = CommandNotFound(errno.ENOENT, "x: command not found", "x")
    again = pickle.loads(pickle.dumps(error))
    assert (again.errno, again.filename, str(again)) == (errno.ENOENT, "x", "x: command not found")


def test_a_single_message_will_do() -> None:
    assert str(TraceError("cut short")) == "cut short"
    assert str(SelectionError("no call is named foo")) == "no call is named foo"


def test_interrupted_is_no_exception_that_a_program_catches_by_chance() -> None:
    error = Interrupted("result")
    assert error.result == "result"
    assert not isinstance(error, Exception)


def test_not_found_names_what_looks_like_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "frobnicate", b"")
    monkeypatch.setenv("PATH", f"/nowhere:{tmp_path}")
    assert "did you mean frobnicate?" in one_line(command_not_found("frobnicat"))
    assert "PATH" in one_line(command_not_found("quux"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    error = spawn_error(path, exec_errno(path), "exec")
    assert isinstance(error, CommandNotFound)
    assert path in one_line(error)


def test_a_path_through_a_file_is_not_found(tmp_path: Path) -> None:
    path = program(tmp_path / "file", b"") + "/x"
    assert isinstance(spawn_error(path, exec_errno(path), "exec"), CommandNotFound)


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (b"echo\n", 0o644, "chmod +x"),
        (b"echo\n", 0o755, "no #! line"),
        (b"", 0o755, "empty"),
        (b"#!/no/such/interpreter -x\n", 0o755, "/no/such/interpreter does not exist"),
        (b"#!/bin/sh\r\necho\r\n", 0o755, "carriage return"),
        (
            b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0" + (0x1234).to_bytes(2, "little"),
            0o755,
            "is a program for ELF machine 4660",
        ),
    ],
)
def test_a_file_that_does_not_run(tmp_path: Path, content: bytes, mode: int, reason: str) -> None:
    path = program(tmp_path / "file", content, mode)
    number = exec_errno(path)
    error = spawn_error(path, number, "exec")
    assert isinstance(error, CommandNotExecutable)
    assert error.errno == number
    assert reason in one_line(error)


def test_a_directory_is_no_command() -> None:
    error = spawn_error("/usr", exec_errno("/usr"), "exec")
    assert isinstance(error, CommandNotExecutable)
    assert "is a directory" in one_line(error)


def test_interpreter_that_lacks_its_own(tmp_path: Path) -> None:
    inner = program(tmp_path / "inner", b"#!/no/such/thing\n")
    outer = program(tmp_path / "outer", f"#!{inner}\n".encode())
    assert "/no/such/thing does not exist" in one_line(
        spawn_error(outer, exec_errno(outer), "exec")
    )


def test_loader_that_is_missing(tmp_path: Path) -> None:
    true = Path("/bin/true").read_bytes()
    loader = diagnosis._elf_loader("/bin/true")
    assert loader is not None
    assert Path(loader).exists()
    wrong = true.replace(loader.encode() + b"\0", b"/nol" + loader.encode()[4:] + b"\0", 1)
    path = program(tmp_path / "true", wrong)
    assert "loader /nol" in one_line(spawn_error(path, exec_errno(path), "exec"))


@pytest.mark.parametrize("size", [0, 3, 16, 40, 60, 100, 1000])
def test_cut_binary_is_explained_without_a_crash(tmp_path: Path, size: int) -> None:
    path = program(tmp_path / "cut", Path("/bin/true").read_bytes()[:size])
    for number in (errno.ENOEXEC, errno.ENOENT, errno.EACCES):
        one_line(spawn_error(path, number, "exec"))


def test_a_dangling_link_is_called_that(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("nothing")
    assert "dangling" in one_line(spawn_error(str(link), exec_errno(str(link)), "exec"))


@pytest.mark.parametrize("number", [errno.E2BIG, errno.ETXTBSY, errno.ECHILD, errno.EIO])
def test_other_exec_errors_are_126(number: int) -> None:
    error = spawn_error("/bin/true", number, "exec")
    assert isinstance(error, CommandNotExecutable)
    one_line(error)


def test_too_long_names_the_remedy() -> None:
    assert "xargs" in str(spawn_error("/bin/true", errno.E2BIG, "exec"))


def test_unprintable_names_stay_on_one_line(tmp_path: Path) -> None:
    path = str(tmp_path / "a\nb\x1b[31m")
    assert "\x1b" not in one_line(spawn_error(path, errno.ENOENT, "exec"))


def test_a_missing_cwd_is_named() -> None:
    error = spawn_error("/bin/true", errno.ENOENT, "cwd", "/no/where")
    assert "/no/where" in one_line(error)
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOENT


@pytest.mark.parametrize("stage", ["none", "fork", "stdio", "filter"])
def test_every_stage_has_its_line(stage: str) -> None:
    one_line(spawn_error("/bin/true", errno.EAGAIN, stage))


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EACCES])
def test_ptrace_forbidden_names_the_container_option(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(procfs, "status", lambda pid: {"Seccomp": "2"})
    monkeypatch.setattr(procfs, "tracer_of", lambda pid: 0)
    monkeypatch.setattr(procfs, "ptrace_scope", lambda: None)
    monkeypatch.setattr(procfs, "container", lambda: None)
    error = spawn_error("/bin/true", number, "trace")
    assert isinstance(error, TraceNotPermitted)
    assert "seccomp" in one_line(error)
    assert "--cap-add=SYS_PTRACE" in str(error)


def test_gvisor_is_named_where_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "container", lambda: "gVisor")
    monkeypatch.setattr(procfs, "ptrace_scope", lambda: None)
    monkeypatch.setattr(procfs, "tracer_of", lambda pid: 0)
    assert "gVisor" in one_line(spawn_error("/bin/true", errno.ENOSYS, "trace"))


@pytest.mark.parametrize(("scope", "remedy"), [(1, "sysctl"), (2, "CAP_SYS_PTRACE"), (3, "boot")])
def test_yama_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, scope: int, remedy: str
) -> None:
    monkeypatch.setattr(procfs, "ptrace_scope", lambda: scope)
    monkeypatch.setattr(procfs, "has_capability", lambda name, fields: False)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        error = attach_error(other.pid, errno.EPERM)
        other.communicate()
    assert f"ptrace_scope is {scope}" in one_line(error)
    assert remedy in str(error)


def test_a_pid_that_has_gone_is_named() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    error = attach_error(gone.pid, errno.ESRCH)
    assert isinstance(error, NoSuchProcess)
    assert str(gone.pid) in one_line(error)


@pytest.mark.parametrize("pid", [-1, 0, 1 << 40])
def test_numbers_that_are_no_pid(pid: int) -> None:
    assert isinstance(attach_error(pid, errno.ESRCH), NoSuchProcess)


def test_a_zombie_has_ended_already() -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        error = attach_error(child.pid, errno.EPERM)
    assert isinstance(error, NoSuchProcess)
    assert "ended already" in one_line(error)


def test_our_own_process_is_called_that() -> None:
    assert "own process" in one_line(attach_error(os.getpid(), errno.EPERM))


def test_a_kernel_thread_is_called_that() -> None:
    if not procfs.is_kernel_thread(2):
        pytest.skip("pid 2 is no kernel thread in this pid namespace")
    assert "kernel thread" in one_line(attach_error(2, errno.EPERM))


def test_process_of_another_user_names_the_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "ptrace_scope", lambda: None)
    monkeypatch.setattr(procfs, "has_capability", lambda name, fields: False)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        text = one_line(attach_error(other.pid, errno.EPERM))
        other.communicate()
    assert "belongs to user" in text
    assert "CAP_SYS_PTRACE" in text
    assert "--cap-add=SYS_PTRACE" in text


def test_engine_that_does_not_work_here() -> None:
    text = one_line(EngineUnavailable.of("inline", "the kernel is too old"))
    assert "the kernel is too old" in text
    assert "--engine ptrace" in text
