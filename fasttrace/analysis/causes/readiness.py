"""Waiting with poll, select and epoll: which descriptor ended it, and by whose doing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fasttrace.analysis.causes import children
from fasttrace.analysis.causes.descriptors import Descriptors
from fasttrace.analysis.causes.matching import last_before
from fasttrace.analysis.causes.observed import Ints, Mask, Observed
from fasttrace.analysis.causes.streams import Streams, does
from fasttrace.analysis.causes.waits import Waits, by_waker, finding, long_enough, ns, of_calls
from fasttrace.analysis.finding import Finding, Rows
from fasttrace.data.events import PayloadFlag, PayloadItem, payload_items

POLLS = ("poll", "ppoll", "ppoll_time64")
SELECTS = ("select", "_newselect", "pselect6", "pselect6_time64")
EPOLLS = ("epoll_wait", "epoll_pwait", "epoll_pwait2")
CALLS = POLLS + SELECTS + EPOLLS

_INTERRUPTED = ("EINTR", "ERESTARTNOHAND", "ERESTARTSYS", "ERESTART_RESTARTBLOCK")
LOOKED_AT_NS = 50_000
_MOST = 20_000
"""Of calls that took at least so long the longest, so many, are looked at: what was ready."""

_POLL = np.dtype([("fd", "<i4"), ("events", "<i2"), ("revents", "<i2")])
_POLLOUT = 4
# struct epoll_event: packed on x86, naturally aligned elsewhere.
_EPOLL = {
    size: np.dtype({"names": ["data"], "formats": ["<u8"], "offsets": [at], "itemsize": size})
    for size, at in ((12, 4), (16, 8))
}


def waits(seen: Observed, descriptors: Descriptors, streams: Streams) -> Waits:
    """names: of the descriptor that was ready first in the list that the call gave back, or the
    only one that it waited for; -1: not known."""
    rows = np.flatnonzero(seen.of(*CALLS)).astype(np.int64)
    wakers = np.full(len(rows), -1, np.int64)
    names = np.full(len(rows), -1, np.int64)
    ready = (seen.ret[rows] > 0) & ~seen.failed[rows] & ~seen.unfinished[rows]
    looked = np.flatnonzero(ready & (seen.took[rows] >= LOOKED_AT_NS))
    looked = looked[np.argsort(-seen.took[rows[looked]], kind="stable")[:_MOST]]
    fds, writable = _Ready(seen, descriptors).of(rows[looked])
    names[looked] = np.where(fds < 0, -1, descriptors.at(rows[looked], fds))
    to_read, to_write = looked[~writable], looked[writable]
    wakers[to_read] = streams.wakers_of_readiness(rows[to_read], names[to_read])
    is_pipe = descriptors.is_kind(names[to_write], "pipe")
    to_write = to_write[is_pipe]
    wakers[to_write] = streams.wakers_of_writes(rows[to_write], names[to_write])
    wakers[names < 0] = -1
    # SIGCHLD interrupts, as make has it.
    broken = np.flatnonzero(seen.errno(*_INTERRUPTED)[rows])
    wakers[broken] = children.last_ended(seen, rows[broken])
    return Waits(rows, wakers, names)


class _Ready:
    """What calls gave back, from the memory that was copied with them."""

    def __init__(self, seen: Observed, descriptors: Descriptors) -> None:
        self._seen = seen
        self._payload = np.ascontiguousarray(seen.trace.payload).data
        self._is_poll, self._is_select = seen.of(*POLLS), seen.of(*SELECTS)

    def of(self, rows: Rows) -> tuple[Ints, Mask]:
        """The descriptors, -1 where it is not known, and whether one was ready to be written to."""
        fds, writable = np.full(len(rows), -1, np.int64), np.zeros(len(rows), np.bool_)
        data = np.zeros(len(rows), np.uint64)
        by_data = np.zeros(len(rows), np.bool_)
        for i, row in enumerate(rows.tolist()):
            if not self._seen.has_payload[row]:
                continue
            items = self._after(row)
            if self._is_poll[row]:
                fds[i], writable[i] = _of_poll(items)
            elif self._is_select[row]:
                fds[i], writable[i] = _of_select(items)
            else:
                found = self._of_epoll(row, items)
                by_data[i], data[i] = found is not None, found or 0
        if by_data.any():
            fds[by_data] = self._by_data(rows[by_data], data[by_data])
        return fds, writable

    def _after(self, row: int) -> list[PayloadItem]:
        offset = int(self._seen.events["payload"][row])
        items = payload_items(self._payload, offset)
        return [item for item in items if item.flags & PayloadFlag.EXIT]

    def _of_epoll(self, row: int, items: list[PayloadItem]) -> int | None:
        form = _EPOLL[12 if self._seen.events["abi"][row] < 2 else 16]
        for item in items:
            if item.arg == 1 and len(item.data) >= form.itemsize:
                return int(np.frombuffer(item.data, form, 1)["data"][0])
        return None

    def _by_data(self, rows: Rows, data: npt.NDArray[np.uint64]) -> Ints:
        """Of epoll: what was last added to the set with this data."""
        seen = self._seen
        # EPOLL_CTL_ADD, EPOLL_CTL_MOD
        is_set = seen.of("epoll_ctl") & ~seen.failed & np.isin(seen.events["args"][:, 1], (1, 3))
        added = np.flatnonzero(is_set & seen.has_payload).astype(np.int64)
        given = np.zeros(len(added), np.uint64)
        for i, row in enumerate(added.tolist()):
            form = _EPOLL[12 if seen.events["abi"][row] < 2 else 16]
            for item in payload_items(self._payload, int(seen.events["payload"][row])):
                if item.arg == 3 and len(item.data) >= form.itemsize:
                    given[i] = np.frombuffer(item.data, form, 1)["data"][0]
        _, keys = np.unique(np.concatenate([given, data]), return_inverse=True)
        sets = np.concatenate([seen.arg(added, 0), seen.arg(rows, 0)]).astype(np.uint32)
        owner = np.concatenate([seen.owner[added], seen.owner[rows]])
        keys = keys.astype(np.int64) << 40 ^ owner << 20 ^ sets.astype(np.int64)
        place = last_before(keys[: len(added)], seen.end[added], keys[len(added) :], seen.end[rows])
        if not len(added):
            return np.full(len(rows), -1, np.int64)
        fd = seen.arg(added, 2).astype(np.uint32).view(np.int32).astype(np.int64)
        result: Ints = np.where(place < 0, -1, fd[place])
        return result


def _of_poll(items: list[PayloadItem]) -> tuple[int, bool]:
    for item in items:
        if item.arg == 0:
            polled = np.frombuffer(item.data, _POLL, len(item.data) // _POLL.itemsize)
            ready = polled[polled["revents"] != 0]
            if len(ready):
                return int(ready["fd"][0]), bool(ready["revents"][0] == _POLLOUT)
    return -1, False


def _of_select(items: list[PayloadItem]) -> tuple[int, bool]:
    for item in items:
        if item.arg in (1, 2):
            bits = np.unpackbits(np.frombuffer(item.data, np.uint8), bitorder="little")
            ready = np.flatnonzero(bits)
            if len(ready):
                return int(ready[0]), item.arg == 2
    return -1, False


def findings(seen: Observed, descriptors: Descriptors, waited: Waits) -> Iterator[Finding]:
    """One for each process."""
    for _, own, cost in long_enough(seen, waited, seen.owner[waited.rows]):
        timeouts = (seen.ret[own.rows] == 0) & ~seen.unfinished[own.rows]
        told = by_waker(
            seen, own, lambda row: does(seen, row), descriptors.label_ready, apart=timeouts
        )
        if timeouts.any():
            took = ns(int(seen.took[own.rows[timeouts]].sum()))
            told.append(f"{took}: until the timeout, and nothing was ready{of_calls(timeouts)}")
        who = seen.program(int(own.rows[0]))
        title = f"{who} waited {ns(cost)} in {seen.names(own.rows)}"
        yield finding(seen, "poll", title, "\n".join(told), own, cost)
