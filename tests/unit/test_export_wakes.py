"""Promise: a write is said to have woken a read where the order of bytes in a pipe proves it, and
nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import READ, WRITE, Call, item, make_events, stream, traces

from fasttrace.data.events import Flag, Kind
from fasttrace.data.export.wakes import wakes
from fasttrace.data.trace import Trace

PIPE2, CLOSE, DUP, DUP2, FCNTL, SPLICE, OPENAT, CLOSE_RANGE = 293, 3, 32, 33, 72, 275, 257, 436
ENDS = item(bytes([3, 0, 0, 0, 4, 0, 0, 0]), arg=0, type=2, flags=8)
CLOEXEC = 0o2000000


def call(nr: int, time_ns: int, until_ns: int, *args: int, ret: int = 0, pid: int = 1) -> Call:
    filled = (*args, *[0] * (6 - len(args)))
    took = until_ns - time_ns
    task = {"pid": pid, "tid": pid}
    return {"nr": nr, "time_ns": time_ns, "duration_ns": took, "args": filled, "ret": ret, **task}


def pipe(flags: int = 0) -> Call:
    return {**call(PIPE2, 0, 1, 0x7F00, flags), "flags": Flag.PAYLOAD}


def fork(child: int, time_ns: int, pid: int = 1, flags: int = 0) -> Call:
    return {
        "kind": Kind.FORK, "nr": 1, "pid": pid, "tid": pid, "time_ns": time_ns,
        "args": (child, flags, 0, 0, 0, 0), "ret": child,
    }  # fmt: skip


def read(start: int, end: int, fd: int = 3, ret: int = 1, pid: int = 2) -> Call:
    return call(READ, start, end, fd, ret=ret, pid=pid)


def wrote(start: int, end: int, fd: int = 4, ret: int = 1, pid: int = 1) -> Call:
    return call(WRITE, start, end, fd, ret=ret, pid=pid)


def pairs(*calls: Call) -> list[tuple[int, int]]:
    """The times at which the write and the read began."""
    events = make_events(*calls)
    found = wakes(events, stream(ENDS))
    assert found.arrows.tolist() == list(range(1, len(found.writes) + 1))
    times = events["time_ns"]
    return sorted(zip(times[found.writes].tolist(), times[found.reads].tolist(), strict=True))


def test_a_read_that_waited_is_woken_by_the_write() -> None:
    assert pairs(pipe(), fork(2, 5), read(10, 30), wrote(20, 25)) == [(20, 10)]


def test_in_whatever_order_the_events_stand() -> None:
    calls = [pipe(), fork(2, 5), wrote(20, 40), wrote(50, 55), read(10, 30), read(45, 60)]
    assert pairs(*calls) == pairs(*reversed(calls)) == [(20, 10), (50, 45)]


def test_what_lay_there_already_wakes_nobody() -> None:
    assert pairs(pipe(), fork(2, 5), wrote(8, 9), read(10, 30), wrote(20, 25)) == []


def test_a_part_of_what_was_written_is_not_waited_for() -> None:
    calls = [read(10, 30), wrote(20, 25, ret=5), read(31, 32, ret=4), read(33, 50), wrote(40, 45)]
    assert pairs(pipe(), fork(2, 5), *calls) == [(20, 10), (40, 33)]


def test_of_two_writes_at_once_none_is_the_first() -> None:
    calls = [read(10, 30), wrote(20, 25), wrote(22, 27, pid=3)]
    assert pairs(pipe(), fork(2, 5), fork(3, 6), *calls) == []
    later = [read(35, 50), read(60, 80), wrote(70, 75)]
    assert pairs(pipe(), fork(2, 5), fork(3, 6), *calls, *later) == [(70, 60)]


def test_two_that_wait_are_told_apart_by_what_had_ended() -> None:
    two = [read(10, 30), read(11, 60, pid=3), wrote(20, 25), wrote(50, 55)]
    assert pairs(pipe(), fork(2, 5), fork(3, 6), *two) == [(20, 10), (50, 11)]
    close = [read(10, 30), read(11, 32, pid=3), wrote(20, 25), wrote(26, 27)]
    assert pairs(pipe(), fork(2, 5), fork(3, 6), *close) == [(20, 10)]


def test_bytes_of_nobody_known_end_it() -> None:
    """The first read had what somebody else wrote."""
    calls = [read(10, 15), read(16, 30), wrote(20, 25), read(40, 60), wrote(50, 55)]
    assert pairs(pipe(), fork(2, 5), *calls) == []


@pytest.mark.parametrize(
    ("between", "fds"),
    [
        ([call(DUP2, 6, 7, 3, 0, pid=2), call(CLOSE, 8, 9, 3, pid=2)], (0, 4)),
        ([call(DUP, 6, 7, 3, ret=9, pid=2)], (9, 4)),
        ([call(FCNTL, 6, 7, 4, 1030, 10, ret=10)], (3, 10)),
    ],
)
def test_ends_are_followed_to_their_copies(between: list[Call], fds: tuple[int, int]) -> None:
    calls = [pipe(), fork(2, 5), *between, read(10, 30, fds[0]), wrote(20, 25, fds[1])]
    assert pairs(*calls) == [(20, 10)]


EXEC: dict[str, Any] = {"kind": Kind.EXEC, "pid": 2, "tid": 2, "time_ns": 7}


@pytest.mark.parametrize(
    "between",
    [
        [call(CLOSE, 6, 7, 3, pid=2)],
        [call(CLOSE_RANGE, 6, 7, 3, 100, pid=2)],
        [call(OPENAT, 6, 7, 0, ret=3, pid=2)],
        [call(DUP2, 6, 7, 9, 3, ret=3, pid=2)],
        [call(FCNTL, 5, 6, 3, 2, 1, pid=2), EXEC],
        [call(CLOSE_RANGE, 5, 6, 3, 100, 4, pid=2), EXEC],
        [call(SPLICE, 6, 7, 3, 0, 9, ret=1, pid=2)],
        [{"kind": Kind.EXIT, "pid": 2, "tid": 2, "time_ns": 7}],
    ],
)
def test_what_is_an_end_no_more_is_no_end(between: list[Call]) -> None:
    assert pairs(pipe(), fork(2, 5), *between, read(10, 30), wrote(20, 25)) == []


def test_exec_closes_what_was_made_to_be_closed() -> None:
    for flags, expected in ((0, [(20, 10)]), (CLOEXEC, [])):
        assert pairs(pipe(flags), fork(2, 5), EXEC, read(10, 30), wrote(20, 25)) == expected


def test_a_pipe_whose_making_is_not_there_has_no_arrows() -> None:
    assert pairs(fork(2, 5), read(10, 30), wrote(20, 25)) == []


@settings(max_examples=30, deadline=None)
@given(trace=traces(), seed=st.integers(0, 1 << 30))
def test_any_events_have_some_pairs_or_none(trace: Trace, seed: int) -> None:
    """Numbers and times are a damaged file's; what is found are a write and a read."""
    events = trace.events.copy()
    chosen = np.random.default_rng(seed).choice([READ, WRITE, PIPE2, DUP2, CLOSE], len(events))
    events["nr"] = np.where(events["kind"] == Kind.SYSCALL, chosen, events["nr"])
    found = wakes(events, trace.payload)
    assert (events["nr"][found.writes] == WRITE).all()
    assert (events["nr"][found.reads] == READ).all()
