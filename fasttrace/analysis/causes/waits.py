"""Calls that waited, and what they waited for, as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from fasttrace.analysis.causes.observed import Ints, Observed, groups
from fasttrace.analysis.finding import Finding, Rows
from fasttrace.text.units import duration

_SHOWN = 3


class Waits(NamedTuple):
    """Some calls that wait by their nature, shape (n,).

    rows: the calls. wakers: for each the row of the event that ended it, -1 where none is proved.
    """

    rows: Rows
    wakers: Rows

    def at(self, chosen: Ints) -> Waits:
        return Waits(self.rows[chosen], self.wakers[chosen])


def long_enough(seen: Observed, waits: Waits, keys: Ints) -> Iterator[tuple[int, Waits, int]]:
    """The waits of each key whose sum is worth a word, with that; in the order of their starts."""
    for key, places in groups(keys, np.arange(len(waits.rows))):
        own = waits.at(places[np.argsort(seen.start[waits.rows[places]], kind="stable")])
        cost = int(seen.took[own.rows].sum())
        if cost >= seen.least_ns:
            yield key, own, cost


def by_waker(seen: Observed, waits: Waits, what: Callable[[int], str]) -> list[str]:
    """Who ended them, a line each, what took longest first. what: says so of a waker's row."""
    known = waits.wakers >= 0
    rows, wakers = waits.rows[known], waits.wakers[known]
    totals = [
        (int(seen.took[rows[places]].sum()), len(places), int(wakers[places[-1]]))
        for _, places in groups(seen.owner[wakers].astype(np.int64), np.arange(len(rows)))
    ]
    totals.sort(reverse=True)
    told = [
        f"{ns(took)}{f' in {count:,} calls' if count > 1 else ''}: {what(waker)}"
        for took, count, waker in totals[:_SHOWN]
    ]
    if len(totals) > _SHOWN:
        rest = sum(took for took, _, _ in totals[_SHOWN:])
        told.append(f"{ns(rest)}: {len(totals) - _SHOWN:,} more")
    unknown = int(seen.took[waits.rows[~known & ~seen.unfinished[waits.rows]]].sum())
    if told and unknown >= seen.least_ns:
        told.append(f"{ns(unknown)}: not told by this trace")
    never = int(seen.took[waits.rows[seen.unfinished[waits.rows]]].sum())
    if never:
        told.append(f"{ns(never)}: in a call that never returned")
    return told


def ns(took: int) -> str:
    """A duration within a sentence."""
    return duration(took).rstrip()


def finding(seen: Observed, kind: str, title: str, text: str, waits: Waits, cost: int) -> Finding:
    rows = waits.rows
    return Finding(kind, title, text, cost, len(rows), rows, seen.processes_of(rows))
