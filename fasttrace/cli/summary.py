"""`fasttrace summary`: run a command and count its calls."""

from __future__ import annotations

import argparse

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, add_tracing_options
from fasttrace.cli.tables import add_table_options, summary_text
from fasttrace.cli.traced import Run

EXAMPLE = "fasttrace summary -e %file,!stat --sort errors git status"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    add_tracing_options(parser)
    parser.add_argument("-o", dest="output", metavar="FILE", help="write the table to FILE")
    parser.add_argument(
        "--no-results",
        action="store_true",
        help="only count: no times and errors, in half the time",
    )
    add_table_options(parser)


def run(args: argparse.Namespace) -> int:
    with (
        Output(args.output) as output,
        Run(
            args,
            events=False,
            tally=True,
            by_process=args.by is not None,
            results=not args.no_results,
        ) as run,
    ):
        import fasttrace.data.summary  # noqa: F401  # while the program runs, and there are descriptors

        run.wait()
        output.write(summary_text(run.tracer.summary(), args, color=output.color))
        output.close()
        return run.status or output.status
