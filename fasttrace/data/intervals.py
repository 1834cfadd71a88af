"""Which calls were made in which stretch of time, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Events = npt.NDArray[np.void]

_CHUNK = 1 << 20  # events


class Counted:
    """Calls by the name of the syscall: how many, how many failed, and the time in them.

    >>> one = Counted({"read": [3, 0, 1500]})
    >>> one.add(Counted({"read": [1, 1, 500]}))
    >>> one.calls, one.errors, one.time_ns
    (4, 1, 2000)
    """

    def __init__(self, names: dict[str, list[int]] | None = None) -> None:
        """names: lists of calls, errors and nanoseconds."""
        self.names: dict[str, list[int]] = names or {}

    def add(self, other: Counted) -> None:
        for name, figures in other.names.items():
            was = self.names.get(name, [0, 0, 0])
            self.names[name] = [a + b for a, b in zip(was, figures, strict=True)]

    @property
    def calls(self) -> int:
        return sum(figures[0] for figures in self.names.values())

    @property
    def errors(self) -> int:
        return sum(figures[1] for figures in self.names.values())

    @property
    def time_ns(self) -> int:
        """Wall time in calls, of all tasks together."""
        return sum(figures[2] for figures in self.names.values())

    def most(self, column: int) -> tuple[str, int]:
        """The name with the greatest figure there, and that; ("", 0): there are no calls."""
        found = max(self.names.items(), key=lambda one: one[1][column], default=("", [0, 0, 0]))
        return found[0], found[1][column]

    def to_dict(self) -> dict[str, Any]:
        order = sorted(self.names.items(), key=lambda one: (-one[1][0], one[0]))
        keys = ("calls", "errors", "time_ns")
        return {
            "calls": self.calls,
            "errors": self.errors,
            "time_ns": self.time_ns,
            "syscalls": {name: dict(zip(keys, one, strict=True)) for name, one in order},
        }


def counted_between(
    events: Events, bounds: Sequence[int], outside: npt.NDArray[np.bool_]
) -> list[Counted]:
    """What was called in each interval. A call belongs where it began.

    events: of EVENT_DTYPE, shape (n,). bounds: times in ns, in order, even in number: interval i
    begins behind bounds[2 * i], and ends before bounds[2 * i + 1]. outside: which events do not
    count, shape (n,).
    """
    import numpy as np

    from fasttrace.data.events import Kind

    times = np.array(bounds, np.uint64)
    times[::2] += np.uint64(1)
    found = [Counted() for _ in bounds[::2]]
    for start in range(0, len(events), _CHUNK):
        part = events[start : start + _CHUNK]
        places = np.searchsorted(times, part["time_ns"].astype(np.uint64), side="right")
        inside = (places % 2 == 1) & (part["kind"] == Kind.SYSCALL)
        inside &= ~outside[start : start + _CHUNK]
        for interval, name, figures in _sums(part[inside], places[inside] // 2):
            found[interval].add(Counted({name: figures}))
    return found


def _sums(events: Events, intervals: npt.NDArray[Any]) -> Iterator[tuple[int, str, list[int]]]:
    """Of each interval and each syscall: calls, errors, ns."""
    import numpy as np

    from fasttrace.data.calls import call_name
    from fasttrace.data.events import Flag

    keys = np.empty(len(events), [("interval", "i8"), ("abi", "i4"), ("nr", "i4")])
    keys["interval"], keys["abi"], keys["nr"] = intervals, events["abi"], events["nr"]
    order = np.argsort(keys, order=("interval", "abi", "nr"), kind="stable")
    keys, events = keys[order], events[order]
    starts = np.flatnonzero(np.concatenate(([len(keys) > 0], keys[1:] != keys[:-1])))
    if not len(starts):
        return
    calls = np.diff(np.append(starts, len(keys)))
    failed = (events["flags"] & np.uint16(Flag.ERROR) != 0).astype(np.int64)
    errors = np.add.reduceat(failed, starts)
    took = np.add.reduceat(events["duration_ns"].astype(np.int64), starts)
    for i, key in enumerate(keys[starts].tolist()):
        interval, abi, nr = key
        yield interval, call_name(nr, abi), [int(calls[i]), int(errors[i]), int(took[i])]
