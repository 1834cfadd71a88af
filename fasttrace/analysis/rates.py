"""What happens now: what a run that goes on has counted, asked twice, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from fasttrace.data.counts import SyscallStats
from fasttrace.data.processes import Process
from fasttrace.data.summary import Summary
from fasttrace.syscalls.names import call_name
from fasttrace.text.ended import program_end

if TYPE_CHECKING:
    from fasttrace.data.followed_files import FileRows, Sums


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
    """The same, and what it was in the time between the two."""

    key: str
    totals: Totals
    calls_per_s: float
    errors_per_s: float
    share: float
    """Of the time that passed, how much went by in such calls; above 1 if tasks do so at once."""
    avg_ns: int | None
    """Of the calls that finished meanwhile."""


class Moment:
    """What has been counted up to then, and what was asked of that.

    summary: by process. files: None where they are not followed.
    """

    def __init__(self, summary: Summary, files: FileRows | None = None) -> None:
        self.summary = summary
        self.files = files
        self._seen: dict[View, Mapping[str, Totals]] = {}

    def seen(self, view: View) -> Mapping[str, Totals]:
        """A view of it, which is made once."""
        made = self._seen.get(view)
        if made is None:
            made = self._seen[view] = view(self)
        return made


View = Callable[[Moment], Mapping[str, Totals]]


def by_syscall(moment: Moment) -> dict[str, Totals]:
    """By name."""
    return _syscalls_of(moment.summary)


def _syscalls_of(summary: Summary) -> dict[str, Totals]:
    return {stats.name: _of_stats(stats.name, stats) for stats in summary.syscalls}


def by_process(moment: Moment) -> dict[str, Totals]:
    """By pid."""
    return _processes_of(moment.summary)


def _processes_of(summary: Summary) -> dict[str, Totals]:
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
    return lambda moment: _syscalls_of(moment.summary.where(pid=pid))


def of_syscall(name: str) -> View:
    """The processes that make one syscall."""
    return lambda moment: _processes_of(moment.summary.where(syscall=name))


def by_file(moment: Moment) -> dict[str, Totals]:
    """By the places of paths, which stay what they are."""
    files = moment.files
    if files is None:
        return {}
    sums = files.sums("path")
    return {str(place): _of_sums(files.label(place), one) for place, one in sums.items()}


def of_file(place: int) -> View:
    """The syscalls that have to do with one file."""

    def view(moment: Moment) -> dict[str, Totals]:
        files = moment.files
        if files is None:
            return {}
        found: dict[str, Totals] = {}
        for call, sums in files.sums("call", path=place).items():
            name = _name(call)
            found[name] = _both(found.get(name), _of_sums(name, sums))
        return found

    return view


def of_file_and_syscall(place: int, name: str) -> View:
    """The processes that call that with one file, without those that are told as one."""

    def view(moment: Moment) -> dict[str, Totals]:
        files = moment.files
        if files is None:
            return {}

        from fasttrace.data.followed_files import EARLIER

        calls = [call for call in files.sums("call", path=place) if _name(call) == name]
        last = {process.pid: process for process in moment.summary.processes}
        found = {}
        for pid, sums in files.sums("pid", path=place, calls=calls).items():
            if pid == EARLIER:
                continue
            process = last.get(pid) or Process(pid)
            total = _of_sums(process.comm or "?", sums)
            found[str(pid)] = total._replace(ended=_ended(process))
        return found

    return view


def _name(call: int) -> str:
    return call_name(call & 0xFFFFFFFF, call >> 32)


def _of_sums(label: str, sums: Sums) -> Totals:
    calls, errors, finished, total_ns, max_ns = sums
    return Totals(label, calls, errors, finished, total_ns, max_ns=max_ns if finished else None)


def _both(one: Totals | None, other: Totals) -> Totals:
    """Of two ABIs that call it alike."""
    if one is None:
        return other
    longest = [total.max_ns for total in (one, other) if total.max_ns is not None]
    return Totals(
        one.label,
        one.calls + other.calls,
        one.errors + other.errors,
        one.finished + other.finished,
        one.total_ns + other.total_ns,
        max_ns=max(longest, default=None),
    )


def rates(before: Moment | None, after: Moment, seconds: float, view: View) -> list[Rate]:
    """before: None for all that there was so far. seconds: between the two."""
    earlier = before.seen(view) if before is not None else {}
    nothing = Totals("", 0, 0, 0, 0)
    now = after.seen(view)
    return [_rate(key, one, earlier.get(key, nothing), seconds) for key, one in now.items()]


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
    return "" if status is None else program_end(status)
