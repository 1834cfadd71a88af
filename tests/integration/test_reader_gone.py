"""Promise: when nobody reads our lines any more the tracing ends, and the program goes on as if we
had never been; and whatever is done to our standard streams, there is no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import FASTTRACE, LIMIT_S, line, running

import fasttrace
from fasttrace import cli
from fasttrace.cli import seccomp
from fasttrace.system import procfs

ECHO = ["sh", "-c", 'echo ready; while read x; do echo "heard $x"; done; echo end']
BUSY = ["sh", "-c", "echo ready; while :; do : > /dev/null; done"]


def gone(process: subprocess.Popen[bytes]) -> None:
    """Its standard error has been read from, and now is closed."""
    assert process.stderr
    assert process.stderr.read(20)
    process.stderr.close()


def is_free(pid: int) -> bool:
    """Whether a process runs, sleeps or waits for a disk, and nobody traces it."""
    fields = procfs.status(pid)
    return fields["State"][0] in "RSD" and procfs.tracer_of(pid) == 0


@pytest.mark.parametrize("command", [["sleep", "100"], BUSY], ids=["quiet", "busy"])
def test_a_process_attached_to_is_left(command: list[str], engine: str) -> None:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as target:
        try:
            args = ["trace", "--engine", engine, "-p", str(target.pid)]
            with running(*FASTTRACE, *args) as process:
                gone(process)
                assert process.wait(LIMIT_S) == -signal.SIGPIPE
            assert is_free(target.pid)
        finally:
            target.kill()


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["text", "json"])
def test_a_command_goes_on_without_us(engine: str, json: list[str]) -> None:
    """Its own streams are its own: they are served by nobody but it."""
    with running(*FASTTRACE, "trace", *json, "--engine", engine, *ECHO) as process:
        assert line(process.stdout) == "ready\n"
        gone(process)
        assert process.wait(LIMIT_S) == -signal.SIGPIPE
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"you\n")
        assert line(process.stdout) == "heard you\n"
        process.stdin.close()
        assert line(process.stdout) == "end\n"


def test_under_a_filter_it_is_traced_to_its_end() -> None:
    """What the filter selects would fail without a tracer (ENOSYS)."""
    command = ["trace", "--engine", "ptrace", "-e", "write", *ECHO]
    with running(*FASTTRACE, *command) as process:
        assert line(process.stdout) == "ready\n"
        gone(process)
        assert process.stdin
        for i in range(3):
            process.stdin.write(b"%d\n" % i)
            assert line(process.stdout) == f"heard {i}\n"
        process.stdin.close()
        assert line(process.stdout) == "end\n"
        assert process.wait(LIMIT_S) == 0


@pytest.mark.parametrize("verb", [["trace"], ["run", "-v"]], ids=["trace", "run"])
def test_calls_are_altered_to_the_end(engine: str, verb: list[str]) -> None:
    """A test must not get its socket because somebody has closed a pager."""
    code = """
import os, socket
for i in range(3):
    print("ready", flush=True)
    os.read(0, 1)
    try:
        socket.socket()
    except PermissionError:
        continue
    print("it was let through")
"""
    args = [*verb, "--engine", engine, "--deny", "socket=EACCES", sys.executable, "-c", code]
    with running(*FASTTRACE, *args) as process:
        assert process.stdin
        assert line(process.stdout) == "ready\n"
        process.stdin.write(b"x")
        gone(process)
        for _ in range(2):
            assert line(process.stdout) == "ready\n"
            process.stdin.write(b"x")
        assert line(process.stdout) == ""
        assert process.wait(LIMIT_S) == 0


def test_a_fifo_without_a_reader_ends_it_too(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with running(*FASTTRACE, "trace", "-o", str(fifo), *ECHO) as process:
        with fifo.open("rb") as reader:
            assert reader.readline()
        assert process.wait(LIMIT_S) == -signal.SIGPIPE
        assert process.stdin
        process.stdin.write(b"you\n")
        assert line(process.stdout) == "ready\n"
        assert line(process.stdout) == "heard you\n"


VERBS = [[], *([verb] for verb in cli.VERBS), *(["seccomp", verb] for verb in seccomp.VERBS)]
UNBUFFERED = {**os.environ, "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_into_a_closed_pipe(verb: list[str]) -> None:
    for words in ([*verb, "--help"], ["help", *verb]):
        with running(*FASTTRACE, *words, env=UNBUFFERED) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(LIMIT_S) == -signal.SIGPIPE


STREAMS = {
    "full": ">/dev/full",
    "full, both": ">/dev/full 2>&1",
    "out closed": ">&-",
    "err closed": "2>&-",
    "both closed": ">&- 2>&-",
    "all closed": "<&- >&- 2>&-",
    "in closed": "<&-",
}


@pytest.mark.parametrize("streams", STREAMS)
def test_streams_of_all_kinds(streams: str, tmp_path: Path) -> None:
    """A status and at most one line, for every verb."""
    fasttrace.record(["true"], path=tmp_path / "x.fst")
    profile = tmp_path / "p.json"
    profile.write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    commands = [
        "--version",
        "--help",
        "summary --help",
        "nonsense",
        "",
        "summary true",
        "trace true",
        "run --deny socket true",
        f"record -o {tmp_path}/y.fst true",
        f"report {tmp_path}/x.fst",
        f"report --calls {tmp_path}/x.fst",
        "doctor",
        f"seccomp generate --from {tmp_path}/x.fst",
        f"seccomp explain {profile} read",
        f"seccomp check {profile}",
        f"seccomp diff {profile} {profile}",
        f"seccomp merge {profile}",
        f"seccomp run --profile {profile} true",
        f"seccomp run --audit --profile {profile} true",
    ]
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" -m fasttrace {command} {STREAMS[streams]}', sys.executable],
            env=UNBUFFERED,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        assert "Traceback" not in done.stderr + done.stdout, command
        assert "Exception" not in done.stderr + done.stdout, command
        assert done.returncode in (0, 1, 2), command
