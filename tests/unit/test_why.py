"""Promise: `why` tells of a trace what its events prove, with the rows behind it, and nothing of a
run where nothing is wrong; a trace may hold anything."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from synthetic import PROCESSES, Call, item, make_events, stream, traces

import fasttrace
from fasttrace.analysis.causes.lookups import FAILED
from fasttrace.analysis.finding import ROWS_TOLD, Finding, Why
from fasttrace.data.events import Kind
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace
from fasttrace.report.why_table import why_table

MS = 1_000_000
OPENAT, WAIT4 = 257, 61
PARENT = Process(10, 1, "sh", ["sh"], start_ns=1, serial=1)
CHILD = Process(11, 10, "sl\x1b[2Jeep", ["sleep", "1"], start_ns=2, serial=2)


def trace(*calls: Call, processes: list[Process] | None = None) -> Trace:
    """`path` in a call is what openat is given."""
    payload, rows = b"", []
    for call in calls:
        row: dict[str, Any] = {"pid": 10, "tid": call.get("pid", 10), **call}
        path = row.pop("path", None)
        if path is not None:
            row |= {"nr": OPENAT, "payload": len(payload), "flags": 8}
            payload += item(path.encode("utf-8", "surrogateescape"), arg=1)
        rows.append(row)
    known = [PARENT, CHILD] if processes is None else processes
    return Trace(make_events(*rows), stream(payload), processes=known)


def of_kind(found: Why, kind: str) -> Finding:
    (one,) = [finding for finding in found if finding.kind == kind]
    return one


def lookups(count: int, took_ns: int) -> list[Call]:
    return [
        {"path": f"/lib{i % 2}/x.so", "ret": -2, "time_ns": i * took_ns, "duration_ns": took_ns}
        for i in range(count)
    ]


def waits_for_child(took_ns: int = 500 * MS, status: int = 3 << 8) -> Trace:
    return trace(
        {"nr": WAIT4, "ret": 11, "time_ns": 100, "duration_ns": took_ns},
        {"pid": 11, "kind": Kind.EXIT, "ret": status, "time_ns": took_ns},
    )


def test_a_wait_for_a_child_names_it_and_its_end() -> None:
    t = waits_for_child()
    found = fasttrace.why(t)
    assert found == t.why()
    one = of_kind(found, "children")
    assert one.title == r"sh (pid 10) waited 500 ms for its child sl\x1b[2Jeep (pid 11)"
    assert one.text == r"500 ms: sl\x1b[2Jeep (pid 11), which exited with 3"
    assert (one.cost_ns, one.count) == (500 * MS, 1)
    assert [process.pid for process in one.processes] == [10]
    assert t.events[one.rows]["nr"].tolist() == [WAIT4]


def test_a_child_that_a_signal_killed_is_told_so() -> None:
    assert "died of SIGKILL" in of_kind(waits_for_child(status=9).why(), "children").text


def test_a_wait_that_never_returned_lasts_as_long_as_its_task() -> None:
    found = trace(
        {"nr": WAIT4, "flags": 1, "time_ns": 100},
        {"kind": Kind.EXIT, "ret": 9, "time_ns": 100 + 30 * MS},
        {"pid": 11, "nr": 39, "time_ns": 90 * MS},
    ).why()
    assert of_kind(found, "children").cost_ns == 30 * MS


def test_what_costs_little_is_not_told() -> None:
    assert waits_for_child(MS // 2).why() == []
    short_of_it = trace(
        {"nr": WAIT4, "ret": 11, "time_ns": 100, "duration_ns": 2 * MS},
        {"nr": 39, "time_ns": 1000 * MS},
    )
    assert short_of_it.why() == []
    assert lookups(FAILED - 1, MS)
    assert trace(*lookups(FAILED - 1, MS)).why() == []


def test_a_storm_of_lookups_is_told_by_name_and_directory() -> None:
    t = trace(*lookups(2 * FAILED, 50_000), {"path": "/x", "ret": 3, "time_ns": 20 * MS})
    one = of_kind(t.why(), "missing files")
    assert one.title == (
        "sh looked 200 times for files that are not there: of its 201 calls with a path"
    )
    assert one.text == "by openat: x.so (200 times, 2 places)\nin /lib0/ (100), /lib1/ (100)"
    assert (one.cost_ns, one.count) == (200 * 50_000, 200)
    assert (t.events[one.rows]["ret"] == -2).all()


def test_findings_are_values_that_can_be_kept() -> None:
    found = waits_for_child().why()
    again = pickle.loads(pickle.dumps(found))
    assert isinstance(again, Why)
    assert again == found
    assert again.wall_ns == found.wall_ns
    assert hash(again[0]) == hash(found[0])
    assert again[0] != fasttrace.why(waits_for_child(400 * MS))[0]
    shown = json.loads(json.dumps(found.to_dict()))
    assert shown["findings"][0]["rows"] == [0]
    assert "\x1b" not in repr(found) + found._repr_html_() + found[0]._repr_html_()


def test_of_many_rows_json_names_the_first() -> None:
    one = of_kind(trace(*lookups(5 * FAILED, 50_000)).why(), "missing files")
    assert one.count == len(one.rows) == 5 * FAILED
    assert one.to_dict()["rows"] == list(range(ROWS_TOLD))


def test_the_text_fits_and_cannot_steer_a_terminal() -> None:
    names = [{"path": f"/\x1b[2J\udcff{i}", "ret": -2, "duration_ns": 50_000} for i in range(200)]
    found = trace(*names).why()
    text = why_table(found, width=60)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 60
    assert "\x1b[1m" in why_table(found, color=True)
    assert "... and 1 more (--top N)" in why_table(Why([found[0]] * 2, wall_ns=MS), top=1)


@pytest.mark.parametrize("t", [Trace(), Trace(processes=PROCESSES)])
def test_of_an_empty_trace_nothing_is_told(t: Trace) -> None:
    assert t.why() == []
    assert "no calls" in why_table(t.why())


@settings(deadline=None, max_examples=60)
@given(traces())
def test_whatever_a_trace_holds_its_findings_have_rows_of_it(t: Trace) -> None:
    found = t.why()
    for finding in found:
        assert finding.count == len(finding.rows) > 0
        assert finding.cost_ns >= 0
        assert len(t.events[finding.rows]) == finding.count
        assert np.unique(finding.rows).size == finding.count
    json.dumps(found.to_dict())
    assert why_table(found, width=40)
    assert pickle.loads(pickle.dumps(found)) == found
