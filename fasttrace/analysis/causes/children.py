"""Waiting for children: which one ended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes.matching import last_before
from fasttrace.analysis.causes.observed import Ints, Observed, groups
from fasttrace.analysis.causes.waits import Waits, by_waker, finding, long_enough, ns
from fasttrace.analysis.finding import Finding, Rows
from fasttrace.data.described import task_end
from fasttrace.data.events import Flag, Kind
from fasttrace.text.terminal import printable

CALLS = ("wait4", "waitpid", "waitid")


def waits(seen: Observed) -> Waits:
    """Each ended by the EXIT of a child of its process: the one that the call names, or the last
    that ended during the call."""
    rows = np.flatnonzero(seen.of(*CALLS)).astype(np.int64)
    exits, parent, child = _ends(seen)
    own = seen.events["pid"][rows].astype(np.int64)
    named = np.where(seen.of("waitid")[rows] | seen.failed[rows], 0, seen.ret[rows])
    named = np.clip(named, 0, (1 << 31) - 1)
    found = last_before(parent << 32 | child, seen.dying[exits], own << 32 | named, seen.end[rows])
    by_name = np.where(found < 0, -1, exits[found] if len(exits) else -1)
    ended = (named == 0) & ~seen.failed[rows] & ~seen.unfinished[rows]
    return Waits(rows, np.where(ended, last_ended(seen, rows), by_name))


def last_ended(seen: Observed, rows: Rows) -> Rows:
    """The end of the child of each event's process that ended last while the call lasted, or -1."""
    exits, parent, _ = _ends(seen)
    own = seen.events["pid"][rows].astype(np.int64)
    place = last_before(parent, seen.dying[exits], own, seen.end[rows])
    found = np.where(place < 0, -1, exits[place] if len(exits) else -1)
    found[(found >= 0) & (seen.start[found] < seen.start[rows])] = -1
    return found.astype(np.int64)


def _ends(seen: Observed) -> tuple[Rows, Ints, Ints]:
    """The ends of processes, with the pids of parent and child."""
    is_thread = seen.flags & np.uint16(Flag.THREAD) != 0
    is_end = (seen.kind == Kind.EXIT) & ~is_thread & (seen.owner >= 0)
    exits = np.flatnonzero(is_end).astype(np.int64)
    known = [(p.ppid, p.pid) for p in seen.processes] or [(0, 0)]
    parent, child = np.array(known, np.int64)[seen.owner[exits]].T
    return exits, parent, child


def findings(seen: Observed, waited: Waits) -> Iterator[Finding]:
    """One for each process that waits for children; those that run the same, with parents that do,
    are told as one."""
    for _, own, cost in long_enough(seen, waited, _alike(seen, waited.rows)):
        first = int(own.rows[0])
        wakers = own.wakers[own.wakers >= 0]
        count = len(np.unique(seen.owner[wakers]))
        parents = len(np.unique(seen.owner[own.rows]))
        who = seen.program(first)
        if parents > 1:
            who = f"{parents:,} processes of {printable(seen.comm(first))}"
        whom = f"{count:,} children" if count else "children"
        if count == 1:
            whom = f"its child {seen.program(int(wakers[0]))}"

        def what(row: int) -> str:
            return f"{seen.program(row)}, which {task_end(int(seen.ret[row]))}"

        yield finding(
            seen,
            "children",
            f"{who} waited {ns(cost)} for {whom}",
            "\n".join(by_waker(seen, own, what)) or f"calls of {seen.names(own.rows)}",
            own,
            cost,
        )


def _alike(seen: Observed, rows: Rows) -> Ints:
    """A number for each program with each program of a parent."""
    owners = seen.owner[rows]
    keys = np.full(len(rows), -1, np.int64)
    numbers: dict[tuple[str, ...], int] = {}
    comms = {p.pid: p.comm for p in seen.processes}
    for owner, places in groups(owners, np.arange(len(rows))):
        if owner >= 0:
            parent = comms.get(seen.processes[owner].ppid, "")
            alike = (seen.comm(int(rows[places[0]])), parent)
            keys[places] = numbers.setdefault(alike, len(numbers))
    return keys
