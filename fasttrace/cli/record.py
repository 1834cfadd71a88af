"""`fasttrace record`: run a command and save all its calls."""

from __future__ import annotations

import argparse

from fasttrace.cli.output import say
from fasttrace.cli.parser import (
    VerbParser,
    add_payload_options,
    add_python_options,
    add_tracing_options,
    python_frames,
)
from fasttrace.cli.progress import Progress
from fasttrace.cli.traced import run_of
from fasttrace.errors import UsageError
from fasttrace.tracing.runs import Recorder

EXAMPLE = "fasttrace record -o build.fst make; fasttrace report build.fst"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    add_tracing_options(parser)
    add_payload_options(parser)
    add_python_options(parser, 16)
    parser.add_argument(
        "--no-payload",
        action="store_true",
        help="numbers only: nothing of what arguments point to",
    )
    parser.add_argument(
        "-o",
        dest="output",
        metavar="FOLDER",
        required=True,
        help="the folder to make, such as x.fst, or x.parquet for a Parquet file",
    )
    parser.add_argument(
        "--format",
        choices=("fst", "parquet"),
        help="a folder, or (needs pip install 'fasttrace[parquet]') a Parquet file, which is there"
        " once all is recorded; without it as -o ends",
    )
    parser.add_argument(
        "--compress",
        action="store_true",
        help="a tenth as large, for some processor time: docs/export.md",
    )
    parser.add_argument(
        "--host-label",
        metavar="NAME",
        help="what the recording says of where it was made (the name of this machine)",
    )


def run(args: argparse.Namespace) -> int:
    capture = "none" if args.no_payload else "all"
    if args.compress and (args.format or args.output[-8:]) in ("parquet", ".parquet"):
        raise UsageError("--compress is for a folder: Parquet is compressed anyhow")
    run = run_of(args, capture=capture, python=python_frames(args))
    # When the disk is full the program goes on, and what is stored stays.
    recorder = Recorder(
        run.tracer,
        args.output,
        lambda error: say(str(error)),
        host=args.host_label,
        format=args.format,
        compress=args.compress,
    )
    recorder.start(run.start)
    with recorder, run:
        progress = Progress("recorded", "events")
        for block in run.blocks():
            recorder.append(block)
            progress.add(len(block))
        progress.end()
        recorder.finish()
        if recorder.failed is None:
            from shlex import quote

            progress.done(
                f"{args.output} is written: fasttrace report {quote(args.output)} shows it"
            )
        return run.status or int(recorder.failed is not None)
