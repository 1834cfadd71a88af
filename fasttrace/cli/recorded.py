"""What `fasttrace record` has made, as the verbs that show it open it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fasttrace.cli.filters import conditions_of
from fasttrace.cli.output import say
from fasttrace.cli.parser import VerbParser

if TYPE_CHECKING:
    from fasttrace.data.trace import Trace
    from fasttrace.syscalls.sets import Selection


def add_recorded_options(parser: VerbParser, what: str) -> None:
    """what: -e SET does."""
    parser.add_argument(
        "folder", metavar="FOLDER", help="what `fasttrace record` has made, or x.parquet"
    )
    parser.add_argument("-e", dest="expression", metavar="SET", help=what)


def add_new_file_option(parser: VerbParser) -> None:
    """Where to write what is made of it."""
    parser.add_argument(
        "-o",
        dest="output",
        metavar="FILE",
        required=True,
        help="where to; - is standard output. FILE has its name once it is whole",
    )


def selected(args: argparse.Namespace) -> Selection | None:
    """The calls that -e chooses; asked for first, so that a mistake shows before a long load."""
    if args.expression is None:
        return None
    from fasttrace.syscalls.sets import parse_selection

    return parse_selection(args.expression)


def opened(args: argparse.Namespace) -> Trace:
    """All of it; says so where it has no end."""
    from fasttrace.data.trace import load

    trace = load(args.folder)
    if not trace.finished:
        say(
            f"{args.folder} is not finished: its recorder was killed, or still runs; what is"
            " missing at the end is not known"
        )
    return trace


def chosen_part(trace: Trace, args: argparse.Namespace) -> Trace:
    """What -e and the filters leave of it."""
    conditions = conditions_of(args)
    if args.expression is None and not conditions:
        return trace
    return trace.where(**{"syscall": args.expression, **conditions})
