"""`fasttrace trace`: run a command and print each call as it happens."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable

from fasttrace._core import Block
from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, add_payload_options, add_tracing_options
from fasttrace.cli.traced import run_of

EXAMPLE = "fasttrace trace -e openat,execve -o calls.txt make"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    add_tracing_options(parser)
    add_payload_options(parser)
    parser.add_argument("-o", dest="output", metavar="FILE", help="write the lines to FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")


def run(args: argparse.Namespace) -> int:
    # Nobody wants to see the calls any more, but some shall still be altered.
    goes_on = args.inject or args.deny
    with Output(args.output) as output, run_of(args) as run:
        start_ns = run.tracer.stats["start_ns"]
        to_text = (
            _json_text() if args.json else _line_text(output.color, start_ns, args.string_limit)
        )
        for block in run.blocks(None if goes_on else output.is_unread):
            if not output.failed:
                output.write(to_text(block))
        if run.let_go:
            return -signal.SIGPIPE
        output.close()
        return run.status or output.status


def _line_text(color: bool, origin_ns: int, string_limit: int) -> Callable[[Block], str]:
    from fasttrace.report.call_line import CallLines

    lines = CallLines(color=color, origin_ns=origin_ns, string_limit=string_limit)
    return lambda block: lines.text(block, block.payload, block.payload_base)


def _json_text() -> Callable[[Block], str]:
    from fasttrace.report.call_json import json_lines

    return lambda block: "".join(json_lines(block, block.payload, block.payload_base))
