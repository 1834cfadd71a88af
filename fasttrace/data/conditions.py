"""The conditions of `Trace.where`: each is a mask over an array of events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fasttrace._tables import NR_MAX
from fasttrace.data.calls import Calls, selection_of
from fasttrace.data.events import Flag, Kind, PayloadType, payload_items
from fasttrace.data.processes import Process
from fasttrace.syscalls.errnos import errno_number
from fasttrace.syscalls.names import abi_index

Events: TypeAlias = npt.NDArray[np.void]
Mask: TypeAlias = npt.NDArray[np.bool_]


def _is_call(events: Events) -> Mask:
    mask: Mask = events["kind"] == Kind.SYSCALL
    return mask


def _has(events: Events, flags: int) -> Mask:
    mask: Mask = events["flags"] & np.uint16(flags) != 0
    return mask


def of_kind(events: Events, kinds: Kind | str | Iterable[Kind | str]) -> Mask:
    """kinds: Kind members or their names in any case. ValueError: no such kind."""
    wanted = np.zeros(256, np.bool_)
    for kind in [kinds] if isinstance(kinds, (Kind, str)) else kinds:
        if isinstance(kind, str) and kind.upper() not in Kind.__members__:
            names = ", ".join(name.lower() for name in Kind.__members__)
            raise ValueError(f"no events of kind {kind!r}: one of {names}")
        wanted[Kind[kind.upper()] if isinstance(kind, str) else Kind(kind)] = True
    mask: Mask = wanted[events["kind"]]
    return mask


def of_syscall(events: Events, calls: Calls) -> Mask:
    """calls: see `selection_of`."""
    selection = selection_of(calls)
    numbers, mask = events["nr"], np.zeros(len(events), np.bool_)
    in_table = (numbers >= 0) & (numbers < NR_MAX)
    for abi in np.flatnonzero(np.bincount(events["abi"], minlength=1)).tolist():
        ours = _is_call(events) & (events["abi"] == abi)
        table = np.array([selection.contains(nr, abi) for nr in range(NR_MAX)], np.bool_)
        known = ours & in_table
        mask[known] = table[numbers[known]]
        strange = ours & ~in_table
        if strange.any():
            values, places = np.unique(numbers[strange], return_inverse=True)
            chosen = np.array([selection.contains(nr, abi) for nr in values.tolist()], np.bool_)
            mask[strange] = chosen[places]
    return mask


def failed(events: Events, wanted: bool) -> Mask:
    """Calls that ended with an error, or those that ended without."""
    if wanted:
        return _is_call(events) & _has(events, Flag.ERROR)
    return _is_call(events) & ~_has(events, Flag.ERROR | Flag.UNFINISHED)


def with_errno(events: Events, error: str | int) -> Mask:
    """ValueError: no such errno."""
    number = errno_number(error) if isinstance(error, str) else error
    if not 0 <= number < 1 << 31:
        raise ValueError(f"{error} is no errno: give a name such as ENOENT, or its number")
    mask: Mask = failed(events, True) & (events["ret"] == -number)
    return mask


def one_of(events: Events, field: str, wanted: Iterable[int]) -> Mask:
    """field: "pid" or "tid"."""
    within = [number for number in wanted if -(1 << 31) <= number < 1 << 31]
    return np.isin(events[field], np.array(within, np.int32))


def of_abi(events: Events, abi: str | int) -> Mask:
    """ValueError: no such ABI."""
    mask: Mask = events["abi"] == abi_index(abi)
    return mask


def longer(events: Events, duration_ns: int) -> Mask:
    """Calls that took at least duration_ns."""
    finished = _is_call(events) & ~_has(events, Flag.UNFINISHED)
    mask: Mask = finished & (events["duration_ns"] >= _u64(duration_ns))
    return mask


def between(events: Events, after: int | None, before: int | None) -> Mask:
    """Events with after <= time_ns < before."""
    mask = np.ones(len(events), np.bool_)
    if after is not None:
        mask &= events["time_ns"] >= _u64(after)
    if before is not None:
        mask &= events["time_ns"] < _u64(before)
    return mask


def _u64(number: int) -> np.uint64:
    clamped: np.uint64 = np.uint64(min(max(number, 0), (1 << 64) - 1))
    return clamped


def with_payload(events: Events) -> Mask:
    return _has(events, Flag.PAYLOAD)


def with_path(events: Events, path: str | re.Pattern[str], stream: memoryview) -> Mask:
    """Events with a captured string that contains `path`, or in which the pattern is found."""

    def matches(text: str) -> bool:
        return path in text if isinstance(path, str) else path.search(text) is not None

    mask = np.zeros(len(events), np.bool_)
    candidates = np.flatnonzero(with_payload(events))
    for i, offset in zip(candidates, events["payload"][candidates].tolist(), strict=True):
        mask[i] = any(
            item.type == PayloadType.STRING and matches(item.text)
            for item in payload_items(stream, offset)
        )
    return mask


def of_comm(events: Events, comms: set[str], processes: Sequence[Process]) -> Mask:
    # The last entry is for those whose process is not known: index -1.
    wanted = np.array([*(p.comm in comms for p in processes), "" in comms], np.bool_)
    return wanted[owners(events, processes)]


def owners(events: Events, processes: Sequence[Process]) -> npt.NDArray[np.intp]:
    """The index of each event's process, -1 where it is not known; shape as events.

    Of several with the pid it is the last that had started by then.
    """
    result = np.full(len(events), -1, np.intp)
    if not processes:
        return result
    by_pid: dict[int, list[int]] = {}
    for i, process in enumerate(processes):
        by_pid.setdefault(process.pid, []).append(i)
    known = sorted(by_pid)
    pids = np.array(known, np.int64)
    place = np.searchsorted(pids, events["pid"])
    place[place == len(pids)] = 0
    found = pids[place] == events["pid"]
    first = np.array([by_pid[pid][0] for pid in known], np.intp)
    result[found] = first[place[found]]
    reused = [pid for pid in known if len(by_pid[pid]) > 1]
    if reused:
        doubtful = np.flatnonzero(np.isin(events["pid"], np.array(reused, np.int64)))
        doubtful = doubtful[np.argsort(events["pid"][doubtful], kind="stable")]
        bounds = np.searchsorted(events["pid"][doubtful], np.array(reused, np.int64), "left")
        for pid, part in zip(reused, np.split(doubtful, bounds)[1:], strict=True):
            order = sorted(by_pid[pid], key=lambda i: processes[i].start_ns)
            starts = np.array([max(processes[i].start_ns, 0) for i in order], np.uint64)
            last = np.searchsorted(starts, events["time_ns"][part], "right") - 1
            result[part] = np.array(order, np.intp)[np.maximum(last, 0)]
    return result
