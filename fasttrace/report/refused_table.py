"""What a profile would have refused, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fasttrace.text.table import Columns
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
    cells = [(row.call, str(row.verdict), str(row.count), printable(row.process)) for row in rows]
    columns = Columns([row[:3] for row in [_HEADINGS, *cells]], "<<>")
    lines = [f"{columns.line(row[:3])}  {row[3]}".rstrip() for row in [_HEADINGS, *cells]]
    lines.insert(1, f"{columns.rule()}  {'-' * len(_HEADINGS[3])}")
    return "\n".join([*lines, "", total])
