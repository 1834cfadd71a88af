"""A Summary as a table: a line per syscall, what it cost and how it failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from fasttrace.report.units import duration
from fasttrace.terminal import printable

if TYPE_CHECKING:
    from fasttrace.data.summary import Summary, SyscallStats

SORT_KEYS: dict[str, Callable[[SyscallStats], Any]] = {
    "time": lambda s: -s.total_ns,
    "calls": lambda s: -s.calls,
    "errors": lambda s: -s.errors,
    "name": lambda s: s.name,
    "min": lambda s: -s.min_ns,
    "max": lambda s: -s.max_ns,
    "avg": lambda s: -s.avg_ns,
    "p50": lambda s: -s.p50_ns,
    "p99": lambda s: -s.p99_ns,
}

_HEADINGS = ("% time", "total", "calls", "errors", "min", "p50", "p99", "max")
_BOLD, _RED, _RESET = "\x1b[1m", "\x1b[31m", "\x1b[0m"


def summary_table(summary: Summary, *, sort: str = "time", color: bool = False) -> str:
    """The table as text without a final newline.

    sort: one of SORT_KEYS, the greatest first (names: A to Z); ValueError for another. color: with
    terminal escapes.
    """
    if sort not in SORT_KEYS:
        raise ValueError(f"cannot sort by {sort!r}: one of {', '.join(SORT_KEYS)}")
    entries = sorted(summary.syscalls, key=lambda s: (SORT_KEYS[sort](s), s.name))
    total_ns = sum(s.total_ns for s in entries)
    cells = [_cells(s, total_ns) for s in entries]
    total = (
        f"{100 if total_ns else 0:.2f}",
        duration(total_ns),
        str(summary.total_calls),
        str(summary.total_errors or ""),
    )
    widths = [
        max(len(row[i]) for row in [_HEADINGS, *cells, total] if i < len(row))
        for i in range(len(_HEADINGS))
    ]
    heading = _line(_HEADINGS, widths) + "  syscall"
    rule = _line(["-" * width for width in widths], widths) + "  " + "-" * 16
    lines = [_BOLD + heading + _RESET if color else heading, rule]
    for entry, row in zip(entries, cells, strict=True):
        line = f"{_line(row, widths)}  {entry.name}"
        lines.append(line + _errnos(entry, color))
    totals = _line([*total, "", "", "", ""], widths) + "  total"
    return "\n".join([*lines, rule, totals, "", _about(summary)])


def tables_by(
    summary: Summary,
    key: Literal["pid", "comm", "abi"],
    *,
    sort: str = "time",
    color: bool = False,
) -> str:
    """A table for each pid, comm or abi, the one with most time in calls first."""
    groups: list[tuple[Any, Summary]] = list(summary.by(key).items())
    groups.sort(key=lambda group: (-sum(s.total_ns for s in group[1].syscalls), str(group[0])))
    tables = []
    for value, part in groups:
        title = printable(f"{key} {value}")
        if key == "pid" and part.processes:
            title += f": {printable(' '.join(part.processes[-1].argv) or part.processes[-1].comm)}"
        table = summary_table(part, sort=sort, color=color)
        # The last line tells of the whole run: once is enough.
        table = table.rpartition("\n\n")[0]
        tables.append(f"{_BOLD + title + _RESET if color else title}\n{table}")
    return "\n\n".join([*tables, _about(summary)])


def _cells(entry: SyscallStats, total_ns: int) -> tuple[str, ...]:
    share = 100 * entry.total_ns / total_ns if total_ns else 0.0
    times = (entry.min_ns, entry.p50_ns, entry.p99_ns, entry.max_ns)
    return (
        f"{share:.2f}",
        duration(entry.total_ns),
        str(entry.calls),
        str(entry.errors or ""),
        # A call that never ended has no time.
        *(duration(ns) if entry.finished else "-  " for ns in times),
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _errnos(entry: SyscallStats, color: bool) -> str:
    if not entry.errnos:
        return ""
    text = "  " + " ".join(f"{name}:{count}" for name, count in entry.errnos.items())
    return _RED + text + _RESET if color else text


def _about(summary: Summary) -> str:
    parts = [f"{summary.total_calls} calls", f"{summary.total_errors} failed"]
    if len(summary.processes) > 1:
        parts.append(f"{len(summary.processes)} processes")
    parts.append(f"{duration(summary.wall_ns).rstrip()} wall")
    if summary.engine:
        parts.append(f"engine {printable(summary.engine)}")
    if summary.exit_status is not None:
        status = summary.exit_status
        parts.append(f"killed by signal {-status}" if status < 0 else f"exit status {status}")
    if summary.lost:
        parts.append(f"{summary.lost} events LOST")
    return ", ".join(parts)
