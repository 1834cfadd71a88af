"""Reading and writing in small pieces, where larger ones were to be had."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes.descriptors import Descriptors
from fasttrace.analysis.causes.observed import Observed, codes, groups
from fasttrace.analysis.causes.waits import Waits, ns
from fasttrace.analysis.finding import Finding

SMALL = 64
"""Bytes: a call that asks for fewer is small."""
LEAST = 256
"""So many of them on one descriptor are told."""
BUFFER = 1 << 16

_READS = ("read", "pread64", "recvfrom", "recv")
_WRITES = ("write", "pwrite64", "sendto", "send")


def pieces(
    seen: Observed, descriptors: Descriptors, reads: Waits, polls: Waits
) -> Iterator[Finding]:
    """One for each process, thing and direction.

    Not counted are answers between questions: where the call before on the same descriptor went the
    other way, and between processes that wait for each other; reads that another one's write ended,
    for there was no more to be had; and what is no stream of bytes, as an eventfd. reads, polls:
    who waited for whom.
    """
    is_read = seen.of(*_READS)
    does = (is_read | seen.of(*_WRITES)) & (seen.ret > 0) & ~seen.failed & ~seen.unfinished
    rows = np.flatnonzero(does & (seen.owner >= 0)).astype(np.int64)
    names = descriptors.of_call[rows]
    is_stream = descriptors.is_kind(names, "file", "pipe", "socket", "terminal") | (names < 0)
    rows, names = rows[is_stream], names[is_stream]
    if len(rows) < LEAST:
        return
    things = codes(seen.owner[rows], np.where(names < 0, -2 - seen.fd[rows], names))
    order = np.lexsort((seen.start[rows], things))
    rows, things = rows[order], things[order]
    goes_on = np.zeros(len(rows), np.bool_)
    goes_on[1:] = (things[1:] == things[:-1]) & (is_read[rows[1:]] == is_read[rows[:-1]])
    waited = np.zeros(len(seen), np.bool_)
    waited[reads.rows[reads.wakers >= 0]] = True
    asked = seen.arg(rows, 2)
    small = goes_on & (asked < SMALL) & (seen.ret[rows] < SMALL) & ~waited[rows]
    talk = _dialogues(seen, reads, polls)
    keys = things[small] << 1 | is_read[rows[small]]
    for _, own in groups(keys, rows[small], LEAST):
        cost = int(seen.took[own].sum())
        if cost < seen.least_ns:
            continue
        size, row = int(seen.ret[own].sum()), int(own[0])
        verb, way = ("read", "from") if is_read[row] else ("wrote", "to")
        name = int(descriptors.of_call[row])
        if name >= 0 and talk & _partners(seen, descriptors, row, name):
            continue
        thing = descriptors.label(name) if name >= 0 else f"descriptor {int(seen.fd[row])}"
        yield Finding(
            "small pieces",
            f"{seen.program(row)} {verb} {size:,} bytes in {len(own):,} calls {way} {thing}",
            f"{seen.names(own)}, {size / len(own):.0f} bytes a call in {ns(cost // len(own))}; with"
            f" a buffer of 64 KiB it would have been {-(-size // BUFFER):,}",
            cost,
            len(own),
            seen.by_start(own),
            seen.processes_of(own),
        )


def _dialogues(seen: Observed, *waited: Waits) -> set[tuple[int, int]]:
    """Owners that waited for each other."""
    pairs: set[tuple[int, int]] = set()
    for some in waited:
        known = some.wakers >= 0
        both = np.stack([seen.owner[some.rows[known]], seen.owner[some.wakers[known]]], axis=1)
        pairs.update((int(a), int(b)) for a, b in np.unique(both, axis=0))
    return {(a, b) for a, b in pairs if (b, a) in pairs}


def _partners(
    seen: Observed, descriptors: Descriptors, row: int, name: int
) -> set[tuple[int, int]]:
    """The owner of an event with each that has had to do with the other end."""
    other = descriptors.of_call == descriptors.peers[name]
    own = int(seen.owner[row])
    if int(descriptors.peers[name]) < 0:
        return set()
    return {(own, owner) for owner in np.unique(seen.owner[other]).tolist()}
