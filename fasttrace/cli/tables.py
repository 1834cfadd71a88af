"""How the verbs that count show their counts: as a table or as JSON, of all or in groups."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, a_number_of_lines
from fasttrace.errors import UsageError

if TYPE_CHECKING:
    from fasttrace.data.lines import LineStats
    from fasttrace.data.summary import Summary

_LINE_SORT_KEYS = ("time", "calls", "errors", "name")
_SORT_KEYS = (*_LINE_SORT_KEYS, "min", "avg", "p50", "p99", "max")


def add_table_options(parser: VerbParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--sort",
        choices=_SORT_KEYS,
        default="time",
        metavar="KEY",
        help=f"order of the lines: {', '.join(_SORT_KEYS)}; the greatest first",
    )
    parser.add_argument("--top", type=a_number_of_lines, metavar="N", help="show the first N lines")
    parser.add_argument(
        "--by",
        choices=("pid", "comm", "line"),
        help="one table per process or program; or by line of Python: docs/python.md",
    )


def check_by_line(args: argparse.Namespace) -> None:
    """UsageError: a table by line cannot be sorted so."""
    if args.by == "line" and args.sort not in _LINE_SORT_KEYS:
        keys = ", ".join(_LINE_SORT_KEYS)
        raise UsageError(f"--by line has nothing to sort by {args.sort}: {keys}")


def summary_text(
    summary: Summary,
    args: argparse.Namespace,
    output: Output,
    lines: Sequence[LineStats] | None = None,
) -> str:
    """The counts as the options and the output want them, ending with a newline. lines: the same
    by line of Python."""
    if args.json:
        return _json(summary, args.by, args.sort, lines)
    color, width = output.color, output.width
    if lines is not None:
        from fasttrace.data.summary_table import about
        from fasttrace.report.lines_table import lines_table

        table = lines_table(lines, sort=args.sort, top=args.top, color=color, width=width)
        return f"{table}\n\n{about(summary)}\n"
    if args.by:
        from fasttrace.report.tables_by import tables_by

        return (
            tables_by(summary, args.by, sort=args.sort, top=args.top, color=color, width=width)
            + "\n"
        )
    from fasttrace.data.summary_table import summary_table

    return summary_table(summary, sort=args.sort, top=args.top, color=color, width=width) + "\n"


def _json(summary: Summary, by: str | None, sort: str, lines: Sequence[LineStats] | None) -> str:
    import json

    from fasttrace.data.summary_table import sorted_by

    def entries(part: Summary) -> list[object]:
        return [s.to_dict() for s in sorted_by(part, sort)]

    def group(part: Summary) -> dict[str, object]:
        return {"total_calls": part.total_calls, "syscalls": entries(part)}

    shown = summary.to_dict()
    shown["syscalls"] = entries(summary)
    if by == "pid":
        shown["by_pid"] = {str(pid): group(part) for pid, part in summary.by("pid").items()}
    elif by == "comm":
        shown["by_comm"] = {comm: group(part) for comm, part in summary.by("comm").items()}
    elif lines is not None:
        from fasttrace.report.lines_table import sorted_lines

        shown["by_line"] = [one.to_dict() for one in sorted_lines(lines, sort)]
    return json.dumps(shown) + "\n"
