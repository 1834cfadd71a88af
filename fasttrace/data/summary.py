"""What a run's system calls add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from fasttrace._tally import Tally
from fasttrace.data.counts import Counts
from fasttrace.data.processes import Process, with_calls
from fasttrace.data.run_info import About, RunInfo
from fasttrace.syscalls.names import abi_name

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    from typing_extensions import Unpack

    from fasttrace._tally import Row
    from fasttrace.data.difference import Difference
    from fasttrace.syscalls.sets import Calls

ByKey: TypeAlias = Literal["pid", "comm", "abi"]
T = TypeVar("T")


class Summary(Counts):
    """Calls, errors and times per syscall, of a live session or of a Trace.

    info: what is known besides, which argv, exit_status, engine (see `fallbacks` too), wall_ns,
    lost, finished and results show one by one; see `RunInfo`. about: what differs from it.
    processes: a list, or a function that makes it when it is first wanted.

        >>> from fasttrace.data.summary import Summary
        >>> Summary().total_calls
        0
    """

    @classmethod
    def from_tally(cls, tally: Tally, **about: Unpack[About]) -> Summary:
        """A Summary over a tally, which nobody may change afterwards; `about` as for Summary()."""
        return cls(tally, **about)

    @cached_property
    def by_process(self) -> bool:
        """Whether it was counted per process, so that `by("pid")` can tell them apart."""
        if self._by_process is not None:
            return self._by_process
        return all(row.pid or row.serial for row in self._rows)

    def _with(self, tally: Tally, processes: Iterable[Process]) -> Summary:
        return Summary(tally, self.info, processes=processes, by_process=self._by_process)

    def _part(self, indices: Iterable[int], processes: Iterable[Process]) -> Summary:
        """Some of the rows, with the calls of the processes counted again."""
        part = Tally()
        calls: Counter[tuple[int, int]] = Counter()
        for i in indices:
            row = self._rows[i]
            part.add_row(self._tally, i, row.pid, row.serial, row.abi, row.nr)
            calls[row.pid, row.serial] += row.calls
        return self._with(part, with_calls(processes, calls) if self.by_process else ())

    def _process_of(self) -> Callable[[Row], Process]:
        """The process that a row is of; one without calls or name for a pid that is not known."""
        by_serial = {(p.pid, p.serial): p for p in self.processes}
        by_pid = {p.pid: p for p in self.processes}

        def process_of(row: Row) -> Process:
            found = by_serial.get((row.pid, row.serial)) or by_pid.get(row.pid)
            return found or Process(row.pid, serial=row.serial)

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
        selection = None
        if syscall is not None:
            from fasttrace.syscalls.sets import selection_of

            selection = selection_of(syscall)
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
            chosen = {(row.pid, row.serial) for row in self._rows if wanted(process_of(row))}
        return self._part(
            (
                i
                for i, row in enumerate(self._rows)
                if (chosen is None or (row.pid, row.serial) in chosen)
                and (selection is None or selection.contains(row.nr, row.abi))
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
                groups.setdefault(abi_name(row.abi), []).append(i)
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
        return merge_summaries([self, other])

    def __radd__(self, other: object) -> Summary:
        """So that sum() works."""
        return self if other == 0 else NotImplemented

    def __sub__(self, other: Summary) -> Difference:
        """What this one has more than the other, and less: see `Difference`."""
        if not isinstance(other, Summary):
            return NotImplemented
        from fasttrace.data.difference import Difference

        return Difference.of(self, other)

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow.Table with a row for each syscall: see `fasttrace.data.export.counted`.
        MissingExtra: pyarrow is not installed."""
        from fasttrace.data.export.counted import to_arrow

        return to_arrow(self.syscalls, self.info)

    def to_pandas(self) -> pandas.DataFrame:
        """The same as a pandas.DataFrame."""
        from fasttrace.data.export.counted import to_pandas

        return to_pandas(self.syscalls)

    def to_polars(self) -> polars.DataFrame:
        """The same as a polars.DataFrame."""
        from fasttrace.data.export.counted import to_polars

        return to_polars(self.syscalls)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """The Arrow PyCapsule protocol."""
        table: Any = self.to_arrow()
        return table.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        from fasttrace.data.export.counted import schema

        made: Any = schema(self.info)
        return made.__arrow_c_schema__()

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
        from fasttrace.data.summary_table import summary_table

        return summary_table(self)

    def _repr_html_(self) -> str:
        from fasttrace.data.html import summary_html

        return summary_html(self)

    def __repr__(self) -> str:
        failed = "?" if self.total_errors is None else self.total_errors
        return (
            f"<Summary of {self.argv or 'a process'}: {self.total_calls} calls of "
            f"{len(self._by_name)} kinds, {failed} failed>"
        )


def merge_summaries(summaries: Sequence[Summary]) -> Summary:
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
        found[key] = process._replace(calls=process.calls + (same.calls if same else 0))
    processes = [
        found[pid, start_ns]._replace(serial=serial)
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
                pid, serial = row.pid, serials.get((process.pid, process.start_ns), 0)
            total.add_row(s._tally, i, pid, serial, row.abi, row.nr)
    info = RunInfo(
        argv=_agreed((s.argv for s in summaries), []),
        exit_status=_agreed((s.exit_status for s in summaries), None),
        engine=_agreed((s.engine for s in summaries), "mixed"),
        wall_ns=max((s.wall_ns for s in summaries), default=0),
        lost=sum(s.lost for s in summaries),
        finished=all(s.finished for s in summaries),
        results=all(s.results for s in summaries),
        host=_agreed((s.host for s in summaries), ""),
    )
    return Summary(total, info, processes=processes, by_process=by_process)


def _agreed(values: Iterable[T], otherwise: T) -> T:
    """The value that all have; once there was a difference it must stay one in later merges."""
    distinct = list(values)
    return distinct[0] if distinct and all(v == distinct[0] for v in distinct) else otherwise
