"""Calls that waited, and what they waited for, as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from fasttrace.analysis.causes.observed import Ints, Mask, Observed, codes, groups
from fasttrace.analysis.finding import Finding, Rows
from fasttrace.text.units import duration

_SHOWN = 3


class Waits(NamedTuple):
    """Some calls that wait by their nature, shape (n,).

    rows: the calls. wakers: for each the row of the event that ended it, -1 where none is proved.
    names: what each waited at, as its cause numbers it; None: there is nothing to be named.
    """

    rows: Rows
    wakers: Rows
    names: Ints | None = None

    def at(self, chosen: Ints) -> Waits:
        names = None if self.names is None else self.names[chosen]
        return Waits(self.rows[chosen], self.wakers[chosen], names)


def long_enough(seen: Observed, waits: Waits, keys: Ints) -> Iterator[tuple[int, Waits, int]]:
    """The waits of each key whose sum is worth a word, with that; in the order of their starts."""
    _, place = np.unique(keys, return_inverse=True)
    costs = np.bincount(place, seen.took[waits.rows].astype(np.float64))
    chosen = np.flatnonzero(costs[place] >= seen.least_ns) if len(place) else place
    for key, places in groups(keys[chosen], chosen):
        own = waits.at(places[np.argsort(seen.start[waits.rows[places]], kind="stable")])
        cost = int(seen.took[own.rows].sum())
        if cost >= seen.least_ns:
            yield key, own, cost


def by_waker(
    seen: Observed,
    waits: Waits,
    what: Callable[[int], str],
    label: Callable[[int], str] = lambda name: "",
    *,
    by: str = "owner",
    apart: Mask | None = None,
) -> list[str]:
    """Who ended them, a line each, what took longest first.

    what: says so of a waker's row. label: of a name. by: "owner", or "task" for each thread alone.
    apart: bool, shape (n,): those that are told otherwise.
    """
    if apart is not None:
        waits = waits.at(np.flatnonzero(~apart))
    never = seen.unfinished[waits.rows]
    known = (waits.wakers >= 0) & ~never
    # Those that another process ended by process; the others by what they waited at.
    owner = np.where(known, getattr(seen, by)[waits.wakers], -2)
    names = np.full(len(waits.rows), -1) if waits.names is None else waits.names
    keys = codes(owner, np.where(known, -1, names), never.astype(np.int64))
    lines = []
    for _, places in groups(keys, np.arange(len(keys))):
        place = int(places[np.argmax(seen.took[waits.rows[places]])])
        took = int(seen.took[waits.rows[places]].sum())
        said = what(int(waits.wakers[place])) if known[place] else label(int(names[place]))
        if never[place]:
            said = f"{said}, in a call that never returned".removeprefix(", ")
        elif not known[place]:
            said = f"{said}, whose doing this trace does not tell".removeprefix(", ")
        # Of waits whose end is proved the least are told, too: they have a name.
        if known[place] or took >= seen.least_ns:
            times = f" in {len(places):,} calls" if len(places) > 1 else ""
            lines.append((took, f"{ns(took)}{times}: {said}"))
    lines.sort(reverse=True)
    told = [line for _, line in lines[:_SHOWN]]
    if len(lines) > _SHOWN:
        rest = sum(took for took, _ in lines[_SHOWN:])
        told.append(f"{ns(rest)}: {len(lines) - _SHOWN:,} more")
    return told


def ns(took: int) -> str:
    """A duration within a sentence."""
    return duration(took).rstrip()


def of_calls(chosen: Mask) -> str:
    """How many, where it is more than one."""
    count = int(chosen.sum())
    return f", in {count:,} calls" if count > 1 else ""


def finding(seen: Observed, kind: str, title: str, text: str, waits: Waits, cost: int) -> Finding:
    rows = waits.rows
    return Finding(kind, title, text, cost, len(rows), rows, seen.processes_of(rows))
