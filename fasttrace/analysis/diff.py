"""How two traces differ, or two lots of them: calls, errors, programs and paths, and times."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import comb
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from fasttrace._tables import NR_MAX
from fasttrace.analysis.names import Names
from fasttrace.data import conditions
from fasttrace.data.export.call_tables import CALLS, paths_of_calls
from fasttrace.data.export.columns import Columns, Recorded
from fasttrace.data.export.words import utf8
from fasttrace.data.summary import Summary
from fasttrace.data.trace import Trace
from fasttrace.errors import FasttraceError
from fasttrace.syscalls.names import call_name

Runs: TypeAlias = "Trace | Sequence[Trace]"

_AT_ONCE = 1 << 17  # events
LIKELY = 0.05  # a difference of times that is more often chance is not called one


class Change(NamedTuple):
    """Something that there is more or less of.

    name: of what is counted. before, after: how many, one number a run.
    """

    name: tuple[str, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def kind(self) -> str:
        """ "new", "gone", "more", "fewer", or "same": also where runs of the same side differ as
        much as the sides."""
        if min(self.after) > max(self.before):
            return "more" if any(self.before) else "new"
        if max(self.after) < min(self.before):
            return "fewer" if any(self.after) else "gone"
        return "same"

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": list(self.name),
            "kind": self.kind,
            "before": list(self.before),
            "after": list(self.after),
        }


class Timing(NamedTuple):
    """What a call of a name takes: the medians of each run, in ns.

    p: how likely chance alone makes runs differ so, by the Mann-Whitney test (two-sided, exact for
    few runs); None: there are too few runs to tell, or scipy is not there.
    """

    name: str
    before_ns: tuple[int, ...]
    after_ns: tuple[int, ...]
    p: float | None

    @property
    def ratio(self) -> float:
        """The middle run after over the middle run before."""
        return middle(self.after_ns) / max(middle(self.before_ns), 1)

    @property
    def differs(self) -> bool:
        """Whether it is more than chance."""
        return self.p is not None and self.p <= LIKELY

    def to_dict(self) -> dict[str, Any]:
        return {
            **self._asdict(),
            "ratio": round(self.ratio, 4),
            "differs": self.differs,
        }


class Difference(NamedTuple):
    """What `diff` has found. runs: how many before and after. totals: calls, errors, processes.

    syscalls, errors (call and errno), programs (by the name that a process had last; how many),
    paths (call and path) are those that differ, the greatest difference first. times: of the calls
    that all runs have.
    """

    runs: tuple[int, int]
    totals: list[Change]
    syscalls: list[Change]
    errors: list[Change]
    programs: list[Change]
    paths: list[Change]
    times: list[Timing]

    def __bool__(self) -> bool:
        """Whether there is any: more than chance, as for times."""
        changes = self.syscalls or self.errors or self.programs or self.paths
        return bool(changes) or any(timing.differs for timing in self.times)

    def to_dict(self) -> dict[str, Any]:
        """What `fasttrace diff --json` prints."""
        lists = ("totals", "syscalls", "errors", "programs", "paths", "times")
        return {
            "runs": list(self.runs),
            **{name: [one.to_dict() for one in getattr(self, name)] for name in lists},
        }


class _Counted(NamedTuple):
    """One run."""

    summary: Summary
    totals: Counter[tuple[str, ...]]
    syscalls: Counter[tuple[str, ...]]
    errors: Counter[tuple[str, ...]]
    programs: Counter[tuple[str, ...]]
    paths: Counter[tuple[str, ...]]


def diff(before: Runs, after: Runs, *, syscall: str | None = None) -> Difference:
    """How `after` differs from `before`: a Trace each, or several runs of the same thing.

    With several runs what differs from run to run is no difference, and times have a significance
    (with four or more on each side; `pip install 'fasttrace[stats]'`). Pids and temporary names in
    paths are taken for the same; addresses and times of the clock are not compared. syscall: only
    these calls, as in `Trace.where`. FasttraceError: no trace on one side.
    """
    sides = [[_counted(t, syscall) for t in _several(runs)] for runs in (before, after)]
    if not all(sides):
        raise FasttraceError("nothing to compare with: give at least one trace on each side")
    first, second = sides
    changes = {
        name: _changes([getattr(c, name) for c in first], [getattr(c, name) for c in second])
        for name in _Counted._fields[2:]
    }
    keys = [("calls",), ("errors",), ("processes",)]
    totals = [
        Change(key, tuple(c.totals[key] for c in first), tuple(c.totals[key] for c in second))
        for key in keys
    ]
    times = _timings([c.summary for c in first], [c.summary for c in second])
    return Difference((len(first), len(second)), totals, times=times, **changes)


def _several(runs: Runs) -> Sequence[Trace]:
    return [runs] if isinstance(runs, Trace) else runs


def _counted(trace: Trace, syscall: str | None) -> _Counted:
    chosen = trace if syscall is None else trace.where(syscall=syscall)
    summary = chosen.summary()
    errors: Counter[tuple[str, ...]] = Counter()
    for stats in summary.syscalls:
        errors.update({(stats.name, errno): count for errno, count in stats.errnos.items()})
    processes = trace.processes
    return _Counted(
        summary,
        Counter(
            {
                ("calls",): summary.total_calls,
                ("errors",): summary.total_errors or 0,
                ("processes",): len(processes),
            }
        ),
        Counter({(name,): count for name, count in summary.calls.items()}),
        errors,
        Counter((process.comm,) for process in processes),
        _paths(chosen, _pids(chosen)),
    )


def _pids(trace: Trace) -> set[int]:
    tids = np.unique(trace.events["tid"]).tolist()
    return {process.pid for process in trace.processes} | set(tids)


def _paths(trace: Trace, pids: Iterable[int]) -> Counter[tuple[str, ...]]:
    """How often each call was given each path."""
    names, found = Names(pids), Counter[tuple[str, ...]]()
    recorded = Recorded(trace.events, trace.payload, (), trace.info)
    stream = np.ascontiguousarray(trace.payload).data
    columns = Columns(recorded, ["name", "path"])
    is_of_two = _calls_with_two_paths()
    for start in range(0, len(trace), _AT_ONCE):
        events = trace.events[start : start + _AT_ONCE]
        made = columns.take(start, start + _AT_ONCE)
        call, path = made["name"], made["path"]
        assert path.valid is not None
        assert call.words is not None
        assert path.words is not None
        number = events["abi"].astype(np.int64) * NR_MAX + events["nr"]
        several = path.valid & is_of_two[np.clip(number, 0, CALLS - 1)]
        rows = np.flatnonzero(path.valid & ~several)
        pairs = call.values[rows].astype(np.int64) << 32 | path.values[rows]
        alike, counts = np.unique(pairs, return_counts=True)
        for pair, count in zip(alike.tolist(), counts.tolist(), strict=True):
            text = path.words.string(pair & 0xFFFFFFFF)
            if text:
                found[call.words.string(pair >> 32), names.common(text)] += count
        for event in events[several]:
            for text in filter(None, conditions.paths_of(event, stream)):
                name = call_name(int(event["nr"]), int(event["abi"]))
                found[name, names.common(utf8(text))] += 1
    return found


def _calls_with_two_paths() -> npt.NDArray[np.bool_]:
    """By ABI and number: rename, link and the like, of which there are few."""
    arguments = np.frombuffer(paths_of_calls(), np.uint8)
    several: npt.NDArray[np.bool_] = arguments & (arguments - (arguments > 0)) != 0
    return several


def _changes(
    before: Sequence[Mapping[tuple[str, ...], int]], after: Sequence[Mapping[tuple[str, ...], int]]
) -> list[Change]:
    """What differs, the greatest difference first."""
    names = sorted({name for counts in (*before, *after) for name in counts})
    changes = (
        Change(
            name,
            tuple(counts.get(name, 0) for counts in before),
            tuple(counts.get(name, 0) for counts in after),
        )
        for name in names
    )
    return sorted(
        (change for change in changes if change.kind != "same"),
        key=lambda c: -abs(middle(c.after) - middle(c.before)),
    )


def _timings(before: Sequence[Summary], after: Sequence[Summary]) -> list[Timing]:
    medians: list[dict[str, list[int]]] = []
    for side in (before, after):
        found: dict[str, list[int]] = defaultdict(list)
        for summary in side:
            for stats in summary.syscalls:
                if stats.p50_ns is not None:
                    found[stats.name].append(stats.p50_ns)
        medians.append({name: ns for name, ns in found.items() if len(ns) == len(side)})
    first, second = medians
    timings = [
        Timing(name, tuple(first[name]), tuple(second[name]), _chance(first[name], second[name]))
        for name in sorted(first.keys() & second.keys())
    ]
    return sorted(timings, key=lambda t: (not t.differs, -abs(t.ratio - 1)))


def _chance(before: Sequence[int], after: Sequence[int]) -> float | None:
    # Three runs that all take longer than three others are chance in one of ten cases.
    if 2 / comb(len(before) + len(after), len(before)) > LIKELY:
        return None
    try:
        from scipy.stats import mannwhitneyu  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return None
    return float(mannwhitneyu(before, after).pvalue)


def middle(values: Sequence[int]) -> int:
    """Of several runs the one in the middle; of an even number the later of the two."""
    return sorted(values)[len(values) // 2]
