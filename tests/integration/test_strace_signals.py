"""Promise: fasttrace strace tells signals, stops and ends whole, as the installed strace does.

Where tests/integration/test_strace_lines.py leaves out what differs from run to run, here nothing
is left out but the process's own id.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from strace_text import plain
from support import ENGINES, FASTTRACE, HANG_S, Builder

import fasttrace
from fasttrace.data.events import Kind

STRACE = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not installed")


def told(tracer: list[str], file: Path, command: list[str]) -> str:
    """The lines of -f -o FILE; the program is to end well."""
    subprocess.run([*tracer, "-f", "-o", file, *command], timeout=2 * HANG_S, check=True)
    return file.read_text()


def both(folder: Path, engine: str, command: list[str]) -> tuple[str, str]:
    """Our lines and strace's."""
    ours = told([*FASTTRACE, "strace", "--engine", engine], folder / "ours", command)
    return ours, told([STRACE], folder / "theirs", command)


def signals(text: str) -> list[str]:
    """Those of the first task, without its own id and its child's."""
    tid = text.partition(" ")[0]
    lines = re.findall(rf"^{tid} +(--- .*)", text, re.M)
    lines = [re.sub(rf"si_pid={tid}\b", "si_pid=SELF", line) for line in lines]
    return [re.sub(r"(CLD_EXITED, si_pid=)[1-9]\d*", r"\1CHILD", line) for line in lines]


@pytest.mark.parametrize("engine", ENGINES)
def test_siginfo_of_every_layout_is_shown_field_by_field(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """Also where a program sends itself what only the kernel sends else: no such signal is lost."""
    ours, theirs = both(tmp_path, engine, tracees.command("siginfos"))
    assert signals(ours) == signals(theirs)
    assert len(signals(ours)) > 400


@pytest.mark.parametrize("engine", ENGINES)
def test_siginfo_that_a_call_is_given_is_shown_as_that_of_the_signal(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    ours, _ = both(tmp_path, engine, tracees.command("siginfos"))
    given = re.findall(r"rt_sigqueueinfo\(\d+, SIG\w+, (\{.*\})\) += 0", ours)
    came = [line[4:].partition(" ")[2].removesuffix(" ---") for line in signals(ours)]
    given = [re.sub(r"si_pid=[1-9]\d*", "si_pid=SELF", info) for info in given]
    assert given
    assert given == came[: len(given)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["sigframes", "sigframes_i386"])
def test_a_handlers_end_tells_the_mask_that_comes_back(
    name: str, engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """Of both layouts of frames, and with what the register of a result holds then."""
    ours, theirs = both(tmp_path, engine, tracees.command(name))
    returns = [re.findall(r"(?:rt_)?sigreturn\(.*", text) for text in (ours, theirs)]
    assert returns[0] == returns[1]
    assert len(returns[0]) == 11
    assert returns[0][-1].endswith(" = -1 EINTR (Interrupted system call)")
    assert any("{mask=[INT CHLD RT_7 RT_32]}" in line for line in returns[0])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_by_a_signal_is_told_of_each_thread(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """And how it goes on: the child's own stops, and what its parent hears of them and of its end,
    which is a matter of time: of a SIGCHLD that comes while one is pending it hears nothing."""
    ours, theirs = both(tmp_path, engine, tracees.command("stop_self"))
    passing = re.compile(r"--- SIGCHLD .*CLD_(?:STOPPED|CONTINUED|EXITED)")

    def told(text: str) -> tuple[list[list[str]], set[str]]:
        tasks = [
            [line for line in task if line.startswith(("---", "+++"))]
            for task in plain(text).values()
        ]
        heard = {line for task in tasks for line in task if passing.match(line)}
        return [[line for line in task if line not in heard] for task in tasks], heard

    (lines, heard), (their_lines, they_heard) = told(ours), told(theirs)
    assert lines == their_lines
    assert lines[1].count("--- stopped by SIGSTOP ---") == 2
    assert {one for one in heard if "CLD_STOPPED" in one} & they_heard
    assert len(heard | they_heard) <= 3  # one text for each of the three


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stop_is_an_event_of_its_own_once(engine: str, tracees: Builder) -> None:
    """However often the task is looked at meanwhile, in the order of what the signals do."""
    trace = fasttrace.trace(tracees.command("stop_self"), engine=engine)
    child = trace.events[trace.events["tid"] != trace.events["tid"][0]]
    told = child[(child["kind"] == Kind.SIGNAL) | (child["kind"] == Kind.STOP)]
    names = [(Kind(event["kind"]), signal.Signals(event["nr"])) for event in told]
    stop = [(Kind.SIGNAL, signal.SIGSTOP), (Kind.STOP, signal.SIGSTOP)]
    assert names == 2 * [*stop, (Kind.SIGNAL, signal.SIGCONT)]
    assert len(trace.where(kind="stop").events) == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_32_bit_calls_among_others_are_told_as_a_mode(engine: str, tracees: Builder) -> None:
    """int $0x80 in a 64-bit program, and a 32-bit program that a shell runs; not with -q or -o."""

    def told(tracer: list[str], command: list[str]) -> list[str]:
        done = subprocess.run(
            [*tracer, *command], capture_output=True, text=True, timeout=2 * HANG_S, check=True
        )
        lines = [re.sub(r"^\[pid +\d+\] ", "", line) for line in done.stderr.splitlines()]
        names = [re.sub(r"PID=\d+", "PID=N", line.partition("(")[0]) for line in lines]
        return [name for name in names if re.match(r"\[ Process|getpid|getppid", name)]

    mine = [*FASTTRACE, "strace", "--engine", engine, "-f"]
    command = tracees.command("int80")
    shell = ["sh", "-c", f"{tracees.command('sigframes_i386')[0]}; true"]
    for program in (command, shell):
        assert told(mine, program) == told([STRACE, "-f"], program)
        assert "[ Process PID=N runs in 32 bit mode. ]" in told(mine, program)
    assert not [line for line in told([*mine, "-q"], command) if "Process" in line]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_signal_that_a_task_sends_itself_stands_behind_the_call_that_sent_it(
    engine: str, tmp_path: Path
) -> None:
    """In the lines of fasttrace trace as in strace's, and by its time."""
    script = "trap : USR1; i=0; while [ $i -lt 50 ]; do kill -USR1 $$; i=$((i+1)); done"
    argv = ["sh", "-c", f"{script}; kill -ABRT $$"]
    out = tmp_path / "lines"
    command = [*FASTTRACE, "trace", "--engine", engine, "-e", "kill", "-o", out, *argv]
    subprocess.run(command, timeout=HANG_S, check=False)
    lines = out.read_text().splitlines()
    before = [lines[i - 1] for i, line in enumerate(lines) if "--- SIG" in line]
    assert len(before) == 51
    assert all("kill(" in line for line in before)

    events = fasttrace.trace(argv, engine=engine, trace="kill", stdout=subprocess.DEVNULL).events
    signalled = np.flatnonzero(events["kind"] == Kind.SIGNAL)
    calls = events[signalled - 1]
    assert (calls["kind"] == Kind.SYSCALL).all()
    assert (calls["time_ns"] + calls["duration_ns"] <= events["time_ns"][signalled]).all()
