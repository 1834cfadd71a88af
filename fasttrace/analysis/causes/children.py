"""Waiting for children: which one ended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes.matching import last_before
from fasttrace.analysis.causes.observed import Observed, called
from fasttrace.analysis.causes.waits import Waits, by_waker, finding, long_enough, ns
from fasttrace.analysis.finding import Finding
from fasttrace.data.described import signal_name
from fasttrace.data.events import Flag, Kind

CALLS = ("wait4", "waitpid", "waitid")


def waits(seen: Observed) -> Waits:
    """Each ended by the EXIT of a child of its process: the one that the call names, or the last
    that ended during the call."""
    rows = np.flatnonzero(seen.of(*CALLS)).astype(np.int64)
    is_thread = seen.flags & np.uint16(Flag.THREAD) != 0
    exits = np.flatnonzero((seen.kind == Kind.EXIT) & ~is_thread & (seen.owner >= 0))
    parents = np.array([p.ppid for p in seen.processes], np.int64)
    pids = np.array([p.pid for p in seen.processes], np.int64)
    if not len(rows) or not len(exits):
        return Waits(rows, np.full(len(rows), -1, np.int64))
    parent, child = parents[seen.owner[exits]], pids[seen.owner[exits]]
    own = seen.events["pid"][rows].astype(np.int64)
    named = np.where(seen.of("waitid")[rows] | seen.failed[rows], 0, seen.ret[rows])
    named = np.clip(named, 0, (1 << 31) - 1)
    times, until = seen.start[exits], seen.end[rows]
    by_name = last_before(parent << 32 | child, times, own << 32 | named, until)
    by_time = last_before(parent, times, own, until)
    by_time[(by_time >= 0) & (times[by_time] < seen.start[rows])] = -1
    ended = ~seen.failed[rows] & ~seen.unfinished[rows]
    found = np.where(named > 0, by_name, np.where(ended, by_time, -1))
    return Waits(rows, np.where(found < 0, -1, exits[found]))


def findings(seen: Observed, waited: Waits) -> Iterator[Finding]:
    """One for each process that waits for children."""
    owners = seen.owner[waited.rows].astype(np.int64)
    for _, own, cost in long_enough(seen, waited, owners):
        process = seen.process_of(int(own.rows[0]))
        wakers = own.wakers[own.wakers >= 0]
        count = len(np.unique(seen.owner[wakers]))
        whom = f"its child {called(seen.process_of(int(wakers[0])))}" if count == 1 else "children"
        if count > 1:
            whom = f"{count:,} children"

        def what(row: int) -> str:
            return f"{called(seen.process_of(row))}, which {_end(int(seen.ret[row]))}"

        yield finding(
            seen,
            "children",
            f"{called(process)} waited {ns(cost)} for {whom}",
            "\n".join(by_waker(seen, own, what)) or f"calls of {seen.names(own.rows)}",
            own,
            cost,
        )


def _end(status: int) -> str:
    status &= 0xFFFF
    if status & 0x7F:
        return f"died of {signal_name(status & 0x7F)}"
    return f"exited with {status >> 8}"
