"""Events and their processes, where there may be events of processes that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fasttrace.data.conditions import owners
from fasttrace.data.processes import Process


class Places:
    """processes: those of a trace, and one for each other pid that was met."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self.processes: list[Process] = list(processes)
        self._known = processes
        self._strangers: dict[int, int] = {}

    def of(self, events: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
        """The place of each event's process; shape as events."""
        places = owners(events, self._known).astype(np.int64)
        unknown = np.flatnonzero(places < 0)
        for i, pid in zip(unknown.tolist(), events["pid"][unknown].tolist(), strict=True):
            if pid not in self._strangers:
                self._strangers[pid] = len(self.processes)
                self.processes.append(Process(pid))
            places[i] = self._strangers[pid]
        return places
