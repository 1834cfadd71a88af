"""`fasttrace why`: where the time of a recording, or of a command that it runs, went."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from fasttrace.cli.output import Output, say
from fasttrace.cli.parser import VerbParser, a_number_of_lines, add_run_options
from fasttrace.cli.recorded import opened
from fasttrace.errors import UsageError

if TYPE_CHECKING:
    from fasttrace.data.trace import Trace

EXAMPLE = "fasttrace why x.fst; fasttrace why make"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    parser.usage = f"fasttrace why [OPTIONS] FOLDER\n       {parser.usage}"
    parser.add_argument(
        "--top", type=a_number_of_lines, default=20, metavar="N", help="show N findings (20)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, with all findings")
    parser.add_argument("-o", dest="output", metavar="FILE", help="write to FILE")
    add_run_options(parser)
    parser.set_defaults(parser=parser)


def run(args: argparse.Namespace) -> int:
    if _is_recording(args.command):
        return _of_recording(args)
    return _of_run(args)


def _is_recording(words: list[str]) -> bool:
    """A folder is no command."""
    if not words:
        return False
    return words[0].rstrip("/").endswith(".fst") or Path(words[0]).is_dir()


def _of_recording(args: argparse.Namespace) -> int:
    args.folder, *behind = args.command
    parser: VerbParser = args.parser
    parser.parse_args(behind, args)  # as other verbs have it, that take no command
    for name in ("pid", "duration"):
        if getattr(args, name) is not None:
            raise UsageError("give a recording, or what to run or attach to, not both")
    trace = opened(args)
    output = Output(args.output, fd=1)
    with output:
        output.write(_text(trace, args, output))
        if args.output is None and output.is_unread():
            return -signal.SIGPIPE
    return output.status


def _of_run(args: argparse.Namespace) -> int:
    """All of it is recorded into a folder of its own, which goes again."""
    import tempfile

    from fasttrace.cli.traced import run_of
    from fasttrace.tracing.runs import Recorder

    with (
        Output(args.output) as output,
        tempfile.TemporaryDirectory(prefix="fasttrace-why-") as folder,
    ):
        run = run_of(args, capture="all", descriptors=True)
        recorder = Recorder(run.tracer, f"{folder}/x.fst", lambda error: say(str(error)))
        recorder.start(run.start)
        with recorder, run:
            for block in run.blocks():
                recorder.append(block)
            recorder.finish()
            # Not before the run: numpy makes threads, which would get the signals that it takes.
            from fasttrace.data.trace import Trace

            trace = Trace.of_stored(recorder.stored())
            output.write(_text(trace, args, output))
            output.close()
            return run.status or output.status or int(recorder.failed is not None)


def _text(trace: Trace, args: argparse.Namespace, output: Output) -> str:
    from fasttrace.analysis.why import why

    found = why(trace)
    if args.json:
        import json

        return json.dumps(found.to_dict()) + "\n"
    from fasttrace.report.why_table import why_table

    return why_table(found, top=args.top, color=output.color, width=output.width) + "\n"
