"""How traces differ, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fasttrace.analysis.diff import LIKELY, Change, Difference, Timing, middle
from fasttrace.text.color import BOLD, GREEN, RED, painted
from fasttrace.text.table import Columns, wrapped
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

_TITLES = (
    ("syscalls", "calls"),
    ("errors", "errors"),
    ("programs", "processes"),
    ("paths", "calls with a path"),
)
_FEW = "how long calls take is compared where there are several runs of each: record four or more"
_NO_SCIPY = "whether times differ by more than chance: pip install 'fasttrace[stats]'"


def diff_table(
    found: Difference, *, top: int = 20, color: bool = False, width: int | None = None
) -> str:
    """The tables as text without a final newline.

    top: so many lines of each. color: with terminal escapes. width: of the terminal, at which lines
    are cut.
    """
    parts = [_totals(found.totals, color)]
    for field, title in _TITLES:
        changes: Sequence[Change] = getattr(found, field)
        if changes:
            parts.append(_changes(title, changes, top, color, width))
    if len(parts) == 1:
        nothing = not any(max(*one.before, *one.after) for one in found.totals)
        alike = "no calls" if nothing else "the same calls, errors, programs and paths"
        parts.append(wrapped(alike, width))
    parts.append(_times(found, top, color, width))
    return "\n\n".join(part for part in parts if part)


def _totals(totals: Iterable[Change], color: bool) -> str:
    rows = [(one.name[0], _range(one.before), _range(one.after), _by(one)) for one in totals]
    headings = ("", "before", "after", "")
    columns = Columns([headings, *rows], "<>>>")
    return "\n".join(
        [painted(columns.line(headings).rstrip(), BOLD, color=color)]
        + [columns.line(row).rstrip() for row in rows]
    )


def _changes(
    title: str, changes: Sequence[Change], top: int, color: bool, width: int | None
) -> str:
    shown = changes[:top]
    rows = [
        (_by(one), _range(one.before), _range(one.after), printable(" ".join(one.name)))
        for one in shown
    ]
    headings = ("", "before", "after", title)
    columns = Columns([headings, *rows], ">>><", width=width)
    lines = [painted(columns.line(headings), BOLD, color=color)]
    for one, row in zip(shown, rows, strict=True):
        hue = RED if one.kind in ("new", "more") else GREEN
        lines.append(painted(columns.line(row), hue, color=color))
    if len(changes) > top:
        lines.append(f"... and {len(changes) - top} more (--top N)")
    return "\n".join(lines)


def _times(found: Difference, top: int, color: bool, width: int | None) -> str:
    if not found.times:
        return ""
    if all(timing.p is None for timing in found.times):
        return wrapped(_NO_SCIPY if min(found.runs) >= 4 else _FEW, width)
    timings = [timing for timing in found.times if timing.differs]
    if not timings:
        return "no call takes longer or shorter by more than chance"
    headings = ("", "before", "after", "chance", "median time of a call")
    rows = [_timing(timing) for timing in timings[:top]]
    columns = Columns([headings, *rows], ">>>><", width=width)
    lines = [painted(columns.line(headings), BOLD, color=color)]
    for timing, row in zip(timings, rows, strict=False):
        hue = RED if timing.ratio > 1 else GREEN
        lines.append(painted(columns.line(row), hue, color=color))
    if len(timings) > top:
        lines.append(f"... and {len(timings) - top} more (--top N)")
    compared = sum(timing.p is not None for timing in found.times)
    chance = f"of {compared} compared some {compared * LIKELY:.0f} would stand here by chance"
    lines.append(wrapped(chance, width))
    return "\n".join(lines)


def _timing(timing: Timing) -> tuple[str, ...]:
    times = (duration(middle(timing.before_ns)), duration(middle(timing.after_ns)))
    return (f"x {timing.ratio:.2f}", *times, f"{timing.p:.3f}", printable(timing.name))


def _range(counts: Sequence[int]) -> str:
    """One number, or the least and the greatest of several runs."""
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low}-{high}"


def _by(change: Change) -> str:
    if change.kind in ("new", "gone"):
        return change.kind
    difference = (
        min(change.after) - max(change.before)
        if change.kind == "more"
        else max(change.after) - min(change.before)
        if change.kind == "fewer"
        else 0
    )
    return f"{difference:+}" if difference else "="
