from collections.abc import Callable

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
