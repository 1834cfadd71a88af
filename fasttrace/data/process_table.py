"""The processes of a trace, as its events tell of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from fasttrace.data.events import Flag, Kind, PayloadType, payload_items
from fasttrace.data.processes import Process, split_argv


def from_events(
    events: npt.NDArray[np.void],
    payload: npt.NDArray[np.uint8],
    engine: str = "",
    pids: Iterable[int] = (),
) -> list[Process]:
    """The process table told again by the FORK, EXEC, EXIT and ATTACH events of a trace.

    pids: those that have calls; one without any such event gets a process of which nothing else is
    known. `calls` stay 0: see `with_calls`.
    """
    processes: list[Process] = []
    living: dict[int, int] = {}  # pid to place in `processes`
    stream = memoryview(payload.data)

    def add(pid: int, ppid: int, start_ns: int, like: int | None = None) -> int:
        comm, argv = (
            (processes[like].comm, list(processes[like].argv)) if like is not None else ("", [])
        )
        living[pid] = len(processes)
        serial = len(processes) + 1
        processes.append(
            Process(pid, ppid, comm, argv, start_ns=start_ns, engine=engine, serial=serial)
        )
        return living[pid]

    def known(pid: int, ppid: int, time_ns: int) -> int:
        return living[pid] if pid in living else add(pid, ppid, time_ns)

    for event in events[np.flatnonzero(events["kind"] >= Kind.FORK)]:
        kind, pid, time_ns = int(event["kind"]), int(event["pid"]), _time(event["time_ns"])
        if event["flags"] & Flag.THREAD:
            continue
        if kind == Kind.FORK:
            add(_pid(event["args"][0]), pid, time_ns, known(pid, 0, time_ns))
        elif kind in (Kind.EXEC, Kind.ATTACH):
            if kind == Kind.ATTACH:
                living.pop(pid, None)
            at = known(pid, _pid(event["args"][0]), time_ns)
            for item in payload_items(stream, int(event["payload"])):
                if item.type == PayloadType.COMM:
                    processes[at] = processes[at]._replace(comm=item.text)
                elif item.type == PayloadType.ARGV:
                    processes[at] = processes[at]._replace(argv=split_argv(item.data))
        elif kind == Kind.EXIT:
            at = known(pid, 0, time_ns)
            del living[pid]
            status = int(event["ret"]) & 0xFFFF
            processes[at] = processes[at]._replace(status=status, end_ns=time_ns)
    for pid in sorted(set(pids) - {p.pid for p in processes}):
        add(pid, 0, 0)
    return processes


def _time(value: Any) -> int:
    """A time out of an event, as a saved process can hold it."""
    return min(int(value), (1 << 63) - 1)


def _pid(value: Any) -> int:
    """A pid out of a 64-bit argument, which a damaged file may have filled with anything."""
    return int(value) & 0x7FFFFFFF
