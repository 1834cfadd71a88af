"""The processes of a trace: who ran what, whose child it was, how it ended."""

import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
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


def split_argv(data: bytes) -> list[str]:
    """An argument list as in /proc/PID/cmdline, each argument ending with NUL."""
    if not data:
        return []
    return data.removesuffix(b"\0").decode("utf-8", "surrogateescape").split("\0")


def from_rows(rows: Iterable["ProcessRow"]) -> list[Process]:
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
