"""How long the calls of a name took: histograms coarse enough to be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import floor, log2

from fasttrace.data.summary import Summary

STEPS = 4
"""Bars to a power of two."""


def bar_of(ns: int) -> int:
    """The bar that a duration is in; bar k begins at 2 ** (k / STEPS) ns, and 0 is in the first.

    >>> bar_of(0), bar_of(1), bar_of(2), bar_of(1024)
    (0, 0, 4, 40)
    """
    return floor(STEPS * log2(ns)) if ns > 1 else 0


def bars(histogram: Mapping[int, int]) -> dict[int, int]:
    """Of `Summary.histogram`: bar to count, ascending."""
    counts: Counter[int] = Counter()
    for ns, count in histogram.items():
        counts[bar_of(ns)] += count
    return dict(sorted(counts.items()))


def latencies(summary: Summary) -> dict[str, dict[int, int]]:
    """The bars of each call that finished, those with the greatest total time first."""
    if not summary.results:
        return {}
    return {s.name: bars(summary.histogram(s.name)) for s in summary.syscalls if s.finished}


def sparkline(counts: Mapping[int, int], first: int, last: int) -> str:
    """A histogram as a picture in a table's cell, SVG; of the bars from first to last."""
    if not counts:
        return ""
    most = max(counts.values())
    # What is there is seen, be it one call of a million.
    parts = [
        f"M{bar - first} 20h1v{-max(20 * count / most, 1.5):.1f}h-1z"
        for bar, count in counts.items()
    ]
    return (
        f'<svg class="spark" viewBox="0 0 {last - first + 1} 20" preserveAspectRatio="none"'
        f' aria-hidden="true"><path d="{"".join(parts)}"/></svg>'
    )
