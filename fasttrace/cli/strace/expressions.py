"""What stands behind -e: a qualifier and a set."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fasttrace.cli.strace.getopt import BadArgument, BadOption
from fasttrace.errors import InjectError, SelectionError
from fasttrace.syscalls.sets import Selection, parse_selection

if TYPE_CHECKING:
    from fasttrace.alter.rules import AlterRule

_UNITS_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1}
_DESCRIPTOR_MAX = 1 << 20  # what fs.nr_open is unless it was raised
STATUSES = frozenset({"successful", "failed", "unfinished", "unavailable", "detached"})
FILES = frozenset({"path", "socket", "dev", "pidfd"})
QUIETS = frozenset({"attach", "exit", "path-resolution", "personality", "thread-execve"})
_QUIET_NAMES = {name: name for name in QUIETS} | {
    "attaching": "attach",
    "exits": "exit",
    "path-resolve": "path-resolution",
    "personalities": "personality",
    "superseded": "thread-execve",
    "thread-exec": "thread-execve",
}
_QUALIFIERS = {
    **dict.fromkeys(("trace", "t"), "trace"),
    **dict.fromkeys(("abbrev", "a"), "abbrev"),
    **dict.fromkeys(("verbose", "v"), "verbose"),
    **dict.fromkeys(("raw", "x"), "raw"),
    **dict.fromkeys(("signal", "signals", "s"), "signal"),
    **dict.fromkeys(("read", "reads", "r"), "read"),
    **dict.fromkeys(("write", "writes", "w"), "write"),
    **dict.fromkeys(("quiet", "silent", "silence", "q"), "quiet"),
    **{word: word for word in ("fault", "inject", "status", "kvm", "decode-fds")},
    **dict.fromkeys(("decode-pids", "decode-pid"), "decode-pids"),
    **dict.fromkeys(("trace-fds", "trace-fd", "fds", "fd"), "trace-fds"),
}


def qualifier(text: str) -> tuple[str, str]:
    """The option that an expression stands for, and its value; without a name it is trace=."""
    name, equals, value = text.partition("=")
    if equals and name in _QUALIFIERS:
        return _QUALIFIERS[name], value
    return "trace", text


def _tokens(what: str, text: str) -> tuple[list[str], bool]:
    """The words of a set, and whether it is all but them. As strtok(3) parts them: empty words are
    none; BadOption where there is no other."""
    body = text.lstrip("!")
    found = [word for word in body.split(",") if word]
    if not found:
        raise BadOption(f"invalid {what} '{text}'", hint=False)
    return found, (len(text) - len(body)) % 2 == 1


def calls(text: str) -> Selection:
    """strace's language of sets. BadOption names what it does not know."""
    tokens, inverted = _tokens("system call", text)
    for word in tokens:
        try:
            parse_selection(word)
        except SelectionError:
            raise BadOption(f"invalid system call '{word}'", hint=False) from None
    found = parse_selection(",".join(tokens))
    return ~found if inverted else found


def descriptors(text: str) -> bytes:
    """A byte for each descriptor: whether it is in the set; the last is also that of all higher
    ones. Numbers beyond _DESCRIPTOR_MAX, which no process has open, are left out."""
    tokens, inverted = _tokens("descriptor", text)
    given: set[int] = set()
    every = False
    for word in tokens:
        if re.fullmatch(r"\d+", word, re.A) and int(word) < 1 << 31:
            given.add(int(word))
        elif word == "all":
            every = True
        elif word != "none":
            raise BadOption(f"invalid descriptor '{word}'", hint=False)
    known = {fd for fd in given if fd <= _DESCRIPTOR_MAX}
    table = bytearray([every] * (max(known, default=-1) + 2))
    for fd in known:
        table[fd] = True
    return bytes(bit ^ inverted for bit in table)


def nanoseconds(text: str) -> int:
    """A span of time, in microseconds where no unit is said. Raises BadArgument."""
    match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d{1,3}))?(s|ms|us|ns)?", text, re.A)
    if match is None:
        raise BadArgument
    number, exponent, unit = match.groups()
    span = float(f"{number}e{exponent or 0}") * _UNITS_NS[unit or "us"]
    if not span < 1 << 63:
        raise BadArgument
    return int(span)


def words(name: str, text: str, known: Iterable[str]) -> frozenset[str]:
    """A set of words: all, none, !a,b."""
    every = frozenset(known)
    tokens, inverted = _tokens(name, text)
    given: set[str] = set()
    for word in tokens:
        if word == "all":
            given |= every
        elif word in every:
            given.add(word)
        elif word != "none":
            raise BadOption(f"invalid {name} '{word}'", hint=False)
    return every - given if inverted else frozenset(given)


def files(text: str) -> frozenset[str]:
    """What is told of descriptors; newer ones of strace's, which a path tells as well, too."""
    if not text:
        return FILES
    newer = {"eventfd", "signalfd"}
    return words("descriptor decode", text, FILES | newer) & FILES


def tasks(text: str) -> frozenset[str]:
    """What is told of processes and threads."""
    return words("decode-pids", text, {"comm", "pidns"})


def numbers(text: str) -> list[int]:
    """Descriptors, one or several."""
    found = text.split(",")
    for word in found:
        if not re.fullmatch(r"\d{1,9}", word, re.A):
            raise BadOption(f"invalid descriptor '{word}'", hint=False)
    return [int(word) for word in found]


def quiet(text: str) -> frozenset[str]:
    """The messages that are not wanted."""
    if not text:
        return frozenset({"attach", "personality"})
    body = text.lstrip("!")
    names = ",".join(_QUIET_NAMES.get(word, word) for word in body.split(","))
    return words("quiet", text[: len(text) - len(body)] + names, QUIETS)


def quieter(times: int) -> frozenset[str]:
    """What -q means, given so often."""
    if times > 2:
        return QUIETS
    return frozenset(("attach", "personality", "exit")[: (0, 2, 3)[times]])


def signals(text: str) -> int:
    """Bit n-1: signal n is in the set."""
    from fasttrace.alter.language import signal_number

    every = (1 << 64) - 1
    tokens, inverted = _tokens("signal", text)
    given = 0
    for word in tokens:
        if word == "all":
            given = every
        elif word != "none":
            try:
                given |= 1 << (signal_number(word, word) - 1)
            except InjectError:
                raise BadOption(f"invalid signal '{word}'", hint=False) from None
    return every & ~given if inverted else given


def rule(kind: str, text: str) -> AlterRule:
    """A rule in the language of `fasttrace.alter`, which is strace's."""
    from fasttrace.alter.language import parse_rule

    calls(text.partition(":")[0])
    try:
        return parse_rule(f"{kind}={text}")
    except InjectError:
        raise BadOption(f"invalid {kind} argument '{text}'", hint=False) from None
