"""`fasttrace summary`: run a command and count its calls."""

from __future__ import annotations

import argparse
from typing import Any

from fasttrace.cli.filters import Chooser, add_filter_options, conditions_of
from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, add_tracing_options
from fasttrace.cli.tables import add_table_options, check_by_line, summary_text
from fasttrace.cli.traced import run_of
from fasttrace.errors import UsageError

EXAMPLE = "fasttrace summary -e %file,!stat --sort errors git status"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    add_tracing_options(parser)
    parser.add_argument(
        "-o", dest="output", metavar="FILE", help="write the table to FILE; -: to standard output"
    )
    parser.add_argument(
        "--no-results",
        action="store_true",
        help="only count: no times and errors, in half the time",
    )
    add_table_options(parser)
    add_filter_options(parser)


def run(args: argparse.Namespace) -> int:
    if args.no_results:
        _check_no_results(args)
    check_by_line(args)
    conditions = conditions_of(args)
    if conditions or args.by == "line":
        return _looked_at(args, conditions)
    with (
        Output(args.output) as output,
        run_of(
            args,
            events=False,
            tally=True,
            by_process=args.by is not None,
            results=not args.no_results,
        ) as run,
    ):
        import fasttrace.data.summary  # noqa: F401  # while the program runs, and there are descriptors

        run.wait()
        output.write(summary_text(run.tracer.summary(), args, output))
        output.close()
        return run.status or output.status


def _looked_at(args: argparse.Namespace, conditions: dict[str, Any]) -> int:
    """Each call has to be looked at for that, as for `record`."""
    if args.by == "comm" or (conditions and args.no_results):
        option = "--no-results" if args.no_results else "--by comm"
        raise UsageError(f"{option} counts without looking at calls: leave it, or the filters")
    by_line = args.by == "line"
    options = {
        # What pipe(2) makes lies in memory.
        "capture": "all" if "fd" in conditions else "paths" if "path" in conditions else "none",
        "results": not args.no_results,
        "python": int(by_line),
    }
    with Output(args.output) as output, run_of(args, **options) as run:
        from fasttrace._tally import Tally
        from fasttrace.data.lines import LineCounts
        from fasttrace.data.summary import Summary

        tally, choose = Tally(), Chooser(conditions)
        lines = LineCounts(results=not args.no_results)
        for block in run.blocks():
            events = choose(block)
            tally.add(events.data, by_pid=args.by == "pid")
            if by_line:
                lines.add(events.data, block.payload)
        tracer = run.tracer
        summary = Summary(
            tally, tracer.info, processes=tracer.processes, by_process=args.by == "pid"
        )
        output.write(summary_text(summary, args, output, lines.lines if by_line else None))
        output.close()
        return run.status or output.status


def _check_no_results(args: argparse.Namespace) -> None:
    """UsageError: with another option it would mean nothing."""
    if args.pid is not None:
        raise UsageError("--no-results is for a command: a process attached to tells them anyhow")
    if args.no_follow:
        raise UsageError("--no-results saves nothing with --no-follow: leave one of them")
    if "sort" in args.given and args.sort not in ("calls", "name"):
        raise UsageError(f"--no-results leaves nothing to sort by {args.sort}: calls, or name")
