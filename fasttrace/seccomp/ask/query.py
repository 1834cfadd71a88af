"""A query: a call as people write it.

openat, socket:AF_INET, clone:flags=CLONE_NEWUSER, open@i386
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fasttrace import _tables
from fasttrace._tables import ABIS
from fasttrace.errors import ProfileError
from fasttrace.seccomp.filter.compile import Compiled, libseccomp_number
from fasttrace.seccomp.profile import constants
from fasttrace.seccomp.profile.vocabulary import ARCHITECTURES, MACHINES
from fasttrace.syscalls.architectures import OF_ABI

ABI_OF = {one.seccomp: abi for abi, one in OF_ABI.items()} | {"SCMP_ARCH_X32": "x86_64"}
"""Which of our tables has the signatures of an architecture."""

ARCH_OF = {abi: one.seccomp for abi, one in OF_ABI.items()}


@dataclass(frozen=True)
class Query:
    """A call of which some arguments are known. given: (index, value) pairs."""

    text: str
    name: str
    nr: int
    arch: str
    given: tuple[tuple[int, int], ...]


def query_of(text: str, compiled: Compiled) -> Query:
    """A Query from `NAME[@ARCH][:ARG,...]`; ARG: a value, or INDEX=value, or PARAMETER=value.

    ProfileError: no such call or parameter on that architecture.
    """
    head, _, tail = text.partition(":")
    word, at, machine = head.partition("@")
    arch = MACHINES.get(machine) if at else compiled.resolved.target.arch
    if arch is None:
        raise ProfileError(f"{text}: no architecture {machine!r}: one of {', '.join(MACHINES)}")
    name, nr = _call(text, word.strip(), arch)
    given: dict[int, int] = {}
    for place, one in enumerate(tail.split(",") if tail else ()):
        key, equals, value = one.partition("=")
        index = _index(text, key.strip(), arch, name) if equals else place
        if index > 5:
            raise ProfileError(f"{text}: a call has six arguments")
        if index in given:
            raise ProfileError(f"{text}: argument {index} is given twice")
        try:
            given[index] = constants.value_of(value if equals else key)
        except ProfileError as error:
            raise ProfileError(f"{text}: {error}") from None
    return Query(text, name, nr, arch, tuple(sorted(given.items())))


def _call(text: str, word: str, arch: str) -> tuple[str, int]:
    if word.isdecimal() or word.startswith("0x"):
        nr = constants.value_of(word)
        if nr >= 1 << 32:
            raise ProfileError(f"{text}: a system call's number has 32 bits")
        return name_of(nr, arch), nr
    nr_or_none = number_of(word, arch)
    if nr_or_none is None:
        from difflib import get_close_matches

        close = get_close_matches(word, known_names(arch), 2)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ProfileError(f"no system call {word!r} on {ARCHITECTURES[arch][0]}{hint}")
    return word, nr_or_none


def number_of(name: str, arch: str) -> int | None:
    """The number of a call: libseccomp's, or where its tables are older than ours, ours."""
    nr = libseccomp_number(name, arch)
    if nr is None and arch in ABI_OF:
        nr = _tables.number(ABIS.index(ABI_OF[arch]), name)
        if nr is not None and arch == "SCMP_ARCH_X32":
            nr |= 1 << 30
    return nr


def name_of(nr: int, arch: str) -> str:
    """The name of a call by number; "syscall_0x1f4" where nobody knows one."""
    plain = nr & ~(1 << 30) if arch == "SCMP_ARCH_X32" else nr
    found = _tables.name(ABIS.index(ABI_OF[arch]), plain) if arch in ABI_OF else None
    if found is None or arch == "SCMP_ARCH_X32":
        from fasttrace.seccomp.filter.compile import library

        try:
            raw = library().resolve_syscall(ARCHITECTURES[arch][1], nr)
            found = raw.decode() if isinstance(raw, bytes) else found
        except (ValueError, OverflowError):
            found = None
    return found or f"syscall_{nr:#x}"


def known_names(arch: str) -> list[str]:
    """The calls that our tables know on an architecture."""
    return list(_tables.names(ABIS.index(ABI_OF[arch])).values()) if arch in ABI_OF else []


@lru_cache(maxsize=1024)
def parameters(name: str, arch: str) -> tuple[str, ...]:
    """The names of a call's arguments, as far as our tables know them."""
    if arch not in ABI_OF:
        return ()
    abi = ABIS.index(ABI_OF[arch])
    nr = _tables.number(abi, name)
    signature = _tables.signature(abi, nr) if nr is not None else None
    return tuple(parameter for parameter, _ in signature or ())


def parameter(name: str, arch: str, index: int) -> str:
    """What to call an argument: "domain", or "arg0"."""
    found = parameters(name, arch)
    return found[index] if index < len(found) else f"arg{index}"


def _index(text: str, key: str, arch: str, name: str) -> int:
    if key.isdecimal() and len(key) < 4:
        return int(key)
    if key.startswith("arg") and key[3:].isdecimal() and len(key) < 6:
        return int(key[3:])
    found = parameters(name, arch)
    close = [i for i, one in enumerate(found) if one == key]
    close = close or [i for i, one in enumerate(found) if one.endswith(key)]
    if len(close) != 1:
        known = f"{name} has {', '.join(found)}" if found else "give its index, from 0"
        raise ProfileError(f"{text}: no argument {key!r}: {known}")
    return close[0]
