"""One call at a time: its name, its text, and which calls a condition chooses."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fasttrace import _tables
from fasttrace._tables import ABIS
from fasttrace.data.events import Flag, Kind, PayloadItem, argument_strings
from fasttrace.syscalls.errnos import errno_name
from fasttrace.syscalls.names import syscall_name

if TYPE_CHECKING:
    from fasttrace.syscalls.sets import Selection

_FLAG_BITS = sum(Flag)

Calls: TypeAlias = "str | int | Iterable[str | int] | Selection"
"""A set in strace's language ("%file,!stat"), a name, a number, some of these, or a Selection."""


def abi_name(abi: int) -> str:
    """``abi_name(0)`` is "x86_64"; a number that no ABI has becomes "abi_7"."""
    return ABIS[abi] if 0 <= abi < len(ABIS) else f"abi_{abi}"


@lru_cache(maxsize=4096)
def call_name(nr: int, abi: int) -> str:
    """The name of syscall `nr` of the ABI with this index; "syscall_0x1f4" where there is none."""
    number = nr & 0xFFFFFFFF
    if 0 <= abi < len(ABIS) and number < 1 << 31:
        return syscall_name(number, abi)
    return f"syscall_{number:#x}"


def selection_of(calls: Calls) -> Selection:
    """The Selection that is meant. SelectionError: an unknown name or class, a bad expression."""
    from fasttrace.syscalls.sets import Selection, parse_selection

    if isinstance(calls, Selection):
        return calls
    if isinstance(calls, (str, int)):
        return parse_selection(str(calls))
    return parse_selection(",".join(str(call) for call in calls) or "none")


@lru_cache(maxsize=4096)
def path_args(nr: int, abi: int) -> frozenset[int]:
    """Which arguments of the call are paths."""
    bits = _tables.path_args(abi, nr & 0xFFFFFFFF)
    return frozenset(arg for arg in range(6) if bits >> arg & 1)


class Call(NamedTuple):
    """One event of a trace as Python values.

    name: of the syscall; of another kind of event the kind in lower case. args: the six arguments,
    unsigned. ret: the result; -errno where `errno` names one. errno: the error's name, or None.
    strings: text captured, by the index of the argument it belongs to. time_ns: start,
    CLOCK_MONOTONIC.
    """

    name: str
    pid: int
    tid: int
    time_ns: int
    duration_ns: int
    args: tuple[int, ...]
    ret: int
    errno: str | None
    strings: dict[int, str]
    kind: int
    nr: int
    abi: int
    flags: Flag

    @classmethod
    def of(
        cls, fields: tuple[int, ...], args: tuple[int, ...], items: Iterable[PayloadItem]
    ) -> Call:
        """From an event's fields without args, in the order of EVENT_DTYPE."""
        time_ns, duration_ns, ret, _, pid, tid, nr, abi, kind, bits = fields
        flags = Flag(bits & _FLAG_BITS)
        failed = kind == Kind.SYSCALL and Flag.ERROR in flags
        return cls(
            name=call_name(nr, abi) if kind == Kind.SYSCALL else kind_name(kind),
            pid=pid,
            tid=tid,
            time_ns=time_ns,
            duration_ns=duration_ns,
            args=args,
            ret=ret,
            errno=errno_name(-ret) if failed else None,
            strings={item.arg: item.text for item in argument_strings(items)},
            kind=kind,
            nr=nr,
            abi=abi,
            flags=flags,
        )


def kind_name(kind: int) -> str:
    """``kind_name(5)`` is "exit"; a number that no kind has becomes "kind_99"."""
    return Kind(kind).name.lower() if kind in Kind._value2member_map_ else f"kind_{kind}"
