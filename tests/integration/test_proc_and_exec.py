"""Promise: tasks are what the kernel says they are: their ends, their makers, their process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import FASTTRACE, LIMIT_S, cli, one_line

import fasttrace

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes a pid namespace without a user's")


def test_an_exec_that_dies_halfway_ends_as_without_us(engine: str, tmp_path: Path) -> None:
    """A file cut off in its data: execve(2) cannot fail any more when that is found."""
    cut = tmp_path / "cut"
    true = shutil.which("true")
    assert true
    cut.write_bytes(Path(os.path.realpath(true)).read_bytes()[:5000])
    cut.chmod(0o755)
    bare = subprocess.run([cut], check=False).returncode
    summary = fasttrace.summary([str(cut)], engine=engine)
    assert bare < 0
    assert summary.exit_status == bare
    assert summary.calls["execve"] == 1


def test_a_script_that_is_its_own_interpreter_is_found_but_cannot_run(
    engine: str, tmp_path: Path
) -> None:
    loop = tmp_path / "loop"
    loop.write_text(f"#!{loop}\n")
    loop.chmod(0o755)
    assert "interpreter" in one_line(cli("summary", "--engine", engine, str(loop)), 126)


MOURNER = """
import ctypes, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"mourns\\n"))
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
print("ready", flush=True)
sys.stdin.readline()
print("lived", flush=True)
"""


def test_a_command_that_is_let_go_has_not_lost_its_parent(engine: str) -> None:
    """The parent in PR_SET_PDEATHSIG(2const) is the thread that made it."""
    (ours, its_output), (its_input, to_it) = os.pipe(), os.pipe()
    command = [sys.executable, "-ISc", MOURNER]
    with fasttrace.Tracer(command, engine=engine, stdin=its_input, stdout=its_output) as tracer:
        tracer.start()
        os.close(its_output)
        os.close(its_input)
        with os.fdopen(ours) as output:
            assert output.readline() == "ready\n"
            tracer.detach()
            assert tracer.wait(LIMIT_S)
            pid = tracer.pid
            tracer.close()
            os.write(to_it, b"\n")
            assert output.readline() == "lived\n"
    os.close(to_it)
    assert pid is not None
    assert os.waitpid(pid, 0) == (pid, 0)  # its end is left to us


def test_a_command_that_is_let_go_is_not_killed_by_the_end_of_the_block(engine: str) -> None:
    for _ in range(10):
        output, its_output = os.pipe()
        command = ["sh", "-c", "while read line; do :; done; sleep 0.1; echo lived"]
        with fasttrace.Tracer(
            command, engine=engine, stdin=subprocess.DEVNULL, stdout=its_output
        ) as tracer:
            pid = tracer.pid
            os.close(its_output)
            tracer.detach()
        assert pid is not None
        assert os.waitpid(pid, 0) == (pid, 0)
        with os.fdopen(output) as said:
            assert said.read() == "lived\n"


@as_root
def test_a_proc_of_another_pid_namespace_is_refused(engine: str) -> None:
    done = subprocess.run(
        ["unshare", "--pid", "--fork", *FASTTRACE, "summary", "--engine", engine, "true"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert "mount -t proc" in one_line(done, 1)


@as_root
def test_a_proc_of_our_own_pid_namespace_serves(engine: str) -> None:
    command = [*FASTTRACE, "summary", "--engine", engine, "sh", "-c", "true & wait; exit 3"]
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", *command],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 3
    assert "exit status 3" in done.stderr


# struct sock_filter: A = number; process_vm_readv: EPERM; else: allow.
WALLED = """
import ctypes, os, struct, sys
filter = b"".join(struct.pack("HBBI", *insn) for insn in (
    (0x20, 0, 0, 0), (0x15, 0, 1, 310), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)))
buffer = ctypes.create_string_buffer(filter)
program = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
os.execv(sys.executable, [sys.executable, "-m", "fasttrace", *sys.argv[1:]])
"""


def test_paths_are_read_where_process_vm_readv_is_refused(engine: str) -> None:
    """As by the seccomp profiles of some containers."""
    done = subprocess.run(
        [sys.executable, "-c", WALLED, "trace", "--engine", engine, "cat", "/dev/null"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0
    assert '"/dev/null"' in done.stderr
    opens = [line for line in done.stderr.splitlines() if "openat(" in line]
    assert opens
    assert all('"' in line for line in opens)
