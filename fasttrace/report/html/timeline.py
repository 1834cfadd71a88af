"""What each thread did when: in equal parts of time what its calls took, by what they are for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fasttrace.data.conditions import is_call, of_syscall
from fasttrace.data.events import Flag
from fasttrace.data.processes import Comms
from fasttrace.data.trace import Trace
from fasttrace.syscalls.sets import Selection, parse_selection

PARTS = 400
"""So many cells a thread has."""
LANES = 100
"""So many threads are shown one by one; those with the most events."""

_WAITING = (
    "/^(futex|futex_waitv?|wait4|waitid|waitpid|poll|ppoll|select|_newselect|pselect6|epoll_wait"
    "|epoll_pwait2?|nanosleep|clock_nanosleep|pause|rt_sig(suspend|timedwait)|sigsuspend"
    "|io_p?getevents|semop|semtimedop|msgrcv|flock)(_time64)?$"
)
# A call counts for the first that it is in.
CLASSES = {
    "waiting": _WAITING,
    "network": "%network",
    "files": "%file,%desc",
    "memory": "%memory",
    "processes": "%process",
    "other": "all",
}
_AT_ONCE = 1 << 17  # events


class Lane(NamedTuple):
    """A thread, or all those that are not shown one by one (pid 0). first, last: when something was
    seen of it, ns since the trace's start. events: how many."""

    pid: int
    tid: int
    comm: str
    first: int
    last: int
    events: int


class Timeline(NamedTuple):
    """part_ns: how long a cell is. time_ns: shape (lanes, classes, PARTS), what calls took in it.
    calls: shape (lanes, PARTS), how many began there. left: threads within the last lane."""

    origin_ns: int
    part_ns: float
    lanes: list[Lane]
    time_ns: npt.NDArray[np.float64]
    calls: npt.NDArray[np.int64]
    left: int


def classes_of(events: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    """The place in CLASSES of each call."""
    found = np.full(len(events), len(CLASSES) - 1, np.int64)
    for place, calls in reversed(list(enumerate(CLASSES.values()))[:-1]):
        found[of_syscall(events, calls)] = place
    return found


def timeline(trace: Trace, *, progress: Callable[[int], object] = lambda events: None) -> Timeline:
    """A call that never returned lasts as long as something is seen of its thread."""
    events = trace.events
    if not len(events):
        return Timeline(
            0, 1.0, [], np.zeros((0, len(CLASSES), PARTS)), np.zeros((0, PARTS), int), 0
        )
    origin = events["time_ns"].min()
    start = (events["time_ns"] - origin).astype(np.float64)
    end = start + events["duration_ns"].astype(np.float64)
    lanes, of_event, left = _lanes(trace, start, end)
    part_ns = max(float(end.max()) / PARTS, 1.0)
    last = np.array([lane.last for lane in lanes], np.float64)
    shape = len(lanes), len(CLASSES), PARTS
    # What is added at a cell and taken away at a later one goes on between.
    inside, going_on = np.zeros(shape), np.zeros(shape)
    calls = np.zeros((len(lanes), PARTS), np.int64)
    for at in range(0, len(events), _AT_ONCE):
        part = slice(at, at + _AT_ONCE)
        some = is_call(events[part])
        which, lane, begin, until = (
            events[part][some], of_event[part][some], start[part][some], end[part][some]
        )  # fmt: skip
        unfinished = which["flags"] & np.uint16(Flag.UNFINISHED) != 0
        until = np.where(unfinished, np.maximum(last[lane], begin), until)
        _add(inside, going_on, lane, classes_of(which), begin / part_ns, until / part_ns)
        np.add.at(calls, (lane, _cell(begin / part_ns)), 1)
        progress(len(events[part]))
    time_ns = (inside + np.cumsum(going_on, axis=2)) * part_ns
    # Sums of floats: what is taken away again leaves less than nothing.
    time_ns[time_ns < 1e-6 * part_ns] = 0
    return Timeline(int(origin), part_ns, lanes, time_ns, calls, left)


def _cell(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.minimum(parts, PARTS - 1).astype(np.int64)


def _add(
    inside: npt.NDArray[np.float64],
    going_on: npt.NDArray[np.float64],
    lane: npt.NDArray[np.intp],
    kind: npt.NDArray[np.int64],
    begin: npt.NDArray[np.float64],
    until: npt.NDArray[np.float64],
) -> None:
    """begin, until: in cells."""
    first, last = _cell(begin), _cell(until)
    long = last > first
    np.add.at(inside, (lane, kind, first), np.where(long, first + 1, until) - begin)
    lane, kind, last = lane[long], kind[long], last[long]
    np.add.at(inside, (lane, kind, last), until[long] - last)
    np.add.at(going_on, (lane, kind, first[long] + 1), 1)
    np.add.at(going_on, (lane, kind, last), -1)


def _lanes(
    trace: Trace, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]
) -> tuple[list[Lane], npt.NDArray[np.intp], int]:
    """The lanes, that of each event, and how many threads are in the last one together."""
    events = trace.events
    keys = events["pid"].astype(np.int64) << 32 | events["tid"].astype(np.uint32)
    tasks, of_event = np.unique(keys, return_inverse=True)
    counts = np.bincount(of_event)
    first, last = np.full(len(tasks), np.inf), np.zeros(len(tasks))
    np.minimum.at(first, of_event, start)
    np.maximum.at(last, of_event, end)
    chosen = np.argsort(-counts, kind="stable")[:LANES]
    comms, origin = Comms(trace.processes), int(events["time_ns"].min())

    def lane(i: int) -> Lane:
        pid, tid, last_ns = int(tasks[i]) >> 32, int(tasks[i]) & 0xFFFFFFFF, int(last[i])
        comm = comms(pid, origin + last_ns)
        return Lane(pid, tid, comm, int(first[i]), last_ns, int(counts[i]))

    made = [(lane(i), i) for i in chosen.tolist()]
    born = {one.pid: one.first for one, _ in sorted(made, key=lambda pair: -pair[0].first)}
    made.sort(key=lambda pair: (born[pair[0].pid], pair[0].pid, pair[0].first, pair[0].tid))
    lanes = [one for one, _ in made]
    place = np.full(len(tasks), len(lanes), np.intp)
    place[[i for _, i in made]] = np.arange(len(lanes))
    others = place == len(lanes)
    left = int(others.sum())
    if left:
        since, until = int(first[others].min()), int(last[others].max())
        lanes.append(Lane(0, 0, "", since, until, int(counts[others].sum())))
    return lanes, place[of_event], left


def shares(line: Timeline) -> npt.NDArray[np.int64]:
    """`time_ns` in thousandths of a cell, those of a lane of several threads together may be more;
    what is there at all is 1."""
    found = np.rint(1000 * line.time_ns / line.part_ns).astype(np.int64)
    found[(found == 0) & (line.time_ns > 0)] = 1
    return found


@lru_cache(maxsize=4096)
def class_of(nr: int, abi: int) -> int:
    """The place in CLASSES of a call."""
    chosen = (i for i, calls in enumerate(_selections()) if calls.contains(nr, abi))
    return next(chosen, len(CLASSES) - 1)


@cache
def _selections() -> list[Selection]:
    return [parse_selection(calls) for calls in CLASSES.values()]
