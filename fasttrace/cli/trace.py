"""`fasttrace trace`: run a command and print each call as it happens."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from fasttrace.cli.filters import Chooser, add_filter_options, conditions_of
from fasttrace.cli.output import Output, show
from fasttrace.cli.parser import (
    VerbParser,
    add_payload_options,
    add_python_options,
    add_tracing_options,
    python_frames,
)
from fasttrace.cli.traced import run_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

ToText: TypeAlias = "Callable[[Buffer, memoryview, int], str]"
Learn: TypeAlias = "Callable[[Buffer, memoryview, int], None]"

EXAMPLE = "fasttrace trace -e openat,execve -o calls.txt make"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    add_tracing_options(parser)
    add_payload_options(parser)
    add_python_options(parser, 1)
    add_filter_options(parser)
    parser.add_argument("-o", dest="output", metavar="FILE", help="write the lines to FILE")
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per line: see docs/json.md"
    )
    parser.add_argument(
        "--json-schema", action=_ShowSchema, help="show the JSON Schema of such a line, and exit"
    )


class _ShowSchema(argparse.Action):
    """Instead of tracing."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from fasttrace.data.json_events import schema

        parser.exit(show(schema()))


def run(args: argparse.Namespace) -> int:
    # Nobody wants to see the calls any more, but some shall still be altered.
    goes_on = args.inject or args.deny
    conditions = conditions_of(args)
    frames = python_frames(args)
    with Output(args.output) as output, run_of(args, python=frames) as run:
        start_ns = run.tracer.stats["start_ns"]
        learn: Learn | None = None
        if args.json:
            to_text, learn = _json_text(args.string_limit)
        else:
            to_text = _line_text(output.color, start_ns, args.string_limit)
        choose = Chooser(conditions) if conditions else None
        for block in run.blocks(None if goes_on else output.is_unread):
            if output.failed:
                continue
            if choose:
                if learn is not None:
                    learn(block, block.payload, block.payload_base)
                output.write(to_text(choose(block).data, block.payload, 0))
            else:
                output.write(to_text(block, block.payload, block.payload_base))
        if run.let_go:
            return -signal.SIGPIPE
        output.close()
        return run.status or output.status


def _line_text(color: bool, origin_ns: int, string_limit: int) -> ToText:
    from fasttrace.report.call_line import CallLines

    return CallLines(color=color, origin_ns=origin_ns, string_limit=string_limit).text


def _json_text(string_limit: int) -> tuple[ToText, Learn]:
    from fasttrace.data.json_events import JsonEvents

    lines = JsonEvents(string_limit=string_limit)
    return lines.text, lines.learn
