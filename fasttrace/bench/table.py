"""What tracing costs, as two tables, and what a reader has to know of how it was measured."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fasttrace.text.color import BOLD, RED, YELLOW, painted
from fasttrace.text.ended import program_end
from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

if TYPE_CHECKING:
    from fasttrace.bench.results import Machine, Measurement, Report

_TIMES = ("wall", "min", "max", "ratio", "start-up", "net ratio")
_CALLS = ("calls/s", "stops/call", "cost/call", "+-", "counted")
_PROCESSES = ("processes/s", "stops/process", "cost/process")
_NOISE = "noise"

_LEGEND = """\
wall: median over the rounds. ratio: of the medians, to untraced. start-up: median wall around
`true`, less that of untraced `true`; net ratio, calls/s, cost/call: without it. cost/call: (wall -
start-up - untraced wall) / calls; +-: two standard errors. counted: calls that the contender has
seen (bpftrace: of the whole system). Input and output of all are /dev/null."""

_LEGEND_OF_PROCESSES = """\
cost/process: the same cost, all of it put down to the processes that the command runs."""


def bench_table(report: Report, *, color: bool = False, width: int | None = None) -> str:
    """The whole report as text without a final newline; color: with terminal escapes; width: of the
    terminal, for which names of contenders are cut."""

    def paint(escape: str, text: str) -> str:
        return painted(text, escape, color=color)

    ones = report.measurements
    lines = [*_about(report), ""]
    tables = [(_TIMES, _times), (_CALLS, _calls)]
    legend = [_LEGEND]
    if (report.processes or 1) > 1:
        tables.append((_PROCESSES, _processes))
        legend.append(_LEGEND_OF_PROCESSES)
    for headings, cells in tables:
        rows = [(one.contender.name, *cells(report, one)) for one in ones]
        heading = ("contender", *headings)
        columns = Columns([heading, *rows], "<" + ">" * len(headings), width=width)
        lines += [paint(BOLD, columns.line(heading)), columns.rule(), *map(columns.line, rows), ""]
    commands = [("", one.contender.name, _shell(one.command)) for one in ones]
    columns = Columns([("", "contender"), *commands], "<<<")  # to be copied, and so not cut
    lines += [*legend, "", "command lines", *map(columns.line, commands)]
    notes = [paint(RED, f"error: {printable(line)}") for line in report.errors]
    notes += [paint(YELLOW, f"warning: {printable(line)}") for line in report.warnings]
    notes += [paint(YELLOW, printable(line)) for line in _left_out(report)]
    return "\n".join([*lines, "", *notes] if notes else lines)


def _about(report: Report) -> list[str]:
    from fasttrace._version import __version__

    statuses = {status for one in report.measurements[:1] for status in one.statuses}
    ends = ", ".join(map(program_end, sorted(statuses)))
    calls = "calls not counted" if report.calls is None else f"{report.calls:,} calls"
    versions = [f"fasttrace {__version__}", f"Python {platform.python_version()}"]
    versions += [one.contender.version for one in report.measurements if one.contender.version]
    rounds = "round" if report.rounds == 1 else "rounds"
    if (report.processes or 1) > 1:
        calls += f", {report.processes:,} processes"
    return [
        f"command   {_shell(report.argv)}",
        f"          {calls}{ends and ', '}{ends}",
        f"measured  {report.started:%Y-%m-%d %H:%M} UTC, {report.rounds} {rounds} in turn after"
        " one that is not counted",
        f"machine   {_machine(report.machine)}",
        printable(f"versions  {', '.join(versions)}"),
    ]


def _machine(machine: Machine) -> str:
    processors = f"{machine.processors} processors"
    if machine.usable_processors != machine.processors:
        processors = f"{machine.usable_processors} of {processors}"
    parts = [f"Linux {machine.kernel} {machine.architecture}", f"{processors}, {machine.cpu}"]
    if machine.virtual:
        parts.append("virtual machine")
    if machine.governor:
        parts.append(f"governor {machine.governor}")
    parts.append("load " + " ".join(f"{load:.2f}" for load in machine.load))
    return ", ".join(map(printable, parts))


def _times(report: Report, one: Measurement) -> list[str]:
    wall = report.wall(one)
    startup = None if one is report.untraced else max(0.0, report.startup_ns(one))
    return [
        *(_ns(ns) for ns in wall or (None, None, None)),
        _ratio(report.ratio(one, startup=True)),
        _ns(startup),
        _NOISE if report.cost_is_noise(one) else _ratio(report.ratio(one, startup=False)),
    ]


def _calls(report: Report, one: Measurement) -> list[str]:
    per_second, stops = report.calls_per_second(one), report.stops_per_call(one)
    noise = report.cost_is_noise(one)
    return [
        _NOISE if noise else "-" if per_second is None else _count(per_second),
        "-" if stops is None else f"{stops:.2f}" if stops >= 0.1 else f"{stops:.2g}",
        _NOISE if noise else _ns(report.cost_ns(one)),
        _ns(report.cost_error_ns(one)),
        "-" if one.counted is None else str(one.counted),
    ]


def _processes(report: Report, one: Measurement) -> list[str]:
    per_second, stops = report.processes_per_second(one), report.stops_per_process(one)
    noise = report.cost_is_noise(one)
    return [
        _NOISE if noise else "-" if per_second is None else _count(per_second),
        "-" if stops is None else f"{stops:.1f}",
        _NOISE if noise else _ns(report.process_cost_ns(one)),
    ]


def _ns(ns: float | None) -> str:
    return "-  " if ns is None else duration(round(ns))


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}" if ratio < 99.95 else f"{ratio:.0f}"


def _count(value: float) -> str:
    """Three digits: more would not be reproduced.

    >>> _count(5_234_567.0), _count(98_765.4), _count(12.3)
    ('5.23 M', '98.8 k', '12')
    """
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            value /= size
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}{unit}"
    return f"{value:.0f}"


def _shell(command: Sequence[str]) -> str:
    return printable(shlex.join(command))


def _left_out(report: Report) -> list[str]:
    """What was asked for by name has a line of its own, the rest one for all."""
    lines = [f"left out: {one.name}: {one.why}" for one in report.left_out if one.asked]
    others = [f"{one.name} ({one.why})" for one in report.left_out if not one.asked]
    return [*lines, "not measured: " + ", ".join(others)] if others else lines
