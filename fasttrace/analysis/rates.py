"""What happens now: two summaries of a run that goes on, taken one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fasttrace.data.counts import SyscallStats
from fasttrace.data.processes import Process
from fasttrace.data.summary import Summary


class Totals(NamedTuple):
    """Of the calls of one kind, since the start; times in ns, None where no call has finished."""

    label: str
    calls: int
    errors: int
    finished: int
    total_ns: int
    p50_ns: int | None = None
    p99_ns: int | None = None
    max_ns: int | None = None
    ended: str = ""
    """Of a process: how."""


class Rate(NamedTuple):
    """The same, and what it was in the time between the two summaries."""

    key: str
    totals: Totals
    calls_per_s: float
    errors_per_s: float
    share: float
    """Of the time that passed, how much went by in such calls; above 1 if tasks do so at once."""
    avg_ns: int | None
    """Of the calls that finished meanwhile."""


View = Callable[[Summary], Mapping[str, Totals]]


def by_syscall(summary: Summary) -> dict[str, Totals]:
    """By name."""
    return {stats.name: _of_stats(stats.name, stats) for stats in summary.syscalls}


def by_process(summary: Summary) -> dict[str, Totals]:
    """By pid. The summary is one by process."""
    last: dict[int, Process] = {process.pid: process for process in summary.processes}
    sums: dict[int, list[int]] = {}
    # Of thousands of processes, several times a second: no Summary for each.
    for row in summary.rows:
        total = sums.setdefault(row.pid, [0] * 5)
        total[0] += row.calls
        if summary.results:
            total[1] += row.errors
            total[2] += row.finished
            total[3] += row.total_ns
            total[4] = max(total[4], row.max_ns)
    return {
        str(pid): _of_process(last.get(pid) or Process(pid), *total) for pid, total in sums.items()
    }


def _of_process(
    process: Process, calls: int, errors: int, finished: int, total_ns: int, max_ns: int
) -> Totals:
    return Totals(
        process.comm or "?",
        calls,
        errors,
        finished,
        total_ns,
        max_ns=max_ns if finished else None,
        ended=_ended(process),
    )


def of_process(pid: int) -> View:
    """The syscalls of one process."""
    return lambda summary: by_syscall(summary.where(pid=pid))


def of_syscall(name: str) -> View:
    """The processes that make one syscall."""
    return lambda summary: by_process(summary.where(syscall=name))


def rates(before: Summary | None, after: Summary, seconds: float, view: View) -> list[Rate]:
    """before: None for all that there was so far. seconds: between the two."""
    earlier = view(before) if before is not None else {}
    nothing = Totals("", 0, 0, 0, 0)
    return [_rate(key, now, earlier.get(key, nothing), seconds) for key, now in view(after).items()]


def _rate(key: str, now: Totals, before: Totals, seconds: float) -> Rate:
    finished, took_ns = now.finished - before.finished, now.total_ns - before.total_ns
    per_s = 1 / seconds if seconds > 0 else 0.0
    return Rate(
        key,
        now,
        max(now.calls - before.calls, 0) * per_s,
        max(now.errors - before.errors, 0) * per_s,
        max(took_ns, 0) * per_s / 1e9,
        took_ns // finished if finished > 0 else None,
    )


def _of_stats(label: str, stats: SyscallStats) -> Totals:
    return Totals(
        label,
        stats.calls,
        stats.errors or 0,
        stats.finished,
        stats.total_ns or 0,
        stats.p50_ns,
        stats.p99_ns,
        stats.max_ns,
    )


def _ended(process: Process) -> str:
    status = process.exit_status
    if status is None:
        return ""
    return f"exit {status}" if status >= 0 else f"signal {-status}"
