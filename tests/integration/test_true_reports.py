"""Promise: what is reported of a run is true: how many tasks live, who has traced which process,
and why, whether the recording is whole, and that what is not known is not shown as 0."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import FASTTRACE, cli, line, program, running

import fasttrace

THREADS = """
import os, threading
end = threading.Event()
for _ in range(4):
    threading.Thread(target=end.wait).start()
r, w = os.pipe()
child = os.fork()
if not child:
    os.close(w)
    os.read(r, 1)
    os._exit(0)
print("ready", flush=True)
input()
os.close(w)
os.wait()
print("less", flush=True)
input()
end.set()
"""


def test_tasks_that_live_are_counted(engine: str) -> None:
    ours, theirs = os.pipe()
    end, hold = os.pipe()
    with fasttrace.Tracer(
        program(THREADS), stdin=end, stdout=theirs, engine=engine, events=False
    ) as tracer:
        with open(ours) as out:  # noqa: PTH123
            assert out.readline() == "ready\n"
            assert tracer.stats["tasks"] == 6
            os.write(hold, b"\n")
            assert out.readline() == "less\n"
            while tracer.stats["tasks"] > 5:  # its end may be reported later than to its parent
                continue
            assert tracer.stats["tasks"] == 5
            os.write(hold, b"\n")
        assert tracer.wait()
        assert tracer.stats["tasks"] == 0
    for fd in (theirs, end, hold):
        os.close(fd)


WHY = "it runs 32-bit code"


@pytest.fixture
def some_fall_back(tracees, inline: None) -> list[str]:
    """Five processes, of which four run 32-bit code: each of these has a child."""
    return ["sh", "-c", f"{tracees.command('i386')[0]}; {tracees.command('i386')[0]}; :"]


@pytest.fixture
def inline() -> None:
    from fasttrace._core import inline_unusable

    if inline_unusable():
        pytest.skip("needs the inline engine")


def fallen(processes: list[fasttrace.Process]) -> list[tuple[str, str]]:
    return [(p.engine, p.fallback) for p in processes]


def test_fallbacks_are_kept_with_a_trace(some_fall_back: list[str], tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    made = fasttrace.record(some_fall_back, path=path, stdout=subprocess.DEVNULL)
    expected = [("inline", ""), *[("ptrace", WHY)] * 4]
    assert fallen(made.processes) == expected
    back = fasttrace.load(path)
    assert fallen(back.processes) == expected
    assert back.fallbacks == back.summary().fallbacks == {WHY: 4}
    back.where(pid=back.processes[1].pid).save(tmp_path / "y.fst")
    assert fasttrace.load(tmp_path / "y.fst").fallbacks == {WHY: 1}


def test_who_fell_back_is_reported(some_fall_back: list[str], tracees) -> None:
    text = cli("summary", *some_fall_back).stderr
    assert ", engine inline, ptrace for 4 of 5 processes, exit status 0\n" in text
    assert text.endswith(f"\nnot inline: {WHY} (4 processes)\n")
    text = cli("summary", tracees.command("i386")[0]).stderr
    assert ", engine ptrace, exit status 0\n" in text
    assert text.endswith(f"\nnot inline: {WHY} (2 processes)\n")
    assert "not inline" not in cli("summary", "true").stderr
    found = json.loads(cli("summary", "--json", *some_fall_back).stderr)
    assert found["fallbacks"] == {WHY: 4}
    assert [p["fallback"] for p in found["processes"]] == ["", *[WHY] * 4]


@pytest.mark.parametrize("verb", ["summary", "trace", "record"])
def test_who_fell_back_is_logged(some_fall_back: list[str], tmp_path: Path, verb: str) -> None:
    output = str(tmp_path / "out")
    quiet = cli(verb, "-o", output + "1", *some_fall_back)
    assert quiet.stderr == ""
    lines = cli(verb, "-v", "-o", output + "2", *some_fall_back).stderr.splitlines()
    assert len(lines) == 5
    assert all(line.endswith(f": engine ptrace: {WHY}") for line in lines[:4])
    assert lines[4] == "fasttrace: 4 of 5 processes were not traced inline"


def test_which_engine_is_logged() -> None:
    text = cli("summary", "-v", "--no-follow", "-o", "/dev/null", "true").stderr
    assert text.startswith("fasttrace: engine ptrace, not inline: children that are not followed")


def test_the_log_of_the_library(
    some_fall_back: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "fasttrace"):
        fasttrace.summary(some_fall_back, stdout=subprocess.DEVNULL)
    assert caplog.messages[-1] == "4 of 5 processes were not traced inline"


@pytest.mark.parametrize("options", [[], ["--calls"], ["--json"]])
def test_a_recorder_that_was_killed(tmp_path: Path, engine: str, options: list[str]) -> None:
    folder = tmp_path / "x.fst"
    script = "echo ready; while :; do :; done"
    command = ["record", "--engine", engine, "-o", str(folder), "sh", "-c", script]
    with running(*FASTTRACE, *command) as traced:
        assert line(traced.stdout) == "ready\n"
        while not fasttrace.load(folder).processes:
            time.sleep(0.01)  # what has come is written now and then
        still = cli("report", str(folder), *options)
        traced.send_signal(signal.SIGKILL)
        traced.wait()
    for done in (still, cli("report", str(folder), *options)):
        assert done.returncode == 0
        assert done.stderr.startswith(f"fasttrace: {folder} is not finished: ")
        assert done.stderr.count("\n") == 1
        if options == ["--json"]:
            assert json.loads(done.stdout)["finished"] is False
        elif not options:
            assert done.stdout.endswith("NOT FINISHED\n")
    trace = fasttrace.load(folder)
    # Who was left to ptrace is not known from events.
    assert {p.engine for p in trace.processes} == {"" if engine == "inline" else "ptrace"}


def test_a_recording_that_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    assert cli("record", "-o", str(folder), "true").stderr == ""
    done = cli("report", str(folder), "--json")
    assert done.stderr == ""
    assert json.loads(done.stdout)["finished"] is True


def test_without_results(engine: str, tmp_path: Path) -> None:
    """Nobody knows which calls have failed, nor how long they took."""
    command = ["cat", "/no/such/file"]
    text = cli("summary", "--no-results", "--engine", engine, *command).stderr
    rows = [row for row in text.splitlines() if row.endswith(("openat", "total"))]
    assert [row.split()[:2] + row.split()[3:4] for row in rows] == [["-", "-", "-"]] * 2
    assert " calls, - failed, " in text
    shown = cli("summary", "--no-results", "--json", "--engine", engine, *command).stderr
    found = json.loads(shown.splitlines()[-1])
    unknown = {"errors", "total_ns", "min_ns", "p50_ns", "p99_ns", "max_ns"}
    assert found["total_errors"] is None
    for entry in found["syscalls"]:
        assert {key for key, value in entry.items() if value is None} == unknown
    null = subprocess.DEVNULL
    live = fasttrace.summary(command, results=False, engine=engine, stderr=null)
    path = tmp_path / "x.fst"
    made = fasttrace.record(command, path=path, results=False, engine=engine, stderr=null)
    for summary in (live, made.summary(), fasttrace.load(path).summary()):
        assert summary.total_errors is None
        assert not summary.results
        assert {s.errors for s in summary.syscalls} == {None}
        assert {s.total_ns for s in summary.syscalls} == {None}
        assert {s.avg_ns for s in summary.syscalls} == {None}
        assert not summary.errors
        assert summary.calls["openat"] > 0
        assert "? failed" in repr(summary)
        summary.table  # noqa: B018


def test_what_never_returns_has_no_result(engine: str) -> None:
    summary = fasttrace.summary([sys.executable, "-c", ""], engine=engine)
    [exit_group] = [s for s in summary.syscalls if s.name == "exit_group"]
    assert (exit_group.calls, exit_group.errors, exit_group.total_ns) == (1, None, None)
    assert summary.total_errors
    assert summary.results
