"""`fasttrace record`: run a command and save all its calls."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from fasttrace.cli.output import say
from fasttrace.cli.parser import VerbParser, add_tracing_options
from fasttrace.cli.progress import Progress
from fasttrace.cli.run import Run
from fasttrace.data.storage import Writer
from fasttrace.errors import OutputError

EXAMPLE = "fasttrace record -o build.fst make; fasttrace report build.fst"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    add_tracing_options(parser)
    parser.add_argument(
        "-o",
        dest="output",
        metavar="FOLDER",
        required=True,
        help="the folder to make, such as x.fst",
    )


def run(args: argparse.Namespace) -> int:
    run = Run(args)
    tracer = run.tracer
    with Writer(args.output, argv=tracer.argv, engine=tracer.engine) as writer:
        try:
            run.start()
        except BaseException:
            # Nothing was recorded: the command line, once corrected, shall find its place free.
            writer.discard()
            raise
        with run:
            progress = Progress("recorded", "events")
            stored = True
            for block in run.blocks():
                stored &= _is_done(writer.append, block)
                progress.add(len(block))
            progress.end()
            stored &= _is_done(
                writer.finish,
                exit_status=tracer.exit_status,
                wall_ns=tracer.wall_ns,
                lost=tracer.lost + writer.unstored,
                processes=tracer.processes,
            )
            return run.status or int(not stored)


def _is_done(act: Callable[..., None], *args: Any, **more: Any) -> bool:
    """False: the disk is full or so; the program goes on, and what is stored stays."""
    try:
        act(*args, **more)
    except OutputError as error:
        say(str(error))
        return False
    return True
