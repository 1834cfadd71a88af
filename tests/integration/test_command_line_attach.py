"""Promise: an attached process is left as it was found; where tracing is forbidden, it says why."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import shutil
import signal
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import FASTTRACE, LIMIT_S, cli, line, one_line, program, run, running, until

# Attaching


def status_field(pid: int, key: str) -> str:
    for text in Path(f"/proc/{pid}/status").read_text().splitlines():
        if text.startswith(key + ":"):
            return text.partition(":")[2].strip()
    raise AssertionError(key)


def test_attach_and_detach_leave_the_process_as_it_was() -> None:
    with running("cat") as target:
        assert target.stdin is not None
        with running(*FASTTRACE, "trace", "-p", str(target.pid)) as traced:
            until(traced.stderr, '--- attached ["cat"] ---')
            target.stdin.write(b"seen\n")
            assert line(target.stdout) == "seen\n"
            until(traced.stderr, "write(1, ")
            traced.send_signal(signal.SIGINT)
            assert traced.wait(LIMIT_S) == 0
        assert status_field(target.pid, "TracerPid") == "0"
        target.stdin.write(b"unseen\n")
        assert line(target.stdout) == "unseen\n"


def test_attach_for_a_duration() -> None:
    with running("cat") as target:
        done = cli("summary", "--json", "-p", str(target.pid), "--duration", "0.2")
        assert done.returncode == 0
        shown = json.loads(done.stderr)
        assert [p["pid"] for p in shown["processes"]] == [target.pid]
        assert shown["exit_status"] is None
        target.stdin.write(b"alive\n")  # type: ignore[union-attr]
        assert line(target.stdout) == "alive\n"


def test_attached_process_that_ends() -> None:
    with (
        running("cat") as target,
        running(*FASTTRACE, "trace", "-p", str(target.pid)) as traced,
    ):
        until(traced.stderr, "attached")
        target.stdin.close()  # type: ignore[union-attr]
        until(traced.stderr, "exited with 0")
        assert traced.wait(LIMIT_S) == 0


def test_a_process_that_has_gone_is_one_line() -> None:
    with running("true") as gone:
        gone.wait()
    assert str(gone.pid) in one_line(cli("summary", "-p", str(gone.pid)), 1)


def test_to_attach_to_ourselves_is_one_line() -> None:
    shell = 'exec "$@" summary -p $$'
    done = run(["sh", "-c", shell, "sh"], *FASTTRACE)
    assert "own process" in one_line(done, 1)


def test_attach_to_a_kernel_thread() -> None:
    if Path("/proc/2/comm").exists() and Path("/proc/2/comm").read_text() == "kthreadd\n":
        assert "kernel thread" in one_line(cli("summary", "-p", "2"), 1)
    else:
        pytest.skip("no kernel threads in this pid namespace")


def test_attach_to_what_is_traced() -> None:
    with running("cat") as target, running(*FASTTRACE, "trace", "-p", str(target.pid)) as first:
        until(first.stderr, "attached")
        text = one_line(cli("summary", "-p", str(target.pid)), 1)
        assert "already traced" in text
        assert f"(pid {first.pid})" in text


def without_ptrace(*command: str) -> list[str]:
    """The command as root without CAP_SYS_PTRACE."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    return ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-all", *command]


def test_attach_to_another_users_process() -> None:
    attacher = without_ptrace(*FASTTRACE)
    with running("setpriv", "--reuid=65534", "--clear-groups", "cat") as target:
        target.stdin.write(b"x\n")  # type: ignore[union-attr]
        assert line(target.stdout) == "x\n"  # setpriv has become cat
        done = run(attacher, "summary", "-p", str(target.pid))
    text = one_line(done, 1)
    assert "belongs to user" in text
    assert "CAP_SYS_PTRACE" in text
    assert "--cap-add=SYS_PTRACE" in text


def test_attach_to_a_process_that_is_not_dumpable() -> None:
    code = (
        "import ctypes; assert ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) == 0;"
        "print('ready', flush=True); input()"
    )
    attacher = without_ptrace(*FASTTRACE)
    with running(*without_ptrace(*program(code))) as target:
        assert line(target.stdout) == "ready\n"
        done = subprocess.run(
            [*attacher, "summary", "-p", str(target.pid)],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    # Its files belong to root, as ours do, so that the reason may stay unnamed; the remedy may not.
    assert "CAP_SYS_PTRACE" in one_line(done, 1)


def forbid_ptrace() -> None:
    """A seccomp filter that answers ptrace(2) with EPERM, as container runtimes install it."""
    load, jump_equal, ret = 0x20, 0x15, 0x06
    allow, eperm, ptrace_x86_64 = 0x7FFF0000, 0x00050001, 101
    code = b"".join(
        struct.pack("<HBBI", *instruction)
        for instruction in [
            (load, 0, 0, 0),
            (jump_equal, 0, 1, ptrace_x86_64),
            (ret, 0, 0, eperm),
            (ret, 0, 0, allow),
        ]
    )
    buffer = ctypes.create_string_buffer(code)
    prog = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((38, 1, 0, 0, 0), (22, 2, ctypes.c_char_p(prog), 0, 0)):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the filter knows x86_64's numbers")
@pytest.mark.parametrize("verb", ["summary", "doctor"])
def test_ptrace_forbidden_by_seccomp(verb: str) -> None:
    command: Callable[..., subprocess.CompletedProcess[str]] = cli
    if verb == "summary":
        text = one_line(command("summary", "true", preexec_fn=forbid_ptrace), 1)
    else:
        done = command("doctor", preexec_fn=forbid_ptrace)
        assert done.returncode == 1
        text = done.stdout
        assert "tracing does not work here" in text
    assert "seccomp" in text
    assert "--cap-add=SYS_PTRACE" in text


def test_under_another_tracer_it_says_so() -> None:
    done = cli("summary", *FASTTRACE, "summary", "true")
    assert done.returncode == 1
    assert "itself traced by" in done.stderr
