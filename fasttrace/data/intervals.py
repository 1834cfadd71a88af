"""Which calls were made in which stretch of time, and what they add up to."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer


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
    events: Buffer, bounds: Sequence[int], outside: Buffer
) -> list[dict[str, list[int]]]:
    """What was called in each interval, by name: calls, errors and ns. A call belongs where it
    began.

    events: records as EVENT_DTYPE has them. bounds: times in ns, in order, even in number:
    interval i begins behind bounds[2 * i], and ends before bounds[2 * i + 1]. outside: a byte for
    each event: 1: it does not count.
    """
    from fasttrace import _tally
    from fasttrace.syscalls.names import call_name

    found: list[dict[str, list[int]]] = [{} for _ in bounds[::2]]
    for interval, abi, nr, *figures in _tally.counted_between(events, outside, array("Q", bounds)):
        names, name = found[interval], call_name(nr, abi)
        was = names.get(name)
        names[name] = figures if was is None else [a + b for a, b in zip(was, figures, strict=True)]
    return found
