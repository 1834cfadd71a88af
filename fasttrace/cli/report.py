"""`fasttrace report`: show what was recorded, on standard output, for it runs no program."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fasttrace.cli.filters import add_filter_options
from fasttrace.cli.output import Output, say
from fasttrace.cli.parser import VerbParser, add_string_limit
from fasttrace.cli.progress import Progress
from fasttrace.cli.recorded import add_recorded_options, chosen_part, opened, selected
from fasttrace.cli.tables import add_table_options, check_by_line, summary_text
from fasttrace.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Buffer

    from fasttrace.data.json_events import JsonEvents
    from fasttrace.data.trace import Trace
    from fasttrace.report.call_line import CallLines

EXAMPLE = "fasttrace report x.fst --sort calls -e %file"
TAKES_COMMAND = False

_CHUNK = 16384  # events


def configure(parser: VerbParser) -> None:
    add_recorded_options(parser, "only these calls")
    parser.add_argument(
        "--calls",
        action="store_true",
        help="each call on a line, not the counts; with --top N the N slowest",
    )
    parser.add_argument(
        "--strace",
        action="store_true",
        help="with --calls: the lines that strace -f -ttt -T -o writes",
    )
    parser.add_argument(
        "-Y",
        dest="tasks",
        action="store_const",
        const=frozenset({"comm"}),
        help="with --strace: tell what tasks are called",
    )
    parser.add_argument(
        "--decode-pids",
        dest="tasks",
        type=_tasks,
        metavar="comm,pidns",
        help="with --strace: the same, and which numbers tasks of other pid namespaces have here",
    )
    add_string_limit(parser, "with --calls: show N bytes of data (32)")
    parser.add_argument(
        "-y",
        dest="descriptors",
        action="store_true",
        help="with --calls: tell what descriptors are, as far as is known; see record -y",
    )
    add_table_options(parser)
    add_filter_options(parser, saved=True)


def run(args: argparse.Namespace) -> int:
    for option in ("sort", "by"):
        if args.calls and option in args.given:
            raise UsageError(f"--{option} is for counts: leave it, or --calls")
    check_by_line(args)
    if "string_limit" in args.given and (not args.calls or args.json):
        raise UsageError("-s is for lines of calls: leave it, or say --calls")
    if args.descriptors and not args.calls:
        raise UsageError("-y is for lines of calls: leave it, or say --calls")
    if args.strace and (not args.calls or args.json):
        raise UsageError("--strace is for lines of calls: leave it, or say --calls")
    if args.strace and args.descriptors:
        raise UsageError("-y is for lines of fasttrace's own: leave it, or --strace")
    if args.tasks and not args.strace:
        raise UsageError("-Y and --decode-pids are for strace's lines: leave it, or say --strace")
    selected(args)
    whole = opened(args)
    trace = chosen_part(whole, args)
    if args.calls and args.top:
        trace = trace.where(mask=_slowest(trace, args.top))
    output = Output(fd=1)
    if not args.calls:
        lines = trace.lines() if args.by == "line" else None
        if lines is not None and not any(one.frame for one in lines):
            say(f"{args.folder} has no line of Python: fasttrace record --python keeps them")
        output.write(summary_text(trace.summary(), args, output, lines))
    else:
        progress = Progress("shown", "events", len(trace.events))
        if args.strace:
            texts = _texts_of_strace(trace, args)
        elif args.descriptors:
            texts = _texts_with_descriptors(trace, args, output.color)
        else:
            texts = _texts(trace, _to_text(trace, args, output.color))
        told = False
        for text, count in texts:
            output.write(text)
            told = told or bool(text)
            progress.add(0 if output.is_terminal else count)
            if output.failed:
                break
        progress.end()
        if not (told or args.json or output.failed):
            say("no calls")
    return -signal.SIGPIPE if output.is_unread() else output.status


def _slowest(trace: Trace, count: int) -> npt.NDArray[np.bool_]:
    """So many of the calls, those that took longest."""
    import numpy as np

    from fasttrace.data.events import Kind

    calls = np.flatnonzero(trace.events["kind"] == Kind.SYSCALL)
    took = trace.events["duration_ns"][calls]
    mask = np.zeros(len(trace.events), np.bool_)
    mask[calls[np.argsort(took, kind="stable")[::-1][:count]]] = True
    return mask


def _to_text(
    trace: Trace, args: argparse.Namespace, color: bool
) -> Callable[[Buffer, memoryview], str]:
    if not args.json:
        from fasttrace.report.call_line import CallLines

        # Events stand in the order of their ends: one of the first began first.
        starts = trace.events["time_ns"][:_CHUNK]
        origin_ns = int(starts.min()) if len(starts) else 0
        return CallLines(color=color, origin_ns=origin_ns, string_limit=args.string_limit).text
    return trace.json_events().text


def _texts_with_descriptors(
    trace: Trace, args: argparse.Namespace, color: bool
) -> Iterator[tuple[str, int]]:
    """The same of a part of a trace, of which all is looked at in the order of time."""
    import numpy as np

    to_text: CallLines | JsonEvents | None = None
    if args.json:
        to_text = trace.json_events(descriptors=True)
    for events, mask in trace.in_order(_CHUNK):
        if to_text is None:
            from fasttrace.report.call_line import CallLines

            to_text = CallLines(
                color=color,
                origin_ns=int(events["time_ns"].min()),
                string_limit=args.string_limit,
                descriptors=True,
            )
        text = to_text.text(events.data, trace.payload.data, 0, mask.tobytes())
        yield text, int(np.count_nonzero(mask))


def _tasks(text: str) -> frozenset[str]:
    words = frozenset(text.split(","))
    if not words <= {"comm", "pidns"}:
        raise argparse.ArgumentTypeError(f"{text!r} is not comm, pidns, or both")
    return words


def _texts_of_strace(trace: Trace, args: argparse.Namespace) -> Iterator[tuple[str, int]]:
    from fasttrace.data.export.strace_lines import blocks

    lines = blocks(
        trace._recorded(), string_limit=args.string_limit, tasks=args.tasks or frozenset()
    )
    for data, count in lines:
        yield data.decode("ascii"), count


def _texts(trace: Trace, to_text: Callable[[Buffer, memoryview], str]) -> Iterator[tuple[str, int]]:
    """The lines of some events at a time, and how many events."""
    import numpy as np

    payload = trace.payload.data
    for start in range(0, len(trace.events), _CHUNK):
        events = np.ascontiguousarray(trace.events[start : start + _CHUNK])
        yield to_text(events.data, payload), len(events)
