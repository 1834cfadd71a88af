"""Where the time of a run went: what the events of a trace prove, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes import (
    children,
    critical,
    files,
    futexes,
    lookups,
    pauses,
    readiness,
    repeats,
    small,
    streams,
    times,
)
from fasttrace.analysis.causes.descriptors import Descriptors
from fasttrace.analysis.causes.observed import Observed
from fasttrace.analysis.causes.streams import Streams
from fasttrace.analysis.finding import Finding, Why
from fasttrace.data.trace import Trace


def why(trace: Trace) -> Why:
    """Where the time of the run went: a list of `Finding`, what cost most first.

    Each is proved by events of the trace, its rows; what costs less than 1 ms, or 1 % of the time
    that the events span, is not told, so the list of a run where nothing is wrong is empty. What
    the kinds are, and from where on each is told: docs/why.md. It has `tasks` and `notes`, too: see
    `Why`.
    """
    seen = Observed(trace)
    if not trace.results:
        return Why(notes=[_NO_RESULTS], wall_ns=seen.wall_ns)
    asked = _Asked(seen)
    found = sorted(asked.findings(), key=lambda one: (-one.cost_ns, one.kind, one.title))
    tasks = times.of_tasks(seen, asked.is_wait)
    return Why(found, wall_ns=seen.wall_ns, tasks=tasks, notes=asked.notes())


_NO_RESULTS = "it was recorded without results, so how long calls took is not known"
_NO_LINKS = (
    "what the descriptors are that a process began with was not recorded, so pipes and sockets that"
    " came from outside the calls are not known: fasttrace record -y looks them up"
)


class _Asked:
    """All causes, and what they share."""

    def __init__(self, seen: Observed) -> None:
        self._seen = seen
        self._names = descriptors = Descriptors(seen)
        ends = Streams(seen, descriptors)
        self._children = children.waits(seen)
        self._streams = streams.waits(seen, descriptors, ends)
        self._ready = readiness.waits(seen, descriptors, ends)
        self._futexes = futexes.waits(seen)
        self._sleeps = pauses.sleeps(seen)
        self._signals = pauses.signals(seen)
        self._locks = pauses.locks(seen, descriptors)
        self._syncs = pauses.syncs(seen, descriptors)
        self._waits = [self._children, *self._streams, self._ready, self._futexes]
        self._restarts = pauses.restarts(seen, descriptors)
        self._waits += [self._sleeps, self._signals, self._locks, self._syncs, self._restarts]
        self.is_wait = np.zeros(len(seen), np.bool_)
        for some in self._waits:
            self.is_wait[some.rows] = True

    def findings(self) -> Iterator[Finding]:
        seen, descriptors = self._seen, self._names
        yield from children.findings(seen, self._children)
        yield from streams.findings(seen, descriptors, self._streams)
        yield from readiness.findings(seen, descriptors, self._ready)
        yield from futexes.findings(seen, self._futexes)
        yield from pauses.sleep_findings(seen, self._sleeps)
        yield from pauses.signal_findings(seen, self._signals)
        yield from pauses.named_findings(seen, descriptors, self._locks, "lock")
        yield from pauses.named_findings(seen, descriptors, self._syncs, "disk")
        yield from pauses.named_findings(seen, descriptors, self._restarts, "restart")
        yield from repeats.retries(seen, descriptors)
        yield from repeats.polling(seen)
        told = self.is_wait.copy()
        for finding in (
            *lookups.missing_files(seen),
            *small.pieces(seen, descriptors, self._streams[0], self._ready),
        ):
            told[finding.rows] = True
            yield finding
        yield from files.slowest(seen, descriptors, told)
        yield from critical.path(seen, self._waits, self.is_wait)

    def notes(self) -> list[str]:
        notes = []
        info = self._seen.trace.info
        if info.lost:
            notes.append(f"{info.lost:,} events are missing, as a disk was full")
        if not info.finished:
            notes.append("the recording has no end; what was still going on then is cut there")
        if len(self._seen) and not self._names.are_told:
            notes.append(_NO_LINKS)
        return notes
