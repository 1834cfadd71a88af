"""The conditions of `Trace.where`: each is a mask over an array of events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

from fasttrace._tables import NR_MAX
from fasttrace.data.calls import path_args
from fasttrace.data.event_rows import taken
from fasttrace.data.events import Flag, Kind, argument_strings, payload_items
from fasttrace.data.processes import Process
from fasttrace.data.program_names import ProgramNames
from fasttrace.data.touches import Touches
from fasttrace.syscalls.errnos import errno_number
from fasttrace.syscalls.names import abi_index
from fasttrace.syscalls.sets import Calls, selection_of

Events: TypeAlias = npt.NDArray[np.void]
Mask: TypeAlias = npt.NDArray[np.bool_]


def is_call(events: Events) -> Mask:
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
        ours = is_call(events) & (events["abi"] == abi)
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
        return is_call(events) & _has(events, Flag.ERROR)
    return is_call(events) & ~_has(events, Flag.ERROR | Flag.UNFINISHED)


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
    finished = is_call(events) & ~_has(events, Flag.UNFINISHED)
    mask: Mask = finished & (events["duration_ns"] >= _u64(duration_ns))
    return mask


def after(events: Events, ns: int) -> Mask:
    mask: Mask = events["time_ns"] >= _u64(ns)
    return mask


def before(events: Events, ns: int) -> Mask:
    mask: Mask = events["time_ns"] < _u64(ns)
    return mask


def _u64(number: int) -> np.uint64:
    clamped: np.uint64 = np.uint64(min(max(number, 0), (1 << 64) - 1))
    return clamped


def with_payload(events: Events) -> Mask:
    return _has(events, Flag.PAYLOAD)


def paths_of(event: np.void, stream: memoryview) -> list[str]:
    """The paths that a call was given."""
    if event["kind"] != Kind.SYSCALL:
        return []
    wanted = path_args(int(event["nr"]), int(event["abi"]))
    items = payload_items(stream, int(event["payload"]))
    return [item.text for item in argument_strings(items) if item.arg in wanted]


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


class Conditions(TypedDict, total=False):
    """What `Trace.where` may be given; None is as if it was not."""

    failed: bool | None
    errno: str | int | None
    pid: int | Iterable[int] | None
    tid: int | Iterable[int] | None
    comm: str | Iterable[str] | None
    kind: Kind | str | Iterable[Kind | str] | None
    abi: str | int | None
    min_duration_ns: int | None
    after: int | None
    before: int | None
    path: str | re.Pattern[str] | None
    fd: int | Iterable[int] | None
    mask: Mask | None


class Observed(NamedTuple):
    """What conditions may look at beside the events."""

    processes: Sequence[Process]
    stream: memoryview
    touches: Touches
    programs: Callable[[], ProgramNames]
    """Asked for where comm is."""


# Each condition by its name. A new one has a line here or below, and in Conditions.
MASKS: dict[str, Callable[[Events, Any], Mask]] = {
    "kind": of_kind,
    "syscall": of_syscall,
    "failed": failed,
    "errno": with_errno,
    "pid": lambda events, pids: one_of(events, "pid", pids),
    "tid": lambda events, tids: one_of(events, "tid", tids),
    "abi": of_abi,
    "min_duration_ns": longer,
    "after": after,
    "before": before,
    "mask": lambda events, mask: mask,
}
# Those that look at more than the events: asked last, of the events that the others leave.
LATE_MASKS: dict[str, Callable[[Events, Any, Observed], Mask]] = {
    "comm": lambda events, comms, observed: observed.programs().of(events, comms),
    "path": lambda events, path, observed: observed.touches.by_path(events, path),
    "fd": lambda events, fds, observed: observed.touches.by_fd(events, fds),
}
# One number or text, or several.
SETS = ("pid", "tid", "comm", "fd")
# Those that leave out whole processes, too.
OF_PROCESSES: dict[str, Callable[[Process, Any, Observed], bool]] = {
    "pid": lambda process, pids, observed: process.pid in pids,
    "comm": lambda process, comms, observed: observed.programs().ran(process, comms),
}


def choose(
    events: Events, given: Mapping[str, Any], observed: Observed
) -> tuple[Events, list[Process]]:
    """The events that meet all conditions, and the processes that they leave.

    TypeError: there is no such condition.
    """
    asked = {name: wanted for name, wanted in given.items() if wanted is not None}
    unknown = asked.keys() - MASKS.keys() - LATE_MASKS.keys()
    if unknown:
        names = ", ".join(sorted(MASKS | LATE_MASKS))
        raise TypeError(f"where() has no condition {unknown.pop()!r}: there are {names}")
    for name in SETS:
        if name in asked:
            some = asked[name]
            asked[name] = {some} if isinstance(some, (int, str)) else set(some)
    masks = [MASKS[name](events, asked[name]) for name in MASKS if name in asked]
    if masks:
        events = taken(events, np.logical_and.reduce(masks))
    for name in LATE_MASKS:
        if name in asked:
            events = taken(events, LATE_MASKS[name](events, asked[name], observed))
    processes = list(observed.processes)
    for name, is_of in OF_PROCESSES.items():
        if name in asked:
            wanted = asked[name]
            processes = [process for process in processes if is_of(process, wanted, observed)]
    return events, processes
