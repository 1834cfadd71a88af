"""`fasttrace top`: the calls of a program while it runs, on the whole terminal."""

from __future__ import annotations

import argparse
import codecs
import os
import select
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, add_tracing_options
from fasttrace.cli.traced import Run, run_of
from fasttrace.data.export.extras import extra
from fasttrace.errors import UsageError
from fasttrace.text.ended import program_end

if TYPE_CHECKING:
    from fasttrace.analysis.rates import Moment
    from fasttrace.cli.top.following import Following

EXAMPLE = "fasttrace top make"
TAKES_COMMAND = True

_LINES_KEPT = 5000  # of what the program writes, until the screen asks for it
_LINE_KEPT = 4096  # characters
_PATIENCE_S = 2.0  # with a program that is asked to end


def configure(parser: VerbParser) -> None:
    add_tracing_options(parser)
    parser.add_argument(
        "--interval",
        type=_interval,
        default=1.0,
        metavar="S",
        help="count anew each S seconds (1)",
    )
    parser.add_argument(
        "--files",
        action="store_true",
        help="follow files, too: the calls of each path; each call is looked at for that, so it"
        " costs more",
    )


def run(args: argparse.Namespace) -> int:
    if not (os.isatty(0) and os.isatty(2)):  # Textual writes to standard error
        raise UsageError("top needs a terminal: fasttrace summary writes one table, at the end")
    extra("textual", "top")
    from fasttrace.cli.top.app import TopApp
    from fasttrace.data.summary_table import summary_table  # while there are descriptors

    output = _ProgramOutput() if args.command else None
    try:
        given: dict[str, Any] = output.given if output else {}
        given |= {"events": args.files, "capture": "paths", "tally": True, "by_process": True}
        with run_of(args, **given) as run, ExitStack() as stack:
            if output:
                output.listen()
            files = stack.enter_context(_following(run)) if args.files else None
            threading.Thread(target=_end_with_the_terminal, args=(run,), daemon=True).start()
            pids = ", ".join(map(str, args.pid or ()))
            title = " ".join(args.command) or f"process {pids}"
            TopApp(_OfRun(run, output, files), title, args.interval).run()
            _end(run)
            told = Output(fd=2)
            table = summary_table(run.tracer.summary(), color=told.color, width=told.width)
            told.write(f"{table}\n")
            return run.status
    finally:
        if output:
            output.close()


def _following(run: Run) -> Following:
    # numpy's threads must not be there before signals are blocked: they would be hit by them.
    from fasttrace.cli.top.following import Following

    return Following(run.tracer)


class _OfRun:
    """What the screen asks, of a run."""

    def __init__(self, run: Run, output: _ProgramOutput | None, files: Following | None) -> None:
        self._run, self._tracer, self._output = run, run.tracer, output
        self._files = files

    def moment(self) -> Moment:
        from fasttrace.analysis.rates import Moment

        files = self._files.rows() if self._files is not None else None
        return Moment(self._tracer.summary(), files)

    def end(self) -> str | None:
        if not self._tracer.wait(0):
            return None
        if self._files is not None:
            self._files.join()
        status = self._tracer.exit_status
        if status is None:
            return "let go"
        return program_end(status)

    def said(self) -> Sequence[str]:
        return self._output.lines() if self._output else ()

    def is_unwanted(self) -> bool:
        return self._run.over_by is not None


def _end(run: Run) -> None:
    """Who leaves while the program runs lets a process go, or asks a command to end."""
    tracer = run.tracer
    if not tracer.wait(0):
        if not tracer.argv:
            tracer.detach()
        else:
            tracer.send_signal(signal.SIGTERM)
            if not tracer.wait(_PATIENCE_S):
                tracer.kill()
    tracer.wait()
    run.ended()


def _end_with_the_terminal(run: Run) -> None:
    """When it is hung up: the screen would wait for ever for somebody to take what it writes."""
    hung_up = select.poll()
    hung_up.register(2, 0)  # POLLHUP comes unasked
    hung_up.poll()
    _end(run)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    os.kill(os.getpid(), signal.SIGHUP)
    os._exit(128 + signal.SIGHUP)  # where it is ignored


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0.1 to 3600")
    return seconds


def _harmless(line: str) -> str:
    """Nothing that a program writes may move our cursor."""
    line = line.rstrip("\r")[:_LINE_KEPT]
    return "".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in line)


class _ProgramOutput:
    """What the command writes where our screen is; it stays as it is where it goes elsewhere."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        shown = [fd for fd in (1, 2) if os.isatty(fd)]
        self.given: dict[str, Any] = {"stdin": subprocess.DEVNULL}
        self.given |= {("stdout", "stderr")[fd - 1]: self._writing for fd in shown}
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._thread = threading.Thread(target=self._read, daemon=True)

    def listen(self) -> None:
        """The command has started, and has its own end of the pipe."""
        os.close(self._writing)
        self._writing = -1
        self._thread.start()

    def lines(self) -> Sequence[str]:
        taken = []
        while self._lines:
            taken.append(self._lines.popleft())
        return taken

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while data := os.read(self._reading, 1 << 16):
            *lines, rest = (rest + decoder.decode(data)).split("\n")
            if len(rest) > _LINE_KEPT:
                lines.append(rest)
                rest = ""
            self._lines += map(_harmless, lines)
        if rest:
            self._lines.append(_harmless(rest))

    def close(self) -> None:
        """Whoever still writes to it gets EPIPE, as under a terminal that was closed."""
        if self._writing >= 0:
            os.close(self._writing)
        if not self._thread.is_alive():
            os.close(self._reading)
