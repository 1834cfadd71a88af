"""What stands behind -e: a qualifier and a set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fasttrace.cli.strace.getopt import BadOption
from fasttrace.errors import InjectError, SelectionError
from fasttrace.syscalls.sets import Selection, parse_selection

if TYPE_CHECKING:
    from fasttrace.alter.rules import AlterRule

STATUSES = frozenset({"successful", "failed", "unfinished", "unavailable", "detached"})
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
}


def qualifier(text: str) -> tuple[str, str]:
    """The option that an expression stands for, and its value; without a name it is trace=."""
    name, equals, value = text.partition("=")
    if equals and name in _QUALIFIERS:
        return _QUALIFIERS[name], value
    return "trace", text


def calls(text: str) -> Selection:
    """strace's language of sets. BadOption names what it does not know."""
    inverted = text.startswith("!")
    words = text.lstrip("!").split(",")
    for word in words:
        try:
            parse_selection(word)
        except SelectionError:
            raise BadOption(f"invalid system call '{word or text}'", hint=False) from None
    found = parse_selection(",".join(words))
    return ~found if inverted and (len(text) - len(text.lstrip("!"))) % 2 else found


def words(name: str, text: str, known: Iterable[str]) -> frozenset[str]:
    """A set of words: all, none, !a,b."""
    every = frozenset(known)
    inverted = text.startswith("!")
    given: set[str] = set()
    for word in text.removeprefix("!").split(","):
        if word == "all":
            given |= every
        elif word in every:
            given.add(word)
        elif word != "none":
            raise BadOption(f"invalid {name} '{word}'", hint=False)
    return every - given if inverted else frozenset(given)


def quiet(text: str) -> frozenset[str]:
    """The messages that are not wanted."""
    if not text:
        return frozenset({"attach", "personality"})
    names = ",".join(_QUIET_NAMES.get(word, word) for word in text.removeprefix("!").split(","))
    return words("quiet", ("!" if text.startswith("!") else "") + names, QUIETS)


def quieter(times: int) -> frozenset[str]:
    """What -q means, given so often."""
    if times > 2:
        return QUIETS
    return frozenset(("attach", "personality", "exit")[: (0, 2, 3)[times]])


def signals(text: str) -> int:
    """Bit n-1: signal n is in the set."""
    from fasttrace.alter.language import signal_number

    every = (1 << 64) - 1
    inverted = text.startswith("!")
    given = 0
    for word in text.removeprefix("!").split(","):
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
