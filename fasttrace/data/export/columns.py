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
from fasttrace.data.calls import kind_name
from fasttrace.data.event_rows import copied_into
from fasttrace.data.events import EVENT_DTYPE
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
from fasttrace.syscalls.names import abi_name

Numbers: TypeAlias = npt.NDArray[Any]

# So many events at a time stay in the processor's cache; of fewer, the steps of numpy cost more.
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
        self._copy = np.empty(min(_AT_ONCE, len(trace.events)), EVENT_DTYPE)
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
        made = {name: self._room(name, len(events)) for name in self.names}
        fields, standing = self._fields(made, len(events))
        if self._paths.size > self._text_max:
            self._paths.clear()
            self._kept = None
        for at in range(0, len(events), _AT_ONCE):
            # A copy: others may write to a mapped file while we look at it.
            some = SomeEvents(copied_into(self._copy, events[at : at + _AT_ONCE]))
            part = slice(at, at + _AT_ONCE)
            for name in [standing[i] for i in fields.fill(some.events.data, at)]:
                column = made[name]
                _NUMBER[name](self, some, column.values[part])
            for name, column in made.items():
                if name in _FILL:
                    valid = _FILL[name](self, some, column.values[part])
                    if column.valid is not None:
                        column.valid[part] = valid
        return {name: self._finished(name, column, events) for name, column in made.items()}

    def _room(self, name: str, count: int) -> Column:
        """Of the columns that have one value, or none, in every row: these."""
        form, info = FORMS[name], self._trace.info
        if name == "host" or (name == "time" and info.realtime_offset_ns is None):
            unknown = None if name == "host" and info.host else np.zeros(count, np.bool_)
            return Column(np.zeros(count, form.dtype), unknown)
        has_valid = form.nullable and name != "time"
        valid = np.empty(count, np.bool_) if has_valid else None
        return Column(np.empty(count, form.dtype), valid)

    def _fields(self, made: dict[str, Column], rows: int) -> tuple[_decode.Fields, list[str]]:
        """What fills the columns that stand in the events themselves, and which these are."""
        fields = _decode.Fields(rows)
        tables = {
            "name": self._names.places.data,
            "kind": self._kinds.places.data,
            "abi": self._abis.places.data,
            "errno": self._errnos.places.data,
            "fd": descriptors_of_calls()[:CALLS].data,
        }
        names = []
        for name, (values, valid, *_) in made.items():
            offset, size = _PLACES.get(name, (0, 0))
            shift = self._trace.info.realtime_offset_ns if name == "time" else 0
            if (size or name in _MADE_OF) and shift is not None:
                of = _MADE_OF.get(name, "field")
                mask = None if valid is None else valid.data
                fields.add(of, values.data, mask, tables.get(name), shift, offset, size)
                names.append(name)
        return fields, names

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

    def _number_names(self, some: SomeEvents, out: Numbers) -> None:
        numbers = some.call
        if not some.is_call.all():
            numbers = np.where(some.is_call, numbers, some.kind + np.int64(KINDS))
        out[:] = self._names.codes(numbers)

    def _number_kinds(self, some: SomeEvents, out: Numbers) -> None:
        out[:] = self._kinds.codes(some.kind)

    def _number_abis(self, some: SomeEvents, out: Numbers) -> None:
        out[:] = self._abis.codes(some.abi)

    def _number_errnos(self, some: SomeEvents, out: Numbers) -> None:
        out[out < 0] = self._errnos.codes(-some.events["ret"][out < 0])

    def _fill_comm(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        places = self._programs.places(some.events)
        valid: npt.NDArray[np.bool_] = places >= 0
        if valid.all():
            out[:] = self._comms.codes(places)
            return valid
        out[:] = 0
        out[valid] = self._comms.codes(places[valid])
        return valid

    def _fill_path(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        self._paths.number(some.events.data, self._payload.data, out.data)
        valid: npt.NDArray[np.bool_] = out >= 0
        np.maximum(out, 0, out=out)
        return valid

    def _fill_args(self, some: SomeEvents, out: Numbers) -> npt.NDArray[np.bool_]:
        text = arguments(some.events, some.is_call, self._payload.data, out)
        self._args.append(text)
        self._args_size += len(text)
        if self._args_size > _ARGS_MAX:
            raise TraceError("arguments are more than anybody has recorded: the trace is damaged")
        valid: npt.NDArray[np.bool_] = out > 0
        return valid


_ARGS_MAX = 1 << 31
_LEAST = -(1 << 63)


def _fill_sizes(columns: Columns, some: SomeEvents, out: Numbers) -> None:
    _decode.item_sizes(some.events.data, columns._payload.data, out.view(np.uint64).data)


def _places() -> dict[str, tuple[int, int]]:
    """Where columns stand in an event as they are: offset and size."""
    fields = EVENT_DTYPE.fields
    assert fields is not None
    names = ("pid", "tid", "time_ns", "nr", "flags", "payload")
    found = {name: (fields[name][1], fields[name][0].itemsize) for name in names}
    return found | {f"arg{i}": (fields["args"][1] + 8 * i, 8) for i in range(6)}


_PLACES = _places()
# What of an event others are made of: see `_decode.Fields`.
_MADE_OF: dict[str, _decode.MadeOf] = {
    "name": "name",
    "kind": "kind",
    "abi": "abi",
    "time": "time",
    "duration_ns": "duration",
    "ret": "ret",
    "errno": "errno",
    "fd": "descriptor",
}
# Where a word was not known yet.
_NUMBER: dict[str, Callable[[Columns, SomeEvents, Numbers], None]] = {
    "name": Columns._number_names,
    "kind": Columns._number_kinds,
    "abi": Columns._number_abis,
    "errno": Columns._number_errnos,
}
_FILL: dict[str, Callable[[Columns, SomeEvents, Numbers], npt.NDArray[np.bool_] | None]] = {
    "comm": Columns._fill_comm,
    "path": Columns._fill_path,
    "args": Columns._fill_args,
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
