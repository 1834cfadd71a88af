"""How far a long work is, on a terminal."""

from __future__ import annotations

import os
import sys
from time import monotonic

from fasttrace.cli.output import say
from fasttrace.text.color import CLEAR_LINE

_INTERVAL_S = 0.5


class Progress:
    """A line on standard error that is written over again and again, and goes away at the end.

    Nothing is shown where standard error is no terminal, nor in the first half second.

    Args:
        verb, unit: "recorded" 12,000 "events".
        total: if known, a percentage is shown too.
    """

    def __init__(self, verb: str, unit: str, total: int | None = None) -> None:
        self._verb, self._unit, self._total = verb, unit, total
        self._count = 0
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._next = monotonic() + _INTERVAL_S
        self._shown = False

    def add(self, count: int) -> None:
        self._count += count
        if not self._terminal or monotonic() < self._next:
            return
        self._next = monotonic() + _INTERVAL_S
        share = f" ({100 * self._count // self._total} %)" if self._total else ""
        self._write(f"{CLEAR_LINE}fasttrace: {self._verb} {self._count:,} {self._unit}{share}")
        self._shown = True

    def done(self, what: str) -> None:
        """The end, and on a terminal a line that stays."""
        self.end()
        if self._terminal:
            say(what)

    def end(self) -> None:
        if self._shown:
            self._write(CLEAR_LINE)
            self._shown = False

    def _write(self, text: str) -> None:
        try:
            os.write(2, text.encode())
        except OSError:
            self._terminal = False  # it has hung up
