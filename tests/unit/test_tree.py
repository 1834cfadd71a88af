"""Promise: the tree of a trace has each process once, under its parent, with what it did."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from synthetic import GETPID, OPENAT, item, make_events, stream, traces

from fasttrace.data.events import Flag, Kind
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace
from fasttrace.report.tree import tree_table

SERIALS = [1, 2, 3, 4]


def build() -> Trace:
    """make starts sh, which becomes cc; another child stays what it was, its pid comes again."""
    payload = item(b"make", type=4, flags=1) + item(b"make\0-j2\0", type=3)
    shell = len(payload)
    payload += item(b"sh\0-c\0cc a.c\0", type=3)
    compiler = len(payload)
    payload += item(b"/usr/bin/cc\0a.c\0", type=3)
    return Trace(
        make_events(
            {"kind": Kind.EXEC, "pid": 10, "time_ns": 100},
            {"kind": Kind.FORK, "pid": 10, "ret": 99, "time_ns": 110, "flags": Flag.THREAD},
            {"nr": OPENAT, "pid": 10, "time_ns": 120, "duration_ns": 500, "ret": -2},
            {"kind": Kind.EXEC, "pid": 11, "time_ns": 210, "payload": shell},
            {"kind": Kind.EXEC, "pid": 11, "time_ns": 220, "payload": compiler},
            {"nr": OPENAT, "pid": 11, "time_ns": 230, "duration_ns": 1000},
            {"nr": GETPID, "pid": 12, "time_ns": 310},
            {"nr": GETPID, "pid": 12, "time_ns": 510},
            {"nr": GETPID, "pid": 12, "time_ns": 520},
        ),
        stream(payload),
        processes=[
            Process(10, 1, "make", ["make", "-j2"], status=256, start_ns=100, end_ns=900, serial=1),
            Process(11, 10, "cc", ["cc"], status=9, start_ns=200, end_ns=400, serial=2),
            Process(12, 10, "make", ["make", "-j2"], status=0, start_ns=300, end_ns=350, serial=3),
            Process(12, 11, "cc", ["cc"], start_ns=500, serial=4),
        ],
    )


def test_each_process_stands_under_the_one_that_made_it() -> None:
    (make,) = build().tree()
    found = [(depth, branch.process.serial) for depth, branch in make.walk()]
    assert found == [(0, 1), (1, 2), (2, 4), (1, 3)]


def test_each_has_its_own_calls_threads_and_programs() -> None:
    """Also of two that had the same pid."""
    (make,) = build().tree()
    by_serial = {branch.process.serial: branch for _, branch in make.walk()}
    assert [by_serial[s].calls for s in SERIALS] == [1, 1, 1, 2]
    assert [by_serial[s].errors for s in SERIALS] == [1, 0, 0, 0]
    assert [by_serial[s].call_ns for s in SERIALS] == [500, 1000, 0, 0]
    assert [by_serial[s].threads for s in SERIALS] == [1, 0, 0, 0]
    programs = [["sh", "-c", "cc a.c"], ["/usr/bin/cc", "a.c"]]
    assert [by_serial[s].programs for s in SERIALS] == [[["make", "-j2"]], programs, [], []]


def test_calls_can_be_chosen() -> None:
    (make,) = build().tree("openat")
    assert [branch.calls for _, branch in make.walk()] == [1, 1, 0, 0]


def test_the_table_has_a_line_for_each() -> None:
    assert tree_table(build().tree()).splitlines() == [
        "calls  errors  in calls  lasted     exit  pid  program",
        "-----  ------  --------  ------  -------  ---  ----------------",
        "    1       1    500 ns  800 ns        1   10  make -j2  [2 threads]",
        "    1           1.00 us  200 ns  SIGKILL   11  ├─ sh → /usr/bin/cc a.c",
        "    2              0 ns       -        -   12  │  └─ (cc)",
        "    1              0 ns   50 ns        0   12  └─ (make)",
        "",
        "4 processes, 5 calls; 2 did not end with 0",
    ]


def test_the_json_of_each_says_who_its_children_are() -> None:
    (make,) = build().tree()
    shown = [json.loads(json.dumps(branch.to_dict())) for _, branch in make.walk()]
    assert [(one["serial"], one["children"]) for one in shown] == [
        (1, [2, 3]),
        (2, [4]),
        (4, []),
        (3, []),
    ]
    assert shown[1]["exit_status"] == -9
    assert shown[2]["end_ns"] is None


def test_a_trace_of_nothing_has_no_tree() -> None:
    assert Trace().tree() == []
    assert tree_table([]).splitlines()[-1] == "no calls"


def test_a_chain_of_ten_thousand_is_walked_and_drawn() -> None:
    chain = [Process(i, i - 1, start_ns=i, serial=i) for i in range(1, 10_001)]
    roots = Trace(processes=chain).tree()
    assert [depth for depth, _ in roots[0].walk()] == list(range(10_000))
    assert max(map(len, tree_table(roots).splitlines())) < 200


@pytest.mark.parametrize("start_ns", [0, 5])
def test_who_is_said_to_be_his_own_ancestor_is_there_once(start_ns: int) -> None:
    """As a damaged file may have it."""
    ring = [Process(i, i % 3 + 1, start_ns=start_ns, serial=i) for i in (1, 2, 3)]
    found = [
        branch.process.pid for root in Trace(processes=ring).tree() for _, branch in root.walk()
    ]
    assert sorted(found) == [1, 2, 3]


@given(traces())
def test_all_calls_of_any_trace_are_somewhere_in_its_tree(trace: Trace) -> None:
    roots = trace.tree()
    walked = [branch for root in roots for _, branch in root.walk()]
    assert sorted(b.process.serial for b in walked) == sorted(p.serial for p in trace._told)
    known = np.isin(trace.events["pid"], [p.pid for p in trace._told])
    calls = (trace.events["kind"] == Kind.SYSCALL) & known
    assert sum(branch.calls for branch in walked) == np.count_nonzero(calls)
    assert len(tree_table(roots).splitlines()) == len(walked) + 4
