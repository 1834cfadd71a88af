"""The tables of the report, each of what Trace and Summary tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fasttrace.data.counts import SyscallStats
from fasttrace.data.events import Kind
from fasttrace.data.files import FileStats, PathErrors
from fasttrace.data.lines import LineStats
from fasttrace.data.summary import Summary
from fasttrace.data.trace import Trace
from fasttrace.report.html.latency import sparkline
from fasttrace.report.html.markup import (
    Cell,
    Heading,
    code_cell,
    count_cell,
    nothing,
    section,
    shown,
    table,
    text_cell,
    top_note,
)
from fasttrace.text.units import duration

if TYPE_CHECKING:
    from fasttrace.data.calls import Call

SLOWEST, ERRORS, FILES, LINES = 200, 500, 1000, 500
"""So many rows these tables have."""

_NO_CALLS = nothing("no calls")


def time_cell(ns: int | None) -> Cell:
    """None: it is not known."""
    return Cell("-", -1) if ns is None else Cell(duration(ns).rstrip(), ns)


def _size_cell(size: int) -> Cell:
    if size < 10_000:
        return count_cell(size)
    value, units = size / 1000, ["kB", "MB", "GB", "TB", "PB", "EB"]
    while value >= 999.5:
        value /= 1000
        del units[0]
    return Cell(f"{value:.3g} {units[0]}", size)


def summary_section(summary: Summary, latencies: Mapping[str, Mapping[int, int]]) -> str:
    """latencies: see `fasttrace.report.html.latency`."""
    entries = summary.syscalls
    if not entries:
        return section("summary", "System calls", _NO_CALLS)
    total_ns = sum(s.total_ns or 0 for s in entries)
    everywhere = [bar for counts in latencies.values() for bar in counts] or [0]
    span = min(everywhere), max(everywhere)
    headings = (
        *(Heading("syscall", "<", "name"), Heading("calls"), Heading("errors")),
        *(Heading("% time", ">", "share"), Heading("total"), Heading("min"), Heading("p50")),
        *(Heading("p99"), Heading("max"), Heading("latency", "<", "plain"), Heading("errnos", "<")),
    )
    rows = [
        (
            _name_cell(s.name, s.name in latencies),
            count_cell(s.calls),
            count_cell(s.errors),
            _share_cell(s, total_ns),
            *map(time_cell, (s.total_ns, s.min_ns, s.p50_ns, s.p99_ns, s.max_ns)),
            Cell(sparkline(latencies.get(s.name, {}), *span)),
            text_cell(" ".join(f"{name}:{count}" for name, count in s.errnos.items())),
        )
        for s in entries
    ]
    note = "" if summary.results else "It was not recorded how calls ended, nor how long they took."
    return section("summary", "System calls", table("system calls", headings, rows), note)


def _name_cell(name: str, has_times: bool) -> Cell:
    if not has_times:
        return text_cell(name)
    label = f"latencies of {name}"
    html = f'<button type="button" class="pick" data-name="{shown(name)}" title="{shown(label)}">'
    return Cell(f"{html}{shown(name)}</button>", None)


def _share_cell(entry: SyscallStats, total_ns: int) -> Cell:
    if entry.total_ns is None:
        return Cell("-", -1)
    share = 100 * entry.total_ns / total_ns if total_ns else 0.0
    bar = f'<meter min="0" max="100" value="{share:.2f}" aria-hidden="true"></meter>'
    return Cell(f"{bar}{share:.2f}", entry.total_ns)


def slowest(trace: Trace, count: int) -> list[Call]:
    """So many calls that took longest, the longest first."""
    events = trace.events
    calls = np.flatnonzero(events["kind"] == Kind.SYSCALL)
    took = events["duration_ns"][calls]
    # The first of those that took as long.
    order = np.argsort(took[::-1], kind="stable")[::-1][:count]
    return [trace[int(i)] for i in calls[len(calls) - 1 - order].tolist()]


def slowest_section(calls: Sequence[Call], count: int, origin_ns: int) -> str:
    """calls: some of `count`."""
    if not calls:
        return section("slowest", "Slowest calls", _NO_CALLS)
    lines = any(call.python for call in calls)
    headings = [
        *(Heading("took"), Heading("began at"), Heading("pid"), Heading("program", "<")),
        Heading("call", "<", "long"),
        *([Heading("Python line", "<")] if lines else []),
    ]
    rows = []
    for call in calls:
        began_ns = call.time_ns - origin_ns
        who = str(call.pid) if call.pid == call.tid else f"{call.pid} ({call.tid})"
        row = [
            Cell("never returned", -1) if call.unfinished else time_cell(call.duration_ns),
            Cell(f"{began_ns / 1e9:.6f}", began_ns),
            Cell(who, call.tid),
            text_cell(call.comm),
            code_cell(str(call)),
        ]
        if lines:
            row.append(text_cell(str(call.python[0])) if call.python else Cell(""))
        rows.append(row)
    note = top_note(len(rows), count, "calls", "slowest")
    return section("slowest", "Slowest calls", table("slowest calls", headings, rows), note)


def errors_section(errors: Sequence[PathErrors], results: bool) -> str:
    if not errors:
        said = "no call failed" if results else "it was not recorded how calls ended"
        return section("errors", "Errors by path", nothing(said))
    headings = (
        *(Heading("calls"), Heading("error", "<"), Heading("syscall", "<")),
        Heading("path", "<", "long"),
    )
    rows = [
        (
            count_cell(one.calls),
            text_cell(one.errno),
            text_cell(one.name),
            Cell('<span class="none">none, or not known</span>')
            if one.path is None
            else code_cell(one.path),
        )
        for one in errors[:ERRORS]
    ]
    note = top_note(len(rows), len(errors), "kinds of errors", "most frequent")
    return section("errors", "Errors by path", table("errors by path", headings, rows), note)


def files_section(files: Sequence[FileStats]) -> str:
    if not files:
        return section("files", "Files touched", nothing("no file that is known"))
    headings = (
        *(Heading("path", "<", "long"), Heading("calls"), Heading("errors")),
        *(Heading("in calls"), Heading("read"), Heading("written")),
    )
    rows = [
        (
            code_cell(file.path),
            count_cell(file.calls),
            count_cell(file.errors),
            time_cell(file.total_ns),
            _size_cell(file.read),
            _size_cell(file.written),
        )
        for file in files[:FILES]
    ]
    about = "By path or by a descriptor of it; a call that has two files counts for both."
    note = f"{about} {top_note(len(rows), len(files), 'files', 'longest used')}".rstrip()
    return section("files", "Files touched", table("files touched", headings, rows), note)


def lines_section(lines: Sequence[LineStats]) -> str:
    """ "": no line of Python is known."""
    if not any(one.frame for one in lines):
        return ""
    headings = (
        *(Heading("line", "<", "long"), Heading("calls"), Heading("errors"), Heading("in calls")),
        Heading("syscalls", "<", "long"),
    )
    rows = [
        (
            code_cell(str(one.frame)) if one.frame else Cell('<span class="none">no Python</span>'),
            count_cell(one.calls),
            count_cell(one.errors),
            time_cell(one.total_ns),
            text_cell(" ".join(f"{name}:{count}" for name, count in one.syscalls.items())),
        )
        for one in lines[:LINES]
    ]
    note = top_note(len(rows), len(lines), "lines", "longest in calls")
    return section("lines", "Python lines", table("Python lines", headings, rows), note)
