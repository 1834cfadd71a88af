"""`fasttrace bench`: what tracing costs a command, under our engines and under other tracers."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.progress import Progress

EXAMPLE = "fasttrace bench -n 9 --against strace,perf dd if=/dev/zero of=/dev/null bs=1 count=50000"
TAKES_COMMAND = True

_ENGINES = ("auto", "ptrace", "inline", "all")
_PEERS = ("strace", "perf", "bpftrace")
_NOTES = """\
The command is run n + 1 times by each contender, in turn, and once more by each engine to count its
calls; it must do the same each time. Its input and output, and standard error, are /dev/null. Each
contender's start-up is measured around `true`, in the same rounds, and taken off the cost per call.
Exit status: 0; 1 if the command ended differently under a tracer."""


def configure(parser: VerbParser) -> None:
    parser.description = f"{parser.description} {_NOTES}"
    parser.add_argument(
        "-n", dest="rounds", type=_rounds, default=5, metavar="N", help="rounds (default 5)"
    )
    parser.add_argument(
        "--against",
        type=_peers,
        metavar="PEERS",
        help=f"of {','.join(_PEERS)}, or none (default: those that work here)",
    )
    parser.add_argument(
        "--engine", choices=_ENGINES, default="all", help="which of ours (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, times in ns")
    parser.add_argument(
        "-o", dest="output", metavar="FILE", help="write to FILE, not standard output"
    )


def run(args: argparse.Namespace) -> int:
    from fasttrace.bench import measure
    from fasttrace.errors import Interrupted

    status = 0
    with Output(args.output, fd=1) as output:
        with _ended_by_signals() as ended_by, _Shown() as shown:
            try:
                report = measure.run(
                    args.command,
                    args.rounds,
                    None if args.engine == "all" else [args.engine],
                    args.against,
                    shown.progress,
                )
            except Interrupted as interrupted:
                report = interrupted.result
                status = -ended_by[0] if ended_by else -signal.SIGINT
        if args.json:
            import json

            output.write(json.dumps(report.to_dict()) + "\n")
        else:
            from fasttrace.bench.table import bench_table

            output.write(bench_table(report, color=output.color, width=output.width) + "\n")
        output.close()
        return status or output.status or int(bool(report.errors))


class _Shown:
    """Progress, whose total is known only once the peers have been tried."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._done = 0

    def progress(self, done: int, total: int) -> None:
        if self._progress is None:
            self._progress = Progress("measured", f"of {total} runs")
        self._progress.add(done - self._done)
        self._done = done

    def __enter__(self) -> _Shown:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.end()


@contextmanager
def _ended_by_signals() -> Iterator[list[int]]:
    """SIGTERM and SIGHUP end it as Ctrl-C does, for what runs has a session of its own."""
    noted: list[int] = []

    def note(number: int, frame: object) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    before = {s: signal.getsignal(s) for s in signals}
    for s, handler in before.items():
        if handler is signal.SIG_DFL:  # ignored, as under nohup(1), it stays ignored
            signal.signal(s, note)
    try:
        yield noted
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)


def _rounds(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds")
    return int(text)


def _peers(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if names == ["none"]:
        return []
    for name in names:
        if name not in _PEERS:
            known = ", ".join(_PEERS)
            raise argparse.ArgumentTypeError(f"there is no peer {name!r}; known: {known}, or none")
    return names
