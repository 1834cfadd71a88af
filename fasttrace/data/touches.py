"""Which events have to do with which files and descriptors, followed through a whole trace."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container, Iterator
from fnmatch import translate
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from fasttrace._decode import Touched
from fasttrace.data.event_rows import copied, in_order_of_ends, taken
from fasttrace.data.events import EVENT_DTYPE

if TYPE_CHECKING:
    from fasttrace._core import Block

Events: TypeAlias = npt.NDArray[np.void]
Mask: TypeAlias = npt.NDArray[np.bool_]
Path: TypeAlias = "str | re.Pattern[str]"

_CHUNK = 1 << 17  # events that are looked at at once
_ROW = np.dtype([("event", "<u4"), ("fd", "<i4"), ("name", "<i4")])
# What tells an event of a trace from all others.
_KEY = np.dtype([("time_ns", "<u8"), ("tid", "<i4"), ("nr", "<i4"), ("kind", "u1")])
_DELETED = " (deleted)"


def path_matcher(path: Path) -> Callable[[str], bool]:
    """A text is contained; with one of ``*?[`` it is a pattern of the shell for the whole path, in
    which ``*`` stands for slashes too; a regular expression is found.

    >>> path_matcher("/etc/*")("/etc/ssl/certs"), path_matcher("/etc/*")("/usr/etc/x")
    (True, False)
    """
    if isinstance(path, re.Pattern):
        found = path.search
    elif any(char in path for char in "*?["):
        found = re.compile(translate(path)).match
    else:
        return lambda text: path in text
    return lambda text: found(text) is not None


class Following:
    """What is known from the events so far, where they come one block after the other."""

    def __init__(self) -> None:
        self.touched = Touched()
        self.verdicts: list[bool] = []  # of its names, on the one path that is asked for


class Touches:
    """Of a trace, whose parts ask too: of a part alone it is not known what its descriptors are.

    Calls touch a file by a path that they are given, which counts as it stands there and as one
    from the root, and by descriptors that they are given or make. following: the trace is only the
    next block of one.
    """

    def __init__(
        self, events: Events, payload: npt.NDArray[np.uint8], following: Following | None = None
    ) -> None:
        self._events = events
        self._payload = payload
        self._following = following

    @classmethod
    def of_block(cls, block: Block, following: Following) -> Touches:
        """Of events as they come; their payload counts from the block's first byte."""
        events = copied(np.frombuffer(memoryview(block), EVENT_DTYPE))
        events["payload"] -= np.uint64(block.payload_base)
        return cls(events, np.frombuffer(block.payload, np.uint8), following)

    @property
    def events(self) -> Events:
        """All of them."""
        return self._events

    def by_path(self, part: Events, path: Path) -> Mask:
        """Those events of a part that touch a path that matches; see `path_matcher`."""
        matches = path_matcher(path)
        following = self._following or Following()
        verdicts, mask = following.verdicts, np.zeros(len(self._events), np.bool_)
        for rows in self.rows(following):
            for name in following.touched.names(len(verdicts)):
                verdicts.append(matches(name_text(name)))
            known = rows[rows["name"] >= 0]
            mask[known["event"][np.array(verdicts, np.bool_)[known["name"]]]] = True
        return self._of_part(part, mask)

    def by_fd(self, part: Events, fds: Container[int]) -> Mask:
        """Those that are given, or make, one of these descriptors."""
        mask = np.zeros(len(self._events), np.bool_)
        for rows in self.rows(self._following or Following()):
            given = np.unique(rows["fd"])
            wanted = [fd for fd in given.tolist() if fd >= 0 and fd in fds]
            mask[rows["event"][np.isin(rows["fd"], np.array(wanted, np.int32))]] = True
        return self._of_part(part, mask)

    def in_order(self, part: Events, chunk: int) -> Iterator[tuple[Events, Mask]]:
        """All events in the order of their ends, `chunk` at a time, and which of them are in a
        part."""
        events = taken(self._events, in_order_of_ends(self._events))
        chosen = among(events, part)
        for start in range(0, len(events), chunk):
            some = slice(start, start + chunk)
            yield np.ascontiguousarray(events[some]), chosen[some]

    def named(self, part: Events) -> tuple[npt.NDArray[np.void], list[str]]:
        """What the events of a part name: rows of `event`, its place in the part, `fd`, -1 for a
        path, and `name`, the place in the list, -1 where it is not known; in the order in which the
        events ended."""
        following = self._following or Following()
        rows = list(self.rows(following))
        named = np.concatenate(rows) if rows else np.empty(0, _ROW)
        names = [name_text(name) for name in following.touched.names(0)]
        if part is self._events or not len(named):
            return named, names
        mask = among(self._events, part)
        named = named[mask[named["event"]]]
        # Of events that no key tells apart the one is as good as the other.
        keys, first = np.unique(_keys(part), return_index=True)
        found = np.searchsorted(keys, _keys(self._events[named["event"]]))
        named["event"] = first[found]
        return named, names

    def rows(self, following: Following) -> Iterator[npt.NDArray[np.void]]:
        """Rows as `named` has them, of all events, some at a time."""
        events = np.ascontiguousarray(self._events)
        order = in_order_of_ends(events).astype(np.uint32)
        stream = np.ascontiguousarray(self._payload)
        for start in range(0, len(order), _CHUNK):
            chunk = order[start : start + _CHUNK]
            rows = following.touched.look(events.view(np.uint8).data, chunk.data, stream.data)
            yield np.frombuffer(rows, _ROW)

    def _of_part(self, part: Events, mask: Mask) -> Mask:
        if part is self._events:
            return mask
        return among(part, self._events[mask])


def among(events: Events, chosen: Events) -> Mask:
    """Which events of a trace are in a part of it."""
    found: Mask = np.isin(_keys(events), _keys(chosen))
    return found


def name_text(name: bytes) -> str:
    """A name of `Touched`; of a file that is no more it is the one that it had."""
    text = os.fsdecode(name)
    return text.removesuffix(_DELETED) if text.startswith("/") else text


def _keys(events: Events) -> npt.NDArray[np.void]:
    keys = np.empty(len(events), _KEY)
    for field in _KEY.names or ():
        keys[field] = events[field]
    return keys.view(f"V{_KEY.itemsize}")
