"""Promise: `why` tells of a trace what its events prove, with the rows behind it, and nothing of a
run where nothing is wrong; a trace may hold anything."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    assert "killed by SIGKILL" in of_kind(waits_for_child(status=9).why(), "children").text


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
    few = trace(*lookups(FAILED - 1, MS)).why()
    assert "missing files" not in {one.kind for one in few}


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


THREAD = {"pid": 10, "tid": 12}
OTHER = Process(11, 10, "writer", ["writer"], start_ns=2, serial=2)


def pipe(at: int = 0, inode: int = 7) -> Call:
    """What `record -y` keeps of a pipe2 that gave 3 and 4."""
    link = f"pipe:[{inode}]".encode()
    items = item(link, type=5, flags=1, address=3) + item(link, type=5, address=4)
    return {"nr": PIPE2, "ret": 0, "time_ns": at, "items": items}


PIPE2, FUTEX, NANOSLEEP, POLL, FSYNC, PAUSE, READ, WRITE = 293, 202, 35, 7, 74, 34, 0, 1


def followed(*calls: Call, before: Call | None = None) -> Trace:
    """A pipe, which the processes 10 and 11 have, and what they do."""
    fork = {"kind": Kind.FORK, "ret": 11, "args": [11] + [0] * 5, "nr": 1, "time_ns": 1}
    payload, rows = b"", []
    program = {"kind": Kind.EXEC, "pid": 11, "items": item(b"writer", type=4), "time_ns": 2}
    for call in (pipe(), *([before] if before else ()), fork, program, *calls):
        row = {"pid": 10, "tid": call.get("pid", 10), **call}
        items = row.pop("items", b"")
        if items:
            row |= {"payload": len(payload), "flags": 8}
            payload += items
        rows.append(row)
    return Trace(make_events(*rows), stream(payload), processes=[PARENT, OTHER])


def io(nr: int, fd: int, ret: int, at: int, took: int, pid: int = 10, asked: int = 4096) -> Call:
    args = [fd, 0, asked, 0, 0, 0]
    return {"nr": nr, "args": args, "ret": ret, "time_ns": at, "duration_ns": took, "pid": pid}


def test_who_wrote_what_a_pipe_s_reader_waited_for() -> None:
    t = followed(io(READ, 3, 5, 100, 50 * MS), io(WRITE, 4, 5, 50 * MS, 90, pid=11))
    one = of_kind(t.why(), "pipe")
    assert one.title == "sh (pid 10) waited 50.0 ms to read from a pipe"
    assert one.text == "50.0 ms: writer (pid 11), by its write"
    assert t.events[one.rows]["nr"].tolist() == [READ]


def test_a_write_that_came_before_is_not_what_was_waited_for() -> None:
    t = followed(io(WRITE, 4, 5, 50, 90, pid=11), io(READ, 3, 5, 200, 50 * MS))
    assert "whose doing this trace does not tell" in of_kind(t.why(), "pipe").text


def test_who_ended_where_a_reader_waited_for_the_end() -> None:
    t = followed(
        io(READ, 4, 1, 90, 5, pid=11),
        io(READ, 3, 0, 100, 50 * MS),
        {"pid": 11, "kind": Kind.EXIT, "time_ns": 50 * MS},
    )
    assert of_kind(t.why(), "pipe").text == "50.0 ms: writer (pid 11), which ended"


def test_a_writer_waits_where_the_pipe_is_full_and_only_there() -> None:
    big, small = 1 << 16, 100
    for size, kinds in ((big, ["pipe"]), (small, [])):
        t = followed(
            io(WRITE, 4, size, 100, 50 * MS, asked=size), io(READ, 3, size, 50 * MS, 9, pid=11)
        )
        assert [one.kind for one in t.why()][:1] == kinds
        if kinds:
            one = of_kind(t.why(), "pipe")
            assert "to write to a pipe, which was full" in one.title
            assert one.text == "50.0 ms: writer (pid 11), by its read"


def test_pipes_that_nobody_looked_up_are_paired_by_what_made_them() -> None:
    payload, rows = b"", []
    for call in (
        {"nr": PIPE2, "items": item(b"\3\0\0\0\4\0\0\0", arg=0, type=2, flags=8, address=64)},
        {"kind": Kind.FORK, "ret": 11, "args": [11, 0, 0, 0, 0, 0], "nr": 1, "time_ns": 1},
        io(READ, 3, 5, 100, 50 * MS),
        io(WRITE, 4, 5, 50 * MS, 90, pid=11),
    ):
        row = {"pid": 10, "tid": call.get("pid", 10), **call}
        if "items" in row:
            payload = row.pop("items")
            row |= {"flags": 8, "args": [64, 0, 0, 0, 0, 0]}
        rows.append(row)
    found = Trace(make_events(*rows), stream(payload), processes=[PARENT, OTHER]).why()
    assert of_kind(found, "pipe").text == "50.0 ms: sh (pid 11), by its write"
    assert any("record -y" in note for note in found.notes)


def futex(op: int, at: int, took: int, ret: int = 0, value: int = 0, **more: int) -> Call:
    args = [0x1000, op, value, 0, 0, 0]
    return {
        "nr": FUTEX, "args": args, "ret": ret, "time_ns": at, "duration_ns": took, **more
    }  # fmt: skip


def test_the_task_that_woke_a_futex_is_named() -> None:
    t = trace(futex(128, 100, 50 * MS), futex(129, 50 * MS, 90, 1, tid=12))
    one = of_kind(t.why(), "futex")
    assert one.title == "sh (pid 10) waited 50.0 ms for a futex at 0x1000 in 1 call"
    assert one.text == "50.0 ms: sh (pid 10) thread 12, by its futex"
    joined = trace(
        futex(265, 100, 50 * MS, value=12), {**THREAD, "kind": Kind.EXIT, "flags": 16,
        "time_ns": 50 * MS},
    )  # fmt: skip
    one = of_kind(joined.why(), "futex")
    assert one.title.startswith("sh (pid 10) waited 50.0 ms for the end of a thread")
    assert one.text == "50.0 ms: sh (pid 10) thread 12, which ended"


def test_a_wake_on_another_address_or_without_a_waiter_wakes_nobody() -> None:
    for other in (
        {"args": [0x2000, 129, 1, 0, 0, 0]},
        {"ret": 0},
        {"pid": 11, "tid": 11},
        {"time_ns": 200 * MS},
    ):
        wake = {**futex(129, 50 * MS, 90, 1, tid=12), **other}
        found = of_kind(trace(futex(128, 100, 50 * MS), wake).why(), "futex")
        assert "whose doing this trace does not tell" in found.text


def test_idle_threads_are_no_finding_and_a_standstill_is_one() -> None:
    def waits(tid: int) -> Call:
        return futex(128, 100, 0, tid=tid, flags=1)

    end = {"kind": Kind.EXIT, "time_ns": 90 * MS}
    assert trace(waits(12), {"nr": 39, "time_ns": 200}, end).why() == []
    found = trace(waits(12), waits(10), {**end, "ret": 9}).why()
    assert "in a call that never returned" in of_kind(found, "futex").text


def test_sleeps_signals_the_disk_and_timeouts_are_told_apart() -> None:
    found = trace(
        {"nr": NANOSLEEP, "time_ns": 0, "duration_ns": 5 * MS},
        {"nr": PAUSE, "ret": -4, "time_ns": 10 * MS, "duration_ns": 5 * MS},
        {"nr": FSYNC, "time_ns": 20 * MS, "duration_ns": 5 * MS},
        {"nr": POLL, "time_ns": 30 * MS, "duration_ns": 5 * MS},
    ).why()
    assert sorted(one.kind for one in found) == ["disk", "poll", "signal", "sleep"]
    assert of_kind(found, "poll").text == "5.00 ms: until the timeout, and nothing was ready"


def test_what_is_tried_again_and_again_is_told_by_its_errors() -> None:
    tries = [io(READ, 3, -11, i * 60_000, 50_000) for i in range(60)]
    one = of_kind(followed(*tries).why(), "retries")
    assert one.title == "sh (pid 10) tried read of pipe:[7] 60 times in vain (EAGAIN)"
    assert one.count == 60
    mixed = [io(READ, 3, 9, i * 60_000 + 1, 9) for i in range(60)]
    assert "retries" not in {one.kind for one in followed(*tries, *mixed).why()}


def test_asking_and_sleeping_in_turn_is_polling() -> None:
    rounds: list[Call] = []
    for i in range(30):
        rounds += [
            {"path": "/tmp/flag", "ret": -2, "time_ns": i * 2 * MS, "duration_ns": 900},
            {"nr": NANOSLEEP, "time_ns": i * 2 * MS + 1000, "duration_ns": MS},
        ]
    one = of_kind(trace(*rounds).why(), "polling")
    assert one.title.startswith("sh (pid 10) asked 30 times with openat about /tmp/flag, and slept")
    assert one.count == 60
    written = [{**call, "ret": 9} if call.get("path") else call for call in rounds]
    assert "polling" not in {one.kind for one in trace(*written).why()}


def test_small_pieces_are_told_but_no_questions_and_answers() -> None:
    reads = [io(READ, 3, 1, i * 20_000, 9_000, asked=1) for i in range(400)]
    one = of_kind(followed(*reads).why(), "small pieces")
    assert one.title == "sh (pid 10) read 399 bytes in 399 calls from pipe:[7]"
    assert one.text.endswith("with a buffer of 64 KiB it would have been 1")
    large = [io(READ, 3, 1, i * 20_000, 9_000, asked=4096) for i in range(400)]
    assert "small pieces" not in {one.kind for one in followed(*large).why()}
    talk: list[Call] = []  # over two pipes; each waits for the other
    for i in range(0, 400 * 4 * 10_000, 4 * 10_000):
        talk += [io(READ, 3, 1, i, 9_000, 11, asked=1), io(WRITE, 4, 1, i + 10, 8_000, asked=1)]
        talk += [io(READ, 5, 1, i + 9_500, 9_000, asked=1)]
        talk += [io(WRITE, 6, 1, i + 10_000, 8_000, 11, asked=1)]
    links = [item(b"pipe:[8]", type=5, flags=1, address=5), item(b"pipe:[8]", type=5, address=6)]
    second = {"nr": PIPE2, "items": b"".join(links), "time_ns": 0}
    assert "small pieces" not in {one.kind for one in followed(*talk, before=second).why()}
    turns = [io(i % 2, 3, 1, i * 20_000, 9_000, asked=1) for i in range(800)]
    assert "small pieces" not in {one.kind for one in followed(*turns).why()}


def test_the_slowest_files_are_named() -> None:
    t = trace({"path": "/slow", "ret": 3, "duration_ns": 5 * MS}, {"path": "/fast", "ret": 4})
    one = of_kind(t.why(), "file")
    assert one.title == "/slow took 5.00 ms in 1 call"
    assert one.text == "openat 5.00 ms"


def test_the_critical_path_leads_through_the_writer_that_was_waited_for() -> None:
    t = followed(
        {"pid": 11, "nr": NANOSLEEP, "time_ns": 10, "duration_ns": 40 * MS},
        io(READ, 3, 5, 100, 50 * MS),
        io(WRITE, 4, 5, 50 * MS, 90, pid=11),
        {"nr": 39, "time_ns": 60 * MS},
    )
    one = of_kind(t.why(), "critical path")
    assert one.title.endswith("83 % of it writer (pid 11)")
    assert (
        one.text.splitlines()[0]
        == "50.0 ms: writer (pid 11), 10.0 ms not in calls, 40.0 ms waiting"
    )
    assert t.events[one.rows]["nr"].tolist() == [READ]


def test_each_task_has_its_time_outside_calls_waiting_and_in_calls() -> None:
    found = trace(
        {"nr": 39, "time_ns": 0, "duration_ns": 2 * MS},
        {"nr": NANOSLEEP, "time_ns": 5 * MS, "duration_ns": 5 * MS},
        {"nr": 39, "tid": 12, "time_ns": 9 * MS},
    ).why()
    main, thread = found.tasks
    assert (main.lasted_ns, main.outside_ns, main.waiting_ns) == (10 * MS, 3 * MS, 5 * MS)
    assert (main.calls_ns, main.calls, thread.tid, thread.calls) == (2 * MS, 2, 12, 1)
    assert sum(main.classes.values()) == main.calls_ns


def test_without_results_nothing_is_claimed() -> None:
    t = Trace(waits_for_child().events, results=False)
    assert t.why() == []
    assert "without results" in t.why().notes[0]


def test_rows_of_a_part_are_rows_of_the_part() -> None:
    t = followed(io(READ, 3, 5, 100, 50 * MS), io(WRITE, 4, 5, 50 * MS, 90, pid=11))
    part = t.where(syscall="read")
    (one,) = part.why()
    assert part.events[one.rows]["nr"].tolist() == [READ]
    assert one.kind == "pipe"


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


NRS = [READ, WRITE, POLL, FUTEX, NANOSLEEP, PAUSE, FSYNC, WAIT4, PIPE2, OPENAT, 3, 7, 23, 42, 43]
NRS += [53, 56, 57, 58, 59, 60, 72, 73, 232, 233, 247, 281, 435, 1 << 30, -5]
numbers = st.one_of(st.integers(0, 12), st.integers(0, (1 << 64) - 1))
times = st.one_of(st.integers(0, 200 * MS), st.integers(0, (1 << 64) - 1))
anything = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([Kind.SYSCALL] * 8 + [*Kind, 77]),
        "pid": st.one_of(st.sampled_from([10, 11]), st.integers(-(1 << 31), (1 << 31) - 1)),
        "tid": st.sampled_from([10, 11, 12, -1]),
        "nr": st.sampled_from(NRS),
        "abi": st.sampled_from([0, 0, 0, 1, 2, 9]),
        "time_ns": times,
        "duration_ns": times,
        "ret": st.one_of(st.integers(-12, 12), st.integers(-(1 << 63), (1 << 63) - 1)),
        "args": st.lists(numbers, min_size=6, max_size=6),
        "flags": st.integers(0, 63),
        "payload": st.integers(0, 200),
    }
)
links = [
    b"pipe:[7]",
    b"socket:[#3]",
    b"socket:[8]\0UNIX-STREAM\0009",
    b"socket:[9]\0TCP\0a\0b",
    b"/x",
]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(anything, max_size=60),
    st.lists(st.sampled_from(links), max_size=6),
    st.binary(max_size=64),
    st.booleans(),
)
def test_garbage_never_raises_and_rows_stay_in_range(
    calls: list[Call], told: list[bytes], rest: bytes, known: bool
) -> None:
    payload = b"".join(item(link, type=5, flags=9, address=3) for link in told) + rest
    processes = [PARENT, OTHER] if known else None
    t = Trace(make_events(*calls), stream(payload), processes=processes)
    found = t.why()
    for finding in found:
        assert finding.count == len(finding.rows) > 0
        assert finding.rows.min() >= 0
        assert finding.rows.max() < len(t)
    json.dumps(found.to_dict())
    assert "\x1b" not in why_table(found, width=60)
