"""The head of the page: what was run, how much it was, and the way to the sections."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

from fasttrace.data.described import signal_name
from fasttrace.data.summary import Summary
from fasttrace.data.summary_table import about
from fasttrace.data.trace import Trace
from fasttrace.report.html.markup import shown
from fasttrace.text.quoted import command_line
from fasttrace.text.units import duration

_NAMES = {
    "findings": "Findings",
    "summary": "Calls",
    "latency": "Latency",
    "timeline": "Timeline",
    "processes": "Processes",
    "slowest": "Slowest",
    "errors": "Errors",
    "files": "Files",
    "lines": "Python",
}

_LONGEST = 300  # characters of the command


def command(trace: Trace) -> str:
    return command_line(trace.argv) if trace.argv else "attached processes"


def overview(trace: Trace, summary: Summary, *, threads: int, sections: Iterable[str]) -> str:
    """threads: of all processes. sections: those of the page, by their ids."""
    links = "".join(f'<a href="#{id}">{_NAMES[id]}</a>' for id in sections)
    cards = "".join(
        f'<div class="card{kind}"><dt>{name}</dt><dd>{value}</dd></div>'
        for name, value, kind in _cards(summary, threads)
    )
    told = [f'<p class="note">{shown(line)}</p>' for line in about(summary).split("\n")[1:]]
    if not trace.finished:
        told.append(
            '<p class="note warn">The recording is not finished: its recorder was killed, or still'
            " ran; what is missing at the end is not known.</p>"
        )
    if trace.lost:
        told.append(f'<p class="note warn">{trace.lost:,} events were lost.</p>')
    return f"""<a class="skip" href="#main">to the report</a>
<header>
<div class="top"><span class="brand">fasttrace</span>
<button type="button" id="theme">dark</button></div>
<h1><code>{shown(command(trace), _LONGEST)}</code></h1>
<p class="when">{_when(trace)}</p>
<dl class="cards">{cards}</dl>
{"".join(told)}
</header>
<nav aria-label="sections">{links}</nav>"""


def _cards(summary: Summary, threads: int) -> list[tuple[str, str, str]]:
    failed = summary.total_errors
    in_calls = sum(s.total_ns or 0 for s in summary.syscalls)
    status = summary.exit_status
    cards = [
        ("system calls", f"{summary.total_calls:,}", ""),
        ("failed", "-" if failed is None else f"{failed:,}", " bad" if failed else ""),
        ("processes", f"{len(summary.processes):,}", ""),
        ("threads", f"{threads:,}", ""),
        ("wall time", duration(summary.wall_ns).rstrip(), ""),
        ("time in calls", duration(in_calls).rstrip() if summary.results else "-", ""),
        ("engine", shown(summary.engine or "-"), ""),
    ]
    if status is not None:
        text = str(status) if status >= 0 else signal_name(-status)
        cards.append(("exit", text, " bad" if status else ""))
    return cards


def _when(trace: Trace) -> str:
    if trace.realtime_offset_ns is None or not len(trace):
        return ""
    start_ns = int(trace.events["time_ns"].min()) + trace.realtime_offset_ns
    try:
        start = datetime.fromtimestamp(start_ns / 1e9, timezone.utc)
    except (ValueError, OverflowError, OSError):  # a damaged trace
        return ""
    return f"recorded {start:%Y-%m-%d %H:%M:%S} UTC"
