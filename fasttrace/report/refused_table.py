"""What a profile would have refused, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from fasttrace.seccomp.ask.audit import Refused

_HEADINGS = ("syscall", "action", "count", "process")


def refused_table(rows: Sequence[Refused], calls: int, *, width: int | None = None) -> str:
    """The table as text without a final newline; calls: how many were made in all; width: of the
    terminal, for which the calls are cut."""
    refused = sum(row.count for row in rows)
    total = f"{refused} of {calls} calls would be refused"
    if not rows:
        return total
    cells = [(row.call, str(row.verdict), str(row.count), printable(row.process)) for row in rows]
    columns = Columns([_HEADINGS, *cells], "<<><", width=width, flexible=0)
    heading, *lines = map(columns.line, [_HEADINGS, *cells])
    return "\n".join([heading, columns.rule(len(_HEADINGS[3])), *lines, "", total])
