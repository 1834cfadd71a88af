"""What the calls of each line of Python cost, as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fasttrace.data.lines import LineStats
from fasttrace.text.color import BOLD, painted
from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

SORT_KEYS: dict[str, Callable[[LineStats], Any]] = {
    "time": lambda one: -(one.total_ns or 0),
    "calls": lambda one: -one.calls,
    "errors": lambda one: -(one.errors or 0),
    "name": lambda one: ("", 0) if one.frame is None else (one.frame.file, one.frame.line or 0),
}
_HEADINGS = ("% time", "total", "calls", "errors", "line", "syscalls")
_NO_PYTHON = "(no Python)"
_WIDE = 80  # a terminal with room for the syscalls
_FIGURES, _OTHERS = 34, 50  # what must be left for other columns, without those and with
_NAMES = 4


def sorted_lines(lines: Sequence[LineStats], sort: str) -> list[LineStats]:
    """The greatest by one of SORT_KEYS first; names: A to Z."""
    return sorted(lines, key=SORT_KEYS[sort])


def lines_table(
    lines: Sequence[LineStats],
    *,
    sort: str = "time",
    top: int | None = None,
    color: bool = False,
    width: int | None = None,
) -> str:
    """The table as text without a final newline.

    top: so many of them, and how many more there are; None: all. color: with terminal escapes.
    width: of the terminal; where it is too narrow files lose their beginnings, or the syscalls are
    left out.
    """
    shown = len(_HEADINGS) - (width is not None and width < _WIDE)
    total_ns = sum(one.total_ns or 0 for one in lines)
    rows = [
        (
            "-" if one.total_ns is None else f"{100 * one.total_ns / (total_ns or 1):.2f}",
            "-  " if one.total_ns is None else duration(one.total_ns),
            str(one.calls),
            "-" if one.errors is None else str(one.errors or ""),
            _place(one, width),
            _names(one.syscalls),
        )[:shown]
        for one in sorted_lines(lines, sort)[:top]
    ]
    headings = _HEADINGS[:shown]
    columns = Columns([headings, *rows], ">>>><<"[:shown], width=width)
    return "\n".join(
        [
            painted(columns.line(headings), BOLD, color=color),
            columns.rule(16),
            *map(columns.line, rows),
            *([f"... and {len(lines) - top} more (--top N)"] if top and top < len(lines) else []),
        ]
    )


def _place(one: LineStats, width: int | None) -> str:
    text = _NO_PYTHON if one.frame is None else printable(str(one.frame))
    most = None if width is None else width - (_FIGURES if width < _WIDE else _OTHERS)
    most = most if most is None else max(most, 8)
    return text if most is None or len(text) <= most else "…" + text[1 - most :]


def _names(syscalls: dict[str, int]) -> str:
    """The most frequent."""
    shown = [f"{name}:{count}" for name, count in list(syscalls.items())[:_NAMES]]
    return " ".join([*shown, "..."] if len(syscalls) > _NAMES else shown)
