"""The processes of a trace: who ran what, whose child it was, how it ended."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttrace.data.events import Flag, Kind, PayloadType, payload_items, split_argv

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fasttrace._core import ProcessRow


class Process(NamedTuple):
    """One process of a traced tree.

    comm and argv are those of the program it ran last. calls: syscalls recorded. status: as
    wait4(2) gives it, None while it runs or after a detach. start_ns, end_ns: CLOCK_MONOTONIC,
    end_ns None while it runs. serial: 1, 2, ... in order of appearance; it tells processes apart
    whose pid is the same. start_ns is 0 where no start was seen. engine: what traced it (at its
    end); fallback: why the inline engine did not, "" where it did or was not asked for.
    """

    pid: int
    ppid: int = 0
    comm: str = ""
    argv: Sequence[str] = ()
    calls: int = 0
    status: int | None = None
    start_ns: int = 0
    end_ns: int | None = None
    engine: str = ""
    serial: int = 0
    fallback: str = ""

    @property
    def exit_status(self) -> int | None:
        """As subprocess has it: the exit code, or -n for death by signal n; None: no end seen."""
        if self.status is None:
            return None
        if os.WIFEXITED(self.status):
            return os.WEXITSTATUS(self.status)
        return -os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None

    def _repr_html_(self) -> str:
        from fasttrace.text.html import html_table

        known = {
            "pid": self.pid,
            "ppid": self.ppid,
            "comm": self.comm,
            "argv": " ".join(self.argv),
            "calls": self.calls,
            "exit status": self.exit_status,
            "engine": self.engine,
            "fallback": self.fallback,
        }
        rows = [(name, str(value)) for name, value in known.items() if value not in (None, "")]
        return html_table(("process", ""), rows, "<<", "")

    def to_dict(self) -> dict[str, Any]:
        """The keys of `fasttrace summary --json`."""
        return {
            "pid": self.pid,
            "ppid": self.ppid,
            "comm": self.comm,
            "argv": list(self.argv),
            "calls": self.calls,
            "exit_status": self.exit_status,
            "engine": self.engine,
            "fallback": self.fallback,
        }


def from_rows(rows: Iterable[ProcessRow]) -> list[Process]:
    """Processes out of what a session tells."""
    return [
        Process(
            pid=row.pid,
            ppid=row.ppid,
            comm=row.comm.decode("utf-8", "surrogateescape"),
            argv=split_argv(row.argv),
            calls=row.calls,
            status=None if row.status == -1 else row.status,
            start_ns=row.start_ns,
            end_ns=row.end_ns or None,
            engine=row.engine,
            serial=row.serial,
            fallback=row.fallback,
        )
        for row in rows
    ]


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
    import numpy as np

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


def fallbacks(processes: Iterable[Process]) -> dict[str, int]:
    """Why processes were traced by ptrace and not inline, the most frequent reason first, and how
    many."""
    return dict(Counter(p.fallback for p in processes if p.fallback).most_common())


class Comms:
    """The program that a process ran last, by its pid and a time: of several with the pid it is the
    last that had started by then. "" where it is not known."""

    def __init__(self, processes: Iterable[Process]) -> None:
        self._by_pid: dict[int, list[tuple[int, str]]] = {}
        for process in sorted(processes, key=lambda process: process.start_ns):
            of_pid = self._by_pid.setdefault(process.pid, [])
            of_pid.append((process.start_ns, process.comm))

    def __call__(self, pid: int, time_ns: int) -> str:
        of_pid = self._by_pid.get(pid)
        if not of_pid:
            return ""
        started = bisect_right(of_pid, time_ns, key=lambda one: one[0])
        return of_pid[max(started - 1, 0)][1]


def reused_pids(processes: Iterable[Process]) -> set[int]:
    """The pids that more than one of the processes had."""
    return {pid for pid, count in Counter(p.pid for p in processes).items() if count > 1}


def with_calls(processes: Iterable[Process], calls: Mapping[tuple[int, int], int]) -> list[Process]:
    """Copies whose calls are those counted under (pid, serial) and, for pids that only one process
    had, (pid, 0)."""
    return [
        p._replace(calls=calls.get((p.pid, p.serial), 0) + calls.get((p.pid, 0), 0))
        for p in processes
    ]
