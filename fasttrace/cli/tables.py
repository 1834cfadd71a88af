"""How the verbs that count show their counts: as a table or as JSON, of all or in groups."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, a_number_of_lines

if TYPE_CHECKING:
    from fasttrace.data.summary import Summary

_SORT_KEYS = ("time", "calls", "errors", "name", "min", "avg", "p50", "p99", "max")


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
    parser.add_argument("--by", choices=("pid", "comm"), help="one table per process or program")


def summary_text(summary: Summary, args: argparse.Namespace, output: Output) -> str:
    """The counts as the options and the output want them, ending with a newline."""
    if args.json:
        return _json(summary, args.by, args.sort)
    color, width = output.color, output.width
    if args.by:
        from fasttrace.report.tables_by import tables_by

        return (
            tables_by(summary, args.by, sort=args.sort, top=args.top, color=color, width=width)
            + "\n"
        )
    from fasttrace.data.summary_table import summary_table

    return summary_table(summary, sort=args.sort, top=args.top, color=color, width=width) + "\n"


def _json(summary: Summary, by: str | None, sort: str) -> str:
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
    return json.dumps(shown) + "\n"
