"""Selections: sets of system calls, written in strace's language.

openat,read         names
%file               a class: calls that take a path (see CLASSES)
/^get               names in which a regular expression is found
500                 a number
?name               no error if there is no such name or class
name@64, name@32    of 64-bit or 32-bit programs alone
!a,b                every call but these
%file,!stat         calls with a path, but not stat (beyond strace)
all, none
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

from fasttrace import _tables
from fasttrace._tables import ABIS, NR_MAX
from fasttrace.errors import SelectionError
from fasttrace.syscalls.names import abi_index
from fasttrace.text.terminal import quoted

__all__ = ["CLASSES", "Calls", "Selection", "parse_selection", "selection_of"]

CLASSES = tuple("%" + name for name in _tables.CLASSES)

# Numbers from NR_MAX - 1 on have no bit of their own: they share the last.
_ALL = (1 << NR_MAX) - 1
_REST = 1 << (NR_MAX - 1)
# strace takes these without their % too.
_BARE_CLASSES = ("file", "process", "network", "signal", "ipc", "desc", "memory")
# What is captured of what arguments point to.
Capture: TypeAlias = Literal["environments", "all", "paths", "none"]
Calls: TypeAlias = "str | int | Iterable[str | int] | Selection"
"""A set in strace's language ("%file,!stat"), a name, a number, some of these, or a Selection."""
_WIDTHS = {"64": ("x86_64", "aarch64", "riscv64"), "32": ("i386",), "x32": ()}


class Selection:
    """A set of system calls of every ABI; immutable, with ``| & - ~``."""

    __slots__ = ("_masks",)

    def __init__(self, masks: Iterable[int] = (0,) * len(ABIS)) -> None:
        self._masks = tuple(masks)

    def _repr_html_(self) -> str:
        from fasttrace.text.html import html_table

        rows = [(abi, " ".join(sorted(self.names(abi)))) for abi in ABIS if self.names(abi)]
        return html_table(("ABI", "calls"), rows, "<<", repr(self)[1:-1])

    def contains(self, nr: int, abi: str | int = "x86_64") -> bool:
        """Whether a number of an ABI (its name or index) is in the set."""
        index = abi_index(abi)
        if not 0 <= index < len(ABIS):
            return self.default
        return bool(self._masks[index] >> min(nr, NR_MAX - 1) & 1) if nr >= 0 else self.default

    def numbers(self, abi: str | int = "x86_64") -> frozenset[int]:
        """The numbers below NR_MAX - 1 that are in the set, known to the tables or not."""
        mask = self._masks[abi_index(abi)]
        return frozenset(nr for nr in range(NR_MAX - 1) if mask >> nr & 1)

    def names(self, abi: str | int = "x86_64") -> frozenset[str]:
        """The names that are in the set."""
        index = abi_index(abi)
        known = _tables.names(index)
        return frozenset(name for nr, name in known.items() if self._masks[index] >> nr & 1)

    @property
    def default(self) -> bool:
        """Whether numbers beyond all tables are in the set."""
        return bool(self._masks[0] & _REST)

    @property
    def is_everything(self) -> bool:
        return all(mask == _ALL for mask in self._masks)

    def policy(self, abi: str | int, *, capture: Capture = "none") -> bytes:
        """NR_MAX numbers of 16 bits for the C core: whether to record, and which program captures
        paths, or all that arguments point to."""
        recorded = self.mask(abi).to_bytes(NR_MAX // 8, "little")
        return _tables.policy(
            abi_index(abi), recorded, programs=capture != "none", paths=capture == "paths"
        )

    def mask(self, abi: str | int) -> int:
        """Bit nr: number nr is in the set; bit NR_MAX - 1: all from there on are."""
        return self._masks[abi_index(abi)]

    def _with(self, other: Selection, operate: Callable[[int, int], int]) -> Selection:
        return Selection(operate(a, b) for a, b in zip(self._masks, other._masks, strict=True))

    def __or__(self, other: Selection) -> Selection:
        return self._with(other, lambda a, b: a | b)

    def __and__(self, other: Selection) -> Selection:
        return self._with(other, lambda a, b: a & b)

    def __sub__(self, other: Selection) -> Selection:
        return self._with(other, lambda a, b: a & ~b)

    def __invert__(self) -> Selection:
        return Selection(_ALL & ~mask for mask in self._masks)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and self._masks == other._masks

    def __hash__(self) -> int:
        return hash(self._masks)

    def __repr__(self) -> str:
        counts = ", ".join(f"{abi}: {len(self.names(abi))}" for abi in ABIS)
        return f"<Selection {counts}{', and unknown numbers' if self.default else ''}>"


NOTHING = Selection()
EVERYTHING = ~NOTHING


def parse_selection(expression: str) -> Selection:
    """Read an expression; SelectionError says what is wrong with it.

    >>> sorted(parse_selection("%stat,!%lstat").names())
    ['stat']
    >>> parse_selection("!read").contains(0), parse_selection("!read").contains(1)
    (False, True)
    """
    text = expression.strip()
    text = text.removeprefix("trace=")
    inverted = False
    negated = text.startswith("!")
    while text.startswith("!"):
        inverted = not inverted
        text = text[1:]
    words = [word.strip() for word in text.split(",")]
    if not any(words):
        raise SelectionError(
            f"empty system call set {quoted(expression)}: write all, none, or names"
        )
    chosen = NOTHING
    for word in words:
        if word.startswith("!"):
            if negated:
                raise SelectionError(
                    f"{quoted(expression)}: a leading ! turns the whole set around; write "
                    f"{quoted('!' + text.replace('!', ''))[1:-1]}"
                )
            chosen -= _term(word[1:])
        elif word:
            chosen |= _term(word)
    return ~chosen if inverted else chosen


def selection_of(calls: Calls) -> Selection:
    """The Selection that is meant. SelectionError: an unknown name or class, a bad expression."""
    if isinstance(calls, Selection):
        return calls
    if isinstance(calls, (str, int)):
        return parse_selection(str(calls))
    return parse_selection(",".join(str(call) for call in calls) or "none")


def _term(word: str) -> Selection:
    if word == "all":
        return EVERYTHING
    if word == "none":
        return NOTHING
    optional = word.startswith("?")
    word = word.removeprefix("?")
    try:
        return _required(word, hint=not optional)
    except SelectionError:
        if optional and word:
            return NOTHING
        raise


@lru_cache(maxsize=1024)
def _required(word: str, *, hint: bool) -> Selection:
    """hint: what is near shall stand in an error, which takes some time to find."""
    if word.startswith("/"):
        return _regex(word[1:])
    if word.isdecimal() and word.isascii():
        return _number(word)
    if word.startswith("%") or word in _BARE_CLASSES:
        return _class(word)
    name, at, width = word.partition("@")
    if at and width not in _WIDTHS:
        name = quoted(name)[1:-1]
        raise SelectionError(f"unknown ABI in {quoted(word)}: write {name}@64 or {name}@32")
    abis = _WIDTHS[width] if at else ABIS
    found = _by_name().get(name)
    if found is None:
        raise SelectionError(f"unknown system call {quoted(name)}{_near(name) if hint else ''}")
    return Selection(m if abi in abis else 0 for abi, m in zip(ABIS, found._masks, strict=True))


def _number(word: str) -> Selection:
    nr = int(word) if len(word) < 8 else NR_MAX
    if nr >= NR_MAX - 1:
        raise SelectionError(
            f"system call number {quoted(word)} is too large: at most {NR_MAX - 2}"
        )
    return Selection(1 << nr for _ in ABIS)


@lru_cache(maxsize=128)
def _class(word: str) -> Selection:
    bit = _tables.CLASSES.get(word.removeprefix("%"))
    if bit is None:
        raise SelectionError(
            f"unknown system call class {quoted(word)}: one of {' '.join(CLASSES)}"
        )
    return Selection(
        sum(1 << nr for nr in _tables.names(abi) if _tables.classes(abi, nr) & bit)
        for abi in range(len(ABIS))
    )


def _regex(pattern: str) -> Selection:
    from fasttrace.syscalls.regexes import compiled

    try:
        wanted = compiled(pattern)
    except ValueError as error:
        raise SelectionError(f"bad regular expression {quoted(pattern)}: {error}") from None
    found = _where(lambda name: wanted.search(name) is not None)
    if found == NOTHING:
        text = (
            f"no system call matches {quoted('/' + pattern)}: see fasttrace.syscalls.names.table()"
        )
        raise SelectionError(text)
    return found


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Selection]:
    found: dict[str, list[int]] = {}
    for abi in range(len(ABIS)):
        for nr, name in _tables.names(abi).items():
            found.setdefault(name, [0] * len(ABIS))[abi] |= 1 << nr
    return {name: Selection(masks) for name, masks in found.items()}


def _where(wanted: Callable[[str], bool]) -> Selection:
    return Selection(
        sum(1 << nr for nr, name in _tables.names(abi).items() if wanted(name))
        for abi in range(len(ABIS))
    )


def _near(name: str) -> str:
    from difflib import get_close_matches

    names = {known for abi in range(len(ABIS)) for known in _tables.names(abi).values()}
    near = get_close_matches(name, sorted(names), 3)
    if near:
        return f": did you mean {' or '.join(near)}?"
    if "%" + name in CLASSES:
        return f": did you mean the class %{name}?"
    return ": write a name, a number, a %class or a /regex"
