"""The event record seen from Python: its dtype, its kinds and flags, payload items."""

import warnings
from collections.abc import Iterable, Iterator
from enum import EnumMeta, IntEnum, IntFlag
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttrace import _tally

if TYPE_CHECKING:
    import numpy as np

    EVENT_DTYPE: np.dtype[np.void]
    """One event (src_c/event.h), 96 bytes, little-endian.

    time_ns <u8 (start, CLOCK_MONOTONIC), duration_ns <u8, ret <i8, args (6,)<u8, payload <u8,
    pid <i4, tid <i4, nr <i4, abi u1, kind u1, flags <u2.
    """

EVENT_SIZE: int = _tally.EVENT_SIZE


class Kind(IntEnum):
    """What an event tells."""

    SYSCALL = 1
    SIGNAL = 2
    FORK = 3
    EXEC = 4
    EXIT = 5
    LOST = 6
    ATTACH = 7
    STOP = 8


class _Renamed(EnumMeta):
    def __getattr__(cls, name: str) -> Any:
        if name != "INJECTED":
            raise AttributeError(name)
        warnings.warn("Flag.INJECTED is Flag.ALTERED now", DeprecationWarning, stacklevel=2)
        return cls.__members__["ALTERED"]


class Flag(IntFlag, metaclass=_Renamed):
    """Bits of an event's `flags`. ALTERED: a rule or a handler changed the call. Of such a call,
    DELAYED: a rule held it up; POKED: a rule wrote what its arguments point to; OWN_RESULT: it was
    made all the same, and its result is the kernel's."""

    UNFINISHED = 1
    INTERRUPTED = 2
    ALTERED = 4
    PAYLOAD = 8
    THREAD = 16
    ERROR = 32
    DELAYED = 64
    POKED = 128
    OWN_RESULT = 256


class PayloadType(IntEnum):
    """What a payload item holds."""

    STRING = 1
    BYTES = 2
    ARGV = 3
    COMM = 4
    LINK = 5
    SIGINFO = 6
    STACK = 7
    PYTHON = 8
    NUMBERS = 9
    VCPU = 10


class PayloadFlag(IntFlag):
    """Bits of a payload item's flags. EXIT: as it was after the call, else before it. FAULT: what
    would follow could not be read; without TRUNCATED: not one byte."""

    MORE = 1
    TRUNCATED = 2
    FAULT = 4
    EXIT = 8


def _agree_with_c() -> None:
    for ours, theirs in (
        (Kind, _tally.KINDS),
        (Flag, _tally.FLAGS),
        (PayloadType, _tally.PAYLOAD_TYPES),
        (PayloadFlag, _tally.PAYLOAD_FLAGS),
    ):
        if {name: int(member) for name, member in ours.__members__.items()} != theirs:
            raise ImportError(
                f"fasttrace.data.events.{ours.__name__} and src_c/event.h differ; rebuild fasttrace"
            )


_agree_with_c()


def __getattr__(name: str) -> Any:
    if name != "EVENT_DTYPE":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    dtype = globals()["EVENT_DTYPE"] = _tally.event_dtype()
    return dtype


class PayloadItem(NamedTuple):
    """Bytes captured from the tracee with an event.

    arg: index of the argument that leads to them, 255 for none. type: a PayloadType; an unknown
    number stays one. flags: PayloadFlag bits. address: in the tracee, 0 for none.
    """

    arg: int
    type: int
    flags: int
    data: bytes
    address: int = 0

    @property
    def text(self) -> str:
        """The data as a file name is decoded: bytes that are no UTF-8 become lone surrogates."""
        return self.data.decode("utf-8", "surrogateescape")


_HEAD = Struct("<IBBHQ")
SIGINFO_SIZE = 48  # FT_SIGINFO_SIZE of src_c/event.h
# An event has some items per argument (src_c/session/capture.h), or a name and an argument list. A
# damaged file must not make one event out of a whole stream.
_ITEMS_MAX = 1024


def payload_items(payload: memoryview, offset: int) -> Iterator[PayloadItem]:
    """The items of one event, `offset` being its `payload` field.

    Nothing in the stream is trusted: what lies outside it is not there, what ends behind its end is
    cut and marked TRUNCATED.
    """
    for _ in range(_ITEMS_MAX):
        if not 0 <= offset <= len(payload) - _HEAD.size:
            return
        length, arg, type, flags, address = _HEAD.unpack_from(payload, offset)
        start = offset + _HEAD.size
        data = bytes(payload[start : start + length])
        if len(data) < length:
            flags |= PayloadFlag.TRUNCATED
        yield PayloadItem(arg, type, flags, data, address)
        if not flags & PayloadFlag.MORE:
            return
        offset = start + (length + 7) // 8 * 8


def argument_strings(items: Iterable[PayloadItem]) -> Iterator[PayloadItem]:
    """Those that are strings to which arguments themselves point.

    An argument's first item is what it points to, those behind it what that points to in turn.
    """
    seen = set()
    for item in items:
        if item.arg not in seen and item.type == PayloadType.STRING:
            yield item
        seen.add(item.arg)


def siginfo_of(items: Iterable[PayloadItem]) -> bytes | None:
    """Of a signal's event: siginfo_t as its tracer got it; None: it has none, or not all."""
    for item in items:
        if item.type == PayloadType.SIGINFO and len(item.data) >= SIGINFO_SIZE:
            return item.data
    return None
