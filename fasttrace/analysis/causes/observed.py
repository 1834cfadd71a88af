"""A trace as the causes look at it: times that cannot overflow, tasks, calls by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from fasttrace import _tables
from fasttrace._tables import ABIS, NR_MAX
from fasttrace.analysis.finding import Rows
from fasttrace.data import conditions
from fasttrace.data.events import Flag, Kind
from fasttrace.data.export.call_tables import CALLS, descriptors_of_calls
from fasttrace.data.export.columns import Columns, Recorded
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace
from fasttrace.syscalls.errnos import errno_number
from fasttrace.syscalls.names import call_name
from fasttrace.text.terminal import printable

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_LATEST = 1 << 61  # ns; a damaged file may say anything

LEAST_NS = 1_000_000
SHARE = 0.01
"""What costs less than LEAST_NS, or less than this share of the run, is not told."""


@lru_cache(maxsize=64)
def numbers_of(names: frozenset[str]) -> Mask:
    """For each ABI and number whether it is one of these calls; the last entry, for those that no
    table knows, is False."""
    table = np.zeros(CALLS + 1, np.bool_)
    for abi in range(len(ABIS)):
        for name in names:
            number = _tables.number(abi, name)
            if number is not None:
                table[abi * NR_MAX + number] = True
    return table


class Observed:
    """Events of a trace, shape (n,), and what several causes ask of them.

    start, end: int64, ns. A call that never returned ends with its task, or with the trace: while
    it was seen it did not go on. owner: index into `processes`, -1 where it is not known. task:
    numbers of the tasks, 0 ... tasks - 1. number: of the call, for `numbers_of`.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.events = events = np.ascontiguousarray(trace.events)
        self.processes = trace.processes
        self.kind = events["kind"].copy()
        self.flags = events["flags"].copy()
        self.ret = events["ret"].copy()
        self.tid = events["tid"].copy()
        self.is_call: Mask = self.kind == Kind.SYSCALL
        self.start: Ints = np.minimum(events["time_ns"], _LATEST).astype(np.int64)
        took = np.minimum(events["duration_ns"], _LATEST).astype(np.int64)
        took[~self.is_call] = 0
        self.end: Ints = self.start + took
        self.owner = conditions.owners(events, self.processes)
        pairs = self.owner.astype(np.int64) << 32 | self.tid.astype(np.int64) & 0xFFFFFFFF
        _, first, task = np.unique(pairs, return_index=True, return_inverse=True)
        self.first_of_task: Ints = first.astype(np.int64)
        self.task: Ints = task.astype(np.int64)
        nr, abi = events["nr"], events["abi"].astype(np.int64)
        number = abi * NR_MAX + nr
        number[(nr < 0) | (nr >= NR_MAX) | (abi >= len(ABIS)) | ~self.is_call] = CALLS
        self.number: Ints = number
        self.failed: Mask = self.is_call & (self.flags & np.uint16(Flag.ERROR) != 0)
        self.unfinished: Mask = self.is_call & (self.flags & np.uint16(Flag.UNFINISHED) != 0)
        self.begun_ns = int(self.start.min()) if len(events) else 0
        self.ended_ns = int(self.end.max()) if len(events) else 0
        if self.unfinished.any() and not trace.is_part:
            # Nothing told of the time until the recording ended: what was waited for did not come.
            ended_ns = self.begun_ns + min(max(trace.wall_ns, 0), _LATEST)
            self.ended_ns = max(self.ended_ns, ended_ns)
        self._stretch()
        self.took: Ints = self.end - self.start

    def __len__(self) -> int:
        return len(self.events)

    @property
    def wall_ns(self) -> int:
        return self.ended_ns - self.begun_ns

    @property
    def tasks(self) -> int:
        return len(self.first_of_task)

    @property
    def least_ns(self) -> int:
        """What costs less is not told."""
        return max(LEAST_NS, int(SHARE * self.wall_ns))

    def _stretch(self) -> None:
        """Calls that never returned, to the ends of their tasks."""
        rows = np.flatnonzero(self.unfinished)
        if not len(rows):
            return
        exits = np.flatnonzero(self.kind == Kind.EXIT)
        until = np.full(self.tasks, self.ended_ns, np.int64)
        until[self.task[exits]] = self.start[exits]
        self.end[rows] = np.maximum(until[self.task[rows]], self.start[rows])

    @cached_property
    def dying(self) -> Ints:
        """When each EXIT event's task began to end: with its exit call, if it made one. Who waits
        for it may be woken before its tracer hears of it."""
        exits = np.flatnonzero(self.kind == Kind.EXIT)
        calls = np.flatnonzero(self.of("exit", "exit_group") & self.unfinished)
        called = np.full(self.tasks, _LATEST, np.int64)
        called[self.task[calls]] = self.start[calls]
        result: Ints = self.start.copy()
        result[exits] = np.minimum(self.start[exits], called[self.task[exits]])
        return result

    def of(self, *names: str) -> Mask:
        """The calls of these names, of any ABI."""
        mask: Mask = numbers_of(frozenset(names))[self.number]
        return mask

    @property
    def has_payload(self) -> Mask:
        mask: Mask = self.flags & np.uint16(Flag.PAYLOAD) != 0
        return mask

    def arg(self, rows: Rows, i: int) -> npt.NDArray[np.uint64]:
        values: npt.NDArray[np.uint64] = self.events["args"][rows, i]
        return values

    def errno(self, *names: str) -> Mask:
        """The calls that failed with one of these errors."""
        mask: Mask = self.failed & np.isin(self.ret, [-errno_number(name) for name in names])
        return mask

    @cached_property
    def fd(self) -> npt.NDArray[np.int32]:
        """The first descriptor that each call is given, -1 for none."""
        which = descriptors_of_calls()[self.number]
        found = np.full(len(self), -1, np.int32)
        rows = np.flatnonzero(which < 6)
        found[rows] = self.events["args"][rows, which[rows]].astype(np.uint32).view(np.int32)
        return found

    @cached_property
    def paths(self) -> tuple[npt.NDArray[np.int32], list[str]]:
        """The number of the first path that each call is given, -1 for none, and all of them."""
        trace = self.trace
        recorded = Recorded(self.events, trace.payload, self.processes, trace.info)
        columns = Columns(recorded, ["path"], keep_words=True)
        column = columns.take(0, len(self))["path"]
        assert column.words is not None
        assert column.valid is not None
        return np.where(column.valid, column.values, -1).astype(np.int32), column.words.strings()

    def name(self, row: int) -> str:
        """Of the call."""
        event = self.events[row]
        return call_name(int(event["nr"]), int(event["abi"]))

    def names(self, rows: Rows) -> str:
        """The different ones, most frequent first."""
        numbers, first, counts = np.unique(self.number[rows], return_index=True, return_counts=True)
        order = np.argsort(-counts, kind="stable")[:4]
        names = dict.fromkeys(self.name(int(rows[first[i]])) for i in order)
        return ", ".join(names) + (" ..." if len(numbers) > 4 else "")

    def process_of(self, row: int) -> Process:
        """Of an event; where it is not known, one of which nothing but the pid is."""
        owner = int(self.owner[row])
        return self.processes[owner] if owner >= 0 else Process(int(self.events["pid"][row]))

    def processes_of(self, rows: Rows) -> tuple[Process, ...]:
        """Those that the events are of, as far as they are known."""
        owners = np.unique(self.owner[rows]).tolist()
        return tuple(self.processes[i] for i in owners if i >= 0)

    def comm(self, row: int) -> str:
        """What the event's process ran then."""
        pid, time_ns = int(self.events["pid"][row]), int(self.events["time_ns"][row])
        return self.trace.program(pid, time_ns) or self.process_of(row).comm

    def program(self, row: int) -> str:
        """The process of an event by what it ran then, for people: "cc1 (pid 12)"."""
        return f"{printable(self.comm(row)) or '?'} (pid {int(self.events['pid'][row])})"

    def task_name(self, row: int) -> str:
        """Of the event's task, by what its process ran last."""
        process, tid = self.process_of(row), int(self.tid[row])
        name = f"{printable(process.comm) or '?'} (pid {process.pid})"
        return name + (f" thread {tid}" if tid != process.pid else "")

    def called(self, row: int) -> str:
        """The same of its task."""
        tid = int(self.tid[row])
        is_thread = tid != int(self.events["pid"][row])
        return self.program(row) + (f" thread {tid}" if is_thread else "")

    def by_start(self, rows: Rows) -> Rows:
        ordered: Rows = rows[np.argsort(self.start[rows], kind="stable")].astype(np.int64)
        return ordered


def groups(keys: Ints, rows: Rows, least: int = 1) -> Iterable[tuple[int, Rows]]:
    """The rows of each key that has at least so many, in their order; both of shape (n,)."""
    if least > 1 and len(keys):
        _, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
        enough = counts[place] >= least
        keys, rows = keys[enough], rows[enough]
    if not len(keys):
        return ()
    order = np.argsort(keys, kind="stable")
    values, starts = np.unique(keys[order], return_index=True)
    return zip(values.tolist(), np.split(rows[order], starts[1:]), strict=True)


def codes(*columns: Ints) -> Ints:
    """A number for each different combination of values; all of shape (n,)."""
    if not len(columns[0]):
        return np.empty(0, np.int64)
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        _, own = np.unique(column, return_inverse=True)
        _, code = np.unique(code * (int(own.max()) + 1) + own, return_inverse=True)
    return code.astype(np.int64)
