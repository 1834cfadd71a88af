"""Which program each process ran when, as its events tell it.

Works on event buffers as they come out of a session, without numpy.
"""

from __future__ import annotations

import os
from bisect import bisect_right, insort_right
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from fasttrace import _tally
from fasttrace._decode import json_string
from fasttrace.data.event_layout import EVENT
from fasttrace.data.events import Flag, Kind, PayloadItem, PayloadType, payload_items

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Buffer

    from fasttrace.data.processes import Process

_OFFSET = 9  # of an event's payload, in what EVENT unpacks
_KIND_AT = next(offset for name, _, offset, _ in _tally.EVENT_FIELDS if name == "kind")
_NAMES_KEPT = 8  # of a process; calls come late, but not by many programs
_FOREVER = (1 << 64) - 1
_SINCE = itemgetter(0)
_REMEMBERED = 4096  # processes that have ended; what they did may still be on its way


class Programs:
    """Which program each process ran when, told by its events as they come.

    before: asked for those of which nothing has come, by pid and time; "": it is not known.
    forgets: the names that a process had long ago, and processes that ended long ago.
    """

    def __init__(
        self, before: Callable[[int, int], str] | None = None, *, forgets: bool = True
    ) -> None:
        self._before = before
        self._forgets = forgets
        self._by_pid: dict[int, list[tuple[int, bytes]]] = {}  # since when
        self._unlearned: tuple[npt.NDArray[np.void], memoryview] | None = None
        self._ended: deque[int] = deque()

    @classmethod
    def of(
        cls,
        events: npt.NDArray[np.void],
        stream: memoryview,
        before: Callable[[int, int], str] | None,
    ) -> Programs:
        """Of a whole trace; it is looked at when they are first asked."""
        programs = cls(before, forgets=False)
        programs._unlearned = events, stream
        return programs

    def __call__(self, pid: int, time_ns: int) -> tuple[bytes, int, int]:
        """Its name as JSON, and the times from and until which it had that, as far as is known
        now."""
        names = self.names(pid)
        if not names:
            if self._before is None:
                return b"null", 0, _FOREVER
            return _json_of(os.fsencode(self._before(pid, time_ns))), time_ns, time_ns
        place = bisect_right(names, time_ns, key=_SINCE)
        until = names[place][0] if place < len(names) else _FOREVER
        if place:
            since, name = names[place - 1]
            return _json_of(name), since, until
        # What it ran first, but for what is known to be later.
        return _json_of(names[0][1]), 0, until

    def name(self, pid: int, time_ns: int) -> str:
        """Its name; "" where it is not known."""
        names = self.names(pid)
        if not names:
            return "" if self._before is None else self._before(pid, time_ns)
        place = bisect_right(names, time_ns, key=_SINCE)
        return os.fsdecode(names[max(place - 1, 0)][1])

    def names(self, pid: int) -> list[tuple[int, bytes]]:
        """Since when it had which, as far as events have told it; the first it had before, too."""
        self._look()
        return self._by_pid.get(pid, [])

    def pids(self) -> Iterable[int]:
        """Those of which events have told names."""
        self._look()
        return self._by_pid

    def ran(self, process: Process, names: set[str]) -> bool:
        """Whether it ran one of these at some time."""
        told = self.names(process.pid)
        if not told:
            return process.comm in names
        end_ns = _FOREVER if process.end_ns is None else process.end_ns
        first = max(bisect_right(told, process.start_ns, key=_SINCE) - 1, 0)
        last = max(bisect_right(told, end_ns, key=_SINCE), first + 1)
        return any(os.fsdecode(name) in names for _, name in told[first:last])

    def _look(self) -> None:
        if self._unlearned is not None:
            (events, stream), self._unlearned = self._unlearned, None
            self.learn(events[events["kind"] >= Kind.FORK].data, stream)

    def learn(self, events: Buffer, payload: memoryview, payload_base: int = 0) -> None:
        """Take what a block of events tells; payload_base: what they call payload[0]."""
        view = memoryview(events).cast("B")
        others = [
            EVENT.unpack_from(view, index * EVENT.size)
            for index, kind in enumerate(view[_KIND_AT :: EVENT.size])
            if kind != Kind.SYSCALL
        ]
        for event in sorted(others, key=lambda event: event[0]):
            self.learn_one(event, items_of(event, payload, payload_base))

    def learn_one(self, event: tuple[int, ...], items: list[PayloadItem]) -> None:
        start, _, _, *args, _, pid, _, _, _, kind, flags = event
        if flags & Flag.THREAD:
            return
        for item in items:
            if item.type == PayloadType.COMM:
                self.runs(pid, item.data, start)
        if kind == Kind.FORK:
            self.forks(pid, args[0] & 0x7FFFFFFF, start)
        elif kind == Kind.EXIT:
            self.ends(pid)

    def runs(self, pid: int, comm: bytes, since: int) -> None:
        self._add(pid, comm, since)

    def forks(self, pid: int, child: int, time_ns: int) -> None:
        if self._forgets:
            self._by_pid.pop(child, None)
        comm = self.name(pid, time_ns)
        if comm:
            self._add(child, os.fsencode(comm), time_ns)

    def ends(self, pid: int) -> None:
        if not self._forgets:
            return
        self._ended.append(pid)
        if len(self._ended) > _REMEMBERED:
            self._by_pid.pop(self._ended.popleft(), None)

    def _add(self, pid: int, name: bytes, since: int) -> None:
        names = self._by_pid.setdefault(pid, [])
        insort_right(names, (since, name), key=_SINCE)
        if self._forgets:
            del names[:-_NAMES_KEPT]


def items_of(event: tuple[int, ...], payload: memoryview, base: int) -> list[PayloadItem]:
    """What was captured with an event, as EVENT unpacks it."""
    offset, flags = event[_OFFSET], event[-1]
    return list(payload_items(payload, offset - base)) if flags & Flag.PAYLOAD else []


@lru_cache(maxsize=1024)
def _json_of(comm: bytes) -> bytes:
    return json_string(comm).encode() if comm else b"null"
