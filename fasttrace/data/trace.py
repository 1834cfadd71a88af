"""A recorded trace: events in numpy, what they belong to, and how to choose among them."""

from __future__ import annotations

import operator
import os
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from fasttrace._tally import Tally
from fasttrace.data import conditions, storage, stored
from fasttrace.data.calls import Call
from fasttrace.data.decoded import Decoded
from fasttrace.data.event_rows import taken
from fasttrace.data.events import EVENT_DTYPE, Kind
from fasttrace.data.export.columns import Recorded
from fasttrace.data.export.exported import Exported
from fasttrace.data.process_table import from_events
from fasttrace.data.processes import Process, fallbacks, reused_pids, with_calls
from fasttrace.data.run_info import NOTHING_KNOWN, About, RunInfo
from fasttrace.data.summary import Summary
from fasttrace.syscalls.names import call_name
from fasttrace.syscalls.sets import Calls
from fasttrace.text.signatures import show_options

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fasttrace.analysis.finding import Why
    from fasttrace.data.files import FileCounts
    from fasttrace.data.lines import LineStats
    from fasttrace.data.tree import Branch

_COUNTED = 65536  # events that are counted at a time

ByKey: TypeAlias = Literal["pid", "tid", "syscall", "comm"]


class Trace(Decoded, Exported):
    """Events and the processes they are of.

    events: structured array of EVENT_DTYPE, shape (n,), in order within each task; read-only.
    payload: uint8 array, shape (m,), the captured strings that `events["payload"]` are offsets
    into. info: the rest, which argv, exit_status, engine, wall_ns, lost, realtime_offset_ns,
    finished and results show one by one; see `RunInfo`.

    `len` counts events; iteration gives a Call for each, `calls` those that are system calls.
    """

    _whole: Trace | None = None

    def __init__(
        self,
        events: npt.NDArray[np.void] | None = None,
        payload: npt.NDArray[np.uint8] | None = None,
        info: RunInfo = NOTHING_KNOWN,
        *,
        processes: Iterable[Process] | None = None,
        **about: Unpack[About],
    ) -> None:
        """processes: None to have them told by the FORK, EXEC and EXIT events. about: what differs
        from `info`. ValueError: events are not of EVENT_DTYPE."""
        self.events = (np.empty(0, EVENT_DTYPE) if events is None else events).view()
        self.payload = np.empty(0, np.uint8) if payload is None else payload
        if self.events.dtype != EVENT_DTYPE or self.events.ndim != 1:
            raise ValueError("events must be a one-dimensional array of fasttrace.EVENT_DTYPE")
        self.events.flags.writeable = False  # what is counted once stays right
        self.info = info._replace(**about)
        self._given = None if processes is None else list(processes)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Trace:
        """Map a saved trace, or read it from a file that is called x.parquet. TraceError: there is
        none, or it is damaged or cut."""
        if os.fspath(path).endswith(".parquet") and Path(path).is_file():
            return cls.from_parquet(path)
        return cls.of_stored(stored.load(path))

    @classmethod
    def of_stored(cls, given: stored.Stored) -> Trace:
        events, finished, wall_ns = given.events, given.finished, given.wall_ns
        if not finished and len(events):
            last = events[-1]
            wall_ns = int(last["time_ns"]) + int(last["duration_ns"]) - int(events[0]["time_ns"])
        return cls(
            events,
            given.payload,
            given.info,
            processes=given.processes if finished else None,
            wall_ns=max(wall_ns, 0),
        )

    @classmethod
    def from_parquet(cls, path: str | os.PathLike[str]) -> Trace:
        """The trace that `to_parquet` wrote with all its columns. TraceError: it cannot be read."""
        from fasttrace.data.export import parquet

        given = parquet.read(path)
        return cls(given.events, given.payload, given.info, processes=given.processes)

    def save(self, path: str | os.PathLike[str], *, compress: bool = False) -> None:
        """Write a folder that `load` and, for events.npy, numpy.load can open; with compress some
        tenth as large, and not mapped by `load` but read into memory.

        OutputError: the folder exists or cannot be written.
        """
        with storage.Writer(path, self.info, compressed=compress) as writer:
            events = np.ascontiguousarray(self.events).view(np.uint8)
            writer.put(events.data, self._stream)
            writer.finish(self.info, processes=self.processes)

    def __len__(self) -> int:
        return len(self.events)

    def __repr__(self) -> str:
        return f"<Trace of {self.argv or 'a process'}: {len(self)} events>"

    def _repr_html_(self) -> str:
        from fasttrace.data.html import CALLS, trace_html

        return trace_html(self[:CALLS], len(self), repr(self)[1:-1])

    def __getstate__(self) -> dict[str, Any]:
        """What it was made of: what it has counted since is counted anew."""
        made_of = ("events", "payload", "info", "_given")
        return {name: self.__dict__[name] for name in made_of}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.events = self.events.view()
        self.events.flags.writeable = False

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> Trace: ...
    def __getitem__(self, index: int | slice) -> Call | Trace:
        """One event as a Call, or a Trace of a slice."""
        if isinstance(index, slice):
            return self._part(self.events[index], self._told)
        return self._call(self.events[index])

    @cached_property
    def _told(self) -> list[Process]:
        if self._given is None:
            rows = self._by_pid.rows()
            only_calls = sum(row.calls for row in rows) == len(self)
            told = self.events[:0] if only_calls else self.events
            # No event tells which of the processes an inline recorder left to ptrace.
            engine = "" if self.engine == "inline" else self.engine
            return from_events(told, self.payload, engine, {row.pid for row in rows})
        serials = {p.serial for p in self._given if 0 < p.serial < 1 << 31}
        if len(serials) == len(self._given):
            return self._given
        return [p._replace(serial=serial) for serial, p in enumerate(self._given, 1)]

    def _recorded(self, *, counted: bool = False) -> Recorded:
        processes = self.processes if counted else self._told
        whole = self._all
        return Recorded(
            self.events, self.payload, processes, self.info, lambda: whole._program_names
        )

    @property
    def fallbacks(self) -> dict[str, int]:
        """Why processes were not traced inline, and how many; see docs/inline.md."""
        return fallbacks(self._told)

    @cached_property
    def _by_pid(self) -> Tally:
        return _count(np.ascontiguousarray(self.events))

    @cached_property
    def _tally(self) -> Tally:
        """By process: (pid, 0), or (pid, serial) where several processes had the pid."""
        reused = reused_pids(self._told)
        if not reused:
            return self._by_pid
        events = np.ascontiguousarray(self.events)
        tally = Tally()
        doubtful = np.isin(events["pid"], list(reused))
        tally.add(taken(events, ~doubtful).data, by_pid=True)
        events = taken(events, doubtful)
        owners = conditions.owners(events, self._told)
        for i in np.unique(owners):
            serial = self._told[i].serial if i >= 0 else 0
            tally.add(taken(events, owners == i).data, by_pid=True, serial=serial)
        return tally

    @cached_property
    def processes(self) -> list[Process]:
        """The processes, each with the number of its calls in this trace."""
        calls: Counter[tuple[int, int]] = Counter()
        for row in self._tally.rows():
            calls[row.pid, row.serial] += row.calls
        return with_calls(self._told, calls)

    def summary(self) -> Summary:
        """Calls, errors and times per syscall; also by process."""
        return Summary(self._tally, self.info, processes=self.processes, by_process=True)

    def lines(self) -> list[LineStats]:
        """What the calls of each line of Python add up to, of a trace with ``python=True``."""
        from fasttrace.data.lines import LineCounts

        counts = LineCounts(results=self.results)
        for start in range(0, len(self.events), _COUNTED):
            events = np.ascontiguousarray(self.events[start : start + _COUNTED])
            counts.add(events.data, self._stream)
        return counts.lines

    def files(self, *, progress: Callable[[int], object] = lambda events: None) -> FileCounts:
        """What the calls of each file add up to (`files`), and which calls failed on which path
        (`errors`). progress: is told how many events have been looked at more."""
        from fasttrace.data.files import FileCounts

        return FileCounts(self._all._touches, self.events, progress=progress)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write the page of `fasttrace html`: one file, which opens without a network.

        The file has its name once it is whole. OutputError: it cannot be written. MissingExtra:
        plotly is not installed.
        """
        from fasttrace.report.html.page import write_file

        write_file(path, self)

    def tree(self, syscall: Calls | None = None) -> list[Branch]:
        """The processes whose parent is not known, each with those below it: see `Branch`.

        syscall: count only these calls, as for `where`. SelectionError: it cannot be read.
        """
        from fasttrace.data.tree import forest

        counted = self if syscall is None else self.where(syscall=syscall)
        return forest(self._told, self.events, self._stream, counted._tally.rows())

    def why(self) -> Why:
        """Where the time of the run went: a list of findings. `fasttrace.why` says more."""
        from fasttrace.analysis.why import why

        return why(self)

    @property
    def is_part(self) -> bool:
        """Whether it is what a condition or a slice left of another one."""
        return self._whole is not None

    def program(self, pid: int, time_ns: int) -> str:
        """The name of what a process ran then; "" where it is not known."""
        return self._all._programs.name(pid, time_ns)

    def named(self) -> tuple[npt.NDArray[np.void], list[str]]:
        """Which paths and descriptors the events name: see `Touches.named`."""
        return self._all._touches.named(self.events)

    @property
    def _all(self) -> Trace:
        """The trace that this is a part of: what only all events tell, it knows."""
        return self if self._whole is None else self._whole

    def _part(self, events: npt.NDArray[np.void], processes: Iterable[Process]) -> Trace:
        part = Trace(events, self.payload, self.info, processes=processes)
        part._whole = self._all
        return part

    def where(self, syscall: Calls | None = None, **wanted: Unpack[conditions.Conditions]) -> Trace:
        """The events that meet all conditions given, as a Trace.

        syscall: a name, a number, several of these, or strace's set language ("%file,!stat").
        failed: True for calls that ended with an error, False for those that ended without.
        errno: the error, by name or number. pid, tid, comm: one or several; comm is the name of the
        program that the process ran then. kind: Kind.SIGNAL or "signal". abi: "x86_64", "i386", ...
        min_duration_ns: calls that took at least so long. after, before: events that started at or
        after, and before, a CLOCK_MONOTONIC time in ns. path: calls that name such a path, or a
        descriptor of it: text that it contains; with one of ``*?[`` a pattern of the shell for all
        of it ("/etc/*", which has "/etc/ssl/certs" too); or a compiled regular expression that is
        found in it. fd: calls that are given, or make, this descriptor, or one of several. What
        descriptors are is followed from the calls of the whole trace: recorded with
        ``descriptors=True`` as /proc tells it, else as their paths say. mask: bool array, shape
        (n,), that must be True too.

        `processes` is what pid and comm leave, calls counted again. SelectionError: syscall cannot
        be read. ValueError: no such errno, kind or abi.
        """
        given = {"syscall": syscall, **wanted}
        whole = self._all
        observed = conditions.Observed(
            self._told, self._stream, whole._touches, lambda: whole._program_names
        )
        events, processes = conditions.choose(self.events, given, observed)
        return self._part(events, processes)

    @overload
    def by(self, key: Literal["pid", "tid"]) -> dict[int, Trace]: ...
    @overload
    def by(self, key: Literal["syscall", "comm"]) -> dict[str, Trace]: ...
    def by(self, key: ByKey) -> dict[int, Trace] | dict[str, Trace]:
        """A Trace for each "pid", "tid", "syscall" (calls only) or "comm", the program that ran
        then, that has events.

        ValueError: another key.
        """
        if key not in ("pid", "tid", "syscall", "comm"):
            raise ValueError(f'no traces by {key!r}: by "pid", "tid", "syscall" or "comm"')
        owner: Callable[[Process], Any] | None = None
        if key == "syscall":
            calls = self.where(kind=Kind.SYSCALL)
            abis = calls.events["abi"].astype(np.int64)
            return calls._groups(
                abis << 32 | calls.events["nr"].astype(np.uint32),
                lambda number: call_name(number & 0xFFFFFFFF, number >> 32),
                None,
            )
        if key == "comm":
            known = self._all._program_names
            names = [*known.names, ""]
            parts = self._groups(known.places(self.events), lambda i: names[i], None)
            return {
                name: self._part(part.events, [p for p in self._told if known.ran(p, {name})])
                for name, part in parts.items()
            }
        if key == "pid":
            owner = operator.attrgetter("pid")
        return self._groups(self.events[key], int, owner)

    def _groups(
        self,
        keys: npt.NDArray[Any],
        label: Callable[[int], Any],
        owner: Callable[[Process], Any] | None,
    ) -> dict[Any, Trace]:
        """Traces of the events whose keys have the same label; owner: the label of a process, None
        for groups that keep all."""
        if not len(keys):
            return {}
        order = np.argsort(keys, kind="stable")
        values, starts = np.unique(keys[order], return_index=True)
        parts: dict[Any, list[npt.NDArray[np.intp]]] = {}
        for value, part in zip(values.tolist(), np.split(order, starts[1:]), strict=True):
            parts.setdefault(label(value), []).append(part)
        members: dict[Any, list[Process]] = {}
        for process in self._told if owner else ():
            members.setdefault(owner(process) if owner else None, []).append(process)
        return {
            name: self._part(
                taken(self.events, np.sort(np.concatenate(part))),
                members.get(name, []) if owner else self._told,
            )
            for name, part in parts.items()
        }


def _count(events: npt.NDArray[np.void]) -> Tally:
    """The tally by pid, counted on all processors that we may use if it is worth it."""
    processors = len(os.sched_getaffinity(0))
    parts = np.array_split(events, max(1, min(processors, len(events) // 1_000_000)))
    tallies = [Tally() for _ in parts]
    if len(parts) == 1:
        tallies[0].add(events.data, by_pid=True)
        return tallies[0]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(lambda tally, part: tally.add(part.data, by_pid=True), tallies, parts))
    for tally in tallies[1:]:
        tallies[0].merge(tally)
    return tallies[0]


def load(path: str | os.PathLike[str]) -> Trace:
    """`Trace.load`."""
    return Trace.load(path)


def read_parquet(path: str | os.PathLike[str]) -> Trace:
    """`Trace.from_parquet`."""
    return Trace.from_parquet(path)


show_options(
    Trace.where, conditions.Conditions, dict.fromkeys(conditions.Conditions.__annotations__)
)
