"""Events, payload and processes as columns: with numpy alone, and as many rows at a time as wanted.

    name         the syscall; of another kind of event the kind
    kind, abi    "syscall", "signal", "exit", ...; "x86_64", "i386", ...
    pid, tid     the process, the task
    comm         the program that the process ran then; null where that is not known
    time_ns      start, CLOCK_MONOTONIC
    time         start, UTC; null where the trace does not know the clocks' difference
    duration_ns  null where nothing was finished
    ret          the result; null of a call that never returned
    errno        the error's name; null where there is none
    path         the first path that the call was given, as it began; null where there is none
    fd           the first argument that is a descriptor; null where there is none
    arg0 ... 5   the arguments, unsigned
    nr, flags    the number of the call, signal, ...; see `fasttrace.Flag`

    host         where it was recorded; null where that is not known
    args         an object of JSON (docs/json.md): of a call its arguments, decoded, of another kind
                 what it has of its own: argv, a child's pid, a status, a signal's sender

`host` and `args` are there for who asks, the former in Parquet always. What other programs get is
made of these, so it has the same names everywhere. So are `payload` and `data`, where an event's
items stand in the stream and their bytes: with them, the events can be made anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from fasttrace import _decode
from fasttrace._tables import ERRNO_MAX
from fasttrace.data.calls import abi_name, kind_name
from fasttrace.data.event_rows import copied
from fasttrace.data.events import Flag
from fasttrace.data.export.arguments import arguments
from fasttrace.data.export.call_tables import CALLS, descriptors_of_calls, paths_of_calls
from fasttrace.data.export.some_events import KINDS, SomeEvents, event_name
from fasttrace.data.export.words import Numbering, Words, utf8
from fasttrace.data.processes import Process
from fasttrace.data.program_names import ProgramNames
from fasttrace.data.programs import Programs
from fasttrace.data.run_info import RunInfo
from fasttrace.errors import TraceError
from fasttrace.syscalls.errnos import errno_name

Numbers: TypeAlias = npt.NDArray[Any]

# So many events at a time stay in the processor's cache, while column after column is taken.
_AT_ONCE = 8192
# Words of paths that are kept from one batch to the next.
_TEXT_MAX = 16 << 20


class Recorded(NamedTuple):
    """What a trace consists of."""

    events: npt.NDArray[np.void]
    payload: npt.NDArray[np.uint8]
    processes: Sequence[Process]
    info: RunInfo
    programs: Callable[[], ProgramNames] | None = None
    """Where others than these events tell what ran when."""


class Column(NamedTuple):
    """Some rows of a column.

    values: shape (n,); places in `words`, if there are some; of "data" and "args", where each row
    ends in `data`. valid: bool, shape (n,), False where there is no value; None: there is one
    everywhere.
    """

    values: Numbers
    valid: npt.NDArray[np.bool_] | None = None
    words: Words | None = None
    data: npt.NDArray[np.uint8] | None = None


def pieces(column: Column) -> list[bytes]:
    """The bytes of each row of a column that has `data`."""
    assert column.data is not None
    data = column.data.tobytes()
    return [data[start:end] for start, end in pairwise([0, *column.values.tolist()])]


class Form(NamedTuple):
    """What a column looks like, whatever the trace."""

    dtype: str
    has_words: bool = False
    nullable: bool = False


FORMS: dict[str, Form] = {
    "name": Form("i4", has_words=True),
    "kind": Form("i4", has_words=True),
    "abi": Form("i4", has_words=True),
    "pid": Form("i4"),
    "tid": Form("i4"),
    "comm": Form("i4", has_words=True, nullable=True),
    "time_ns": Form("u8"),
    "time": Form("i8", nullable=True),
    "duration_ns": Form("u8", nullable=True),
    "ret": Form("i8", nullable=True),
    "errno": Form("i4", has_words=True, nullable=True),
    "path": Form("i4", has_words=True, nullable=True),
    "fd": Form("i4", nullable=True),
    **{f"arg{i}": Form("u8") for i in range(6)},
    "nr": Form("i4"),
    "flags": Form("u2"),
    "payload": Form("u8"),
    "data": Form("i8"),
    "host": Form("i4", has_words=True, nullable=True),
    "args": Form("i8", nullable=True),
}
FOR_READERS = tuple(name for name in FORMS if name not in ("payload", "data", "host", "args"))
WHOLE = tuple(name for name in FORMS if name != "args")


def chosen(names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of columns; None: those that are meant to be read. ValueError: there is none of
    this name."""
    if names is None:
        return FOR_READERS
    for name in [names] if isinstance(names, str) else names:
        if name not in FORMS:
            raise ValueError(f"no column is called {name!r}: one of {', '.join(FORMS)}")
    return (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))


class Columns:
    """Makes columns of a trace.

    Words keep their places from one `take` to the next; those of paths do until they are many.

    Args:
        names: which columns; see `chosen`.
        keep_words: those of paths keep their places in any case.
    """

    def __init__(
        self, trace: Recorded, names: Sequence[str] | None = None, *, keep_words: bool = False
    ) -> None:
        self.names = chosen(names)
        self._trace = trace
        self._payload = np.ascontiguousarray(trace.payload)
        self._names = Numbering(KINDS + 256, event_name)
        self._kinds = Numbering(256, kind_name)
        self._abis = Numbering(256, abi_name)
        # INT64_MIN, from a damaged file, has no negative: it stays what it is.
        self._errnos = Numbering(ERRNO_MAX + 1, lambda n: errno_name(abs(n) if n == _LEAST else n))
        self._paths = _decode.Paths(paths_of_calls(), int.from_bytes(os.urandom(8), "little"))
        self._text_max = sys.maxsize if keep_words else _TEXT_MAX
        self._kept: Words | None = None
        self._args: list[bytes] = []
        self._args_size = 0  # of one `take`
        self._told = 0

    def __len__(self) -> int:
        return len(self._trace.events)

    def batches(self, size: int) -> Iterator[dict[str, Column]]:
        """All rows, so many at a time."""
        for start in range(0, len(self), size):
            yield self.take(start, start + size)

    def learn(self, size: int) -> None:
        """All words get their places before the first row is taken."""
        names = self.names
        self.names = tuple(name for name in names if FORMS[name].has_words)
        for _ in self.batches(size):
            pass
        self.names = names

    def take(self, start: int, stop: int) -> dict[str, Column]:
        """Some rows of all columns, in the order of `names`."""
        events = self._trace.events[start:stop]
        made = {
            name: Column(
                np.empty(len(events), FORMS[name].dtype),
                np.empty(len(events), np.bool_) if FORMS[name].nullable else None,
            )
            for name in self.names
        }
        if self._paths.size > self._text_max:
            self._paths.clear()
            self._kept = None
        for at in range(0, len(events), _AT_ONCE):
            # A copy: others may write to a mapped file while we look at it.
            some = SomeEvents(copied(events[at : at + _AT_ONCE]))
            part = slice(at, at + _AT_ONCE)
            for name, column in made.items():
                valid = _FILL[name](self, some, column.values[part])
                if column.valid is not None:
                    column.valid[part] = True if valid is None else valid
        return {name: self._finished(name, column, events) for name, column in made.items()}

    def _finished(self, name: str, column: Column, events: npt.NDArray[np.void]) -> Column:
        words = _WORDS.get(name)
        if words is not None:
            return column._replace(words=words(self))
        if name == "args":
            text, self._args, self._args_size = b"".join(self._args), [], 0
            data = np.frombuffer(text, np.uint8)
            return column._replace(values=np.cumsum(column.values), data=data)
        if name == "data":
            ends = np.cumsum(column.values)
            self._told += int(ends[-1]) if len(ends) else 0
            # An event has its items for itself: those of all events are no more than the stream.
            if self._told > 2 * len(self._payload):
                raise TraceError("payload items lie on each other: the trace is damaged")
            data = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
            _decode.copy_items(np.ascontiguousarray(events).data, self._payload.data, data.data)
            return Column(ends, data=data)
        return column

    @cached_property
    def _programs(self) -> ProgramNames:
        trace = self._trace
        if trace.programs is not None:
            return trace.programs()
        told = Programs.of(trace.events, self._payload.data, None)
        return ProgramNames(told, trace.processes)

    @cached_property
    def _comms(self) -> Numbering:
        names = self._programs.names
        return Numbering(len(names), lambda i: utf8(names[i]))

    def _path_words(self) -> Words:
        kept = self._kept
        if kept is None or (len(kept.ends), len(kept.text)) != (len(self._paths), self._paths.size):
            ends, text = self._paths.text()
            kept = self._kept = Words(np.frombuffer(ends, np.int64), text)
        return kept

    def _fill_name(self, some: SomeEvents, out: Numbers) -> None:
        numbers = some.call
        if not some.is_call.all():
            numbers = np.where(some.is_call, numbers, some.kind + np.int64(KINDS))
        out[:] = self._names.codes(numbers)

    def _fill_kind(self, some: SomeEvents, out: Numbers) -> None:
        out[:] = self._kinds.codes(some.kind)

    def _fill_abi(self, some: SomeEvents, out: Numbers) -> None:
        out[:] = self._abis.codes(some.abi)

    def _fill_comm(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        places = self._programs.places(some.events)
        valid: npt.NDArray[np.bool_] = places >= 0
        if valid.all():
            out[:] = self._comms.codes(places)
            return valid
        out[:] = 0
        out[valid] = self._comms.codes(places[valid])
        return valid

    def _fill_time(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_] | None:
        offset = self._trace.info.realtime_offset_ns
        if offset is None:
            out[:] = 0
            return np.zeros(len(out), np.bool_)
        np.add(some.events["time_ns"].view(np.int64), offset, out=out)
        return None

    def _fill_duration(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        out[:] = some.events["duration_ns"]
        valid: npt.NDArray[np.bool_] = some.is_call & ~some.has(Flag.UNFINISHED) | (out != 0)
        return valid

    def _fill_ret(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        out[:] = some.events["ret"]
        valid: npt.NDArray[np.bool_] = ~(some.is_call & some.has(Flag.UNFINISHED)) | (out != 0)
        return valid

    def _fill_errno(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        valid = some.is_call & some.has(Flag.ERROR)
        out[:] = 0
        if valid.any():
            out[valid] = self._errnos.codes(-some.events["ret"][valid])
        return valid

    def _fill_path(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        self._paths.number(some.events.data, self._payload.data, out.data)
        valid: npt.NDArray[np.bool_] = out >= 0
        np.maximum(out, 0, out=out)
        return valid

    def _fill_host(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_] | None:
        out[:] = 0
        return None if self._trace.info.host else np.zeros(len(out), np.bool_)

    def _fill_args(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        text = arguments(some.events, some.is_call, self._payload.data, out)
        self._args.append(text)
        self._args_size += len(text)
        if self._args_size > _ARGS_MAX:
            raise TraceError("arguments are more than anybody has recorded: the trace is damaged")
        valid: npt.NDArray[np.bool_] = out > 0
        return valid

    def _fill_fd(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        which = descriptors_of_calls()[np.minimum(some.call, CALLS)]
        valid: npt.NDArray[np.bool_] = some.is_call & (which < 6)
        out[:] = 0
        for i in range(6):
            has_it = valid & (which == i)
            if has_it.any():
                np.copyto(out, some.events["args"][:, i].astype(np.int32), where=has_it)
        return valid


_ARGS_MAX = 1 << 31
_LEAST = -(1 << 63)


def _field(name: str) -> Callable[[Columns, SomeEvents, Numbers], None]:
    def fill(columns: Columns, some: SomeEvents, out: Numbers) -> None:
        out[:] = some.events[name]

    return fill


def _argument(i: int) -> Callable[[Columns, SomeEvents, Numbers], None]:
    def fill(columns: Columns, some: SomeEvents, out: Numbers) -> None:
        out[:] = some.events["args"][:, i]

    return fill


def _fill_sizes(columns: Columns, some: SomeEvents, out: Numbers) -> None:
    _decode.item_sizes(some.events.data, columns._payload.data, out.view(np.uint64).data)


_FILL: dict[str, Callable[[Columns, SomeEvents, Numbers], npt.NDArray[np.bool_] | None]] = {
    "name": Columns._fill_name,
    "kind": Columns._fill_kind,
    "abi": Columns._fill_abi,
    "comm": Columns._fill_comm,
    "time": Columns._fill_time,
    "duration_ns": Columns._fill_duration,
    "ret": Columns._fill_ret,
    "errno": Columns._fill_errno,
    "path": Columns._fill_path,
    "fd": Columns._fill_fd,
    "host": Columns._fill_host,
    "args": Columns._fill_args,
    **{f"arg{i}": _argument(i) for i in range(6)},
    **{name: _field(name) for name in ("pid", "tid", "time_ns", "nr", "flags", "payload")},
    "data": _fill_sizes,
}
_WORDS: dict[str, Callable[[Columns], Words]] = {
    "name": lambda columns: columns._names.words,
    "kind": lambda columns: columns._kinds.words,
    "abi": lambda columns: columns._abis.words,
    "comm": lambda columns: columns._comms.words,
    "errno": lambda columns: columns._errnos.words,
    "path": Columns._path_words,
    "host": lambda columns: Words.of([utf8(columns._trace.info.host)]),
}
