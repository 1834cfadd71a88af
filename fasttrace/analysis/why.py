"""Where the time of a run went: what the events of a trace prove, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from fasttrace.analysis.causes import children, lookups
from fasttrace.analysis.causes.observed import Observed
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
    found = sorted(_all(seen), key=lambda one: (-one.cost_ns, one.kind, one.title))
    return Why(found, wall_ns=seen.wall_ns)


def _all(seen: Observed) -> Iterable[Finding]:
    yield from children.findings(seen, children.waits(seen))
    yield from lookups.missing_files(seen)
