"""Which program the processes of many events ran then, looked up at once."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fasttrace.data.processes import Process
from fasttrace.data.programs import Programs

_PIDS = 1 << 22  # PID_MAX_LIMIT of the kernel
_UNKNOWN, _SEVERAL = -1, -2


class ProgramNames:
    """names: all there are; those of no process are left out.

    Of a process of which no event tells what it ran it is what `processes` say that it ran last;
    of several with the pid that of the last that had started by then.
    """

    def __init__(self, programs: Programs, processes: Sequence[Process]) -> None:
        self._programs = programs
        by_pid = {pid: programs.names(pid) for pid in programs.pids()}
        told: dict[int, list[tuple[int, bytes]]] = {}
        for process in sorted(processes, key=lambda process: process.start_ns):
            if process.pid not in by_pid:
                one = (max(process.start_ns, 0), os.fsencode(process.comm))
                told.setdefault(process.pid, []).append(one)
        by_pid |= told
        numbers: dict[bytes, int] = {}
        several: list[tuple[int, int, int]] = []  # pid, since, number
        single: dict[int, int] = {}
        for pid, names in by_pid.items():
            found = [numbers.setdefault(name, len(numbers)) if name else -1 for _, name in names]
            if len(set(found)) == 1:
                single[pid] = found[0]
            else:
                several += [(pid, since, n) for (since, _), n in zip(names, found, strict=True)]
        self.names = [os.fsdecode(name) for name in numbers]
        self._by_number(single)
        self._by_time(several)

    def _by_number(self, single: dict[int, int]) -> None:
        """A table of small pids, which is what there are, and the others sorted."""
        self._others = np.array(sorted(single), np.int64)
        self._of_others = np.array([single[pid] for pid in self._others.tolist()], np.int32)
        small = (self._others >= 0) & (self._others < _PIDS)
        pids = self._others[small]
        self._of_pid = np.full(int(pids.max()) + 1 if len(pids) else 0, _SEVERAL, np.int32)
        self._of_pid[pids] = self._of_others[small]

    def _by_time(self, several: list[tuple[int, int, int]]) -> None:
        several.sort(key=lambda one: one[:2])
        pids = np.array([pid for pid, _, _ in several], np.int64)
        since = np.array([min(since, (1 << 64) - 1) for _, since, _ in several], np.uint64)
        self._numbers = np.array([number for _, _, number in several], np.int32)
        self._pids, self._first = np.unique(pids, return_index=True)
        # One number for pid and time: how many pids, and how many times, are at or before it.
        self._times = np.unique(since)
        self._keys = self._key(np.searchsorted(self._pids, pids), since)

    def _key(
        self, place: npt.NDArray[np.intp], time_ns: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.intp]:
        rank = np.searchsorted(self._times, time_ns, "right")
        key: npt.NDArray[np.intp] = place * (len(self._times) + 1) + rank
        return key

    def places(self, events: npt.NDArray[np.void]) -> npt.NDArray[np.int32]:
        """Of each event's program in `names`, -1 where it is not known; shape (n,)."""
        pids, table = events["pid"].copy(), self._of_pid
        if len(pids) and pids.min() >= 0 and pids.max() < len(table):
            found: npt.NDArray[np.int32] = table[pids]
            open = np.flatnonzero(found == _SEVERAL)
            if not len(open):
                return found
        else:
            found, open = np.full(len(pids), _UNKNOWN, np.int32), np.arange(len(pids))
        found[open] = self._looked_up(pids[open], events["time_ns"][open])
        return found

    def _looked_up(
        self, pids: npt.NDArray[np.int32], time_ns: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.int32]:
        found = np.full(len(pids), _UNKNOWN, np.int32)
        if len(self._others):
            place = np.minimum(np.searchsorted(self._others, pids), len(self._others) - 1)
            known = self._others[place] == pids
            found[known] = self._of_others[place[known]]
        if len(self._pids):
            place = np.minimum(np.searchsorted(self._pids, pids), len(self._pids) - 1)
            known = self._pids[place] == pids
            place = place[known]
            last = np.searchsorted(self._keys, self._key(place, time_ns[known]), "right") - 1
            found[known] = self._numbers[np.maximum(last, self._first[place])]
        return found

    def ran(self, process: Process, wanted: set[str]) -> bool:
        """Whether it ran one of these at some time."""
        return self._programs.ran(process, wanted)

    def of(self, events: npt.NDArray[np.void], wanted: set[str]) -> npt.NDArray[np.bool_]:
        """Whether each event's process ran one of these then; "" is what is not known."""
        # The last entry is for what is not known: -1.
        is_wanted = np.array([*(name in wanted for name in self.names), "" in wanted], np.bool_)
        return is_wanted[self.places(events)]
