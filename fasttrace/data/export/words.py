"""Texts that a column refers to by number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Words(NamedTuple):
    """Different texts, in UTF-8: word i ends at ends[i] of text, where the next one begins.

    ends: int64, shape (n,).
    """

    ends: npt.NDArray[np.int64]
    text: bytes

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        encoded = [word.encode() for word in words]
        return cls(np.cumsum([len(word) for word in encoded], dtype=np.int64), b"".join(encoded))

    def string(self, place: int) -> str:
        start = int(self.ends[place - 1]) if place else 0
        return self.text[start : int(self.ends[place])].decode()

    def strings(self) -> list[str]:
        text, start, words = self.text, 0, []
        for end in self.ends.tolist():
            words.append(text[start:end].decode())
            start = end
        return words


def utf8(text: str) -> str:
    r"""Text from outside as UTF-8 can have it: bytes that are none are written as escapes.

    >>> utf8("caf\u00e9 \udcff")
    'café \\xff'
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Numbering:
    """Words of whole numbers, in the order of their first appearance.

    Args:
        room: numbers from 0 to below it are looked up in a table.
        word: what a number is called; several may have one word.

    Attributes:
        places: that table: int32, shape (room,), the place of each number's word, -1 where it has
            none yet.
    """

    def __init__(self, room: int, word: Callable[[int], str]) -> None:
        self._word = word
        self.places = np.full(room, -1, np.int32)
        self._others: dict[int, int] = {}
        self._of_word: dict[str, int] = {}

    def codes(self, numbers: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int32]:
        """The place of each number's word in `words`. numbers: shape (n,)."""
        room = len(self.places)
        if not len(numbers):
            return np.empty(0, np.int32)
        least, most = int(numbers.min()), int(numbers.max())
        if most >= room or least < 0:
            return self._with_others(numbers)
        if least == most and self.places[least] >= 0:
            return np.full(len(numbers), self.places[least])
        codes: npt.NDArray[np.int32] = self.places[numbers]
        if int(codes.min()) < 0:
            for number in _in_order(numbers[codes < 0]):
                self.places[number] = self._code(number)
            codes = self.places[numbers]
        return codes

    def _with_others(self, numbers: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int32]:
        known = (numbers >= 0) & (numbers < len(self.places))
        codes = np.empty(len(numbers), np.int32)
        codes[known] = self.codes(numbers[known])
        values, places = np.unique(numbers[~known], return_inverse=True)
        for number in values.tolist():
            if number not in self._others:
                self._others[number] = self._code(number)
        found = np.array([self._others[number] for number in values.tolist()], np.int32)
        codes[~known] = found[places]
        return codes

    def _code(self, number: int) -> int:
        return self._of_word.setdefault(self._word(number), len(self._of_word))

    @property
    def words(self) -> Words:
        """All so far: what has a place keeps it."""
        return Words.of(self._of_word)


def _in_order(numbers: npt.NDArray[np.integer[Any]]) -> list[int]:
    """The different ones, as they first appear."""
    values, first = np.unique(numbers, return_index=True)
    ordered: list[int] = values[np.argsort(first)].tolist()
    return ordered
