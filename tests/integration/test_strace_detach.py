"""Promise: with -b execve who executes another program goes on untraced, as under strace.

So with `until_exec` from Python, with both engines.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from command_line import run
from strace_text import differences
from support import ENGINES, FASTTRACE, Builder

import fasttrace
from fasttrace.data.events import Flag, Kind

STRACE = shutil.which("strace") or ""
OURS = [*FASTTRACE, "strace"]
ENVIRONMENT = {"PATH": "/usr/bin"}  # each program is found at once
needs_strace = pytest.mark.skipif(not STRACE, reason="strace is not installed")
SELF = "grep -E ^TracerPid /proc/self/status"
SCRIPTS = {
    "a child": "/bin/grep -E ^TracerPid /proc/self/status; /nowhere; echo $?; kill -0 $$",
    "itself": f"(kill -0 $$); exec {SELF}",
    "a child's child": f"sh -c 'sh -c \"{SELF}\"'; exit 3",
}


@needs_strace
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SCRIPTS)
def test_lines_end_where_strace_lets_go(name: str, engine: str, tmp_path: Path) -> None:
    """What comes after is the program's own affair; its output says that nobody traces it."""
    words = ["-f", "-b", "execve", "-o"]
    tail = ["sh", "-c", SCRIPTS[name]]
    ours = [*OURS, "--engine", engine]
    mine = run(ours, *words, tmp_path / "ours", *tail, env=ENVIRONMENT)
    its = run([STRACE], *words, tmp_path / "theirs", *tail, env=ENVIRONMENT)
    assert (mine.returncode, mine.stdout, mine.stderr) == (its.returncode, its.stdout, its.stderr)
    assert "TracerPid:\t0" in mine.stdout
    # strace leaves the line open, or says so, as it comes to stand among those of others.
    open_line = re.compile(r" <(?:detached|unfinished) \.\.\.>$", re.M)
    texts = [(tmp_path / side).read_text() for side in ("ours", "theirs")]
    left = [re.findall(r"execve\(.*(?= <detached)", text) for text in texts]
    assert len(left[0]) <= 1
    texts = [
        "".join(
            open_line.sub("", line) if "execve(" in line else line
            for line in text.splitlines(keepends=True)
        )
        for text in texts
    ]
    assert not differences(*texts)


@needs_strace
def test_that_it_is_let_go_of_is_told(tmp_path: Path) -> None:
    """On standard error, in the middle of the line, as by strace; not with -qq."""
    for options in ([], ["-qq"], ["-f"]):
        words = [*options, "-e", "execve", "-b", "execve", "/bin/sh", "-c", "exec /bin/true"]
        mine, its = (run(tracer, *words, env=ENVIRONMENT) for tracer in (OURS, ["strace"]))
        texts = [re.sub(r"0x\w+|\d+", "N", one.stderr) for one in (mine, its)]
        assert texts[0] == texts[1]
        assert (mine.returncode, mine.stdout) == (0, "")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_thread_takes_its_process_out_of_our_hands(engine: str, tracees: Builder) -> None:
    """The program that it executes ends later than we do, or with a status that is not ours."""
    command = tracees.command("exec_from_thread")
    done = run([*OURS, "--engine", engine, "-f", "-b", "execve"], *command)
    assert done.returncode == 0
    assert re.search(r"\+\+\+ superseded by .*\nstrace: Process \d+ detached\n\Z", done.stderr)


@pytest.mark.parametrize("engine", ENGINES)
def test_from_python_so_many_programs_are_kept(engine: str) -> None:
    argv = ["sh", "-c", "exec sh -c 'exec sh -c \"exit 4\"'"]
    for kept, status in ((0, None), (1, None), (2, 4)):
        with fasttrace.Tracer(argv, engine=engine, until_exec=kept, trace="execve") as tracer:
            calls = [call for call in tracer.calls() if not call.errno]
        assert [bool(call.flags & Flag.UNFINISHED) for call in calls][-1] == (kept < 2)
        assert len(calls) == min(kept + 2, 3)
        assert tracer.exit_status == status
        if status is None:  # it goes on as a child of ours
            assert tracer.pid is not None
            assert os.waitstatus_to_exitcode(os.waitpid(tracer.pid, 0)[1]) == 4


def test_events_are_those_up_to_there() -> None:
    trace = fasttrace.trace(["sh", "-c", "/bin/true; exit 0"], until_exec=0)
    events = trace.events
    child = events[events["kind"] == Kind.FORK]["ret"]
    assert not (events["kind"][events["tid"] == child[0]] == Kind.EXIT).any()
    with pytest.raises(ValueError, match="until_exec"):
        fasttrace.Tracer(["true"], until_exec=-1)


@pytest.mark.parametrize("text", ["openat", "execve,openat", "all", "!execve"])
def test_other_calls_are_refused_in_straces_words(text: str) -> None:
    done = run(OURS, "-b", text, "true")
    message = f"strace: Syscall '{text}' for -b isn't supported\n"
    assert (done.returncode, done.stderr) == (1, message)
