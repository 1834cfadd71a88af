"""`fasttrace trace`: run a command and print each call as it happens."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

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

    from fasttrace._core import Block
    from fasttrace.data.json_events import JsonEvents
    from fasttrace.report.call_line import CallLines

ToText: TypeAlias = "Callable[[Buffer, memoryview, int], str]"
Learn: TypeAlias = "Callable[[Buffer, memoryview, int], None]"

EXAMPLE = "fasttrace trace -e openat,execve -o calls.txt make"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    add_tracing_options(parser)
    add_payload_options(parser)
    add_python_options(parser, 1)
    add_filter_options(parser)
    parser.add_argument(
        "-o", dest="output", metavar="FILE", help="write the lines to FILE; -: to standard output"
    )
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
        write = _writer(args, conditions, output.color, start_ns)
        for block in run.blocks(None if goes_on else output.is_unread):
            if not output.failed:
                output.write(write(block))
        if run.let_go:
            return -signal.SIGPIPE
        output.close()
        return run.status or output.status


def _writer(
    args: argparse.Namespace, conditions: dict[str, Any], color: bool, origin_ns: int
) -> Callable[[Block], str]:
    """What makes text of blocks, of the events that meet the conditions."""
    if args.descriptors:
        return _descriptor_text(args, conditions, color, origin_ns)
    to_text, learn = _to_text(args, color, origin_ns)
    if not conditions:
        return lambda block: to_text(block, block.payload, block.payload_base)
    choose = Chooser(conditions)

    def write(block: Block) -> str:
        if learn is not None:
            learn(block, block.payload, block.payload_base)
        return to_text(choose(block).data, block.payload, 0)

    return write


def _to_text(args: argparse.Namespace, color: bool, origin_ns: int) -> tuple[ToText, Learn | None]:
    """What makes text of events, and what learns from those that it does not get."""
    if args.json:
        from fasttrace.data.json_events import JsonEvents

        json_lines = JsonEvents(string_limit=args.string_limit)
        return json_lines.text, json_lines.learn
    from fasttrace.report.call_line import CallLines

    lines = CallLines(color=color, origin_ns=origin_ns, string_limit=args.string_limit)
    return lines.text, None


def _descriptor_text(
    args: argparse.Namespace, conditions: dict[str, Any], color: bool, origin_ns: int
) -> Callable[[Block], str]:
    """All events are looked at, for what they tell of descriptors."""
    lines: CallLines | JsonEvents
    if args.json:
        from fasttrace.data.json_events import JsonEvents

        lines = JsonEvents(string_limit=args.string_limit, descriptors=True)
    else:
        from fasttrace.report.call_line import CallLines

        lines = CallLines(
            color=color, origin_ns=origin_ns, string_limit=args.string_limit, descriptors=True
        )
    shown: Callable[[Block], bytes | None] = lambda block: None  # noqa: E731
    if conditions or args.expression is not None:
        shown = Chooser(conditions, calls=args.expression).mask
    return lambda block: lines.text(block, block.payload, block.payload_base, shown(block))
