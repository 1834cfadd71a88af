"""The whole page: one file with its style, its scripts and all data, that asks no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files
from typing import NamedTuple

from fasttrace._version import __version__
from fasttrace.data.export.extras import extra
from fasttrace.data.lines import has_frames
from fasttrace.data.trace import Trace
from fasttrace.report.html import plots, sections
from fasttrace.report.html.findings import findings_section
from fasttrace.report.html.latency import latencies
from fasttrace.report.html.markup import json_script, shown
from fasttrace.report.html.overview import command, overview
from fasttrace.report.html.process_tree import tree_section
from fasttrace.report.html.timeline import timeline
from fasttrace.system.files import Text
from fasttrace.system.new_file import Sink, write_new
from fasttrace.text.html import escaped

DRAWN = 1000
"""So many of the longest calls are drawn one by one."""
PASSES = 3
"""How often each event is looked at, for who shows how far it is."""


def write(
    sink: Sink, trace: Trace, *, progress: Callable[[int], object] = lambda events: None
) -> None:
    """Write the report of a trace.

    progress: is told how many events have been looked at more, PASSES times of each. OSError: that
    of the sink. MissingExtra: plotly is not installed.
    """
    plotly = extra("plotly.offline", "html").get_plotlyjs()
    parts = parts_of(trace, progress=progress)
    scripts = [plotly, _own("page.js")]
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:;"
        " base-uri 'none'; form-action 'none'"
    )
    head = _HEAD.format(title=parts.title, policy=policy, style=_own("page.css"))
    sink.write(head.encode())
    sink.write(parts.body.encode())
    sink.write(f'<script type="application/json" id="data">{parts.data}</script>\n'.encode())
    for script in scripts:
        sink.write(f"<script>{script}</script>\n".encode())
    sink.write(b"</body>\n</html>\n")


def write_file(
    path: Text, trace: Trace, *, progress: Callable[[int], object] = lambda events: None
) -> int:
    """The same as a file that has its name once it is whole; returns its size.

    OutputError: it cannot be written. BrokenPipeError: it is a pipe that nobody reads any more.
    """
    return write_new(path, lambda file: write(file, trace, progress=progress))


_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
"""


def _own(name: str) -> str:
    return files("fasttrace.report.html").joinpath(name).read_text("utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Parts(NamedTuple):
    """title, body: HTML. data: JSON for page.js."""

    title: str
    body: str
    data: str


def parts_of(trace: Trace, *, progress: Callable[[int], object] = lambda events: None) -> Parts:
    """What of the page is of this trace."""
    summary = trace.summary()
    times = latencies(summary)
    line = timeline(trace, progress=progress)
    touched = trace.files(progress=progress)
    lines = trace.lines() if has_frames(trace.events, trace.payload) else []
    progress(len(trace))
    calls = sections.slowest(trace, max(DRAWN, sections.SLOWEST))
    listed = calls[: sections.SLOWEST]
    made = {
        "findings": findings_section(trace.why()),
        "summary": sections.summary_section(summary, times),
        "latency": plots.latency_section(times),
        "timeline": plots.timeline_section(line, min(len(calls), DRAWN), summary.total_calls),
        "processes": tree_section(trace.tree(), trace.results),
        "slowest": sections.slowest_section(listed, summary.total_calls, line.origin_ns),
        "errors": sections.errors_section(touched.errors, trace.results),
        "files": sections.files_section(touched.files),
        "lines": sections.lines_section(lines),
    }
    data = {
        "latency": plots.latency_data(times),
        "timeline": plots.timeline_data(line, calls[:DRAWN]),
    }
    threads = len(line.lanes) - bool(line.left) + line.left
    header = overview(trace, summary, threads=threads, sections=[id for id in made if made[id]])
    main = ['<main id="main" tabindex="-1">', *filter(None, made.values()), "</main>"]
    foot = f"<footer>fasttrace {escaped(__version__)}; plots by plotly.js; no network.</footer>"
    body = "\n".join([header, *main, foot, ""])
    return Parts(f"{shown(command(trace))}: fasttrace", body, json_script(data))
