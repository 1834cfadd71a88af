"""A Summary in parts, a table for each."""

from __future__ import annotations

from typing import Any, Literal

from fasttrace.data.summary import Summary
from fasttrace.data.summary_table import SortKey, about, summary_table
from fasttrace.text.color import BOLD, painted
from fasttrace.text.quoted import command_line
from fasttrace.text.table import cut
from fasttrace.text.terminal import printable


def tables_by(
    summary: Summary,
    key: Literal["pid", "comm", "abi"],
    *,
    sort: SortKey = "time",
    top: int | None = None,
    color: bool = False,
    width: int | None = None,
) -> str:
    """A table for each pid, comm or abi, the one with most time in calls first."""
    groups: list[tuple[Any, Summary]] = list(summary.by(key).items())
    groups.sort(key=lambda group: (-_total_ns(group[1]), str(group[0])))
    tables = []
    for value, part in groups:
        title = printable(f"{key} {value}")
        if key == "pid" and part.processes:
            last = part.processes[-1]
            title += f": {printable(command_line(last.argv) or last.comm)}"
        table = summary_table(part, sort=sort, top=top, color=color, width=width)
        # The last line tells of the whole run: once is enough.
        table = table.rpartition("\n\n")[0]
        tables.append(f"{painted(cut(title, width), BOLD, color=color)}\n{table}")
    return "\n\n".join([*tables, about(summary)])


def _total_ns(summary: Summary) -> int:
    return sum(s.total_ns or 0 for s in summary.syscalls)
