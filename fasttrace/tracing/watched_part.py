"""Which events of a recording of `fasttrace.watch` are those of its block."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Events = npt.NDArray[np.void]
    Mask = npt.NDArray[np.bool_]

# The talk with the watcher, and marks: not part of what is watched.
_TALK = ("sendto", "recvfrom", "getsockopt")
MARK_LEVEL = 0x66746D
"""No socket of ours has options of this level, so that to ask for one does nothing, on any."""


class WatchedPart(NamedTuple):
    """pid, tid: of who watches itself. fd: to the watcher. began_ns: CLOCK_MONOTONIC. under_way:
    the number and six arguments of the call in which another thread was just before, by its tid."""

    pid: int
    tid: int
    fd: int
    began_ns: int
    under_way: dict[int, list[int]]

    def is_outside(self, events: Events) -> Mask:
        """Which of the events, shape (n,), are none of the block's: talk with the watcher, marks,
        and calls in which other threads already were, which begin anew under a tracer."""
        import numpy as np

        outside: Mask = self._is_talk(events)
        # Times of our own thread need no comparison, which two clocks might not stand.
        outside |= (events["time_ns"] < self.began_ns) & (events["tid"] != self.tid)
        for tid, (nr, *args) in self.under_way.items():
            first = np.flatnonzero((events["tid"] == tid) & _is_call(events))[:1]
            if first.size and events["nr"][first[0]] == nr:
                outside[first[0]] |= events["args"][first[0]].tolist() == args
        return outside

    def _is_talk(self, events: Events) -> Mask:
        from fasttrace.data.conditions import of_syscall

        talk: Mask = (events["pid"] == self.pid) & (events["args"][:, 0] == self.fd)
        talk[talk] = of_syscall(events[talk], _TALK)
        return talk

    def marks(self, events: Events) -> dict[int, int]:
        """The numbers of the marks made, and their times in ns."""
        import numpy as np

        marks = events[(events["args"][:, 1] == MARK_LEVEL) & (events["pid"] == self.pid)]
        marks = marks[self._is_talk(marks)]
        numbers = marks["args"][:, 2].astype(np.uint32)
        return dict(zip(numbers.tolist(), marks["time_ns"].tolist(), strict=True))


def _is_call(events: Events) -> Mask:
    from fasttrace.data.conditions import is_call

    return is_call(events)


_waiting: dict[int, list[int]] = {}
"""What `calls_under_way` has told last. Who was interrupted by the end of one block may still be on
its way back into its call when the next one begins."""


def calls_under_way(tid: int) -> dict[int, list[int]]:
    """The calls that the other threads of this process wait in: number and six arguments, by tid;
    tid: of the calling thread."""
    found: dict[int, list[int]] = {}
    for thread in Path("/proc/self/task").iterdir():
        other = int(thread.name)
        if other == tid:
            continue
        with suppress(OSError):  # it has ended
            words = Path(thread, "syscall").read_text().split()
            if words == ["running"]:  # proc(5)
                found |= {other: _waiting[other]} if other in _waiting else {}
            elif len(words) == 9 and words[0] != "-1":
                found[other] = [int(words[0]), *(int(word, 16) for word in words[1:7])]
    _waiting.clear()
    _waiting.update(found)
    return found
