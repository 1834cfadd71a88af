"""Which arguments decide what a call is for, so that a profile can allow it for these alone.

Only words in registers: what a pointer leads to a filter cannot see, and addresses differ from run
to run. Each is compared under a mask, for the kernel takes these arguments as 32 bits, and what
stands in the upper half of the register is chance (a sign, what was there before).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache

from fasttrace.seccomp.profile.constants import CLONE, PRCTL
from fasttrace.seccomp.profile.values import Condition

_INT = 0xFFFFFFFF
# socket(2): flags that are or-ed into the type and only concern the descriptor.
_SOCK_NONBLOCK, _SOCK_CLOEXEC = 0x800, 0x80000
# clone(2): the CLONE_NEW* flags, CLONE_NEWCGROUP to CLONE_NEWNET; the others differ from one C
# library to the next and give nothing that fork(2) and threads do not.
_NEW_NAMESPACES = 0x7E020000


@dataclass(frozen=True)
class Deciding:
    """masks: by index of the argument, which of its bits decide."""

    masks: tuple[tuple[int, int], ...]

    def conditions(self, values: tuple[int, ...]) -> tuple[Condition, ...]:
        """values: one for each mask, already under it."""
        return tuple(
            Condition(index, mask, "SCMP_CMP_MASKED_EQ", value)
            for (index, mask), value in zip(self.masks, values, strict=True)
        )


DECIDING = {
    "socket": Deciding(((0, _INT), (1, _INT & ~_SOCK_NONBLOCK & ~_SOCK_CLOEXEC))),
    "ioctl": Deciding(((1, _INT),)),
    "prctl": Deciding(((0, _INT),)),
    "personality": Deciding(((0, _INT),)),
    "clone": Deciding(((0, _NEW_NAMESPACES),)),
}


def describe(name: str, values: tuple[int, ...]) -> str:
    """A call with its deciding arguments, for people.

    >>> describe("socket", (2, 1)), describe("clone", (0,)), describe("ioctl", (0x5401,))
    ('socket(AF_INET, SOCK_STREAM)', 'clone(no new namespaces)', 'ioctl(TCGETS)')
    """
    if name == "socket":
        words = [family(values[0]) or str(values[0]), _kind(values[1])]
    elif name == "clone":
        new = [flag for flag, bit in CLONE.items() if values[0] & bit]
        words = ["|".join(new) or "no new namespaces"]
    else:
        words = [_constants(name).get(value, hex(value)) for value in values]
    return f"{name}({', '.join(words)})"


def family(number: int) -> str | None:
    """``family(2)`` is "AF_INET"; None: Python does not know it."""
    try:
        return socket.AddressFamily(number).name
    except ValueError:
        return None


def _kind(number: int) -> str:
    try:
        return socket.SocketKind(number).name
    except ValueError:
        return str(number)


@lru_cache
def _constants(name: str) -> dict[int, str]:
    if name == "prctl":
        return {number: word for word, number in PRCTL.items()}
    if name != "ioctl":
        return {}
    import termios

    words = {
        word: number
        for word, number in vars(termios).items()
        if word.startswith(("TIOC", "TCGETS", "TCSETS", "TCSBRK", "FIO")) and "_" not in word
    }
    return {int(number): word for word, number in words.items() if isinstance(number, int)}
