"""Which events of a recording of `fasttrace.watch` are those of its block."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Buffer

    from fasttrace._tally import Watched

    Events = npt.NDArray[np.void]
    Mask = npt.NDArray[np.bool_]

COUNTS = "counts.json"
"""What the watcher writes, where nothing but counts is kept."""
PACKET_MAX = 1 << 16
"""Bytes of what is asked of the watcher, or answered."""

# The talk with the watcher, and marks: not part of what is watched.
_TALK = ("sendto", "recvfrom", "getsockopt")
MARK_LEVEL = 0x66746D
"""No socket of ours has options of this level, so that to ask for one does nothing, on any."""
PAUSE_LEVEL = MARK_LEVEL + 1
"""A mark from which on the thread that makes it is not stopped by its calls: see fasttrace.h."""


class WatchedPart(NamedTuple):
    """pid, tid: of who watches itself. fd: to the watcher. began_ns: CLOCK_MONOTONIC. under_way:
    the number and six arguments of the call in which another thread was just before, by its tid."""

    pid: int
    tid: int
    fd: int
    began_ns: int
    under_way: dict[int, list[int]]

    def outside(self, events: Buffer) -> bytearray:
        """A byte for each of the events, all that there are: 1: it is none of the block's, but talk
        with the watcher, a mark, or a call in which another thread already was, which begins anew
        under a tracer."""
        return self._watched().outside(events)

    def is_outside(self, events: Events) -> Mask:
        """The same as an array of shape (n,)."""
        import numpy as np

        return np.frombuffer(self.outside(events.data), np.bool_)

    def marks(self, events: Buffer) -> dict[int, int]:
        """The numbers of the marks made, and their times in ns."""
        return self._watched().marks(events)

    def _watched(self) -> Watched:
        from fasttrace._tables import ABIS, number
        from fasttrace._tally import Watched

        numbers = ((abi, number(abi, name)) for abi in range(len(ABIS)) for name in _TALK)
        talk = [(abi, nr) for abi, nr in numbers if nr is not None]
        return Watched(self.pid, self.tid, self.fd, MARK_LEVEL, self.began_ns, talk, self.under_way)


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
