from collections.abc import Callable, Sequence

from typing_extensions import Buffer

class Lines:
    """Makes lines of blocks of events.

    dim, red, cyan, reset: escapes of a terminal, or empty. string_limit: bytes of data that are
    shown; paths are whole.
    """

    def __init__(
        self, dim: bytes, red: bytes, cyan: bytes, reset: bytes, string_limit: int = 32
    ) -> None: ...
    def text(
        self,
        events: Buffer,
        payload: Buffer,
        payload_base: int,
        origin_ns: int,
        other: Callable[[int], str],
    ) -> str:
        """All lines, in the order in which the events ended.

        payload_base: what events call payload[0]. origin_ns: CLOCK_MONOTONIC that times are counted
        from. other: the line of an event that is no syscall, by its place in `events`.
        ValueError: events are no whole number of records.
        """

class Story:
    """What all tasks do as one text in the order of time, as strace writes it.

    Args:
        signals: bit n-1: signal n is told.
        realtime_ns: what CLOCK_REALTIME is ahead of CLOCK_MONOTONIC.
        column: where the = of a result stands.
        string_max: bytes of a string that are shown.
        who: 0: nobody, 1: "[pid N]" while there are several, 2: "N" in each line.
        clock: 0: none, 1: the time of day, 2: seconds since 1970. The digits are behind the point.
        relative: the time since the line before.
        took: how long each call took.
        numbers: of the syscalls.
        hex: strings in hexadecimal: 1: those that are no text, 2: all.
        statuses: of calls that are told: 1 successful, 2 failed, 4 unfinished.
        attaches, exits, supersedes: whether these are told.
        leaders: only the first task of each process is told.
        separately: each task has a text of its own.
    """

    def __init__(
        self,
        *,
        signals: int,
        realtime_ns: int,
        column: int,
        string_max: int,
        who: int,
        clock: int,
        clock_digits: int,
        relative: bool,
        relative_digits: int,
        took: bool,
        took_digits: int,
        numbers: bool,
        hex: int,
        statuses: int,
        attaches: bool,
        exits: bool,
        supersedes: bool,
        leaders: bool,
        separately: bool,
    ) -> None: ...
    def add(self, events: Buffer, payload: Buffer, payload_base: int) -> int:
        """Copies of a block's events. payload_base: what events call payload[0]. Returns when the
        last of them ended, CLOCK_MONOTONIC."""
    def idle(self, before_ns: int) -> list[tuple[int, int, int]]:
        """Tasks, at most 64, that may be waiting in a call, as (tid, abi, since when): none of
        their calls that ended since before_ns has been added."""
    def suppose(self, tid: int, abi: int, nr: int, args: Sequence[int]) -> None:
        """A task was seen to wait in this call, six arguments: its entry is told, if that needs no
        memory."""
    def tell(self, sure_ns: int | None) -> list[tuple[int, bytes]]:
        """What can be told by now, as (tid, text); the tid counts where texts are separate.

        sure_ns: what ended before that (CLOCK_MONOTONIC) has been delivered; None: everything.
        """
