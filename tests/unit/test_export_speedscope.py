"""Promise: speedscope gets a file of its format, in which each process's calls and their times lie
upon those that made it; and strace's lines are those of the same calls."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from exported import example
from hypothesis import given, settings
from synthetic import READ, WRITE, make_events, traces
from test_export_timelines import exported

from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace

# As the npm package speedscope 1.25.0 (MIT) has it: dist/release/file-format-schema.json.
SCHEMA = json.loads((Path(__file__).parent / "speedscope.schema.json").read_text())


def file_of(trace: Trace) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(exported(trace, "speedscope"))
    return told


def stacks(told: dict[str, Any], profile: str) -> Counter[tuple[str, ...]]:
    names = [frame["name"] for frame in told["shared"]["frames"]]
    found = next(one for one in told["profiles"] if one["name"] == profile)
    counted: Counter[tuple[str, ...]] = Counter()
    for sample, weight in zip(found["samples"], found["weights"], strict=True):
        counted[tuple(names[i] for i in sample)] += weight
    assert found["endValue"] == sum(found["weights"])
    return counted


def family() -> Trace:
    calls = (
        {"nr": READ, "pid": 10, "tid": 10, "duration_ns": 5},
        {"nr": READ, "pid": 11, "tid": 11, "duration_ns": 7},
        {"nr": READ, "pid": 12, "tid": 99, "duration_ns": 11},
        {"nr": WRITE, "pid": 12, "tid": 12, "duration_ns": 13},
        {"nr": WRITE, "pid": 77, "tid": 77, "duration_ns": 17},
    )
    processes = [
        Process(10, 1, "make", ["make"], start_ns=1, serial=1),
        Process(11, 10, "cc", start_ns=2, serial=2),
        Process(12, 10, "cc", start_ns=3, serial=3),
    ]
    return Trace(make_events(*calls), processes=processes, argv=["make", "\x1b\udcff"])


def test_calls_lie_upon_their_processes() -> None:
    told = file_of(family())
    assert stacks(told, "calls") == {
        ("make 10", "read"): 1,
        ("make 10", "cc 11", "read"): 1,
        ("make 10", "cc 12", "read"): 1,
        ("make 10", "cc 12", "write"): 1,
        ("77", "write"): 1,
    }
    assert stacks(told, "time in calls, by program") == {
        ("make", "read"): 5,
        ("make", "cc", "read"): 18,
        ("make", "cc", "write"): 13,
        ("?", "write"): 17,
    }
    assert told["name"] == "make \x1b\\xff"


@settings(max_examples=20, deadline=None)
@given(trace=traces())
def test_any_events_fit_the_published_schema(trace: Trace) -> None:
    told = file_of(trace)
    pytest.importorskip("jsonschema").Draft7Validator(SCHEMA).validate(told)
    by_name: Counter[str] = Counter()
    for stack, calls in stacks(told, "calls").items():
        by_name[stack[-1]] += calls
    assert by_name == trace.summary().calls


def test_a_long_line_of_processes_is_cut() -> None:
    """Each is the child of the one before; the whole would grow with the square of their number."""
    count = 1000
    events = make_events(*({"nr": READ, "pid": pid, "tid": pid} for pid in range(1, count)))
    processes = [Process(pid, pid - 1, "x", start_ns=pid, serial=pid) for pid in range(1, count)]
    profile = file_of(Trace(events, processes=processes))["profiles"][0]
    assert len(profile["samples"]) == count - 1
    assert max(map(len, profile["samples"])) == 101


def test_lines_of_strace_are_told_in_the_order_of_time() -> None:
    lines = exported(example(), "strace").decode("ascii").splitlines()
    times = [line.split()[1] for line in lines]
    assert times[0].startswith("1700000000.")
    assert times == sorted(times)
    assert sum(" openat(" in line for line in lines) == 2
    assert lines[-1].endswith("rename(NULL, NULL) = 0 <0.000000>")


@settings(max_examples=20, deadline=None)
@given(trace=traces())
def test_any_events_are_printable_lines(trace: Trace) -> None:
    text = exported(trace, "strace").decode("ascii")
    assert all(line.isprintable() for line in text.splitlines())
    assert text == "" or text.endswith("\n")
