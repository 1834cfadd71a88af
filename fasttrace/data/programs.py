"""Which program each process ran when, as its events tell it.

Works on event buffers as they come out of a session, without numpy.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from fasttrace import _tally
from fasttrace._decode import json_string
from fasttrace.data.event_layout import EVENT
from fasttrace.data.events import Flag, Kind, PayloadItem, PayloadType, payload_items

if TYPE_CHECKING:
    from typing_extensions import Buffer

_OFFSET = 9  # of an event's payload, in what EVENT unpacks
_KIND_AT = next(offset for name, _, offset, _ in _tally.EVENT_FIELDS if name == "kind")
_NAMES_KEPT = 8  # of a process; calls come late, but not by many programs
_REMEMBERED = 4096  # processes that have ended; what they did may still be on its way


class Programs:
    """Which program each process ran when, told by its events as they come; as JSON.

    before: asked for those of which nothing has come, by pid and time; "": it is not known.
    forgets: the names that a process had long ago, and processes that ended long ago.
    """

    def __init__(
        self, before: Callable[[int, int], str] | None = None, *, forgets: bool = True
    ) -> None:
        self._before = before
        self._forgets = forgets
        self._by_pid: dict[int, list[tuple[int, bytes]]] = {}  # since when
        self._ended: deque[int] = deque()

    def __call__(self, pid: int, time_ns: int) -> tuple[bytes, int, int]:
        """Its name, and the times from and until which it had that, as far as is known now."""
        until = (1 << 64) - 1
        names = self._by_pid.get(pid)
        if names is None:
            if self._before is None:
                return b"null", 0, until
            return _comm_json(self._before(pid, time_ns)), time_ns, time_ns
        for since, name in reversed(names):
            if since <= time_ns:
                return name, since, until
            until = since
        return names[0][1], 0, until

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
        self._add(pid, json_string(comm).encode(), since)

    def forks(self, pid: int, child: int, time_ns: int) -> None:
        if self._forgets:
            self._by_pid.pop(child, None)
        comm, _, _ = self(pid, time_ns)
        if comm != b"null":
            self._add(child, comm, time_ns)

    def ends(self, pid: int) -> None:
        if not self._forgets:
            return
        self._ended.append(pid)
        if len(self._ended) > _REMEMBERED:
            self._by_pid.pop(self._ended.popleft(), None)

    def _add(self, pid: int, name: bytes, since: int) -> None:
        names = self._by_pid.setdefault(pid, [])
        names.append((since, name))
        if self._forgets:
            del names[:-_NAMES_KEPT]


def items_of(event: tuple[int, ...], payload: memoryview, base: int) -> list[PayloadItem]:
    """What was captured with an event, as EVENT unpacks it."""
    offset, flags = event[_OFFSET], event[-1]
    return list(payload_items(payload, offset - base)) if flags & Flag.PAYLOAD else []


@lru_cache(maxsize=1024)
def _comm_json(comm: str) -> bytes:
    return json_string(os.fsencode(comm)).encode() if comm else b"null"
