"""`fasttrace export`: what was recorded, in a format that other tools read."""

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
    from fasttrace.data.export.files import Format
    from fasttrace.data.trace import Trace

EXAMPLE = "fasttrace export x.fst -o x.parquet"
TAKES_COMMAND = False


# As fasttrace.data.export.files has them, which takes numpy along.
_FORMATS = ("parquet", "arrow", "csv", "jsonl", "chrome", "perfetto", "speedscope", "strace")

_PAGES: dict[str, str] = {
    "perfetto": "https://ui.perfetto.dev",
    "chrome": "https://ui.perfetto.dev or chrome://tracing",
    "speedscope": "https://www.speedscope.app",
}


def configure(parser: VerbParser) -> None:
    add_recorded_options(parser, "only these calls")
    add_new_file_option(parser)
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        metavar="FORMAT",
        help="tables: parquet, arrow (need pip install 'fasttrace[parquet]'), csv, jsonl: an object"
        " on each line; timelines: perfetto (needs 'fasttrace[perfetto]'), chrome; speedscope:"
        " flame graphs; strace: its lines. Without it as FILE's name ends",
    )
    parser.add_argument(
        "--columns", metavar="NAME[,NAME]", help="only these columns, see docs/export.md"
    )
    add_filter_options(parser, saved=True)


def run(args: argparse.Namespace) -> int:
    selected(args)
    format = _format(args)
    names = _columns(args, format)
    trace = chosen_part(opened(args), args)
    progress = Progress("exported", "events", len(trace))
    try:
        if args.output == "-":
            size = _to_stdout(trace, format, names, progress)
        else:
            from fasttrace.data.export.files import write_file

            recorded = trace._recorded(counted=True)
            size = write_file(args.output, recorded, format, names, progress=progress.add)
    except BrokenPipeError:
        return -signal.SIGPIPE
    finally:
        progress.end()
    where = "standard output" if args.output == "-" else args.output
    seen = f"; open it at {_PAGES[format]}" if format in _PAGES and args.output != "-" else ""
    say(f"{len(trace):,} events written to {where} as {format}, {size:,} bytes{seen}")
    return 0


def _format(args: argparse.Namespace) -> Format:
    """UsageError: neither said nor to be seen from the name."""
    from fasttrace.data.export.files import format_of

    format: Format | None = args.format or format_of(args.output)
    if format is None:
        raise UsageError(f"which format? --format {', '.join(_FORMATS)}, or -o x.parquet, x.csv")
    return format


def _columns(args: argparse.Namespace, format: Format) -> tuple[str, ...] | None:
    """UsageError: there is no such column, or not in this format."""
    if args.columns is None:
        return None
    from fasttrace.data.export.columns import chosen
    from fasttrace.data.export.files import TABLES, TEXT

    if format not in TABLES:
        raise UsageError(f"--columns are for {', '.join(TABLES)}: {format} has none")
    try:
        names = chosen(args.columns.split(","))
    except ValueError as error:
        raise UsageError(f"--columns: {error}") from None
    if format in TEXT and "data" in names:
        raise UsageError("--columns data: bytes are for parquet and arrow")
    return names


def _to_stdout(
    trace: Trace, format: Format, names: tuple[str, ...] | None, progress: Progress
) -> int:
    from fasttrace.data.export.files import TEXT, write

    is_terminal = sys.stdout is not None and os.isatty(1)
    if is_terminal and format not in TEXT:
        raise UsageError(f"{format} is no text: give -o FILE, or a pipe")
    return write_to_stdout(
        lambda sink: write(
            sink,
            trace._recorded(counted=True),
            format,
            names,
            progress=(lambda rows: None) if is_terminal else progress.add,
            in_one_go=True,
            for_terminal=is_terminal,
        )
    )
