"""What a filter can do with one call: which arguments it looks at, and where its answer changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TypeVar

from fasttrace.seccomp.filter.interpret import Program, Verdict, holds

T = TypeVar("T")

_LOW = 0xFFFFFFFF
_TOP = 0xFFFFFFFFFFFFFFFF
_NR, _ARCH, _ARGS = 0, 1, 4  # words of struct seccomp_data
_LD_ABS, _AND, _RET_K, _RET_A, _JA = 0x20, 0x54, 0x06, 0x16, 0x05
_SET = 0x40
MANY = 20_000
"""Values tried at most for one call."""


@dataclass
class Reach:
    """The part of a filter that a call can get to, whatever its arguments.

    values: all that the filter may return. tests: by index of the argument, the (half, mask,
    number) it is compared with; half 1 is the upper one. opaque: the filter calculates, as none of
    libseccomp's does; tests are not all there is.
    """

    values: set[int] = field(default_factory=set)
    tests: dict[int, set[tuple[int, int, int]]] = field(default_factory=dict)
    opaque: bool = False

    @property
    def constant(self) -> Verdict | None:
        """The answer, if it is the same for all arguments."""
        known = len(self.values) == 1 and not self.opaque
        return Verdict.of(next(iter(self.values))) if known else None

    @property
    def tested(self) -> list[int]:
        """The indices of the arguments that the answer depends on."""
        return list(range(6)) if self.opaque else sorted(self.tests)

    def masked(self, index: int) -> bool:
        """Whether single bits of an argument matter."""
        return any(mask != _LOW for _, mask, _ in self.tests.get(index, ()))

    def candidates(self, index: int) -> list[int]:
        """Values of an argument on both sides of everything that it is compared with, sorted."""
        halves: tuple[set[int], set[int]] = ({0}, {0})
        around: tuple[set[int], set[int]] = ({0, _LOW}, {0, _LOW})
        for half, mask, number in self.tests.get(index, ()):
            halves[half].add(number)
            around[half].update(_neighbours(mask, number))
        found = {high << 32 | low for high in halves[1] for low in around[0]}
        found |= {high << 32 | low for high in around[1] for low in (0, _LOW)}
        return sorted(found)


def _neighbours(mask: int, number: int) -> set[int]:
    if mask == _LOW:
        return {max(number - 1, 0), number, min(number + 1, _LOW)}
    bits = [1 << bit for bit in range(32) if mask >> bit & 1]
    return {number, number | (~mask & _LOW), mask, *(number ^ bit for bit in bits)}


def reach(program: Program, nr: int, arch: int) -> Reach:
    """Follows both ways of every test of an argument, and the right one of all others.

    nr: unsigned 32-bit; arch: the AUDIT_ARCH number.
    """
    found = Reach()
    code = program.instructions
    known = {_NR: nr & _LOW, _ARCH: arch}
    # Where the accumulator is from: a word of the data and a mask; -1: somewhere else.
    todo = [(0, -1, _LOW)]
    seen = set(todo)

    def go(at: int, word: int, mask: int) -> None:
        state = (at, word, mask)
        if state not in seen:
            seen.add(state)
            todo.append(state)

    while todo:
        at, word, mask = todo.pop()
        op, jt, jf, k = code[at]
        if op == _LD_ABS:
            go(at + 1, k // 4, _LOW)
        elif op == _AND:
            go(at + 1, word, mask & k)
        elif op == _RET_K:
            found.values.add(k)
        elif op == _JA:
            go(at + 1 + k, word, mask)
        elif op & 7 == 5:
            if word in known and not op & 8:
                go(at + 1 + (jt if holds(op & 0xF0, known[word] & mask, k) else jf), word, mask)
                continue
            if word >= _ARGS and not op & 8:
                # "Any of these bits" is a comparison of those bits with 0.
                test = (mask & k, 0) if op & 0xF0 == _SET else (mask, k)
                found.tests.setdefault((word - _ARGS) // 2, set()).add((word % 2, *test))
            else:
                found.opaque = True
            go(at + 1 + jt, word, mask)
            go(at + 1 + jf, word, mask)
        else:
            found.opaque = True
            if op == _RET_A:
                return found
            go(at + 1, -1, _LOW)
    return found


def ranges(marks: Iterable[int], answer: Callable[[int], T], top: int) -> list[tuple[int, int, T]]:
    """(first, last, answer) of the runs of values from 0 to top that have the same answer.

    marks: values between which the answer changes at most once.

    >>> ranges([10, 20], lambda value: value > 12, 99)
    [(0, 12, False), (13, 99, True)]
    """
    runs: list[tuple[int, T]] = []
    before = 0
    for mark in sorted({0, top, *(mark for mark in marks if mark <= top)}):
        found = answer(mark)
        if not runs or found != runs[-1][1]:
            low, high = before, mark
            while runs and high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if answer(middle) == found else (middle, high)
            runs.append((high if runs else 0, found))
        before = mark
    ends = [start - 1 for start, _ in runs[1:]] + [top]
    return [(start, end, found) for (start, found), end in zip(runs, ends, strict=True)]


def ranges_text(spans: Sequence[tuple[int, int]], top: int) -> str:
    """Ranges of values, from 0 to top, as people read them.

    >>> ranges_text([(0, 37), (39, 39), (41, 99)], 99)
    '<= 37, 39, >= 41'
    """
    words = []
    for start, end in spans:
        if start == end:
            words.append(value_text(start))
        elif end == top:
            words.append(f">= {value_text(start)}")
        elif start == 0:
            words.append(f"<= {value_text(end)}")
        else:
            words.append(f"{value_text(start)}..{value_text(end)}")
    return ", ".join(words if len(words) <= 12 else [*words[:11], f"{len(words) - 11} more"])


def value_text(value: int) -> str:
    """A number as people read it: small ones in decimal."""
    if value == _TOP:
        return "2^64-1"
    return str(value) if value < 4096 else hex(value)


def points(reaches: Iterable[Reach], given: dict[int, int]) -> tuple[list[tuple[int, ...]], bool]:
    """Argument lists that try everything the filters look at; and whether that is not certain.

    given: arguments that are known. If there are too many combinations one argument varies at a
    time.
    """
    reaches = list(reaches)
    axes: list[list[int]] = []
    total = 1
    for index in range(6):
        values: set[int] = {0}
        for one in reaches:
            if index in one.tests:
                values.update(one.candidates(index))
        axis = [given[index]] if index in given else sorted(values)
        axes.append(axis)
        total *= len(axis)
    if total <= MANY:
        return list(product(*axes)), any(one.opaque for one in reaches)
    first = [axis[0] for axis in axes]
    found = [
        (*first[:index], value, *first[index + 1 :])
        for index, axis in enumerate(axes)
        for value in axis[:MANY]
    ]
    return found, True
