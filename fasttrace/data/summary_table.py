"""A Summary as a table: a line per syscall, what it cost and how it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from fasttrace.data.counts import Counts, SyscallStats
from fasttrace.text.color import BOLD, RED, painted
from fasttrace.text.ended import program_end
from fasttrace.text.table import Columns, with_room
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration


def _greatest(figure: int | None) -> int:
    """A key to sort by; what is not known comes last."""
    return 1 if figure is None else -figure


SortKey: TypeAlias = Literal["time", "calls", "errors", "name", "min", "max", "avg", "p50", "p99"]
SORT_KEYS: dict[str, Callable[[SyscallStats], Any]] = {
    "time": lambda s: _greatest(s.total_ns),
    "calls": lambda s: -s.calls,
    "errors": lambda s: _greatest(s.errors),
    "name": lambda s: s.name,
    "min": lambda s: _greatest(s.min_ns),
    "max": lambda s: _greatest(s.max_ns),
    "avg": lambda s: _greatest(s.avg_ns),
    "p50": lambda s: _greatest(s.p50_ns),
    "p99": lambda s: _greatest(s.p99_ns),
}

_HEADINGS = ("% time", "total", "calls", "errors", "min", "p50", "p99", "max", "syscall")
# In this order, so far as the terminal is too narrow.
_LEFT_OUT = ("min", "p99", "max", "p50", "% time")


def sorted_by(summary: Counts, sort: str) -> list[SyscallStats]:
    """The entries, the greatest by one of SORT_KEYS first. ValueError: there is no such key."""
    if sort not in SORT_KEYS:
        raise ValueError(f"cannot sort by {sort!r}: one of {', '.join(SORT_KEYS)}")
    return sorted(summary.syscalls, key=lambda s: (SORT_KEYS[sort](s), -s.calls, s.name))


def summary_table(
    summary: Counts,
    *,
    sort: SortKey = "time",
    top: int | None = None,
    color: bool = False,
    width: int | None = None,
) -> str:
    """The table as text without a final newline.

    sort: one of SORT_KEYS, the greatest first (names: A to Z); ValueError for another. top: so many
    lines, the total is of all. color: with terminal escapes. width: of the terminal; where it is
    too narrow some of the times are left out.
    """
    entries = sorted_by(summary, sort)
    total_ns = sum(s.total_ns or 0 for s in entries)
    left_out = len(entries[top:]) if top else 0
    entries = entries[:top]
    rows = [(*cells_of(s, total_ns), s.name) for s in entries]
    known = summary.total_errors is not None
    total = (
        f"{100 if total_ns else 0:.2f}" if known else "-",
        _time(total_ns if known else None),
        str(summary.total_calls),
        _errors(summary.total_errors),
        *[""] * 4,
        "total",
    )
    whole = [(*row[:-1], row[-1] + errnos_text(s)) for s, row in zip(entries, rows, strict=True)]
    shown = _shown([_HEADINGS, *whole, total], sort, width)
    headings, end, *table = ([row[i] for i in shown] for row in (_HEADINGS, total, *rows))
    columns = Columns([headings, end, *table], ">" * (len(shown) - 1) + "<", width=width)
    rule = columns.rule(16)
    lines = [painted(columns.line(headings), BOLD, color=color), rule]
    for row, cells in zip(table, whole, strict=True):
        name_ends = len(columns.line(row))
        line = columns.line([cells[i] for i in shown])
        errnos = line[name_ends:]
        lines.append(line[:name_ends] + (painted(errnos, RED, color=color) if errnos else ""))
    more = [f"... and {left_out} more (--top N)"] if left_out else []
    return "\n".join([*lines, *more, rule, columns.line(end), "", about(summary)])


def _shown(rows: list[tuple[str, ...]], sort: str, width: int | None) -> list[int]:
    """The columns that there is room for, and in any case those that are never left out."""
    left_out = (_HEADINGS.index(name) for name in _LEFT_OUT if name != sort)
    return with_room(rows, left_out, width)


def cells_of(entry: SyscallStats, total_ns: int) -> tuple[str, ...]:
    share = 100 * (entry.total_ns or 0) / total_ns if total_ns else 0.0
    times = (entry.min_ns, entry.p50_ns, entry.p99_ns, entry.max_ns)
    return (
        "-" if entry.total_ns is None else f"{share:.2f}",
        _time(entry.total_ns),
        str(entry.calls),
        _errors(entry.errors),
        *map(_time, times),
    )


def _time(ns: int | None) -> str:
    return "-  " if ns is None else duration(ns)


def _errors(count: int | None) -> str:
    """None is an empty cell, where it is known that there are none."""
    return "-" if count is None else str(count or "")


def errnos_text(entry: SyscallStats) -> str:
    counts = [f"{name}:{count}" for name, count in entry.errnos.items()]
    return "  " + " ".join(counts) if counts else ""


def about(summary: Counts) -> str:
    """The last line, on the whole run, and why processes of it were not traced inline."""
    failed = "-" if summary.total_errors is None else summary.total_errors
    parts = [f"{summary.total_calls} calls", f"{failed} failed"]
    if not summary.total_calls:
        parts = ["no calls"]
    if len(summary.processes) > 1:
        parts.append(f"{len(summary.processes)} processes")
    parts.append(f"{duration(summary.wall_ns).rstrip()} wall")
    if summary.engine:
        parts.append(f"engine {printable(_engine(summary))}")
    if summary.exit_status is not None:
        parts.append(program_end(summary.exit_status))
    if summary.lost:
        parts.append(f"{summary.lost} events LOST")
    if not summary.finished:
        parts.append("NOT FINISHED")
    return "\n".join([", ".join(parts), *_fallbacks(summary), *_refused(summary)])


def _engine(summary: Counts) -> str:
    """What has traced the processes, which need not be the engine that began."""
    left = sum(summary.fallbacks.values())
    if not left:
        return summary.engine
    if left == len(summary.processes):
        return "ptrace"
    return f"{summary.engine}, ptrace for {left} of {len(summary.processes)} processes"


def _fallbacks(summary: Counts) -> list[str]:
    reasons = [
        f"{reason} ({count} {'process' if count == 1 else 'processes'})"
        for reason, count in summary.fallbacks.items()
    ]
    return [printable(f"not inline: {'; '.join(reasons)}")] if reasons else []


def _refused(summary: Counts) -> list[str]:
    """For who looks for the reason why gdb, strace or a leak check failed: ptrace(2), EPERM."""
    refused = sum(s.errnos.get("EPERM", 0) for s in summary.syscalls if s.name == "ptrace")
    if not refused:
        return []
    return ["ptrace was refused (EPERM): a process has one tracer, and here that is fasttrace"]
