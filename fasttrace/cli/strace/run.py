"""One traced run for strace's command line."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from fasttrace._core import Block
from fasttrace._decode import Story
from fasttrace.alter.rules import altered_calls
from fasttrace.cli.strace.getopt import BadOption
from fasttrace.cli.strace.options import Options
from fasttrace.cli.strace.texts import Texts, say
from fasttrace.cli.strace.waits import Waits
from fasttrace.cli.traced import Run
from fasttrace.errors import CommandNotExecutable, CommandNotFound, FasttraceError

_BEAT_S = 0.06
# What ended so long ago has come, if no block waits: see docs/inline.md, and the ring's latency.
_LATE_NS = 320_000_000
_FULL_EVENTS, _FULL_PAYLOAD = 4096, 1 << 20
_STATUS_BITS = {"successful": 1, "failed": 2, "unfinished": 4}


def run(options: Options) -> int:
    """The exit status, or -n: to die of signal n. Raises BadOption."""
    if len(options.pids) > 1:
        raise BadOption("more than one -p PID is not supported by fasttrace", hint=False)
    texts = Texts(options.output, append=options.append, separately=options.separately)
    try:
        with _run_of(options) as run:
            if options.count == "only":
                run.wait()
                texts_status = 0
            else:
                texts_status = _told(options, run, texts)
            if options.count:
                from fasttrace.cli.strace.counts import table

                texts.write(0, table(run.tracer.summary(), options).encode())
            if run.let_go:
                return -signal.SIGPIPE
            if run.detached_by is not None:
                return -run.detached_by
            return run.status or texts_status
    except CommandNotFound:
        say(f"Can't stat '{options.command[0]}': {os.strerror(2)}")
        return 1
    except CommandNotExecutable as error:
        say(f"exec: {os.strerror(error.errno or 0)}")
        return 1
    except FasttraceError as error:
        if options.pids:
            say(f"attach: ptrace(PTRACE_SEIZE, {options.pids[0]}): {_reason(error)}")
            return 1
        say(str(error))
        return 1
    finally:
        texts.close()


def _reason(error: FasttraceError) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)


def _run_of(options: Options) -> Run:
    said: dict[str, Any] = {}
    if options.trace is not None:
        said["trace"] = options.trace
        if options.inject:
            from fasttrace.alter.language import plan

            said["trace"] = options.trace | altered_calls(plan(options.inject, None))
    if options.environment:
        environment = dict(os.environ)
        for name, value in options.environment:
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        said["env"] = environment
    return Run(
        options.command or None,
        pid=options.pids[0] if options.pids else None,
        inject=options.inject or None,
        follow=bool(options.follow),
        engine=options.engine,
        events=options.count != "only",
        tally=bool(options.count),
        **said,
    )


def _told(options: Options, run: Run, texts: Texts) -> int:
    """Writes the lines; 1: they could not be written, and somebody would have read them."""
    if options.pids and "attach" not in options.quiet:
        say(f"Process {options.pids[0]} attached{_with_threads(options.pids[0])}")
    story = _story(options, run)
    sure_ns = 0
    waits = Waits(options.trace)
    for block in run.beats(_BEAT_S, None if options.inject else texts.is_unread):
        now = time.monotonic_ns()
        if block is not None:
            story.add(block, block.payload, block.payload_base)
        if block is None or not _is_full(block):
            sure_ns = now - _LATE_NS
            waits.look(story, now)
        for tid, text in story.tell(sure_ns):
            texts.write(tid, text)
    for tid, text in story.tell(None):
        texts.write(tid, text)
    if options.pids and "attach" not in options.quiet and _is_there(options.pids[0]):
        say(f"Process {options.pids[0]} detached")
    return int(texts.failed is not None and not isinstance(texts.failed, BrokenPipeError))


def _is_full(block: Block) -> bool:
    """Whether more may wait behind it."""
    return len(block) >= _FULL_EVENTS or len(block.payload) >= _FULL_PAYLOAD


def _with_threads(pid: int) -> str:
    try:
        count = len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - names alone
    except OSError:
        return ""
    return f" with {count} threads" if count > 1 else ""


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _story(options: Options, run: Run) -> Story:
    who = 2 if options.plain_pids else 1 if options.output is None and options.follow else 0
    quiet = options.quiet
    return Story(
        signals=options.signals,
        realtime_ns=time.time_ns() - time.monotonic_ns(),
        column=options.column,
        string_max=options.string_max,
        only=0 if options.follow else run.tracer.pid or 0,
        who=who,
        clock=options.clock,
        clock_digits=options.clock_digits,
        relative=options.relative is not None,
        relative_digits=options.relative or 0,
        took=options.took is not None,
        took_digits=options.took or 0,
        numbers=options.numbers,
        hex=options.hex,
        statuses=sum(_STATUS_BITS.get(word, 0) for word in options.statuses),
        attaches="attach" not in quiet and bool(options.follow) and options.output is None,
        exits="exit" not in quiet,
        supersedes="thread-execve" not in quiet,
        separately=options.separately,
    )
