"""Promise: calls can be chosen by how they ended, how long they took and the paths that they name,
while a program runs and afterwards."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support import ENGINES, FASTTRACE

from fasttrace import load

# Its child sleeps once it waits for it, which then takes as long at least.
WAITS = "(until grep -q 'State:.S' /proc/$$/status; do :; done; exec sleep 0.05); exit 0"
SCRIPT = "cat /etc/hostname /nonexistent/x 2>/dev/null; sleep 0.05; exit 0"


def fasttrace(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FASTTRACE, *words], capture_output=True, text=True, timeout=60)


def summary(engine: str, *options: str, script: str = SCRIPT) -> dict[str, Any]:
    run = fasttrace("summary", "--engine", engine, "--json", *options, "sh", "-c", script)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stderr)  # type: ignore[no-any-return]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    run = fasttrace("record", "-o", tmp_path / "x.fst", "sh", "-c", SCRIPT)
    assert run.returncode == 0, run.stderr
    return tmp_path / "x.fst"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_summary_of_failed_calls_has_the_errors_of_the_whole(engine: str) -> None:
    whole, failed = summary(engine), summary(engine, "--failed")
    errors = {one["name"]: one["errors"] for one in whole["syscalls"] if one["errors"]}
    assert {one["name"]: one["calls"] for one in failed["syscalls"]} == errors
    assert failed["total_calls"] == whole["total_errors"] > 0
    assert failed["exit_status"] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_summary_by_process_of_slow_calls(engine: str) -> None:
    slow = summary(engine, "--slower-than", "50ms", "--by", "pid", script=WAITS)
    names = {one["name"] for one in slow["syscalls"]}
    assert {"clock_nanosleep", "wait4"} <= names
    assert all(one["min_ns"] >= 50_000_000 for one in slow["syscalls"])
    assert len(slow["by_pid"]) >= 2


@pytest.mark.parametrize("engine", ENGINES)
def test_a_trace_of_failed_calls_that_name_a_path(engine: str) -> None:
    run = fasttrace(
        *("trace", "--engine", engine, "--failed", "--path", "nonexistent", "sh", "-c", SCRIPT)
    )
    lines = run.stderr.splitlines()
    assert len(lines) == 1
    assert re.search(r'openat\(AT_FDCWD, "/nonexistent/x", O_RDONLY\) = -1 ENOENT', lines[0])


@pytest.mark.parametrize("engine", ENGINES)
def test_json_lines_of_slow_calls(engine: str) -> None:
    run = fasttrace(
        *("trace", "--engine", engine, "--json", "--slower-than", "50ms", "sleep", "0.06")
    )
    calls = [json.loads(line) for line in run.stderr.splitlines()]
    assert "clock_nanosleep" in [call["name"] for call in calls]
    assert all(call["duration_ns"] >= 50_000_000 for call in calls)


def test_what_was_recorded_is_chosen_by_process_and_program(recorded: Path) -> None:
    whole = json.loads(fasttrace("report", "--json", recorded).stdout)
    cat = next(one for one in whole["processes"] if one["comm"] == "cat")
    # Between fork and exec it was the shell's.
    ran = [call for call in load(recorded).calls() if call.comm == "cat"]
    assert 0 < len(ran) < cat["calls"]
    for options, calls in (
        (["--comm", "cat"], len(ran)),
        (["--pid", str(cat["pid"])], cat["calls"]),
    ):
        part = json.loads(fasttrace("report", "--json", *options, recorded).stdout)
        assert part["total_calls"] == calls
    both = json.loads(
        fasttrace(
            *("report", "--json", "--comm", "cat", "--path", "/etc/hostname"), recorded
        ).stdout
    )
    assert {one["name"] for one in both["syscalls"]} == {
        "openat",
        "newfstatat",
        "fadvise64",
        "read",
        "close",
    }


def test_the_slowest_calls_come_in_their_order(recorded: Path) -> None:
    whole = fasttrace("report", "--calls", "--json", recorded).stdout.splitlines()
    calls = [call for line in whole if (call := json.loads(line))["kind"] == "syscall"]
    slowest = sorted((call["duration_ns"] or 0 for call in calls), reverse=True)[:50]
    shown = fasttrace("report", "--calls", "--json", "--top", "50", recorded).stdout.splitlines()
    assert sorted((json.loads(line)["duration_ns"] for line in shown), reverse=True) == slowest
    assert shown == [line for line in whole if line in shown]


def test_the_first_lines_of_a_table_and_the_total_of_all(recorded: Path) -> None:
    whole = fasttrace("report", "--sort", "calls", recorded).stdout.splitlines()
    lines = fasttrace("report", "--sort", "calls", "--top", "2", recorded).stdout.splitlines()
    assert [line.split()[-1] for line in lines[2:4]] == [line.split()[-1] for line in whole[2:4]]
    assert lines[4] == f"... and {len(whole) - 8} more (--top N)"
    assert lines[6].split() == whole[-3].split()


@pytest.mark.parametrize("engine", ENGINES)
def test_calls_that_are_given_or_make_a_descriptor(engine: str, tmp_path: Path) -> None:
    """Live as afterwards, also those of a pipe, which lie in memory."""
    ends = "import os; fds = os.pipe(); os.dup2(fds[1], 77); os.write(77, b'x'); os.close(77)"
    command = ["python3", "-ISc", ends]
    made = ["pipe2", "dup2", "write", "close"]
    fds = ["--fd", "77", "-e", "pipe,pipe2,dup2,write,close"]
    run = fasttrace("trace", "--engine", engine, "--json", *fds, *command)
    calls = [json.loads(line) for line in run.stderr.splitlines()]
    assert [call["name"] for call in calls] == made[1:]
    end = str(calls[0]["args"]["oldfd"])
    fds = ["--fd", f"{end},77", "-e", "pipe,pipe2,dup2"]
    run = fasttrace("summary", "--engine", engine, "--json", *fds, *command)
    assert json.loads(run.stderr)["total_calls"] == 2
    assert {one["name"] for one in json.loads(run.stderr)["syscalls"]} == {"dup2", "pipe2"}
    fasttrace("record", "--engine", engine, "-o", tmp_path / "x.fst", *command)
    shown = fasttrace("report", "--calls", "--json", "--fd", "77", tmp_path / "x.fst").stdout
    assert [json.loads(line)["name"] for line in shown.splitlines()] == made[1:]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "--fd", "-5", "f"], "'-5' is no descriptor, and no list of some"),
        (["report", "--fd", "3,x", "f"], "'3,x' is no descriptor, and no list of some"),
        (["trace", "--slower-than", "5", "true"], "'5' is no time such as 5ms, 100us or 1.5s"),
        (["report", "--pid", "x", "f"], "'x' is no pid, and no list of some"),
        (["summary", "--top", "0", "true"], "'0' is no number of lines"),
        (
            ["summary", "--failed", "--by", "comm", "true"],
            "--by comm counts without looking at calls: leave it, or the filters",
        ),
        (["summary", "--failed", "--no-results", "true"], "--no-results counts without looking"),
    ],
)
def test_a_mistake_is_told_in_one_line(words: list[str], said: str) -> None:
    run = fasttrace(*words)
    assert run.returncode == 2
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_recording_where_a_command_belongs_is_told(recorded: Path) -> None:
    """By name or path, whatever programs have names like that."""
    said = "it is a recording: fasttrace report counts its calls"
    by_name = subprocess.run(
        [*FASTTRACE, "summary", recorded.name],
        cwd=recorded.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (by_name.returncode, by_name.stderr) == (
        127,
        f"fasttrace: {recorded.name}: command not found; {said}\n",
    )
    by_path = fasttrace("summary", recorded)
    assert (by_path.returncode, by_path.stderr) == (
        126,
        f"fasttrace: {recorded} is a directory, not a program; {said}\n",
    )
    (recorded.parent / "x.parquet").write_bytes(b"PAR1")
    by_path = fasttrace("trace", recorded.parent / "x.parquet")
    assert by_path.stderr == f"fasttrace: {recorded.parent}/x.parquet is no program; {said}\n"
