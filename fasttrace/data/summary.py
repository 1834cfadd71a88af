"""What a run's system calls add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from fasttrace._tally import SHARED_NR, STRANGERS_MAX, Tally, hist_low
from fasttrace.data.calls import Calls, abi_name, call_name, selection_of
from fasttrace.data.events import errno_name
from fasttrace.data.processes import Process, fallbacks, with_calls

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fasttrace._tally import Row

ByKey: TypeAlias = Literal["pid", "comm", "abi"]
T = TypeVar("T")


@dataclass(slots=True)
class SyscallStats:
    """The calls of one name. Times are wall times of calls that finished, in ns.

    errors and times are None where no call has finished, as exit never does, and without results
    (see `Tracer`). p50_ns and p99_ns are nearest-rank percentiles, right to 1/32. errnos:
    errno name to count, the most frequent first. abis: where the calls were made by more than one
    ABI they count together.
    """

    name: str
    calls: int
    errors: int | None
    total_ns: int | None
    min_ns: int | None
    p50_ns: int | None
    p99_ns: int | None
    max_ns: int | None
    errnos: dict[str, int]
    finished: int
    abis: tuple[str, ...]

    @property
    def avg_ns(self) -> int | None:
        return None if self.total_ns is None else self.total_ns // self.finished

    def to_dict(self) -> dict[str, Any]:
        """The keys of `fasttrace summary --json`."""
        entry = asdict(self)
        del entry["finished"], entry["abis"]
        return entry


class Summary:
    """Calls, errors and times per syscall, of a live session or of a Trace.

    argv: the command, empty for an attached process. exit_status: as subprocess has it, or None.
    engine: what recorded it; see `fallbacks` too. wall_ns: how long the recording took. processes:
    a list, or a function that makes it when it is first wanted. lost: events missing, always 0
    unless a disk was full. finished: False if the recorder was killed, or still runs. results:
    False if only the calls were recorded, so that nothing is known of errors and times.

        >>> from fasttrace.data.summary import Summary
        >>> Summary().total_calls
        0
    """

    def __init__(
        self,
        tally: Tally | None = None,
        *,
        processes: Iterable[Process] | Callable[[], Iterable[Process]] = (),
        argv: Sequence[str] = (),
        exit_status: int | None = None,
        engine: str = "",
        wall_ns: int = 0,
        lost: int = 0,
        finished: bool = True,
        results: bool = True,
        by_process: bool | None = None,
    ) -> None:
        self._tally = Tally() if tally is None else tally
        self._given = processes if callable(processes) else list(processes)
        self.argv = list(argv)
        self.exit_status = exit_status
        self.engine = engine
        self.wall_ns = wall_ns
        self.lost = lost
        self.finished = finished
        self.results = results
        self._by_process = by_process

    @classmethod
    def from_tally(cls, tally: Tally, **about: Any) -> Summary:
        """A Summary over a tally, which nobody may change afterwards; `about` as for Summary()."""
        return cls(tally, **about)

    @cached_property
    def processes(self) -> list[Process]:
        """The processes counted, each with the number of its calls."""
        return list(self._given()) if callable(self._given) else self._given

    @property
    def fallbacks(self) -> dict[str, int]:
        """Why processes were not traced inline, and how many; see docs/inline.md."""
        return fallbacks(self.processes)

    @cached_property
    def _rows(self) -> list[Row]:
        return self._tally.rows()

    @cached_property
    def by_process(self) -> bool:
        """Whether it was counted per process, so that `by("pid")` can tell them apart."""
        if self._by_process is not None:
            return self._by_process
        return all(row[0] or row[1] for row in self._rows)

    @cached_property
    def _by_name(self) -> dict[str, tuple[Tally, int, tuple[str, ...]]]:
        """Of each name the tally and the row there that has all its calls, and the ABIs."""
        sources: dict[str, list[int]] = {}
        strangers = sum(not 0 <= row[3] <= SHARED_NR for row in self._rows)
        for i, row in enumerate(self._rows):
            name = call_name(row[3], row[2])
            if row[3] == SHARED_NR and strangers == STRANGERS_MAX:
                name += "+"
            sources.setdefault(name, []).append(i)
        total = Tally()
        found: dict[str, tuple[Tally, int, tuple[str, ...]]] = {}
        for name, indices in sources.items():
            abis = sorted({self._rows[i][2] for i in indices})
            names = tuple(abi_name(abi) for abi in abis)
            if len(indices) == 1:
                found[name] = self._tally, indices[0], names
                continue
            _, _, abi, nr, *_ = self._rows[indices[0]]
            for i in indices:
                total.add_row(self._tally, i, 0, 0, abi, nr)
            found[name] = total, len(total) - 1, names
        return found

    @cached_property
    def syscalls(self) -> list[SyscallStats]:
        """One entry per syscall name, the greatest total time first."""
        entries = []
        merged: dict[int, list[Row]] = {id(self._tally): self._rows}
        for name, (tally, i, abis) in self._by_name.items():
            rows = merged.get(id(tally))
            if rows is None:
                rows = merged[id(tally)] = tally.rows()
            _, _, _, _, calls, finished, errors, total_ns, min_ns, max_ns, errnos = rows[i]
            known = finished and self.results
            entries.append(
                SyscallStats(
                    name=name,
                    calls=calls,
                    errors=errors if known else None,
                    total_ns=total_ns if known else None,
                    min_ns=min_ns if known else None,
                    p50_ns=tally.percentile(i, 0.50) if known else None,
                    p99_ns=tally.percentile(i, 0.99) if known else None,
                    max_ns=max_ns if known else None,
                    errnos={
                        errno_name(number): count
                        for number, count in sorted(errnos.items(), key=lambda e: (-e[1], e[0]))
                        if known
                    },
                    finished=finished if self.results else 0,
                    abis=abis,
                )
            )
        entries.sort(key=lambda s: (-(s.total_ns or 0), -s.calls, s.name))
        return entries

    @cached_property
    def calls(self) -> Counter[str]:
        """Calls by syscall name; 0 for what was never called."""
        return Counter({s.name: s.calls for s in self.syscalls})

    @cached_property
    def errors(self) -> Counter[str]:
        """Failed calls by syscall name, of those with any."""
        return Counter({s.name: s.errors for s in self.syscalls if s.errors})

    @cached_property
    def total_calls(self) -> int:
        return sum(row[4] for row in self._rows)

    @cached_property
    def total_errors(self) -> int | None:
        """None: calls were made, but of none of them is known how it ended."""
        if self._rows and not (self.results and any(row[5] for row in self._rows)):
            return None
        return sum(row[6] for row in self._rows)

    @cached_property
    def table(self) -> npt.NDArray[np.void]:
        """One row per syscall, in the order of `syscalls`: name <U, then <u8 each: calls, finished,
        errors, total_ns, min_ns, avg_ns, p50_ns, p99_ns, max_ns; the latter are 0 where finished is
        0, and mean nothing then."""
        import numpy as np

        width = max((len(s.name) for s in self.syscalls), default=1)
        times = ("total_ns", "min_ns", "avg_ns", "p50_ns", "p99_ns", "max_ns")
        columns = ("calls", "finished", "errors", *times)
        return np.array(
            [(s.name, *(getattr(s, column) or 0 for column in columns)) for s in self.syscalls],
            dtype=[("name", f"<U{width}"), *((column, "<u8") for column in columns)],
        )

    def percentile(self, name: str, q: float) -> int:
        """Nearest-rank percentile of a syscall's durations in ns, 0 < q <= 1.

        KeyError: it was never called.
        """
        tally, i, _ = self._by_name[name]
        return tally.percentile(i, q)

    def histogram(self, name: str) -> dict[int, int]:
        """Finished calls by duration: smallest duration in ns of a bucket to count, ascending.

        Buckets are exact below 64 ns, then 32 to a power of two. KeyError: it was never called.
        """
        tally, i, _ = self._by_name[name]
        return {hist_low(bucket): count for bucket, count in tally.hist(i).items()}

    def _with(self, tally: Tally, processes: Iterable[Process]) -> Summary:
        return Summary(
            tally,
            processes=processes,
            argv=self.argv,
            exit_status=self.exit_status,
            engine=self.engine,
            wall_ns=self.wall_ns,
            lost=self.lost,
            finished=self.finished,
            results=self.results,
            by_process=self._by_process,
        )

    def _part(self, indices: Iterable[int], processes: Iterable[Process]) -> Summary:
        """Some of the rows, with the calls of the processes counted again."""
        part = Tally()
        calls: Counter[tuple[int, int]] = Counter()
        for i in indices:
            pid, serial, abi, nr, count, *_ = self._rows[i]
            part.add_row(self._tally, i, pid, serial, abi, nr)
            calls[pid, serial] += count
        return self._with(part, with_calls(processes, calls) if self.by_process else ())

    def _process_of(self) -> Callable[[Row], Process]:
        """The process that a row is of; one without calls or name for a pid that is not known."""
        by_serial = {(p.pid, p.serial): p for p in self.processes}
        by_pid = {p.pid: p for p in self.processes}

        def process_of(row: Row) -> Process:
            found = by_serial.get((row[0], row[1])) or by_pid.get(row[0])
            return found or Process(row[0], serial=row[1])

        return process_of

    def _need_processes(self, wanted: str) -> None:
        if not self.by_process:
            raise ValueError(
                f"this summary was not counted per process, so there is no {wanted} in it; "
                "count with by_process=True (CLI: --by pid), or summarise a Trace"
            )

    def where(
        self,
        syscall: Calls | None = None,
        *,
        pid: int | Iterable[int] | None = None,
        comm: str | Iterable[str] | None = None,
    ) -> Summary:
        """The part of the counts that all conditions given choose.

        syscall: as in `Trace.where`. pid, comm: one or several; only for a summary by process
        (ValueError). `processes` is what pid and comm leave, calls counted again; of a summary not
        by process it becomes empty, because nobody knows whose calls are left.
        """
        selection = None if syscall is None else selection_of(syscall)
        processes = self.processes
        chosen: set[tuple[int, int]] | None = None
        if pid is not None or comm is not None:
            self._need_processes("pid" if pid is not None else "comm")
            pids = None if pid is None else {pid} if isinstance(pid, int) else set(pid)
            comms = None if comm is None else {comm} if isinstance(comm, str) else set(comm)

            def wanted(p: Process) -> bool:
                return (pids is None or p.pid in pids) and (comms is None or p.comm in comms)

            processes = [p for p in processes if wanted(p)]
            process_of = self._process_of()
            chosen = {(row[0], row[1]) for row in self._rows if wanted(process_of(row))}
        return self._part(
            (
                i
                for i, row in enumerate(self._rows)
                if (chosen is None or (row[0], row[1]) in chosen)
                and (selection is None or selection.contains(row[3], row[2]))
            ),
            processes,
        )

    @overload
    def by(self, key: Literal["pid"]) -> dict[int, Summary]: ...
    @overload
    def by(self, key: Literal["comm", "abi"]) -> dict[str, Summary]: ...
    def by(self, key: ByKey) -> dict[int, Summary] | dict[str, Summary]:
        """A Summary for each "pid", "comm" (name of the program run last) or "abi".

        ValueError: another key, or a summary that was not counted per process ("pid", "comm").
        """
        groups: dict[Any, list[int]] = {}
        members: dict[Any, list[Process]] = {}
        if key == "abi":
            for i, row in enumerate(self._rows):
                groups.setdefault(abi_name(row[2]), []).append(i)
            return {abi: self._part(indices, self.processes) for abi, indices in groups.items()}
        if key not in ("pid", "comm"):
            raise ValueError(f'no summary by {key!r}: by "pid", "comm" or "abi"')
        self._need_processes(key)
        process_of = self._process_of()
        for process in self.processes:
            members.setdefault(getattr(process, key), []).append(process)
        for i, row in enumerate(self._rows):
            groups.setdefault(getattr(process_of(row), key), []).append(i)
        return {
            value: self._part(indices, members.get(value, ())) for value, indices in groups.items()
        }

    def __add__(self, other: Summary) -> Summary:
        if not isinstance(other, Summary):
            return NotImplemented
        return merge([self, other])

    def __radd__(self, other: object) -> Summary:
        """So that sum() works."""
        return self if other == 0 else NotImplemented

    def to_dict(self) -> dict[str, Any]:
        """What `fasttrace summary --json` prints."""
        return {
            "argv": self.argv,
            "exit_status": self.exit_status,
            "engine": self.engine,
            "fallbacks": self.fallbacks,
            "wall_ns": self.wall_ns,
            "total_calls": self.total_calls,
            "total_errors": self.total_errors,
            "lost": self.lost,
            "finished": self.finished,
            "syscalls": [s.to_dict() for s in self.syscalls],
            "processes": [p.to_dict() for p in self.processes],
        }

    def to_json(self, *, indent: int | None = None) -> str:
        import json

        return json.dumps(self.to_dict(), indent=indent)

    def __str__(self) -> str:
        from fasttrace.report.summary_table import summary_table

        return summary_table(self)

    def __repr__(self) -> str:
        failed = "?" if self.total_errors is None else self.total_errors
        return (
            f"<Summary of {self.argv or 'a process'}: {self.total_calls} calls of "
            f"{len(self._by_name)} kinds, {failed} failed>"
        )


def merge(summaries: Sequence[Summary]) -> Summary:
    """One Summary of several: parts of one trace, or runs. Exact, histograms included.

    The same process in several of them (same pid and start) becomes one. The result is by process
    if all are. argv, exit_status and engine are kept where all agree; wall_ns is that of the
    longest, which parts of one trace share; lost is the sum.
    """
    by_process = all(s.by_process for s in summaries)
    found: dict[tuple[int, int], Process] = {}
    for process in (p for s in summaries for p in s.processes):
        key = process.pid, process.start_ns
        same = found.get(key)
        found[key] = replace(process, calls=process.calls + (same.calls if same else 0))
    processes = [
        replace(found[pid, start_ns], serial=serial)
        for serial, (start_ns, pid) in enumerate(sorted((s, p) for p, s in found), 1)
    ]
    serials = {(p.pid, p.start_ns): p.serial for p in processes}
    total = Tally()
    for s in summaries:
        process_of = s._process_of()
        for i, row in enumerate(s._rows):
            pid = serial = 0
            if by_process:
                process = process_of(row)
                pid, serial = row[0], serials.get((process.pid, process.start_ns), 0)
            total.add_row(s._tally, i, pid, serial, row[2], row[3])
    return Summary(
        total,
        processes=processes,
        argv=_agreed((s.argv for s in summaries), []),
        exit_status=_agreed((s.exit_status for s in summaries), None),
        engine=_agreed((s.engine for s in summaries), "mixed"),
        wall_ns=max((s.wall_ns for s in summaries), default=0),
        lost=sum(s.lost for s in summaries),
        finished=all(s.finished for s in summaries),
        results=all(s.results for s in summaries),
        by_process=by_process,
    )


def _agreed(values: Iterable[T], otherwise: T) -> T:
    """The value that all have; once there was a difference it must stay one in later merges."""
    distinct = list(values)
    return distinct[0] if distinct and all(v == distinct[0] for v in distinct) else otherwise
