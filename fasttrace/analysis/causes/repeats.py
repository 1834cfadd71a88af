"""Asking again and again: calls that fail until they do not, and polling loops."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes import children, pauses, readiness
from fasttrace.analysis.causes.descriptors import Descriptors
from fasttrace.analysis.causes.observed import Mask, Observed, codes, groups
from fasttrace.analysis.causes.waits import ns
from fasttrace.analysis.finding import Finding, Rows
from fasttrace.text.terminal import printable

RETRIES = 50
"""So many calls of a task that failed with EAGAIN or EINTR, FEW times as many as those that did
not, are told."""
ROUNDS = 20
"""So many rounds of asking and sleeping are a polling loop."""
SHORT_NS = 100_000_000
"""A longer sleep, or timeout, is no polling."""
FEW = 3

_AGAIN = ("EAGAIN", "EINTR")
_STATS = ("stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "fstat")
_NOTHING = (*children.CALLS, *readiness.CALLS, "read", "recvfrom")


def retries(seen: Observed, descriptors: Descriptors) -> Iterator[Finding]:
    """One for each task, call and descriptor."""
    again = seen.errno(*_AGAIN)
    numbers = np.unique(seen.number[again])
    rows = np.flatnonzero(np.isin(seen.number, numbers) & seen.is_call & ~seen.unfinished)
    keys = codes(seen.task[rows], seen.number[rows], seen.fd[rows].astype(np.int64))
    for _, all_of_it in groups(keys, rows.astype(np.int64), RETRIES):
        own = all_of_it[again[all_of_it]]
        cost = int(seen.took[own].sum())
        if len(own) < RETRIES or len(own) < FEW * (len(all_of_it) - len(own)):
            continue
        if cost < seen.least_ns:
            continue
        row = int(own[0])
        name = int(descriptors.of_call[row])
        thing = f" of {descriptors.label(name)}" if name >= 0 else ""
        failed = np.unique(seen.ret[own]).tolist()
        errors = " or ".join(error for error in _AGAIN if -_NUMBERS[error] in failed)
        yield Finding(
            "retries",
            f"{seen.called(row)} tried {seen.name(row)}{thing} {len(own):,} times in vain"
            f" ({errors})",
            f"of {len(all_of_it):,} calls; {ns(cost // len(own))} each",
            cost,
            len(own),
            seen.by_start(own),
            seen.processes_of(own),
        )


_NUMBERS = {"EAGAIN": 11, "EINTR": 4}


def polling(seen: Observed) -> Iterator[Finding]:
    """Short sleeps, each behind the same question; and short waits for descriptors of which none
    was ready."""
    yield from _asks_and_sleeps(seen)
    yield from _in_vain(seen)


def _asks_and_sleeps(seen: Observed) -> Iterator[Finding]:
    calls = np.flatnonzero(seen.is_call).astype(np.int64)
    order = calls[np.lexsort((seen.start[calls], seen.task[calls]))]
    sleeps = np.flatnonzero(seen.of(*pauses.SLEEPS)[order] & (seen.took[order] < SHORT_NS))
    sleeps = sleeps[sleeps > 0]
    sleeps = sleeps[seen.task[order[sleeps]] == seen.task[order[sleeps - 1]]]
    asked, slept = order[sleeps - 1], order[sleeps]
    asks = _is_question(seen)[asked]
    asked, slept = asked[asks], slept[asks]
    if len(asked) < ROUNDS:
        return
    paths, texts = seen.paths
    keys = codes(seen.task[asked], seen.number[asked], seen.fd[asked], paths[asked])
    for _, places in groups(keys, np.arange(len(asked)), ROUNDS):
        cost = int(seen.took[slept[places]].sum() + seen.took[asked[places]].sum())
        if cost < seen.least_ns:
            continue
        row = int(asked[places[0]])
        path = int(paths[row])
        about = f" about {printable(texts[path])}" if path >= 0 else ""
        yield _polling(
            seen,
            f"{seen.called(row)} asked {len(places):,} times with {seen.name(row)}{about}, and"
            f" slept {ns(cost // len(places))} between",
            f"the sleeps were {seen.names(slept[places])}; what is waited for tells of itself"
            " through poll, inotify, wait4 or the like",
            np.concatenate([asked[places], slept[places]]),
            cost,
        )


def _is_question(seen: Observed) -> Mask:
    nothing = seen.of(*_NOTHING) & (seen.ret == 0) & ~seen.unfinished
    mask: Mask = seen.failed | nothing | seen.of(*_STATS)
    return mask


def _in_vain(seen: Observed) -> Iterator[Finding]:
    is_one = seen.of(*readiness.CALLS) & ~seen.failed & ~seen.unfinished
    rows = np.flatnonzero(is_one).astype(np.int64)
    for _, all_of_it in groups(codes(seen.task[rows], seen.number[rows]), rows, ROUNDS):
        own = all_of_it[(seen.ret[all_of_it] == 0) & (seen.took[all_of_it] < SHORT_NS)]
        cost = int(seen.took[own].sum())
        if len(own) < ROUNDS or len(own) < FEW * (len(all_of_it) - len(own)):
            continue
        if cost < seen.least_ns:
            continue
        row = int(own[0])
        yield _polling(
            seen,
            f"{seen.called(row)} looked {len(own):,} times with {seen.name(row)}, and nothing was"
            " ready",
            f"of {len(all_of_it):,} calls, each for {ns(cost // len(own))}",
            own,
            cost,
        )


def _polling(seen: Observed, title: str, text: str, rows: Rows, cost: int) -> Finding:
    rows = seen.by_start(rows)
    return Finding("polling", title, text, cost, len(rows), rows, seen.processes_of(rows))
