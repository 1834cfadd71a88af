"""Payload as the first version of a trace's folder has it: heads of 8 bytes, without addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fasttrace.data.events import Flag, Kind, PayloadFlag

if TYPE_CHECKING:
    import numpy.typing as npt

_HEAD = np.dtype([("length", "<u4"), ("arg", "u1"), ("type", "u1"), ("flags", "<u2")])
_NEW_HEAD = np.dtype([*_HEAD.descr, ("address", "<u8")])
_ITEMS_MAX = 16  # of one event
_COPIED_AT_ONCE = 1 << 20  # bytes: each takes the indices some 50 more


def with_addresses(
    events: npt.NDArray[np.void], payload: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.uint8]]:
    """Both as they are now: copies, whose items have addresses, those of their calls' arguments.

    Nothing is trusted: items outside the stream are left out, what ends behind its end is cut.
    ValueError: items lie on each other, as nobody has written them.
    """
    owners, at, heads = _items(events, payload)
    first = np.ones(len(owners), bool)
    first[1:] = owners[1:] != owners[:-1]
    there = np.minimum(heads["length"], len(payload) - at - _HEAD.itemsize)
    sizes = _NEW_HEAD.itemsize + (there + 7) // 8 * 8
    total = int(sizes.sum())
    if total > 2 * len(payload) + _NEW_HEAD.itemsize:
        raise ValueError("payload items lie on each other")
    to = np.cumsum(sizes) - sizes

    new = np.zeros(len(heads), _NEW_HEAD)
    for field in ("arg", "type"):
        new[field] = heads[field]
    new["length"] = there
    last = np.ones(len(owners), bool)
    last[:-1] = first[1:]
    flags = heads["flags"] & ~np.uint16(PayloadFlag.MORE | PayloadFlag.EXIT)
    flags[~last] |= np.uint16(PayloadFlag.MORE)
    flags[there < heads["length"]] |= np.uint16(PayloadFlag.TRUNCATED)
    new["flags"] = flags
    pointed = (heads["arg"] < 6) & (events["kind"][owners] == Kind.SYSCALL)
    new["address"][pointed] = events["args"][owners[pointed], heads["arg"][pointed]]

    stream = np.zeros(total, np.uint8)
    stream[to[:, None] + np.arange(_NEW_HEAD.itemsize)] = new.view(np.uint8).reshape(
        -1, _NEW_HEAD.itemsize
    )
    _copy(payload, at + _HEAD.itemsize, stream, to + _NEW_HEAD.itemsize, there)
    moved = events.copy()
    moved["payload"][(events["flags"] & Flag.PAYLOAD) != 0] = total  # of those without any item
    moved["payload"][owners[first]] = to[first]
    return moved, stream


def _items(
    events: npt.NDArray[np.void], payload: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.void]]:
    """Of all items, in the order of their events: the index of the event, the offset, the head."""
    room = len(payload) - _HEAD.itemsize
    owners = np.flatnonzero(events["flags"] & Flag.PAYLOAD)
    at = np.minimum(events["payload"][owners], np.uint64(len(payload))).astype(np.int64)
    found = []
    for _ in range(_ITEMS_MAX):
        inside = at <= room
        owners, at = owners[inside], at[inside]
        heads = payload[at[:, None] + np.arange(_HEAD.itemsize)].view(_HEAD)[:, 0]
        found.append((owners, at, heads))
        more = (heads["flags"] & PayloadFlag.MORE) != 0
        at = (at + _HEAD.itemsize + (heads["length"].astype(np.int64) + 7) // 8 * 8)[more]
        owners = owners[more]
        if not len(owners):
            break
    all_owners = np.concatenate([owners for owners, _, _ in found])
    order = np.argsort(all_owners, kind="stable")
    return (
        all_owners[order],
        np.concatenate([at for _, at, _ in found])[order],
        np.concatenate([heads for _, _, heads in found])[order],
    )


def _copy(
    source: npt.NDArray[np.uint8],
    at: npt.NDArray[np.int64],
    target: npt.NDArray[np.uint8],
    to: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
) -> None:
    """``target[to:][:length] = source[at:][:length]`` for each; one may be all of source."""
    ends = np.cumsum(lengths)
    start = 0
    while start < len(lengths):
        before = ends[start] - lengths[start]
        stop = max(start + 1, int(np.searchsorted(ends, before + _COPIED_AT_ONCE, "right")))
        if stop == start + 1:
            length = lengths[start]
            target[to[start] : to[start] + length] = source[at[start] : at[start] + length]
        else:
            part = slice(start, stop)
            inside = np.arange(ends[stop - 1] - before) - np.repeat(
                ends[part] - lengths[part] - before, lengths[part]
            )
            target[np.repeat(to[part], lengths[part]) + inside] = source[
                np.repeat(at[part], lengths[part]) + inside
            ]
        start = stop
