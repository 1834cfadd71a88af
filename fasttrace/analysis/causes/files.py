"""The files that calls took longest with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes.descriptors import Descriptors
from fasttrace.analysis.causes.observed import Mask, Observed, groups
from fasttrace.analysis.causes.waits import ns
from fasttrace.analysis.finding import Finding, Rows
from fasttrace.text.terminal import printable

MOST = 5
SHARE = 0.03
"""A file whose calls took less of the run is not told."""
_NOT_THE_FILES = ("execve", "execveat")  # which take as long as a program takes to begin


def slowest(seen: Observed, descriptors: Descriptors, told: Mask) -> Iterator[Finding]:
    """The MOST slowest by path. told: bool, shape (n,): events that another finding tells of, or
    that wait for something else."""
    rows = descriptors.rows
    is_file = np.array([*(kind == "file" for kind in descriptors.kinds), False], np.bool_)
    event = rows["event"].astype(np.int64)
    left = seen.is_call & ~told & ~seen.of(*_NOT_THE_FILES)
    chosen = is_file[rows["name"]] & left[event]
    pairs = np.unique(rows["name"][chosen].astype(np.int64) << 32 | event[chosen])
    name, event = pairs >> 32, pairs & 0xFFFFFFFF
    if not len(pairs):
        return
    costs = np.zeros(len(descriptors.names), np.int64)
    np.add.at(costs, name, seen.took[event])
    for place in np.argsort(-costs, kind="stable")[:MOST].tolist():
        cost = int(costs[place])
        if cost < max(seen.least_ns, SHARE * seen.wall_ns):
            return
        own = event[name == place]
        processes = seen.processes_of(own)
        who = f", in {len(processes)} processes" if len(processes) > 1 else ""
        yield Finding(
            "file",
            f"{printable(descriptors.names[place])} took {ns(cost)} in {len(own):,}"
            f" call{'s' * (len(own) > 1)}{who}",
            _by_call(seen, own),
            cost,
            len(own),
            seen.by_start(own),
            processes,
        )


def _by_call(seen: Observed, rows: Rows) -> str:
    totals = [
        (int(seen.took[own].sum()), len(own), seen.name(int(own[0])))
        for _, own in groups(seen.number[rows], rows)
    ]
    told = [
        f"{name} {ns(took)}" + (f" in {count:,} calls" if count > 1 else "")
        for took, count, name in sorted(totals, reverse=True)[:4]
    ]
    return ", ".join(told)
