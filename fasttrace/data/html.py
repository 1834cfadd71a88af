"""What notebooks show of what was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fasttrace.data.summary_table import about, cells_of, errnos_text
from fasttrace.text.html import html_table

if TYPE_CHECKING:
    from fasttrace.data.calls import Call
    from fasttrace.data.counts import Counts

CALLS = 20
"""So many events of a trace are shown."""

_TIMES = ("% time", "total", "calls", "errors", "min", "p50", "p99", "max")


def summary_html(summary: Counts) -> str:
    total_ns = sum(s.total_ns or 0 for s in summary.syscalls)
    rows = [
        (*map(str.strip, cells_of(s, total_ns)), s.name, errnos_text(s)) for s in summary.syscalls
    ]
    return html_table((*_TIMES, "syscall", "errnos"), rows, ">" * 8 + "<<", about(summary))


def trace_html(calls: Iterable[Call], count: int, title: str) -> str:
    """calls: the first of `count` events."""
    shown = list(calls)
    origin_ns = min((call.time_ns for call in shown), default=0)
    rows = [
        (str(call.pid), call.comm, f"{(call.time_ns - origin_ns) / 1e9:.6f}", str(call))
        for call in shown
    ]
    left = count - len(shown)
    caption = f"{title}\nand {left:,} more" if left else title
    return html_table(("pid", "comm", "seconds", "event"), rows, "><><", caption)
