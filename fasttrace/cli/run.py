"""`fasttrace run`: run a command and alter some of its calls."""

from __future__ import annotations

import argparse
from typing import Any

from fasttrace._core import Block
from fasttrace.alter.language import plan
from fasttrace.alter.rules import altered_calls
from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, add_altering_options, add_engine_options
from fasttrace.cli.traced import Run, run_of
from fasttrace.errors import UsageError

EXAMPLE = "fasttrace run -v --deny socket=EACCES --inject openat:error=EIO:when=3+2 ls"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    add_altering_options(parser)
    parser.add_argument("-v", "--list", action="store_true", help="print each call that is altered")
    parser.add_argument("-o", dest="output", metavar="FILE", help="print them to FILE")
    add_engine_options(parser)


def run(args: argparse.Namespace) -> int:
    if not args.deny and not args.inject:
        raise UsageError("nothing to alter: give --deny or --inject; see fasttrace run --help")
    if args.list or args.output is not None:
        return _listed(args)
    with _altered(args, events=False) as run:
        run.wait()
        return run.status


def _altered(args: argparse.Namespace, **options: Any) -> Run:
    """Only what may be altered is looked at."""
    return run_of(args, trace=altered_calls(plan(args.inject, args.deny)), **options)


def _listed(args: argparse.Namespace) -> int:
    with Output(args.output) as output, _altered(args) as run:
        lines = _Lines(output, run.tracer.stats["start_ns"])
        for block in run.blocks():
            lines.add(block)
        output.close()
        return run.status or output.status


class _Lines:
    """Writes the altered calls of blocks."""

    def __init__(self, output: Output, origin_ns: int) -> None:
        from fasttrace.report.call_line import CallLines

        self._output = output
        self._lines = CallLines(color=output.color, origin_ns=origin_ns)

    def add(self, block: Block) -> None:
        from fasttrace.report.call_line import altered

        if not self._output.failed and (events := altered(block)):
            self._output.write(self._lines.text(events, block.payload, block.payload_base))
