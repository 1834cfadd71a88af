"""`fasttrace tree`: the processes of what was recorded, on standard output."""

from __future__ import annotations

import argparse
import signal

from fasttrace.cli.output import Output, say
from fasttrace.cli.parser import VerbParser

EXAMPLE = "fasttrace tree x.fst"
TAKES_COMMAND = False


def configure(parser: VerbParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="what `fasttrace record` has made")
    parser.add_argument("-e", dest="expression", metavar="SET", help="count only these calls")
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object a process, parents first",
    )


def run(args: argparse.Namespace) -> int:
    from fasttrace.syscalls.sets import parse_selection

    selection = None if args.expression is None else parse_selection(args.expression)
    from fasttrace.data.trace import load

    trace = load(args.folder)
    if not trace.finished:
        say(
            f"{args.folder} is not finished: its recorder was killed, or still runs; what is"
            " missing at the end is not known"
        )
    output = Output(fd=1)
    roots = trace.tree(selection)
    if args.json:
        import json

        for root in roots:
            for _, branch in root.walk():
                output.write(json.dumps(branch.to_dict()) + "\n")
    else:
        from fasttrace.report.tree import tree_table

        table = tree_table(roots, color=output.color, width=output.width, results=trace.results)
        output.write(table + "\n")
    return -signal.SIGPIPE if output.is_unread() else output.status
