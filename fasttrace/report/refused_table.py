"""What a profile would have refused, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from fasttrace.seccomp.ask.audit import Refused

_HEADINGS = ("syscall", "action", "count", "process")


def refused_table(rows: Sequence[Refused], calls: int) -> str:
    """The table as text without a final newline; calls: how many were made in all."""
    refused = sum(row.count for row in rows)
    total = f"{refused} of {calls} calls would be refused"
    if not rows:
        return total
    cells = [_HEADINGS] + [
        (row.call, str(row.verdict), str(row.count), printable(row.process)) for row in rows
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(3)]
    cells.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2], "-" * 7))
    lines = [
        f"{call:{widths[0]}}  {action:{widths[1]}}  {count:>{widths[2]}}  {process}".rstrip()
        for call, action, count, process in cells
    ]
    return "\n".join([*lines, "", total])
