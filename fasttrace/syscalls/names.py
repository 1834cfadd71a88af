"""System calls by name and number, for every ABI in the tables."""

from functools import lru_cache
from typing import NamedTuple

from fasttrace import _tables
from fasttrace._tables import ABIS

__all__ = [
    "ABIS", "Syscall", "abi_index", "abi_name", "call_name", "syscall_name", "syscall_number",
    "table",
]  # fmt: skip


class Syscall(NamedTuple):
    """One system call of an ABI.

    ``args`` are (name, C type) pairs; ``classes`` are strace's, without their first ``%``;
    ``path_args`` are the indices of arguments that are paths.
    """

    abi: str
    nr: int
    name: str
    args: tuple[tuple[str, str], ...]
    classes: frozenset[str]
    path_args: tuple[int, ...]


def abi_index(abi: str | int) -> int:
    """The number of an ABI in event records: its place in `ABIS`."""
    if isinstance(abi, int):
        return abi
    try:
        return ABIS.index(abi)
    except ValueError:
        raise ValueError(f"unknown ABI {abi!r}: one of {', '.join(ABIS)}") from None


def abi_name(abi: int) -> str:
    """``abi_name(0)`` is "x86_64"; a number that no ABI has becomes "abi_7"."""
    return ABIS[abi] if 0 <= abi < len(ABIS) else f"abi_{abi}"


def syscall_name(nr: int, abi: str | int = "x86_64") -> str:
    """The name of a call; a number the table does not know is shown as ``syscall_0x1f4``.

    >>> syscall_name(257), syscall_name(5, "i386"), syscall_name(500)
    ('openat', 'open', 'syscall_0x1f4')
    """
    return _tables.name(abi_index(abi), nr) or f"syscall_{nr & 0xFFFFFFFF:#x}"


@lru_cache(maxsize=4096)
def call_name(nr: int, abi: int) -> str:
    """The name of syscall `nr` of the ABI with this index; "syscall_0x1f4" where there is none."""
    number = nr & 0xFFFFFFFF
    if 0 <= abi < len(ABIS) and number < 1 << 31:
        return syscall_name(number, abi)
    return f"syscall_{number:#x}"


def syscall_number(name: str, abi: str | int = "x86_64") -> int:
    """The number of a call; LookupError, with what is near, if there is none of that name.

    >>> syscall_number("openat"), syscall_number("openat", "aarch64")
    (257, 56)
    """
    index = abi_index(abi)
    nr = _tables.number(index, name)
    if nr is None:
        from difflib import get_close_matches

        near = get_close_matches(name, _tables.names(index).values(), 3)
        hint = f": did you mean {' or '.join(near)}?" if near else ""
        raise LookupError(f"no system call {name!r} on {ABIS[index]}{hint}")
    return nr


def table(abi: str | int = "x86_64") -> dict[int, Syscall]:
    """All calls of an ABI, by number."""
    index = abi_index(abi)
    calls = {}
    for nr, name in _tables.names(index).items():
        bits, paths = _tables.classes(index, nr), _tables.path_args(index, nr)
        calls[nr] = Syscall(
            ABIS[index],
            nr,
            name,
            _tables.signature(index, nr) or (),
            frozenset(c for c, bit in _tables.CLASSES.items() if bits & bit),
            tuple(i for i in range(6) if paths >> i & 1),
        )
    return calls
