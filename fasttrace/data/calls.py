"""One call at a time: its name and its text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fasttrace import _tables
from fasttrace._decode import Event, OpenFiles, Payload, events_of, siginfo
from fasttrace.data.described import described
from fasttrace.data.events import (
    Flag,
    Kind,
    PayloadItem,
    PayloadType,
    argument_strings,
    payload_items,
    siginfo_of,
)
from fasttrace.data.frames import Frame, frames_of
from fasttrace.decode.values import Named, Struct
from fasttrace.syscalls.errnos import errno_name
from fasttrace.syscalls.names import abi_name, call_name

if TYPE_CHECKING:
    from typing_extensions import Buffer

_FLAG_BITS = sum(Flag)


@lru_cache(maxsize=4096)
def path_args(nr: int, abi: int) -> frozenset[int]:
    """Which arguments of the call are paths."""
    bits = _tables.path_args(abi, nr & 0xFFFFFFFF)
    return frozenset(arg for arg in range(6) if bits >> arg & 1)


class Call(Event):
    """One event of a trace as Python values; `fasttrace.Trace.calls` gives those that are calls.

    pid, tid: of the task. time_ns, duration_ns: start, CLOCK_MONOTONIC, and how long it took. ret:
    the result as the kernel gave it; -errno where `errno` names one. result: its meaning: Flags,
    an Address, None for a call that failed or never returned, else `ret`. found: what poll, ppoll,
    select and pselect6 found beside that (`fds`; `in`, `out`, `except`; and `left` of the time), or
    None. args: the arguments,
    decoded when they are first asked for; see fasttrace.decode.values. raw_args: six unsigned
    numbers, the registers. kind, nr, flags: as in the event.

    `str` is the call as strace writes it. Pickled, a call keeps what it needs of its trace.
    """

    __slots__ = ()

    @property
    def name(self) -> str:
        """Of the syscall; of another kind of event the kind in lower case."""
        if self.kind == Kind.SYSCALL:
            return call_name(self.nr, self.abi_index)
        return kind_name(self.kind)

    @property
    def flags(self) -> Flag:
        return Flag(self.bits & _FLAG_BITS)

    @property
    def abi(self) -> Named:
        """The number of the ABI, which prints as its name."""
        return _abi(self.abi_index)

    @property
    def errno(self) -> str | None:
        """The error's name, or None."""
        return errno_name(-self.ret) if self.failed else None

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""
        return self.kind == Kind.SYSCALL and bool(self.bits & Flag.ERROR)

    @property
    def unfinished(self) -> bool:
        """Whether it never returned while it was traced; ret and duration_ns are 0."""
        return self.kind == Kind.SYSCALL and bool(self.bits & Flag.UNFINISHED)

    @property
    def interrupted(self) -> bool:
        """Whether a signal came and the kernel was to restart it."""
        return self.kind == Kind.SYSCALL and bool(self.bits & Flag.INTERRUPTED)

    @property
    def comm(self) -> str:
        """The program that its process ran then; "" where that is not known."""
        found: str = self.payload.comm_of(self.pid, self.time_ns) if self.payload.comm_of else ""
        return found

    @property
    def strings(self) -> dict[int, str]:
        """The text that arguments point to, by the index of the argument."""
        return {item.arg: item.text for item in argument_strings(self.items())}

    @property
    def python(self) -> tuple[Frame, ...]:
        """The frames of Python that made it, the innermost first, of a trace with ``python=True``;
        empty where none did."""
        return frames_of(self.items())

    @property
    def instruction_pointer(self) -> int | None:
        """The address behind the instruction that made it, of a trace with
        ``instruction_pointer=True``; None: it is not known."""
        for item in self.items():
            if item.type == PayloadType.STACK and len(item.data) >= 8:
                return int.from_bytes(item.data[:8], "little")
        return None

    @property
    def siginfo(self) -> Struct | None:
        """Of a signal: what the program is told of it; None where that was not copied."""
        data = siginfo_of(self.items()) if self.kind == Kind.SIGNAL else None
        return None if data is None else siginfo(self.nr, data)

    def items(self) -> list[PayloadItem]:
        """What was copied from the tracee with it."""
        if not self.bits & Flag.PAYLOAD:
            return []
        return list(payload_items(memoryview(self.parts()[1]), 0))

    def __str__(self) -> str:
        if self.kind == Kind.SYSCALL:
            return self.line()
        raw = list(self.raw_args)
        return described(self.kind, self.nr, self.ret, raw, self.bits, self.items())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def _repr_html_(self) -> str:
        from fasttrace.text.html import html_table

        row = (str(self.pid), self.comm, str(self))
        return html_table(("pid", "comm", "event"), [row], "><<", "")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), *self.parts(), self.comm, self.told)


def calls_of(
    events: Buffer, payload: Buffer, payload_base: int = 0, *, files: OpenFiles | None = None
) -> list[Call]:
    """The system calls of a buffer of events, in the order of their ends; payload_base: what events
    call payload[0]; files: what descriptors are known from, and what learns of them."""
    made = events_of(Call, events, Payload(payload, payload_base))
    made.sort(key=lambda call: call.time_ns + call.duration_ns)
    if files is not None:
        for call in made:
            files.tell(call)
    return [call for call in made if call.kind == Kind.SYSCALL]


def _restored(
    cls: type[Call], event: bytes, items: bytes, base: int, comm: str, told: Any = None
) -> Call:
    """From what `Call.__reduce__` gives."""
    call = events_of(cls, event, Payload(items, base, lambda pid, time_ns: comm))[0]
    if told is not None:
        call.restore(told)
    return call


@lru_cache(maxsize=256)
def _abi(index: int) -> Named:
    return Named(index, abi_name(index))


def kind_name(kind: int) -> str:
    """``kind_name(5)`` is "exit"; a number that no kind has becomes "kind_99"."""
    return Kind(kind).name.lower() if kind in Kind._value2member_map_ else f"kind_{kind}"
