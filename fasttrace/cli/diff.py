"""`fasttrace diff`: how recordings differ, on standard output."""

from __future__ import annotations

import argparse
import signal

from fasttrace.cli.output import Output, say
from fasttrace.cli.parser import VerbParser, a_number_of_lines
from fasttrace.cli.recorded import selected
from fasttrace.errors import UsageError

EXAMPLE = "fasttrace diff a.fst b.fst"
TAKES_COMMAND = False


def configure(parser: VerbParser) -> None:
    parser.add_argument("folder", nargs="*", metavar="FOLDER", help="one recording, and another")
    parser.add_argument(
        "--before", nargs="+", metavar="FOLDER", default=[], help="several runs of the one"
    )
    parser.add_argument(
        "--after", nargs="+", metavar="FOLDER", default=[], help="several runs of the other"
    )
    parser.add_argument("-e", dest="expression", metavar="SET", help="compare only these calls")
    parser.add_argument(
        "--top",
        type=a_number_of_lines,
        default=20,
        metavar="N",
        help="show N lines of each kind (20)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, with all lines")
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if they differ")


def run(args: argparse.Namespace) -> int:
    before, after = _sides(args)
    selected(args)
    from fasttrace.analysis.diff import diff
    from fasttrace.data.trace import load

    sides = [[load(folder) for folder in folders] for folders in (before, after)]
    for folder, trace in zip([*before, *after], [*sides[0], *sides[1]], strict=True):
        if not trace.finished:
            say(f"{folder} is not finished: what is missing at its end is taken for a difference")
    found = diff(*sides, syscall=args.expression)
    output = Output(fd=1)
    if args.json:
        import json

        text = json.dumps(found.to_dict())
    else:
        from fasttrace.report.diff_table import diff_table

        text = diff_table(found, top=args.top, color=output.color, width=output.width)
    output.write(text + "\n")
    if output.is_unread():
        return -signal.SIGPIPE
    return output.status or int(args.exit_code and bool(found))


def _sides(args: argparse.Namespace) -> tuple[list[str], list[str]]:
    if args.before or args.after:
        if args.folder or not (args.before and args.after):
            raise UsageError("give --before FOLDER ... and --after FOLDER ..., or two folders")
        return args.before, args.after
    if len(args.folder) != 2:
        raise UsageError(
            "give two folders; of several runs each: --before FOLDER ... --after FOLDER ..."
        )
    return args.folder[:1], args.folder[1:]
