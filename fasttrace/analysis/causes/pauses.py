"""Waiting for time to pass, for a signal, a lock of a file, or the disk."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes import children
from fasttrace.analysis.causes.descriptors import Descriptors
from fasttrace.analysis.causes.observed import Mask, Observed, groups
from fasttrace.analysis.causes.streams import does
from fasttrace.analysis.causes.waits import Waits, by_waker, finding, long_enough, ns
from fasttrace.analysis.finding import Finding

SLEEPS = ("nanosleep", "clock_nanosleep", "clock_nanosleep_time64")
SIGNALS = ("pause", "rt_sigsuspend", "sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64")
SYNCS = ("fsync", "fdatasync", "sync", "syncfs", "msync", "sync_file_range")
_F_SETLKW = (7, 14, 38)  # F_SETLKW, F_SETLKW64 of 32-bit programs, F_OFD_SETLKW


def sleeps(seen: Observed) -> Waits:
    return _alone(seen, seen.of(*SLEEPS))


def signals(seen: Observed) -> Waits:
    """Ended by the last child that ended meanwhile, of which SIGCHLD tells."""
    rows = np.flatnonzero(seen.of(*SIGNALS)).astype(np.int64)
    return Waits(rows, children.last_ended(seen, rows))


def locks(seen: Observed, descriptors: Descriptors) -> Waits:
    command = seen.events["args"][:, 1]
    waits = seen.of("fcntl", "fcntl64") & np.isin(command, _F_SETLKW)
    return _alone(seen, waits | seen.of("flock"), descriptors)


def syncs(seen: Observed, descriptors: Descriptors) -> Waits:
    return _alone(seen, seen.of(*SYNCS), descriptors)


def restarts(seen: Observed, descriptors: Descriptors) -> Waits:
    """What they are of does not show: a sleep, a poll, a futex."""
    return _alone(seen, seen.of("restart_syscall"), descriptors)


def _alone(seen: Observed, mask: Mask, descriptors: Descriptors | None = None) -> Waits:
    rows = np.flatnonzero(mask).astype(np.int64)
    names = None if descriptors is None else descriptors.of_call[rows]
    return Waits(rows, np.full(len(rows), -1, np.int64), names)


def sleep_findings(seen: Observed, waited: Waits) -> Iterator[Finding]:
    for _, own, cost in long_enough(seen, waited, seen.owner[waited.rows]):
        count = len(own.rows)
        title = f"{seen.program(int(own.rows[0]))} slept {ns(cost)}"
        if count > 1:
            title += f" in {count:,} calls"
        took = seen.took[own.rows]
        text = f"{seen.names(own.rows)}, of {ns(int(took.min()))} to {ns(int(took.max()))}"
        yield finding(seen, "sleep", title, text if count > 1 else seen.names(own.rows), own, cost)


def signal_findings(seen: Observed, waited: Waits) -> Iterator[Finding]:
    for _, own, cost in long_enough(seen, waited, seen.owner[waited.rows]):
        who = seen.program(int(own.rows[0]))
        told = by_waker(seen, own, lambda row: does(seen, row))
        title = f"{who} waited {ns(cost)} for a signal"
        yield finding(seen, "signal", title, "\n".join(told), own, cost)


def named_findings(
    seen: Observed, descriptors: Descriptors, waited: Waits, kind: str
) -> Iterator[Finding]:
    """kind: "lock", "disk" or "restart"."""
    what = {
        "restart": "waited {} in calls that had been interrupted before",
        "lock": "waited {} for locks of files",
        "disk": "waited {} for the disk",
    }[kind]
    for _, own, cost in long_enough(seen, waited, seen.owner[waited.rows]):
        assert own.names is not None
        totals = [
            (int(seen.took[rows].sum()), len(rows), name)
            for name, rows in groups(own.names, own.rows)
        ]
        lines = [
            f"{ns(took)} in {count:,} call{'s' * (count > 1)}: {descriptors.label(name)}"
            for took, count, name in sorted(totals, reverse=True)[:3]
        ]
        who = seen.program(int(own.rows[0]))
        text = "\n".join([seen.names(own.rows), *lines])
        yield finding(seen, kind, f"{who} {what.format(ns(cost))}", text, own, cost)
