"""`fasttrace tree`: the processes of what was recorded, on standard output."""

from __future__ import annotations

import argparse
import signal

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.recorded import add_recorded_options, opened, selected

EXAMPLE = "fasttrace tree x.fst"
TAKES_COMMAND = False


def configure(parser: VerbParser) -> None:
    add_recorded_options(parser, "count only these calls")
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object a process, parents first",
    )


def run(args: argparse.Namespace) -> int:
    selection = selected(args)
    trace = opened(args)
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
