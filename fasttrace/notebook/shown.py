"""The calls of a cell, as a picture and a table."""

from __future__ import annotations

from fasttrace.data.counts import Counts, SyscallStats
from fasttrace.data.summary_table import sorted_by, summary_table
from fasttrace.text.html import html_bars
from fasttrace.text.units import duration

_BARS = 10


class CellCalls:
    """What a notebook shows as HTML, and a terminal as text."""

    def __init__(self, summary: Counts) -> None:
        self.summary = summary

    def __repr__(self) -> str:
        if not self.summary.total_calls:
            return "no calls"
        return summary_table(self.summary)

    def _repr_html_(self) -> str:
        from fasttrace.data.html import summary_html

        if not self.summary.total_calls:
            return "<p>no calls</p>"
        entries = sorted_by(self.summary, "time")
        shown = [(entry.name, entry.total_ns or 0, _text(entry)) for entry in entries[:_BARS]]
        left = len(entries) - len(shown)
        title = "time in calls" + (f", and {left} more in the table" if left else "")
        return html_bars(shown, title) + "\n" + summary_html(self.summary)


def _text(entry: SyscallStats) -> str:
    calls = f"{entry.calls:,} call" + ("s" if entry.calls != 1 else "")
    return calls if entry.total_ns is None else f"{duration(entry.total_ns)} in {calls}"
