"""What the calls of each line of Python add up to, counted as they come."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fasttrace._tally import Tally
from fasttrace.data.events import (
    EVENT_DTYPE,
    Flag,
    Kind,
    PayloadFlag,
    PayloadType,
    payload_items,
)
from fasttrace.data.frames import HEAD, Frame, read_frames
from fasttrace.syscalls.names import call_name

if TYPE_CHECKING:
    from typing_extensions import Buffer

_ITEM = Struct("<IBBHQ")
# Of an item of frames the length and the type, and of its first frame the sizes of the names.
_FIRST = Struct("<IxB10x4xHH")
_PYTHON = int(PayloadType.PYTHON)
_TYPE_AT, _FLAGS_AT = 5, 6  # in an item
_ITEMS = 16  # of an event that are looked at at once with those of others
_LINES_MAX = 65536
"""A program may make new code all the time. Calls of further lines count as those of none."""


class LineStats(NamedTuple):
    """The calls that one line of Python made, the innermost that ran; frame None: those that no
    Python made, or no CPython that can be read.

    errors and total_ns, the wall time of calls that finished, are None where none has finished, and
    without results.
    syscalls: calls by name, the most frequent first.
    """

    frame: Frame | None
    calls: int
    errors: int | None
    total_ns: int | None
    syscalls: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """An entry of `fasttrace summary --by line --json`."""
        file, line, function = self.frame or (None, None, None)
        return {"file": file, "line": line, "function": function} | self._asdict_without_frame()

    def _asdict_without_frame(self) -> dict[str, Any]:
        entry = self._asdict()
        del entry["frame"]
        return entry


class LineCounts:
    """Counts blocks of events by line, in the memory that so many different lines take.

    >>> from fasttrace.data.lines import LineCounts
    >>> LineCounts().lines
    []
    """

    def __init__(self, *, results: bool = True) -> None:
        """results: whether it is known how calls ended; see `Tracer`."""
        self._results = results
        self._ids: dict[bytes, int] = {b"": 1}
        self._tally = Tally()

    def add(self, events: Buffer, payload: memoryview, payload_base: int = 0) -> None:
        """events: of EVENT_DTYPE, shape (n,), or their bytes; payload_base: what they call
        payload[0]."""
        taken = np.frombuffer(memoryview(events), EVENT_DTYPE)
        calls = taken[taken["kind"] == Kind.SYSCALL]
        # The tally keeps apart what has different pids.
        ids = np.ones(len(calls), np.int32)
        told = np.flatnonzero(calls["flags"] & int(Flag.PAYLOAD))
        offsets = calls["payload"][told].tolist()
        for index, offset in zip(told.tolist(), offsets, strict=True):
            key = _innermost(payload, offset - payload_base)
            if key and (len(self._ids) < _LINES_MAX or key in self._ids):
                ids[index] = self._ids.setdefault(key, len(self._ids) + 1)
        calls["pid"] = ids
        self._tally.add(calls.data, by_pid=True)

    @property
    def lines(self) -> list[LineStats]:
        """Those that made calls, the greatest total time first."""
        frames = dict(zip(self._ids.values(), self._frames(), strict=True))
        found: dict[int, LineStats] = {}
        for row in self._tally.rows():
            was = found.get(row.pid) or LineStats(frames[row.pid], 0, None, None, {})
            name = call_name(row.nr, row.abi)
            was.syscalls[name] = was.syscalls.get(name, 0) + row.calls
            known = self._results and (was.errors is not None or row.finished)
            found[row.pid] = was._replace(
                calls=was.calls + row.calls,
                errors=(was.errors or 0) + row.errors if known else None,
                total_ns=(was.total_ns or 0) + row.total_ns if known else None,
            )
        return sorted(
            (
                one._replace(syscalls=dict(sorted(one.syscalls.items(), key=lambda e: -e[1])))
                for one in found.values()
            ),
            key=lambda one: (-(one.total_ns or 0), -one.calls, str(one.frame)),
        )

    def _frames(self) -> Iterator[Frame | None]:
        return (next(read_frames(key), None) for key in self._ids)


def has_frames(events: npt.NDArray[np.void], payload: npt.NDArray[np.uint8]) -> bool:
    """Whether any call of a trace has frames, which its events and the stream of their items say.

    Of an event with many items it is not sure, and said to be so.
    """
    has = (events["kind"] == Kind.SYSCALL) & (events["flags"] & np.uint16(Flag.PAYLOAD) != 0)
    at = events["payload"][has]
    stream = np.ascontiguousarray(payload)
    for _ in range(_ITEMS):
        at = at[at <= np.uint64(max(len(stream) - _ITEM.size, 0))].astype(np.int64)
        if not len(at) or len(stream) < _ITEM.size:
            return False
        if (stream[at + _TYPE_AT] == _PYTHON).any():
            return True
        at = at[stream[at + _FLAGS_AT] & PayloadFlag.MORE != 0]
        sizes = sum(stream[at + i].astype(np.int64) << 8 * i for i in range(4))
        at = (at + _ITEM.size + (sizes + 7) // 8 * 8).astype(np.uint64)
    return True


def _innermost(payload: memoryview, offset: int) -> bytes:
    """The first frame as the payload has it; b"": there is none. Nothing there is trusted."""
    if not 0 <= offset <= len(payload) - _ITEM.size - HEAD.size:
        return b""
    length, type, file_size, function_size = _FIRST.unpack_from(payload, offset)
    size = HEAD.size + file_size + function_size
    start = offset + _ITEM.size
    if type == _PYTHON:  # as a session writes it
        return bytes(payload[start : start + size]) if size <= length else b""
    items = payload_items(payload, offset)
    data = next((item.data for item in items if item.type == PayloadType.PYTHON), b"")
    if len(data) < HEAD.size:
        return b""
    _, file_size, function_size = HEAD.unpack_from(data)
    return data[: HEAD.size + file_size + function_size]
