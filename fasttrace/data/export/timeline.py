"""A trace as what timelines show: a track for each task, on it slices and instants, and the arrows
between them; made while it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from fasttrace.data.calls import kind_name
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.data.export.columns import Column, Columns, Recorded, pieces
from fasttrace.data.export.strangers import Places
from fasttrace.data.export.wakes import wakes
from fasttrace.data.processes import Process

CALL = "syscall"
"""The category of slices that are calls; of instants it is the kind of the event."""

_ROWS = 1 << 12  # events at a time
_COLUMNS = ("name", "tid", "time_ns", "duration_ns", "ret", "errno", "args")
_RATES = 200_000  # numbers of calls per second, of all processes together
_RATES_EACH = 1000
_RATE_NS = 1_000_000  # the shortest time that calls are counted over
# The field that says what it was; another kind is called as the kind.
_NAMED_BY: dict[int, str] = {Kind.SIGNAL: "signal", Kind.STOP: "signal", Kind.FORK: "how"}
_TIME_MAX = (1 << 64) - 1


class Track(NamedTuple):
    """A task's. number: 1, 2, ...; process: its place in `Timeline.processes`."""

    number: int
    process: int
    tid: int


class Slice(NamedTuple):
    """A call. end_ns: None if none was seen; of one that never returned it is when its task ended.
    args: an object of JSON: the arguments, `return`, and `errno` if there is one. arrows_in: the
    numbers of those that lead to its start; arrows_out: from it; arrows_to_end: to its end."""

    track: Track
    name: str
    start_ns: int
    end_ns: int | None
    args: str
    arrows_in: Sequence[int] = ()
    arrows_out: Sequence[int] = ()
    arrows_to_end: Sequence[int] = ()


class Instant(NamedTuple):
    """An event that is no call. args: what its kind has of its own, an object of JSON; `name` is
    what it is called there. arrow_out: the number of an arrow that begins here; 0: none."""

    track: Track
    category: str
    name: str
    time_ns: int
    args: str
    arrow_out: int = 0


class Rate(NamedTuple):
    """Calls per second of a process, from this time on."""

    process: int
    time_ns: int
    per_second: float


Item: TypeAlias = "Track | Slice | Instant | Rate"


class Timeline:
    """processes: those of the trace, and one for each pid of which nothing else is known."""

    def __init__(self, trace: Recorded) -> None:
        self._trace = trace
        self._places = Places(trace.processes)
        self.processes: list[Process] = self._places.processes
        self._payload = np.ascontiguousarray(trace.payload)
        self._tracks: dict[tuple[int, int], Track] = {}
        self._open: dict[Track, Slice] = {}  # never returned, as far as is known
        self._awaited: dict[tuple[int, int], tuple[int, int]] = {}  # since when, by which arrow
        self._arrows = 0

    def batches(self) -> Iterator[tuple[list[Item], int]]:
        """What there is to be shown, and of how many events each part is.

        A Track comes before all that is on it; what is on it stands in the order of its starts, but
        for a call that never returned, which comes when its end is known. Rates come last.
        """
        trace = self._trace
        columns = Columns(trace, _COLUMNS)
        woken = wakes(trace.events, self._payload)
        leads = _Arrows(woken.writes, woken.arrows)
        meets = _Arrows(woken.reads, woken.arrows)
        self._arrows = len(woken.arrows)
        for start in range(0, len(trace.events), _ROWS):
            events = trace.events[start : start + _ROWS].copy()
            items: list[Item] = []
            made = columns.take(start, start + len(events))
            self._put(items, events, made, leads.among(start), meets.among(start))
            yield items, len(events)
        yield list(self._open.values()), 0
        yield list(self._rates()), 0

    def _put(
        self,
        items: list[Item],
        events: npt.NDArray[np.void],
        made: dict[str, Column],
        leads: dict[int, list[int]],
        meets: dict[int, list[int]],
    ) -> None:
        is_call = (events["kind"] == Kind.SYSCALL).tolist()
        unfinished = (events["flags"] & np.uint16(Flag.UNFINISHED) != 0).tolist()
        tids = made["tid"].values.tolist()
        starts, took = made["time_ns"].values.tolist(), made["duration_ns"].values.tolist()
        names, errnos, failed = _words(made["name"]), _words(made["errno"]), _known(made["errno"])
        results, arguments = _numbers(made["ret"]), pieces(made["args"])
        for i, place in enumerate(self._places.of(events).tolist()):
            track = self._tracks.get((place, tids[i]))
            if track is None:
                track = Track(len(self._tracks) + 1, place, tids[i])
                self._tracks[place, tids[i]] = track
                items.append(track)
            start_ns = starts[i]
            if track in self._open:
                one = self._open.pop(track)
                items.append(one._replace(end_ns=max(start_ns, one.start_ns)))
            if not is_call[i]:
                items.append(
                    self._instant(track, start_ns, events[i], arguments[i].decode("ascii"))
                )
                continue
            arrows: tuple[int, ...] = ()
            if self._awaited.get((place, tids[i]), _NEVER)[0] <= start_ns:
                arrows = (self._awaited.pop((place, tids[i]))[1],)
            args = _with_result(arguments[i], results[i], errnos[i] if failed[i] else None)
            end_ns = min(start_ns + took[i], _TIME_MAX)
            one = Slice(
                *(track, names[i], start_ns, end_ns, args),
                *(arrows, leads.get(i, ()), meets.get(i, ())),
            )
            if unfinished[i]:
                self._open[track] = one._replace(end_ns=None)
            else:
                items.append(one)

    def _instant(self, track: Track, time_ns: int, event: np.void, args: str) -> Instant:
        kind = int(event["kind"])
        key = _NAMED_BY.get(kind)
        name = kind_name(kind) if key is None else json.loads(args)[key]
        arrow = 0
        if kind == Kind.FORK:
            child = event.copy()
            if not event["flags"] & Flag.THREAD:
                child["pid"] = int(event["args"][0]) & 0x7FFFFFFF
            place = int(self._places.of(np.array([child], EVENT_DTYPE))[0])
            arrow = self._arrow_to(place, int(event["ret"]) & 0x7FFFFFFF, time_ns)
        elif kind == Kind.EXEC:
            arrow = self._arrow_to(track.process, track.tid, time_ns)
        return Instant(track, kind_name(kind), name, time_ns, args, arrow)

    def _arrow_to(self, place: int, tid: int, time_ns: int) -> int:
        """A new one, to the next call of this task."""
        self._arrows += 1
        self._awaited[place, tid] = time_ns, self._arrows
        return self._arrows

    def _rates(self) -> Iterator[Rate]:
        events = self._trace.events
        parts = range(0, len(events), _ROWS)
        calls = (_calls(events[start : start + _ROWS]) for start in parts)
        spans = [(part["time_ns"].min(), part["time_ns"].max()) for part in calls if len(part)]
        if not spans:
            return
        first, last = int(min(low for low, _ in spans)), int(max(high for _, high in spans))
        count = max(1, min(_RATES_EACH, _RATES // len(self.processes)))
        width = max(_RATE_NS, (last - first) // count + 1)
        counted: dict[int, int] = {}
        for start in parts:
            part = _calls(events[start : start + _ROWS])
            periods = ((part["time_ns"] - np.uint64(first)) // np.uint64(width)).astype(np.int64)
            keys = self._places.of(part) * (count + 1) + periods
            for key, calls_then in zip(
                *map(np.ndarray.tolist, np.unique(keys, return_counts=True)), strict=True
            ):
                counted[key] = counted.get(key, 0) + calls_then
        for key in sorted(counted):
            process, period = divmod(key, count + 1)
            time_ns = first + period * width
            yield Rate(process, time_ns, counted[key] * 1e9 / width)
            if key + 1 not in counted:
                yield Rate(process, time_ns + width, 0.0)


_NEVER = (_TIME_MAX + 1, 0)


class _Arrows:
    """Which events arrows have to do with, in the order of the events."""

    def __init__(self, events: npt.NDArray[np.int64], arrows: npt.NDArray[np.int64]) -> None:
        order = np.argsort(events, kind="stable")
        self._events, self._arrows = events[order], arrows[order]

    def among(self, start: int) -> dict[int, list[int]]:
        """Of the events of a part, by their places in it."""
        low, high = np.searchsorted(self._events, (start, start + _ROWS)).tolist()
        found: dict[int, list[int]] = {}
        for event, arrow in zip(
            self._events[low:high].tolist(), self._arrows[low:high].tolist(), strict=True
        ):
            found.setdefault(event - start, []).append(arrow)
        return found


def _calls(events: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    part: npt.NDArray[np.void] = events[events["kind"] == Kind.SYSCALL]
    return part


def _words(column: Column) -> list[str]:
    assert column.words is not None
    words = column.words.strings() or [""]
    return [words[code] for code in column.values.tolist()]


def _known(column: Column) -> list[bool]:
    assert column.valid is not None
    valid: list[bool] = column.valid.tolist()
    return valid


def _numbers(column: Column) -> list[int | None]:
    return [n if ok else None for n, ok in zip(column.values.tolist(), _known(column), strict=True)]


def _with_result(args: bytes, ret: int | None, errno: str | None) -> str:
    """No argument of a call has one of these names: the first is a word of C, the other a macro."""
    text = args.decode("ascii")
    inside = text[1:-1]
    result = f'"return":{"null" if ret is None else ret}'
    if errno is not None:
        result += f',"errno":{json.dumps(errno)}'
    return f"{{{inside},{result}}}" if inside else f"{{{result}}}"
