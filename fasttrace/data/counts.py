"""What was counted, per system call: calls, errors, times."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttrace._tally import SHARED_NR, STRANGERS_MAX, Tally, hist_low
from fasttrace.data.processes import Process, fallbacks
from fasttrace.data.run_info import NOTHING_KNOWN, About, OfRun, RunInfo
from fasttrace.syscalls.errnos import errno_name
from fasttrace.syscalls.names import abi_name, call_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Unpack

    from fasttrace._tally import Row
    from fasttrace.data.histogram import Histogram


class SyscallStats(NamedTuple):
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
        entry = self._asdict()
        del entry["finished"], entry["abis"]
        return entry


class Counts(OfRun):
    """The part of `Summary` that only tells what was counted, without parts and sums of it."""

    def __init__(
        self,
        tally: Tally | None = None,
        info: RunInfo = NOTHING_KNOWN,
        *,
        processes: Iterable[Process] | Callable[[], Iterable[Process]] = (),
        by_process: bool | None = None,
        **about: "Unpack[About]",
    ) -> None:
        self._tally = Tally() if tally is None else tally
        self._given = processes if callable(processes) else list(processes)
        self.info = info._replace(**about)
        self._by_process = by_process

    def __getstate__(self) -> dict[str, Any]:
        return {
            "_tally": self._tally,
            "_given": self.processes,
            "info": self.info,
            "_by_process": self._by_process,
        }

    def __eq__(self, other: object) -> bool:
        """Whether the same was counted of the same run: `info`, `processes`, and of each syscall,
        and process, calls, errors by errno, and times with their histogram."""
        if not isinstance(other, Counts):
            return NotImplemented
        return (
            self.info._replace(argv=self.argv) == other.info._replace(argv=other.argv)
            and self.processes == other.processes
            and self._counted() == other._counted()
        )

    def __hash__(self) -> int:
        return hash((self.total_calls, self.wall_ns, self.exit_status))

    def _counted(self) -> dict[tuple[int, ...], tuple[Any, ...]]:
        """By process and syscall."""
        return {
            (row.pid, row.serial, row.abi, row.nr): (*row[4:], self._tally.hist(i))
            for i, row in enumerate(self._rows)
        }

    @cached_property
    def processes(self) -> list[Process]:
        """The processes counted, each with the number of its calls."""
        return list(self._given()) if callable(self._given) else self._given

    @property
    def fallbacks(self) -> dict[str, int]:
        """Why processes were not traced inline, and how many; see docs/inline.md."""
        return fallbacks(self.processes)

    @cached_property
    def _rows(self) -> "list[Row]":
        return self._tally.rows()

    @property
    def rows(self) -> "Sequence[Row]":
        """What has been counted by number and ABI, and of a summary by process also by that."""
        return self._rows

    @cached_property
    def _by_name(self) -> dict[str, tuple[Tally, int, tuple[str, ...]]]:
        """Of each name the tally and the row there that has all its calls, and the ABIs."""
        sources: dict[str, list[int]] = {}
        strangers = sum(not 0 <= row.nr <= SHARED_NR for row in self._rows)
        for i, row in enumerate(self._rows):
            name = call_name(row.nr, row.abi)
            if row.nr == SHARED_NR and strangers == STRANGERS_MAX:
                name += "+"
            sources.setdefault(name, []).append(i)
        total = Tally()
        found: dict[str, tuple[Tally, int, tuple[str, ...]]] = {}
        for name, indices in sources.items():
            abis = sorted({self._rows[i].abi for i in indices})
            names = tuple(abi_name(abi) for abi in abis)
            if len(indices) == 1:
                found[name] = self._tally, indices[0], names
                continue
            first = self._rows[indices[0]]
            for i in indices:
                total.add_row(self._tally, i, 0, 0, first.abi, first.nr)
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
            row = rows[i]
            known = row.finished and self.results
            entries.append(
                SyscallStats(
                    name=name,
                    calls=row.calls,
                    errors=row.errors if known else None,
                    total_ns=row.total_ns if known else None,
                    min_ns=row.min_ns if known else None,
                    p50_ns=tally.percentile(i, 0.50) if known else None,
                    p99_ns=tally.percentile(i, 0.99) if known else None,
                    max_ns=row.max_ns if known else None,
                    errnos={
                        errno_name(number): count
                        for number, count in sorted(row.errnos.items(), key=lambda e: (-e[1], e[0]))
                        if known
                    },
                    finished=row.finished if self.results else 0,
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
        return sum(row.calls for row in self._rows)

    @cached_property
    def total_errors(self) -> int | None:
        """None: calls were made, but of none of them is known how it ended."""
        if self._rows and not (self.results and any(row.finished for row in self._rows)):
            return None
        return sum(row.errors for row in self._rows)

    @cached_property
    def table(self) -> "npt.NDArray[np.void]":
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

    def histogram(self, name: str) -> "Histogram":
        """Finished calls by duration: smallest duration in ns of a bucket to count, ascending; a
        dict that prints as bars, and that notebooks draw.

        Buckets are exact below 64 ns, then 32 to a power of two. KeyError: it was never called.
        """
        tally, i, _ = self._by_name[name]
        from fasttrace.data.histogram import Histogram

        counts = {hist_low(bucket): count for bucket, count in tally.hist(i).items()}
        return Histogram(name, counts)
