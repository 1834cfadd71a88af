"""What a program was observed to call, counted in constant memory out of its events."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fasttrace import _tables
from fasttrace._tables import ABIS
from fasttrace.data.events import Flag, Kind
from fasttrace.seccomp.generation.arguments import DECIDING, Deciding

if TYPE_CHECKING:
    from fasttrace.data.trace import Trace

CallKey = tuple[int, int]
"""ABI (its index) and number."""

# A program's start is over with the loader's, and the C library's setting up of the first thread:
# set_tid_address(2), which glibc and musl make once, and what follows it at once of these.
_MARK = "set_tid_address"
_AFTER_MARK = (
    *("set_robust_list", "rseq", "mprotect", "prlimit64", "ugetrlimit", "munmap"),
    *("set_thread_area", "arch_prctl"),
)
# glibc's loader makes a few calls for each library. A program that has not come to the mark by then
# has another C library, or none.
_START_MAX = 10_000
_EXECS = ("execve", "execveat")
_CHUNK = 1 << 16  # events


class ObservedCalls:
    """Calls by ABI and number, and their deciding arguments.

    calls: how often. start: how often as part of a program's start: from its execve to the end of
    what its loader does (`set_tid_address` and what directly follows); 0 for a program without a
    libc, as Go's. values: the different values of the deciding arguments, by name; None where
    there are more than `limit`. threads, attached: whether any were.
    """

    def __init__(self, limit: int = 16) -> None:
        self.calls: Counter[CallKey] = Counter()
        self.start: Counter[CallKey] = Counter()
        self.values: dict[str, set[tuple[int, ...]] | None] = {}
        self.threads = False
        self.attached = False
        if limit < 0:
            raise ValueError(f"a limit is 0 or more, not {limit}")
        self.limit = limit
        self._starting: dict[int, _Start] = {}
        self._exec_observed = False
        self._deciding = {
            (abi, nr): (name, deciding)
            for name, deciding in DECIDING.items()
            for abi in range(len(ABIS))
            if (nr := _tables.number(abi, name)) is not None
        }

    def add(self, events: npt.NDArray[np.void]) -> None:
        """Events of EVENT_DTYPE, in the order in which they came."""
        kinds = events["kind"]
        others = events[kinds != Kind.SYSCALL]
        if len(others):
            self._look(others)
        calls = events[kinds == Kind.SYSCALL]
        keys = calls["abi"].astype(np.int64) << 32 | calls["nr"].astype(np.uint32)
        found, counts = np.unique(keys, return_counts=True)
        for key, count in zip(found.tolist(), counts.tolist(), strict=True):
            call = (key >> 32, key & 0xFFFFFFFF)
            self.calls[call] += count
            if call in self._deciding:
                self._add_values(*self._deciding[call], calls["args"][keys == key])
        if self._starting or bool((kinds == Kind.EXEC).any()):
            self._follow_starts(events)

    def _look(self, others: npt.NDArray[np.void]) -> None:
        threads = (others["flags"] & Flag.THREAD != 0) & np.isin(
            others["kind"], (Kind.FORK, Kind.ATTACH)
        )
        self.threads |= bool(threads.any())
        self.attached |= bool((others["kind"] == Kind.ATTACH).any())

    def _add_values(self, name: str, deciding: Deciding, args: npt.NDArray[np.uint64]) -> None:
        known = self.values.setdefault(name, set())
        if known is None:
            return
        columns = [args[:, index] & np.uint64(mask) for index, mask in deciding.masks]
        known.update(map(tuple, np.unique(np.stack(columns, axis=1), axis=0).tolist()))
        if len(known) > self.limit:
            self.values[name] = None

    def _follow_starts(self, events: npt.NDArray[np.void]) -> None:
        """Only the first thread of a process has a part in its start."""
        mains = np.flatnonzero(
            (events["pid"] == events["tid"]) & np.isin(events["kind"], (Kind.SYSCALL, Kind.EXEC))
        )
        execs = mains[events["kind"][mains] == Kind.EXEC]
        pids = {*self._starting, *events["pid"][execs].tolist()}
        for pid in pids:
            rows = mains[events["pid"][mains] == pid]
            self._follow(pid, events, rows, execs[events["pid"][execs] == pid])

    def _follow(
        self,
        pid: int,
        events: npt.NDArray[np.void],
        rows: npt.NDArray[np.intp],
        execs: npt.NDArray[np.intp],
    ) -> None:
        at = 0
        while at < len(rows):
            row = rows[at]
            start = self._starting.get(pid)
            if events["kind"][row] == Kind.EXEC:
                self._end_start(pid)
                self._starting[pid] = _Start(own_exec=not self._exec_observed)
                self._exec_observed = True
            elif start is None:  # on to the next execve
                later = execs[execs > row]
                at = int(np.searchsorted(rows, later[0])) if len(later) else len(rows)
                continue
            elif start.ended_by((int(events["abi"][row]), int(events["nr"][row]) & 0xFFFFFFFF)):
                self._end_start(pid)
            at += 1

    def _end_start(self, pid: int) -> None:
        start = self._starting.pop(pid, None)
        if start is not None and start.marked:
            self.start.update(start.calls)

    def finish(self) -> None:
        """All events are in: what is at its start still ends there."""
        for pid in list(self._starting):
            self._end_start(pid)

    def merge(self, other: ObservedCalls) -> None:
        """Count another run in, after its `finish`."""
        self.calls.update(other.calls)
        self.start.update(other.start)
        self.threads |= other.threads
        self.attached |= other.attached
        for name, values in other.values.items():
            mine = self.values.setdefault(name, set())
            both = None if mine is None or values is None else mine | values
            self.values[name] = None if both is None or len(both) > self.limit else both

    def abis(self) -> list[int]:
        """The ABIs that calls came from, as far as we know them."""
        return sorted({abi for abi, _ in self.calls if abi < len(ABIS)})

    def names(self) -> dict[str, int]:
        """The calls that have a name, and how often; those of all ABIs together."""
        found: Counter[str] = Counter()
        for abi, nr, count in self._rows():
            name = _name(abi, nr)
            if name is not None:
                found[name] += count
        return dict(sorted(found.items()))

    def nameless(self) -> list[tuple[int, int, int]]:
        """ABI, number and count of those that have none."""
        return [(abi, nr, count) for abi, nr, count in self._rows() if _name(abi, nr) is None]

    def only_start(self) -> list[str]:
        """The names of calls that nothing but programs' starts made."""
        calls: Counter[str] = Counter()
        start: Counter[str] = Counter()
        for abi, nr, count in self._rows():
            name = _name(abi, nr)
            if name is not None:
                calls[name] += count
                start[name] += self.start[abi, nr]
        return sorted(name for name in calls if calls[name] == start[name])

    def _rows(self) -> Iterator[tuple[int, int, int]]:
        return ((abi, nr, count) for (abi, nr), count in sorted(self.calls.items()))


def add_saved(observed: ObservedCalls, given: Trace | str | os.PathLike[str]) -> list[str]:
    """Count a trace in, or a saved one by its path; returns what is to be said about it.

    TraceError: it cannot be read.
    """
    from fasttrace.data.trace import load

    trace = load(given) if isinstance(given, (str, os.PathLike)) else given
    one = ObservedCalls(observed.limit)
    for at in range(0, len(trace.events), _CHUNK):
        one.add(trace.events[at : at + _CHUNK])
    one.finish()
    observed.merge(one)
    if trace.finished and not trace.lost:
        return []
    return [f"{' '.join(trace.argv) or 'a trace'}: it is not whole, so calls may be missing"]


class _Start:
    """The start of one process image, call by call."""

    def __init__(self, *, own_exec: bool) -> None:
        self.calls: Counter[CallKey] = Counter()
        self.marked = False
        self._own_exec = own_exec  # the execve that the tracer's spawn made for the first of all
        self._total = 0

    def ended_by(self, call: CallKey) -> bool:
        """Count a call in, or say that it is the program's own."""
        name = _name(*call)
        self._total += 1
        if name in _EXECS:  # its event comes after that of the new image; its maker is the old one
            if self._own_exec:
                self.calls[call] += 1
                self._own_exec = False
            return False
        if self.marked and name not in _AFTER_MARK:
            return True
        self.marked |= name == _MARK
        self.calls[call] += 1
        return self._total > _START_MAX


def _name(abi: int, nr: int) -> str | None:
    return _tables.name(abi, nr) if abi < len(ABIS) and nr < 1 << 31 else None
