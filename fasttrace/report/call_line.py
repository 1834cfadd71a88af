"""One line of text per event: what `fasttrace trace` prints as it happens.

    4242    0.000412 openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3 <0.000011>
    4242    0.000530 access("/nowhere", F_OK) = -1 ENOENT (No such file or directory) <0.000004>
    4242    0.000702 --- SIGCHLD from pid 4243, uid 0 ---
    4242    0.000731 chdir("/srv") = -1 EIO (Input/output error) (INJECTED) <0.000001>

pid (and tid, if it differs), seconds since the start, call, result, seconds that it took; the
call as strace writes it, by the C decoder. INJECTED:
somebody altered the call, its result or what it got.
Works on event buffers as they come out of a session, without numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttrace import _decode
from fasttrace.data.described import described
from fasttrace.data.event_layout import EVENT
from fasttrace.data.events import Flag, Kind, payload_items
from fasttrace.text.color import CYAN, DIM, RED, RESET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

_SYSCALL = int(Kind.SYSCALL)
_DESCRIPTORS = 15  # all that they can be: see fasttrace._decode.Story
_PAYLOAD, _ALTERED = int(Flag.PAYLOAD), int(Flag.ALTERED)


class CallLines:
    """Turns blocks of events into lines.

    Args:
        color: for a terminal.
        origin_ns: CLOCK_MONOTONIC that times are counted from; None: the first event's start.
        string_limit: bytes of data that are shown; paths are whole.
        descriptors: tell what they are, followed from one buffer to the next.
    """

    def __init__(
        self,
        *,
        color: bool = False,
        origin_ns: int | None = None,
        string_limit: int = 32,
        descriptors: bool = False,
    ) -> None:
        self._origin = origin_ns
        escapes = (DIM, RED, CYAN, RESET)
        self._dim, _, self._cyan, self._reset = escapes if color else [""] * 4
        dim, red, cyan, reset = (text.encode() if color else b"" for text in escapes)
        self._calls = _decode.Lines(
            dim, red, cyan, reset, string_limit, _DESCRIPTORS if descriptors else 0
        )

    def text(
        self,
        events: Buffer,
        payload: memoryview,
        payload_base: int = 0,
        shown: bytes | None = None,
    ) -> str:
        """All lines of a buffer of events, each ending with a newline; payload_base: what events
        call the first byte of `payload`. shown: with `descriptors`, a byte for each event, 0 for
        those without a line."""
        view = memoryview(events).cast("B")
        if self._origin is None and view:
            starts = (start + took for start, took, *_ in EVENT.iter_unpack(view))
            ends = list(starts)
            self._origin = EVENT.unpack_from(view, ends.index(min(ends)) * EVENT.size)[0]

        def other(index: int) -> str:
            return self._other(EVENT.unpack_from(view, index * EVENT.size), payload, payload_base)

        return self._calls.text(view, payload, payload_base, self._origin or 0, other, shown)

    def lines(self, events: Buffer, payload: memoryview, payload_base: int = 0) -> Iterator[str]:
        """The same, one by one."""
        return iter(self.text(events, payload, payload_base).splitlines(keepends=True))

    def _other(self, event: tuple[int, ...], payload: memoryview, payload_base: int) -> str:
        start, _, ret, *args, offset, pid, tid, nr, _, kind, flags = event
        who = f"{pid:<7}" if pid == tid else f"{pid} ({tid})"
        items = payload_items(payload, offset - payload_base) if flags & _PAYLOAD else ()
        text = described(kind, nr, ret, args, flags, items)
        seconds = (start - (self._origin or 0)) / 1e9
        head = f"{self._dim}{who} {seconds:11.6f}{self._reset} "
        return f"{head}{self._cyan}--- {text} ---{self._reset}\n"


def altered(events: Buffer) -> bytes:
    """Those events of a buffer that are calls which somebody altered."""
    view = memoryview(events).cast("B")
    return b"".join(
        view[at : at + EVENT.size]
        for at, event in zip(range(0, len(view), EVENT.size), EVENT.iter_unpack(view), strict=False)
        if event[-1] & _ALTERED and event[-2] == _SYSCALL
    )
