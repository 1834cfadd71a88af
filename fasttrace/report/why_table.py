"""Where the time went, as text."""

from __future__ import annotations

import textwrap

from fasttrace.analysis.finding import Finding, TaskTime, Why
from fasttrace.text.color import BOLD, painted
from fasttrace.text.table import Columns, with_room
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

TASKS = 8
"""So many are shown."""

# In this order, so far as the terminal is too narrow.
_LEFT_OUT = ("calls", "in calls", "not in calls")
_TASK = 18  # columns that it shall have
_NARROW = 60  # below that what a finding says stands below what it costs

NOTHING = "nothing that the calls prove took much of the time"


def why_table(found: Why, *, top: int = 20, color: bool = False, width: int | None = None) -> str:
    """The text without a final newline.

    top: so many findings. color: with terminal escapes. width: of the terminal, at which lines are
    wrapped.
    """
    if not found.wall_ns:
        return "no calls"
    lines = [f"{duration(found.wall_ns).strip()} from the first call to the last"]
    if found.tasks:
        lines += ["", *_tasks(found, color, width)]
    lines.append("")
    if not found:
        lines.append(NOTHING)
    for finding in found[:top]:
        lines += _block(finding, found.wall_ns, color, width)
    if len(found) > top:
        lines.append(f"... and {len(found) - top} more (--top N)")
    for note in found.notes:
        lines += ["", *_wrapped(note, width, "")]
    return "\n".join(lines)


def _tasks(found: Why, color: bool, width: int | None) -> list[str]:
    """Where the time of those tasks was that lasted longest."""
    shown = found.tasks[:TASKS]
    rows = [
        (
            *map(duration, (one.lasted_ns, one.outside_ns, one.waiting_ns, one.calls_ns)),
            f"{one.calls:,}",
            _who(one),
        )
        for one in shown
    ]
    whole = [("lasted", "not in calls", "waiting", "in calls", "calls", "task"), *rows]
    chosen = with_room(whole, map(whole[0].index, _LEFT_OUT), width, _TASK)
    headings, *cells = ([row[i] for i in chosen] for row in whole)
    columns = Columns([headings, *cells], ">" * (len(chosen) - 1) + "<", width=width)
    lines = [painted(columns.line(headings), BOLD, color=color), columns.rule(16)]
    lines += [columns.line(row) for row in cells]
    if len(found.tasks) > TASKS:
        lines.append(f"... and {len(found.tasks) - TASKS:,} more")
    return lines


def _who(one: TaskTime) -> str:
    name = printable(one.process.comm) if one.process is not None else ""
    return f"{name or '?'} (pid {one.pid})" + (f" thread {one.tid}" if one.tid != one.pid else "")


def _block(finding: Finding, wall_ns: int, color: bool, width: int | None) -> list[str]:
    share = f"{100 * finding.cost_ns / max(wall_ns, 1):.0f} %"
    head = f"{duration(finding.cost_ns):>10} {share:>6}  "
    blank = " " * (len(head) if width is None or width >= _NARROW else 4)
    title = _wrapped(finding.title, width, blank)
    if len(blank) < len(head):
        title, head = ["", *title], head.rstrip()
    lines = [head + painted(title[0][len(blank) :], BOLD, color=color)]
    lines += [painted(line, BOLD, color=color) for line in title[1:]]
    for line in finding.text.split("\n"):
        lines += _wrapped(line, width, blank) if line else []
    return lines


def _wrapped(text: str, width: int | None, blank: str) -> list[str]:
    if width is None:
        return [blank + text]
    room = max(width, len(blank) + 20)
    return textwrap.wrap(
        text, room, initial_indent=blank, subsequent_indent=blank, break_on_hyphens=False
    ) or [blank]
