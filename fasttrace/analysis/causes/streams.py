"""Waiting at a pipe or a socket: who wrote, read or closed its other end, or accepted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes.descriptors import Descriptors
from fasttrace.analysis.causes.matching import first_after, last_before, sum_until
from fasttrace.analysis.causes.observed import Ints, Mask, Observed
from fasttrace.analysis.causes.waits import Waits, by_waker, finding, long_enough, ns
from fasttrace.analysis.finding import Finding, Rows
from fasttrace.data.events import Flag, Kind

UNKNOWN_NS = 10_000_000
READS = ("read", "readv", "recvfrom", "recvmsg", "recv", "recvmmsg", "splice")
WRITES = ("write", "writev", "sendto", "sendmsg", "send", "sendmmsg", "vmsplice", "sendfile")
ACCEPTS = ("accept", "accept4")

WAITED_NS = 100_000
"""A write that takes less has not waited, nor a read that nobody is seen to end."""
_HALF_A_PIPE = 1 << 15
_MOST_BYTES = 1 << 31
_MOST_PAIRS = 1 << 24  # of execs and what a process had to do with


class Streams:
    """Who did what with the ends of pipes and sockets."""

    def __init__(self, seen: Observed, descriptors: Descriptors) -> None:
        self._seen = seen
        self._names = descriptors
        does = (seen.ret > 0) & ~seen.failed & ~seen.unfinished & (descriptors.of_call >= 0)
        self._writes = _rows(does & seen.of(*WRITES))
        self._reads = _rows(does & seen.of(*READS))
        self._connects = _rows(seen.of("connect") & (descriptors.of_call >= 0))
        self._ends = _closers(seen, descriptors)

    def wakers_of_reads(self, rows: Rows, names: Ints) -> Rows:
        """What ended calls that waited until there was something to read from these, -1 where it is
        not known: a write to the other end, else the last that it lost."""
        wrote = self._during(self._writes, rows, self._names.peers[names])
        nothing = (self._seen.ret[rows] == 0) & ~self._seen.unfinished[rows]
        return np.where(wrote >= 0, wrote, np.where(nothing, self._lost(rows, names), -1))

    def _lost(self, rows: Rows, names: Ints) -> Rows:
        """What took the other end away last while each call lasted, or -1."""
        others = self._names.peers[names]
        keys, events = self._ends
        place = last_before(keys, self._seen.dying[events], others, self._seen.end[rows])
        closed = np.where(place < 0, -1, events[place] if len(events) else -1)
        closed[(closed >= 0) & (self._seen.end[closed] < self._seen.start[rows])] = -1
        own = (closed >= 0) & (self._seen.task[closed] == self._seen.task[rows])
        closed[own | (others < 0)] = -1
        return closed

    def wakers_of_readiness(self, rows: Rows, names: Ints) -> Rows:
        """The same of calls that gave descriptors back as ready: also for who connects."""
        wrote = self._during(self._writes, rows, self._names.peers[names])
        return np.where(wrote >= 0, wrote, self._lost(rows, names))

    def wakers_of_writes(self, rows: Rows, names: Ints) -> Rows:
        """Of calls that waited until there was room: the read that made it. One that had begun
        before shows that there was nothing to read, so room enough."""
        return self._during(self._reads, rows, self._names.peers[names])

    def are_full(self, writes: Rows, names: Ints) -> Mask:
        """Whether there can have been no room in these pipes, by what was written and read before:
        of its 16 pages each has more than half a page's bytes, as it fills up."""
        seen, own = self._seen, self._names.of_call
        until = seen.start[writes]
        inside = np.zeros(len(writes), np.int64)
        for events, sign in ((self._writes, 1), (self._reads, -1)):
            size = np.clip(seen.ret[events], 0, _MOST_BYTES)
            inside += sign * sum_until(own[events], seen.end[events], size, names, until)
        asked = np.minimum(seen.arg(writes, 2), np.uint64(_MOST_BYTES)).astype(np.int64)
        full: Mask = inside + asked > _HALF_A_PIPE
        return full

    def wakers_of_accepts(self, rows: Rows, made: Ints) -> Rows:
        """The connect of the other end of what was accepted."""
        return self._during(self._connects, rows, self._names.peers[made])

    def _during(self, events: Rows, rows: Rows, keys: Ints) -> Rows:
        """The first of the events on these names that began during each call, by another task: what
        had begun before may have been waiting itself."""
        seen = self._seen
        own = self._names.of_call[events]
        place = first_after(own, seen.start[events], keys, seen.start[rows])
        found = np.where(place < 0, -1, events[place] if len(events) else -1)
        late = (found >= 0) & (seen.start[found] > seen.end[rows])
        same = (found >= 0) & (seen.task[found] == seen.task[rows])
        found[late | same | (keys < 0)] = -1
        return found


def _rows(mask: Mask) -> Rows:
    return np.flatnonzero(mask).astype(np.int64)


def _closers(seen: Observed, descriptors: Descriptors) -> tuple[Ints, Rows]:
    """Events after which a process may have an end no more, with the name: close, and the exec or
    end of a process that has had to do with it."""
    closes = _rows(seen.of("close") & (descriptors.of_call >= 0))
    names, rows = [descriptors.of_call[closes]], [closes]
    event = descriptors.rows["event"].astype(np.int64)
    is_stream = descriptors.is_kind(descriptors.rows["name"].astype(np.int64), "pipe", "socket")
    chosen = is_stream & (seen.owner[event] >= 0)
    pairs = np.unique(
        np.stack([descriptors.rows["name"][chosen], seen.owner[event[chosen]]], axis=1), axis=0
    ).astype(np.int64)
    is_thread = seen.flags & np.uint16(Flag.THREAD) != 0
    is_end = (seen.kind == Kind.EXIT) & ~is_thread
    execs = seen.kind == Kind.EXEC
    if len(pairs) * int(execs.sum()) > _MOST_PAIRS:
        execs[:] = False
    ends = _rows(is_end | execs)
    order = ends[np.argsort(seen.owner[ends], kind="stable")]
    low = np.searchsorted(seen.owner[order], pairs[:, 1], "left")
    high = np.searchsorted(seen.owner[order], pairs[:, 1], "right")
    count = high - low
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    names.append(np.repeat(pairs[:, 0], count))
    rows.append(order[np.repeat(low, count) + within])
    return np.concatenate(names), np.concatenate(rows)


def waits(seen: Observed, descriptors: Descriptors, streams: Streams) -> tuple[Waits, Waits, Waits]:
    """Reads, writes and accepts of what one may have to wait for."""
    names = descriptors.of_call
    waited = seen.is_call & ~(seen.failed & seen.errno("EAGAIN"))
    is_one = descriptors.is_kind(names, "pipe", "socket", "terminal") & waited
    # What nobody has told of may be one, if it takes as long as only those do.
    is_one |= (names < 0) & (seen.fd >= 0) & waited & (seen.took >= UNKNOWN_NS)
    reads = _rows(is_one & seen.of(*READS))
    writers = streams.wakers_of_reads(reads, names[reads])
    waiting = (writers >= 0) | (seen.took[reads] >= WAITED_NS)
    reads, writers = reads[waiting], writers[waiting]
    is_pipe = descriptors.is_kind(names, "pipe") & waited
    writes = _rows(is_pipe & seen.of("write") & (seen.took >= WAITED_NS))
    writes = writes[streams.are_full(writes, names[writes])]
    readers = streams.wakers_of_writes(writes, names[writes])
    writes, readers = writes[readers >= 0], readers[readers >= 0]
    accepts = _rows(waited & seen.of(*ACCEPTS))
    return (
        Waits(reads, writers, names[reads]),
        Waits(writes, readers, names[writes]),
        Waits(
            accepts,
            streams.wakers_of_accepts(accepts, descriptors.made(accepts)),
            names[accepts],
        ),
    )


_SAID = ("to read from {}", "to write to {}, which was full", "for a connection")


def findings(
    seen: Observed, descriptors: Descriptors, waited: tuple[Waits, Waits, Waits]
) -> Iterator[Finding]:
    """For each process and kind of thing what it waited for there."""
    kinds = np.array([*(_ORDER.index(kind) for kind in descriptors.kinds), 0], np.int64)
    for said, some in zip(_SAID, waited, strict=True):
        keys = seen.owner[some.rows] << 8 | kinds[some.names]
        for key, own, cost in long_enough(seen, some, keys):
            kind = _ORDER[key & 0xFF]
            told = by_waker(seen, own, lambda row: does(seen, row), descriptors.label)
            what = said.format(_CALLED[kind])
            yield finding(
                seen,
                kind,
                f"{seen.program(int(own.rows[0]))} waited {ns(cost)} {what}",
                "\n".join(told),
                own,
                cost,
            )


_ORDER = ("other", "pipe", "socket", "terminal", "file")
_CALLED = {
    "other": "something",
    "pipe": "a pipe",
    "socket": "a socket",
    "terminal": "the terminal",
    "file": "a file",
}


def does(seen: Observed, row: int) -> str:
    """What an event that others waited for was."""
    kind = int(seen.kind[row])
    who = seen.called(row)
    if kind == Kind.EXIT:
        return f"{who}, which ended"
    if kind == Kind.EXEC:
        return f"{who}, which began its program"
    if kind == Kind.SIGNAL:
        return f"a signal to {who}"
    return f"{who}, by its {seen.name(row)}"
