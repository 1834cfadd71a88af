"""Waiting for a lock, a condition or the end of a thread: which task woke it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes.matching import first_after, last_before
from fasttrace.analysis.causes.observed import Ints, Mask, Observed, codes
from fasttrace.analysis.causes.streams import does
from fasttrace.analysis.causes.waits import Waits, by_waker, finding, long_enough, ns, of_calls
from fasttrace.analysis.finding import Finding
from fasttrace.data.events import Flag, Kind

# include/uapi/linux/futex.h
_COMMAND = 0x7F
_WAITS = (0, 6, 9, 11, 13)  # WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2
_WAKES = (1, 3, 4, 5, 7, 10, 12)  # WAKE, (CMP_)REQUEUE, WAKE_OP, UNLOCK_PI, WAKE_BITSET, ...
_BOTH = (3, 4, 5, 12)  # a second address, too


def waits(seen: Observed) -> Waits:
    """Each that was woken with the call that did it: the first one on the address that ended during
    the wait, of another task of the process; or with the end of the thread that it waited for,
    whose number the word had. names: the addresses, numbered by process."""
    is_futex = seen.of("futex", "futex_time64")
    command = (seen.events["args"][:, 1] & _COMMAND).astype(np.int64)
    rows = np.flatnonzero(is_futex & np.isin(command, _WAITS)).astype(np.int64)
    wakes = np.flatnonzero(is_futex & np.isin(command, _WAKES) & (seen.ret > 0) & ~seen.failed)
    both = wakes[np.isin(command[wakes], _BOTH)]
    waking = np.concatenate([wakes, both]).astype(np.int64)
    args = seen.events["args"].view(np.int64)
    address = np.concatenate([args[rows, 0], args[wakes, 0], args[both, 4]])
    keys = codes(seen.owner[np.concatenate([rows, waking])], address)
    own, theirs = keys[: len(rows)], keys[len(rows) :]
    place = first_after(theirs, seen.end[waking], own, seen.start[rows])
    wakers = np.where(place < 0, -1, waking[place] if len(waking) else -1)
    late = (wakers >= 0) & (seen.start[wakers] > seen.end[rows])
    same = (wakers >= 0) & (seen.task[wakers] == seen.task[rows])
    known = seen.owner[rows] >= 0
    wakers[late | same | ~known | seen.failed[rows] | seen.unfinished[rows]] = -1
    joined = _ends_of_threads(seen, rows)
    return Waits(rows, np.where(joined >= 0, joined, wakers), own)


def _ends_of_threads(seen: Observed, rows: Ints) -> Ints:
    """The kernel wakes who waits for a word that is cleared when a thread ends, for
    CLONE_CHILD_CLEARTID; until then the word has the thread's number."""
    is_thread = seen.flags & np.uint16(Flag.THREAD) != 0
    exits = np.flatnonzero((seen.kind == Kind.EXIT) & is_thread).astype(np.int64)
    value = (seen.arg(rows, 2) & np.uint64(0xFFFFFFFF)).astype(np.int64)
    keys = seen.owner[exits] << 32 | seen.tid[exits]
    asked = seen.owner[rows] << 32 | value
    place = last_before(keys, seen.dying[exits], asked, seen.end[rows])
    found = np.where(place < 0, -1, exits[place] if len(exits) else -1)
    before = (found >= 0) & (seen.start[found] < seen.start[rows])
    found[before | seen.failed[rows] | seen.unfinished[rows] | (value == 0)] = -1
    result: Ints = found
    return result


def _stand_still(seen: Observed) -> Mask:
    """Events of processes of which each task ended in a call that never returned, and no exit."""
    calls = np.flatnonzero(seen.is_call)
    order = calls[np.argsort(seen.start[calls], kind="stable")]
    goes_on = np.ones(seen.tasks, np.bool_)
    goes_on[seen.task[order]] = ~seen.unfinished[order] | seen.of("exit", "exit_group")[order]
    awake = np.unique(seen.owner[seen.first_of_task[goes_on]])
    mask: Mask = ~np.isin(seen.owner, awake)
    return mask


def findings(seen: Observed, waited: Waits) -> Iterator[Finding]:
    """One for each address of a process."""
    # A thread that nobody woke, in a process that went on, was wanted by nobody.
    idle = seen.unfinished[waited.rows] & ~_stand_still(seen)[waited.rows]
    waited = waited.at(np.flatnonzero(~idle))
    assert waited.names is not None
    for _, own, cost in long_enough(seen, waited, waited.names):
        row = int(own.rows[0])
        tasks = len(np.unique(seen.task[own.rows]))
        woken = own.wakers[own.wakers >= 0]
        is_end = len(woken) and (seen.kind[woken] == Kind.EXIT).all()
        what = (
            "the end of a thread" if is_end else f"a futex at {int(seen.events['args'][row, 0]):#x}"
        )
        who = f"{tasks} threads of " if tasks > 1 else ""
        timeouts = seen.errno("ETIMEDOUT")[own.rows]
        told = by_waker(seen, own, lambda row: does(seen, row), by="task", apart=timeouts)
        if timeouts.any():
            took = ns(int(seen.took[own.rows[timeouts]].sum()))
            told.append(f"{took}: until the timeout{of_calls(timeouts)}")
        yield finding(
            seen,
            "futex",
            f"{who}{seen.program(row)} waited {ns(cost)} for {what}"
            f" in {len(own.rows):,} call{'s' * (len(own.rows) > 1)}",
            "\n".join(told),
            own,
            cost,
        )
