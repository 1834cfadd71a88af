"""Lookups of files that are not there: search paths that are walked in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes.observed import Observed, groups
from fasttrace.analysis.finding import Finding, Rows
from fasttrace.text.terminal import printable

FAILED = 100
"""So many failed lookups of one program are a storm."""

_SHOWN = 3


def missing_files(seen: Observed) -> Iterator[Finding]:
    """ENOENT storms, one for each program."""
    rows = np.flatnonzero(seen.errno("ENOENT", "ENOTDIR"))
    if len(rows) < FAILED:
        return
    numbers, _ = seen.paths
    rows = rows[numbers[rows] >= 0].astype(np.int64)
    comms = sorted({process.comm for process in seen.processes})
    places = np.array([*(comms.index(p.comm) for p in seen.processes), -1], np.int64)
    for place, own in groups(places[seen.owner[rows]], rows):
        cost = int(seen.took[own].sum())
        if len(own) < FAILED or cost < seen.least_ns:
            continue
        all_of_it = np.flatnonzero((places[seen.owner] == place) & (numbers >= 0) & seen.is_call)
        processes = seen.processes_of(own)
        yield Finding(
            "missing files",
            f"{_program(place, comms, len(processes))} looked {len(own):,} times for files that"
            f" are not there: of its {len(all_of_it):,} calls with a path",
            _by_name(seen, own),
            cost,
            len(own),
            seen.by_start(own),
            processes,
        )


def _program(place: int, comms: list[str], count: int) -> str:
    name = printable(comms[place]) if place >= 0 and comms[place] else "a program"
    return name if count < 2 else f"{name}, in {count} processes,"


def _by_name(seen: Observed, rows: Rows) -> str:
    """The names and directories that most of it was about."""
    numbers, paths = seen.paths
    of_path = np.bincount(numbers[rows], minlength=len(paths))
    names, folders = Counter[str](), Counter[str]()
    places: dict[str, int] = {}
    for number in np.flatnonzero(of_path).tolist():
        folder, slash, name = paths[number].rpartition("/")
        count = int(of_path[number])
        names[name] += count
        places[name] = places.get(name, 0) + 1
        folders[folder + slash or "./"] += count
    told = [
        f"{printable(name)} ({count:,} times, {places[name]:,} place{'s' * (places[name] > 1)})"
        for name, count in names.most_common(_SHOWN)
    ]
    where = [f"{printable(folder)} ({count:,})" for folder, count in folders.most_common(_SHOWN)]
    return (
        f"by {seen.names(rows)}: {', '.join(told)}{_more(names)}\n"
        f"in {', '.join(where)}{_more(folders)}"
    )


def _more(counts: Counter[str]) -> str:
    left = len(counts) - _SHOWN
    return f" and {left:,} more" if left > 0 else ""
