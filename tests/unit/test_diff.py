"""Promise: two traces differ in what they do, not in pids, temporary names or chance."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from synthetic import GETPID, OPENAT, READ, STAT, Call, item, make_events, stream

import fasttrace
from fasttrace.analysis.diff import Change, Difference, diff
from fasttrace.analysis.names import Names
from fasttrace.data.conditions import paths_of
from fasttrace.data.events import Flag, Kind, PayloadFlag
from fasttrace.data.export.words import utf8
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace
from fasttrace.errors import FasttraceError
from fasttrace.report.diff_table import diff_table

MORE, FAULT = PayloadFlag.MORE, PayloadFlag.FAULT


def trace(*calls: Call, pid: int = 4242, comm: str = "cat") -> Trace:
    """Of one process; `path` in a call is what openat is given."""
    payload, rows = b"", []
    for call in calls:
        row: dict[str, Any] = {"pid": pid, "tid": pid, **call}
        path = row.pop("path", None)
        if path is not None:
            row |= {"nr": OPENAT, "payload": len(payload), "flags": 8}
            payload += item(path.encode(), arg=1)
        rows.append(row)
    return Trace(make_events(*rows), stream(payload), processes=[Process(pid, comm=comm, serial=1)])


def found(name: str, difference: Difference) -> dict[str, tuple[str, tuple[int, ...]]]:
    changes: list[Change] = getattr(difference, name)
    return {" ".join(one.name): (one.kind, one.before + one.after) for one in changes}


def test_calls_errors_programs_and_paths_are_new_gone_more_or_fewer() -> None:
    a = trace({"nr": READ}, {"nr": READ}, {"path": "/a"}, {"path": "/b"}, {"nr": 1, "ret": -32})
    b = trace(
        {"nr": READ}, {"path": "/a"}, {"path": "/a"}, {"path": "/c"}, {"nr": GETPID}, comm="x"
    )
    difference = fasttrace.diff(a, b)
    assert found("syscalls", difference) == {
        "getpid": ("new", (0, 1)),
        "openat": ("more", (2, 3)),
        "read": ("fewer", (2, 1)),
        "write": ("gone", (1, 0)),
    }
    assert found("errors", difference) == {"write EPIPE": ("gone", (1, 0))}
    assert found("programs", difference) == {"cat": ("gone", (1, 0)), "x": ("new", (0, 1))}
    assert found("paths", difference) == {
        "openat /a": ("more", (1, 2)),
        "openat /b": ("gone", (1, 0)),
        "openat /c": ("new", (0, 1)),
    }
    assert bool(difference)


def test_paths_are_those_that_each_call_was_given() -> None:
    """Told call by call; both of those that have two, and none that could not be read."""
    rng = np.random.default_rng(3)
    items = [
        item(b"/a", arg=0, flags=MORE) + item(b"/b", arg=1), item(b"/c\xff", arg=1),
        item(b"", arg=1), item(b"/d", arg=0), item(b"/e", arg=1, flags=FAULT),
        item(b"", arg=1, flags=FAULT),
        item(b"/f", arg=0, type=2), item(b"/g", arg=1, flags=MORE) + item(b"/h", arg=3),
        b"\xff" * 7,
    ]  # fmt: skip
    starts = np.cumsum([0, *map(len, items)])[:-1]
    events = make_events(*[{"flags": Flag.PAYLOAD}] * 3000)
    events["nr"] = rng.choice([READ, STAT, OPENAT, 82, 86, 264, 316, 5000, -1], 3000)
    events["abi"] = rng.integers(0, 4, 3000)
    events["kind"] = rng.choice([Kind.SYSCALL, Kind.SYSCALL, Kind.EXEC], 3000)
    events["payload"] = rng.choice(starts, 3000)
    given = Trace(events, stream(b"".join(items)))
    told: Counter[tuple[str, str]] = Counter()
    for event, call in zip(events, given, strict=True):
        for path in filter(None, paths_of(event, given.payload.data)):
            told[call.name, utf8(path)] += 1
    nothing = Trace()
    shown = {one.name: one.after[0] for one in diff(nothing, given).paths}
    assert shown == told
    assert len(told) > 8


def test_the_greatest_difference_comes_first() -> None:
    a = trace({"nr": READ}, {"nr": 1})
    b = trace(*[{"nr": READ}] * 3, *[{"nr": 1}] * 9)
    assert [one.name for one in diff(a, b).syscalls] == [("write",), ("read",)]


def test_pids_and_temporary_names_are_no_difference() -> None:
    a = trace({"path": "/proc/4242/stat"}, {"path": "/tmp/tmpa1b2c3d_/x"}, pid=4242)
    b = trace({"path": "/proc/777/stat"}, {"path": "/tmp/tmpzz00zz_9/x"}, pid=777)
    difference = diff(a, b)
    assert not difference
    assert "the same calls, errors, programs and paths" in diff_table(difference)


@pytest.mark.parametrize(
    ("path", "common"),
    [
        ("/proc/4242/task/4243/maps", "/proc/PID/task/PID/maps"),
        ("/tmp/log.4242", "/tmp/log.PID"),
        ("/tmp/42421", "/tmp/42421"),
        ("/tmp/cc8Vq2Xa.s", "/tmp/ccXXXXXX.s"),
        ("/tmp/tmp.QMeOQFmdM8/x", "/tmp/tmp.XXXXXX/x"),
        ("/tmp/tmpk3j_x92q.py", "/tmp/tmpXXXXXX.py"),
        ("/usr/lib/cc1plus", "/usr/lib/cc1plus"),
        ("/etc/tmpfiles.d", "/etc/tmpfiles.d"),
        ("", ""),
    ],
)
def test_a_path_loses_what_is_another_each_run(path: str, common: str) -> None:
    assert Names([7, 4242, 4243]).common(path) == common


def test_what_varies_between_runs_of_one_side_is_no_difference() -> None:
    def runs(*counts: int) -> list[Trace]:
        return [trace(*[{"nr": READ}] * count) for count in counts]

    assert found("syscalls", diff(runs(3, 5), runs(4, 6))) == {}
    assert found("syscalls", diff(runs(3, 5), runs(6, 7))) == {"read": ("more", (3, 5, 6, 7))}
    assert found("syscalls", diff(runs(0, 0), runs(0, 9))) == {}
    assert "3-5" in diff_table(diff(runs(3, 5), runs(6, 7)))


def test_only_the_calls_that_are_asked_for_are_compared() -> None:
    a, b = trace({"nr": READ}), trace({"nr": READ}, {"nr": READ}, {"path": "/new"})
    assert [one.name for one in diff(a, b, syscall="%file").syscalls] == [("openat",)]


def test_times_differ_where_chance_hardly_does_it() -> None:
    pytest.importorskip("scipy")

    def runs(*times: int) -> list[Trace]:
        calls = [{"nr": GETPID, "duration_ns": 50}] * 9
        return [trace(*calls, *[{"nr": READ, "duration_ns": ns}] * 9) for ns in times]

    slower = diff(runs(1000, 1100, 1200, 1300), runs(9000, 9100, 9200, 9300))
    assert [(one.name, one.differs) for one in slower.times] == [("read", True), ("getpid", False)]
    assert slower
    assert slower.times[0].p == pytest.approx(2 / 70)
    assert "x 7." in diff_table(slower)
    mixed = diff(runs(1000, 9000, 1200, 9100), runs(1100, 9200, 1150, 9300))
    assert not mixed
    assert "no call takes longer or shorter by more than chance" in diff_table(mixed)


def test_of_few_runs_nothing_is_said_of_times() -> None:
    a, b = trace({"nr": READ, "duration_ns": 10}), trace({"nr": READ, "duration_ns": 10_000_000})
    difference = diff([a] * 3, [b] * 3)
    assert [one.p for one in difference.times] == [None]
    assert "record four or more" in diff_table(difference)


def test_its_json_is_plain() -> None:
    difference = diff(trace({"nr": READ}), trace({"path": "/x"}))
    shown = json.loads(json.dumps(difference.to_dict()))
    assert shown["paths"] == [
        {"name": ["openat", "/x"], "kind": "new", "before": [0], "after": [1]}
    ]
    assert shown["runs"] == [1, 1]


def test_names_from_outside_are_escaped_and_lines_are_few() -> None:
    many = trace(*({"path": f"/\x1b[2J{i}"} for i in range(30)))
    text = diff_table(diff(trace(), many), top=5, width=40)
    assert "\x1b" not in text
    assert "... and 25 more (--top N)" in text
    assert max(map(len, text.splitlines()[:-1])) <= 40


def test_nothing_cannot_be_compared() -> None:
    with pytest.raises(FasttraceError, match="at least one trace on each side"):
        diff([], trace())
    assert not diff(Trace(), Trace())
