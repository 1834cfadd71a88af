"""Promise: which program a process ran when it made a call is one answer: of calls, records,
columns, conditions and parts, of a whole trace and of any part of it."""

from __future__ import annotations

import os

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from synthetic import item, make_events, stream

from fasttrace.data.events import Flag, Kind, PayloadType
from fasttrace.data.export.columns import Columns
from fasttrace.data.export.words import utf8
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace

NAMES = [b"sh", b"ls", b"cat", b"\xff", b"\\xff", b""]
PIDS = [1, 2, 3, 1 << 22, -5]
events = st.lists(
    st.tuples(
        st.sampled_from([Kind.SYSCALL] * 4 + [Kind.FORK, Kind.EXEC, Kind.EXEC, Kind.EXIT]),
        st.sampled_from(PIDS),
        st.integers(0, 12),  # the time: many at the same
        st.sampled_from(NAMES),
        st.sampled_from(PIDS[:4]),  # a child
    ),
    max_size=30,
)
known = st.lists(
    st.builds(
        lambda pid, comm, start: Process(pid, comm=os.fsdecode(comm), start_ns=start),
        st.sampled_from(PIDS), st.sampled_from(NAMES), st.integers(0, 12),
    ),
    max_size=4,
)  # fmt: skip


def trace_of(drawn: list[tuple[Kind, int, int, bytes, int]], processes: list[Process]) -> Trace:
    payload, fields = b"", []
    for kind, pid, time_ns, name, child in drawn:
        one = {"kind": kind, "pid": pid, "tid": pid, "time_ns": time_ns}
        if kind == Kind.EXEC:
            one |= {"payload": len(payload), "flags": Flag.PAYLOAD}
            payload += item(name, type=PayloadType.COMM)
        elif kind == Kind.FORK:
            one |= {"args": [child, 0, 0, 0, 0, 0], "ret": child}
        fields.append(one)
    return Trace(make_events(*fields), stream(payload), processes=processes or None)


@given(events, known, st.randoms(use_true_random=False))
def test_all_ways_to_ask_have_one_answer(drawn, processes, random) -> None:
    trace = trace_of(drawn, processes)
    comms = [call.comm for call in trace]
    rows = Columns(trace._recorded(), ["comm"]).take(0, len(trace))["comm"]
    words = rows.words.strings()
    for i, comm in enumerate(comms):
        assert (words[rows.values[i]] if rows.valid[i] else "") == utf8(comm)
    order = np.argsort(trace.events["time_ns"], kind="stable")
    told = [record["comm"] for record in trace.to_records()]
    for i, comm in zip(order, told, strict=True):
        assert comm == (comms[i] or None) or isinstance(comm, dict)  # that is no UTF-8
    parts = trace.by("comm")
    assert {name: len(part) for name, part in parts.items()} == {
        name: comms.count(name) for name in comms
    }
    for name in parts:
        some = trace.where(comm=name)
        assert some.events.tobytes() == parts[name].events.tobytes()
        assert [call.comm for call in some] == [name] * len(some)
        assert some.processes == parts[name].processes
    mask = np.array([random.random() < 0.5 for _ in comms], bool)
    part = trace.where(mask=mask)
    assert [call.comm for call in part] == [c for c, kept in zip(comms, mask, strict=True) if kept]


def test_a_fork_runs_what_its_parent_ran_and_keeps_it_when_that_execs() -> None:
    drawn = [
        (Kind.EXEC, 1, 1, b"sh", 0),
        (Kind.FORK, 1, 2, b"", 2),
        (Kind.SYSCALL, 2, 3, b"", 0),
        (Kind.EXEC, 1, 4, b"make", 0),
        (Kind.SYSCALL, 2, 5, b"", 0),
        (Kind.SYSCALL, 1, 5, b"", 0),
        (Kind.EXEC, 2, 6, b"cc", 0),
        (Kind.SYSCALL, 2, 7, b"", 0),
        (Kind.SYSCALL, 1, 0, b"", 0),  # before the first that is known
    ]
    trace = trace_of(drawn, [])
    calls = trace.where(kind="syscall")
    assert [call.comm for call in calls] == ["sh", "sh", "make", "cc", "sh"]
    assert {name: len(part) for name, part in calls.by("comm").items()} == {
        "sh": 3, "make": 1, "cc": 1,
    }  # fmt: skip
    assert [(p.pid, p.comm, p.calls) for p in calls.where(comm="sh").processes] == [
        (1, "make", 1), (2, "cc", 2),
    ]  # fmt: skip
    assert [p.pid for p in trace.where(comm="make").processes] == [1]
