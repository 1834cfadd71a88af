"""Promise: choosing events, grouping and summarising them obey their laws."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import OPENAT, PROCESSES, READ, STAT, WRITE, item, make_events, stream, traces
from test_summary import content

from fasttrace.data.conditions import owners
from fasttrace.data.events import Flag, Kind
from fasttrace.data.run_info import RunInfo
from fasttrace.data.summary import merge_summaries
from fasttrace.data.trace import Trace
from fasttrace.errors import SelectionError


@pytest.fixture
def trace() -> Trace:
    payload = item(b"/etc/passwd", arg=1) + item(b"/tmp/a", arg=0, flags=1) + item(b"/b", arg=1)
    return Trace(
        make_events(
            {"nr": OPENAT, "pid": 100, "tid": 100, "time_ns": 10, "duration_ns": 5, "ret": -2,
             "flags": Flag.PAYLOAD},
            {"nr": READ, "pid": 101, "tid": 101, "time_ns": 20, "duration_ns": 50, "ret": 7},
            {"nr": STAT, "pid": 101, "tid": 101, "time_ns": 60_000, "ret": 0, "payload": 32,
             "flags": Flag.PAYLOAD},
            {"nr": 3, "abi": 1, "pid": 102, "tid": 103, "time_ns": 70_000, "ret": -11},
            {"nr": WRITE, "pid": 102, "tid": 102, "time_ns": 80_000, "flags": Flag.UNFINISHED},
            {"kind": Kind.SIGNAL, "nr": 15, "pid": 102, "tid": 102, "time_ns": 81_000},
        ),
        stream(payload),
        processes=PROCESSES,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "chosen"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"syscall": "openat"}, [0]),
        ({"syscall": "read"}, [1, 3]),
        ({"syscall": ["openat", "write"]}, [0, 4]),
        ({"syscall": "openat,stat"}, [0, 2]),
        ({"failed": True}, [0, 3]),
        ({"failed": False}, [1, 2]),
        ({"errno": "EAGAIN"}, [3]),
        ({"errno": 2}, [0]),
        ({"pid": 101}, [1, 2]),
        ({"pid": [100, 102]}, [0, 3, 4, 5]),
        ({"pid": 1 << 40}, []),
        ({"tid": 103}, [3]),
        ({"comm": "cc"}, [1, 3, 4, 5]),
        ({"comm": "ld"}, [2]),
        ({"kind": "signal"}, [5]),
        ({"kind": [Kind.SIGNAL, "syscall"]}, [0, 1, 2, 3, 4, 5]),
        ({"abi": "i386"}, [3]),
        ({"min_duration_ns": 6}, [1]),
        ({"after": 20, "before": 70_000}, [1, 2]),
        ({"after": -5, "before": 1 << 70}, [0, 1, 2, 3, 4, 5]),
        ({"path": "/etc"}, [0]),
        ({"path": re.compile("^/tmp/[ab]$")}, [2]),
        ({"path": "/", "pid": 101}, [2]),
        ({"failed": True, "comm": "cc"}, [3]),
        ({"mask": np.array([1, 1, 0, 0, 0, 0], bool), "failed": True}, [0]),
    ],
)
def test_where_chooses_what_meets_all_conditions(
    trace: Trace, conditions: dict[str, object], chosen: list[int]
) -> None:
    part = trace.where(**conditions)  # type: ignore[arg-type]
    assert part.events.tobytes() == trace.events[chosen].tobytes()


@pytest.mark.parametrize(
    "conditions", [{"errno": "ENOPE"}, {"errno": -2}, {"kind": "nope"}, {"abi": "vax"}]
)
def test_where_refuses_what_it_cannot_mean(trace: Trace, conditions: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"[Nn]o|unknown"):
        trace.where(**conditions)  # type: ignore[arg-type]


def test_unknown_syscall_is_a_filter_error(trace: Trace) -> None:
    with pytest.raises(SelectionError):
        trace.where(syscall="opennat")


def test_where_takes_a_set_as_text(trace: Trace) -> None:
    assert len(trace.where(syscall="%file,!stat")) == 1
    assert len(trace.where(syscall="!read")) == 3


def test_iteration_gives_a_call_each(trace: Trace) -> None:
    first, *_, signal = trace
    assert (first.name, first.errno, first.ret, first.strings) == (
        "openat", "ENOENT", -2, {1: "/etc/passwd"},
    )  # fmt: skip
    assert (first.time_ns, first.duration_ns, first.raw_args) == (10, 5, (0,) * 6)
    assert (signal.name, signal.errno, signal.kind) == ("signal", None, Kind.SIGNAL)
    assert trace[2].strings == {0: "/tmp/a", 1: "/b"}
    assert trace.strings(trace.events[2]) == trace[2].strings
    assert len(trace[1:3]) == 2
    assert trace.paths() == ["/etc/passwd", "/tmp/a"]  # stat has one


def test_processes_count_their_calls(trace: Trace) -> None:
    assert [(p.comm, p.calls) for p in trace.processes] == [
        ("make", 1), ("cc", 1), ("cc", 2), ("ld", 1),
    ]  # fmt: skip
    assert [p.calls for p in trace.where(failed=True).processes] == [1, 0, 1, 0]
    assert [p.comm for p in trace.where(comm="ld").processes] == ["ld"]


def test_by_makes_a_trace_of_each(trace: Trace) -> None:
    assert {pid: len(part) for pid, part in trace.by("pid").items()} == {100: 1, 101: 2, 102: 3}
    assert {tid: len(part) for tid, part in trace.by("tid").items()} == {
        100: 1, 101: 2, 102: 2, 103: 1,
    }  # fmt: skip
    assert {name: len(part) for name, part in trace.by("syscall").items()} == {
        "read": 2, "write": 1, "stat": 1, "openat": 1,
    }  # fmt: skip
    assert {comm: len(part) for comm, part in trace.by("comm").items()} == {
        "make": 1, "cc": 4, "ld": 1,
    }  # fmt: skip
    with pytest.raises(ValueError, match="no traces by"):
        trace.by("colour")  # type: ignore[call-overload]


def test_wrong_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="EVENT_DTYPE"):
        Trace(np.zeros(3))


def test_an_empty_trace_has_no_parts() -> None:
    trace = Trace()
    assert (len(trace), list(trace), trace.processes, trace.by("pid")) == (0, [], [], {})
    assert trace.summary().total_calls == 0
    assert len(trace.where("read", failed=True, path="x", comm="y")) == 0


@given(traces())
def test_owners_are_the_last_started(trace: Trace) -> None:
    found = owners(trace.events, PROCESSES)
    for event, i in zip(trace.events, found.tolist(), strict=True):
        same = [p for p in PROCESSES if p.pid == event["pid"]]
        started = [p for p in same if p.start_ns <= event["time_ns"]]
        assert PROCESSES[i] is (started[-1] if started else same[0])


some_conditions = st.one_of(
    st.fixed_dictionaries(
        {"syscall": st.sampled_from(["read", "openat,stat", "%file", "!read", "500", "all"])}
    ),
    st.fixed_dictionaries({"pid": st.sampled_from([100, 101, 999, [100, 102]])}),
    st.fixed_dictionaries({"comm": st.sampled_from(["cc", "ld", "nope", ["make", "cc"]])}),
    st.fixed_dictionaries({"syscall": st.just("read"), "comm": st.just("cc")}),
)


@given(traces(), some_conditions)
def test_where_then_summarise_is_summarise_then_where(
    trace: Trace, conditions: dict[str, str]
) -> None:
    before = trace.where(**conditions).summary()  # type: ignore[arg-type]
    after = trace.summary().where(**conditions)  # type: ignore[arg-type]
    assert content(before) == content(after)


@given(traces(), st.randoms(use_true_random=False))
def test_merge_of_splits_is_the_whole(trace: Trace, random: object) -> None:
    parts = np.random.default_rng(random.getrandbits(32)).integers(0, 3, len(trace))  # type: ignore[attr-defined]
    summaries = [trace.where(mask=parts == i).summary() for i in range(3)]
    assert content(merge_summaries(summaries)) == content(trace.summary())


@given(traces())
def test_groups_are_the_filters_and_make_up_the_whole(trace: Trace) -> None:
    for pid, part in trace.by("pid").items():
        assert part.events.tobytes() == trace.where(pid=pid).events.tobytes()
        assert content(part.summary()) == content(trace.where(pid=pid).summary())
    for name, part in trace.by("syscall").items():
        wanted = str(part[0].nr) if name.startswith("syscall_") else name
        if part[0].nr == 5000:
            continue  # beyond what the set language can name
        assert part.events.tobytes() == trace.where(syscall=wanted).events.tobytes()
    for key in ("pid", "tid", "comm"):
        assert sum(map(len, trace.by(key).values())) == len(trace)


def test_large_arrays_are_counted_in_pieces_without_loss(trace: Trace) -> None:
    """Above a million events, on several processors."""
    copies = 400_000
    large = Trace(np.tile(trace.events, copies), processes=trace.processes[:3]).summary()
    small = Trace(trace.events, processes=trace.processes[:3]).summary()
    assert large.calls == {name: copies * count for name, count in small.calls.items()}
    assert large.errors == {name: copies * count for name, count in small.errors.items()}
    assert [p.calls for p in large.processes] == [copies * p.calls for p in small.processes]


def test_a_condition_that_there_is_not(trace: Trace) -> None:
    with pytest.raises(TypeError, match="no condition 'pids': there are abi, "):
        trace.where(pids=3)  # type: ignore[call-arg]


def test_what_is_known_of_a_run_is_handed_on_whole(trace: Trace, tmp_path: Path) -> None:
    info = RunInfo(
        argv=["a"], exit_status=3, engine="ptrace", wall_ns=5, lost=2, realtime_offset_ns=7,
        results=False, host="db-1",
    )  # fmt: skip
    run = Trace(trace.events, trace.payload, info, processes=PROCESSES)
    counts = run.summary()
    for part in (run, run[1:], run.where("read"), counts, counts.where("read")):
        assert part.info == info
        assert {name: getattr(part, name) for name in info._fields} == info._asdict()
    run.save(tmp_path / "x.fst")
    assert Trace.load(tmp_path / "x.fst").info == info
    assert Trace(info=info, lost=3).info == info._replace(lost=3)
