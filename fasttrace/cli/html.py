"""`fasttrace html`: what was recorded as one HTML file, which opens without a network."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING

from fasttrace.cli.filters import add_filter_options
from fasttrace.cli.output import say, write_to_stdout
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.progress import Progress
from fasttrace.cli.recorded import (
    add_new_file_option,
    add_recorded_options,
    chosen_part,
    opened,
    selected,
)
from fasttrace.errors import UsageError

if TYPE_CHECKING:
    from fasttrace.data.trace import Trace

EXAMPLE = "fasttrace html x.fst -o report.html"
TAKES_COMMAND = False


def configure(parser: VerbParser) -> None:
    add_recorded_options(parser, "only these calls")
    add_new_file_option(parser)
    add_filter_options(parser, saved=True)


def run(args: argparse.Namespace) -> int:
    selected(args)
    if args.output == "-" and sys.stdout is not None and os.isatty(1):
        raise UsageError("a page of megabytes is nothing for a terminal: give -o FILE, or a pipe")
    trace = chosen_part(opened(args), args)
    from fasttrace.report.html.page import PASSES

    progress = Progress("looked at", "events", PASSES * len(trace))
    try:
        size = _written(args.output, trace, progress)
    except BrokenPipeError:
        return -signal.SIGPIPE
    finally:
        progress.end()
    where = "standard output" if args.output == "-" else args.output
    hint = "" if args.output == "-" else "; open it in a browser"
    say(f"{len(trace):,} events written to {where} as html, {size:,} bytes{hint}")
    return 0


def _written(output: str, trace: Trace, progress: Progress) -> int:
    """The bytes that were written. BrokenPipeError: nobody reads any more."""
    from fasttrace.report.html.page import write, write_file

    if output == "-":
        return write_to_stdout(lambda sink: write(sink, trace, progress=progress.add))
    return write_file(output, trace, progress=progress.add)
