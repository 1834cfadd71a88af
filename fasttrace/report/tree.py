"""A tree of processes as a table, a line for each."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fasttrace.data.described import signal_name
from fasttrace.data.processes import Process
from fasttrace.data.tree import Branch
from fasttrace.text.color import BOLD, RED, painted
from fasttrace.text.quoted import command_line
from fasttrace.text.table import Columns, with_room
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

_HEADINGS = ("calls", "errors", "in calls", "lasted", "exit", "pid", "program")
_ALIGN = ">>>>>><"
# In this order, so far as the terminal is too narrow.
_LEFT_OUT = ("lasted", "in calls", "errors", "exit")
_PROGRAM = 20  # columns that it shall have
_DEEPEST = 30  # levels that are drawn; what lies deeper stands below these


def tree_table(
    roots: Sequence[Branch], *, color: bool = False, width: int | None = None, results: bool = True
) -> str:
    """The table as text without a final newline. results: False if it was not recorded how calls
    ended. color: with terminal escapes. width: of the terminal, at which lines are cut."""
    branches = [branch for root in roots for branch in _drawn(root)]
    rows = [
        (*_cells(branch, results), lines + _program(branch, not lines))
        for lines, branch in branches
    ]
    shown = with_room([_HEADINGS, *rows], map(_HEADINGS.index, _LEFT_OUT), width, _PROGRAM)
    headings, *rows = (tuple(row[i] for i in shown) for row in (_HEADINGS, *rows))
    align = "".join(_ALIGN[i] for i in shown)
    columns = Columns([headings, *rows], align, width=width)
    lines = [painted(columns.line(headings), BOLD, color=color), columns.rule(16)]
    for row, (_, branch) in zip(rows, branches, strict=True):
        has_failed = branch.process.exit_status not in (None, 0)
        lines.append(painted(columns.line(row), RED, color=color and has_failed))
    return "\n".join([*lines, "", _about([branch for _, branch in branches])])


def _drawn(root: Branch) -> list[tuple[str, Branch]]:
    """All of the tree with the lines that lead to them from the left."""
    drawn = []
    last_at: list[bool] = []  # for each level whether its branch was the last of its parent
    waiting = [(0, True, root)]
    while waiting:
        depth, is_last, branch = waiting.pop()
        del last_at[depth:]
        last_at.append(is_last)
        trunk = "".join("   " if last else "│  " for last in last_at[1:depth][:_DEEPEST])
        drawn.append((trunk + ("└─ " if is_last else "├─ ") if depth else "", branch))
        children = branch.children
        waiting += [
            (depth + 1, i == len(children) - 1, child)
            for i, child in reversed(list(enumerate(children)))
        ]
    return drawn


def _cells(branch: Branch, results: bool) -> tuple[str, ...]:
    process = branch.process
    lasted = "-"
    if process.start_ns and process.end_ns is not None:
        lasted = duration(max(process.end_ns - process.start_ns, 0))
    return (
        str(branch.calls),
        (str(branch.errors) if branch.errors else "") if results else "-",
        duration(branch.call_ns) if results else "-",
        lasted,
        ended(process),
        str(process.pid),
    )


def ended(process: Process) -> str:
    """``ended(Process(1, status=256))`` is "1"; a signal's name for who died of it; "-": no end was
    seen."""
    if process.exit_status is None:
        return "-"
    if process.exit_status >= 0:
        return str(process.exit_status)
    return signal_name(os.WTERMSIG(process.status or 0))


def _program(branch: Branch, is_root: bool) -> str:
    """What it ran last, behind the names of what it ran before."""
    process = branch.process
    if branch.programs or is_root:
        before = [argv[0].rpartition("/")[2] if argv else "?" for argv in branch.programs[:-1]]
        last = command_line(branch.programs[-1] if branch.programs else process.argv)
        text = " → ".join(printable(word) for word in (*before, last or process.comm or "?"))
    else:
        text = f"({printable(process.comm)})"  # as its parent was
    if branch.threads:
        text += f"  [{branch.threads + 1} threads]"
    return text


def _about(branches: Sequence[Branch]) -> str:
    if not branches:
        return "no calls"
    calls = sum(branch.calls for branch in branches)
    failed = sum(branch.process.exit_status not in (None, 0) for branch in branches)
    text = f"{len(branches)} process{'es' if len(branches) > 1 else ''}, {calls} calls"
    return text + (f"; {failed} did not end with 0" if failed else "")
