"""One traced run for strace's command line."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fasttrace._core import STRING_LIMIT_MAX, Block
from fasttrace._decode import Story
from fasttrace.cli.strace.options import Options
from fasttrace.cli.strace.texts import Texts, say
from fasttrace.cli.strace.waits import Waits
from fasttrace.cli.traced import Run
from fasttrace.errors import CommandNotExecutable, CommandNotFound, FasttraceError
from fasttrace.syscalls.sets import EVERYTHING, NOTHING
from fasttrace.tracing.tracer import Tracer

if TYPE_CHECKING:
    from fasttrace.alter.rules import AlterRule

_BEAT_S = 0.06
# What ended so long before the newest that came has come: see docs/inline.md, and the ring.
_LATE_NS = 320_000_000
_FULL_EVENTS, _FULL_PAYLOAD = 4096, 1 << 20
_STATUS_BITS = {"successful": 1, "failed": 2, "unfinished": 4}


def run(options: Options) -> int:
    """The exit status, or -n: to die of signal n. Raises BadOption."""
    texts = Texts(options.output, append=options.append, separately=options.separately)
    try:
        with _run_of(options) as run, ExitStack() as stack:
            more = [
                stack.enter_context(Tracer(pid=pid, **_tracer_options(options)))
                for pid in options.pids[1:]
            ]
            if options.count == "only" and not more:
                run.wait()
            else:
                _tell(options, run, more, texts)
            if options.count:
                from fasttrace.cli.strace.counts import table

                summaries = [tracer.summary() for tracer in (run.tracer, *more)]
                texts.write(0, table(summaries, options).encode())
            if run.let_go:
                return -signal.SIGPIPE
            if run.detached_by is not None:
                return -run.detached_by
            return run.status
    except CommandNotFound:
        say(f"Can't stat '{options.command[0]}': {os.strerror(2)}")
        return 1
    except CommandNotExecutable as error:
        say(f"exec: {os.strerror(error.errno or 0)}")
        return 1
    except FasttraceError as error:
        if options.pids:
            say(f"attach: ptrace(PTRACE_SEIZE, {_refused(options.pids)}): {_reason(error)}")
            return 1
        say(str(error))
        return 1
    finally:
        texts.close()


def _refused(pids: list[int]) -> int:
    """Which of them could not be attached to: the first that has gone, as far as can be told."""
    return next((pid for pid in pids if not _is_there(pid)), pids[0])


def _reason(error: FasttraceError) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)


def _run_of(options: Options) -> Run:
    pid = options.pids[0] if options.pids else None
    return Run(options.command or None, pid=pid, **_tracer_options(options))


def _altered(options: Options) -> list[AlterRule]:
    """As in strace, of the calls that are traced alone."""
    if not options.inject:
        return []
    from dataclasses import replace

    wanted = EVERYTHING if options.trace is None else options.trace
    rules = [replace(rule, calls=rule.calls & wanted) for rule in options.inject]
    return [rule for rule in rules if rule.calls != NOTHING]


def _tracer_options(options: Options) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if options.trace is not None:
        said["trace"] = options.trace
    if options.environment:
        environment = dict(os.environ)
        for name, value in options.environment:
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        said["env"] = environment
    return {
        "inject": _altered(options) or None,
        "follow": bool(options.follow),
        "engine": options.engine,
        "string_limit": STRING_LIMIT_MAX
        if options.forms.dumps
        else min(max(options.string_max, 1), STRING_LIMIT_MAX),
        "capture": "environments" if options.forms.environments else "all",
        "events": options.count != "only" or len(options.pids) > 1,
        "tally": bool(options.count),
        "instruction_pointer": options.places and options.count != "only",
        **said,
    }


def _tell(options: Options, run: Run, more: list[Tracer], texts: Texts) -> None:
    """Writes the lines. more: tracers of other processes.

    What cannot be written is said once, and changes nothing about how we end, as with strace.
    """
    for pid in options.pids if "attach" not in options.quiet else ():
        say(f"Process {pid} attached{_with_threads(pid)}")
    is_unwanted = None if options.inject else texts.is_unread
    if more:
        from fasttrace.cli.strace.several import beats_of_several

        blocks = beats_of_several(run, more, _BEAT_S, is_unwanted)
    else:
        blocks = run.beats(_BEAT_S, is_unwanted)
    if options.count == "only":
        for _ in blocks:
            pass  # they are counted
    else:
        _write(options, blocks, texts)
    for pid in options.pids if "attach" not in options.quiet else ():
        if _is_there(pid):
            say(f"Process {pid} detached")


def _write(options: Options, blocks: Iterator[Block | None], texts: Texts) -> None:
    story = _story(options)
    waits = Waits(options.trace)
    # Of several processes one might be over before anything is known of the others.
    begins_ns = time.monotonic_ns() + _LATE_NS if len(options.pids) > 1 else 0
    for block in blocks:
        now = time.monotonic_ns()
        heard_ns = now  # what ended some time before that has come
        if block is not None:
            newest_ns = story.add(block, block.payload, block.payload_base)
            if _is_full(block):
                heard_ns = min(now, newest_ns)  # more may wait behind it
        until_ns = min(waits.look(story, now, heard_ns), heard_ns - _LATE_NS)
        if now >= begins_ns:
            _write_told(story, max(0, until_ns), texts)
    _write_told(story, None, texts)


def _write_told(story: Story, sure_ns: int | None, texts: Texts) -> None:
    for tid, text in story.tell(sure_ns):
        texts.write(tid, text)


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
    """Not one that has ended and whose parent does not know that yet (proc_pid_stat(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b") ")[2][:1] not in (b"Z", b"X")


def _story(options: Options) -> Story:
    several = options.follow or len(options.pids) > 1
    who = 2 if options.plain_pids else 1 if options.output is None and several else 0
    quiet = options.quiet
    return Story(
        signals=options.signals,
        realtime_ns=time.time_ns() - time.monotonic_ns(),
        column=options.column,
        string_max=options.string_max,
        who=who,
        clock=options.clock,
        clock_digits=options.clock_digits,
        relative=options.relative is not None,
        relative_digits=options.relative or 0,
        took=options.took is not None,
        took_digits=options.took or 0,
        numbers=options.numbers,
        places=options.places,
        hex=options.hex,
        statuses=sum(_STATUS_BITS.get(word, 0) for word in options.statuses),
        attaches="attach" not in quiet and bool(options.follow) and options.output is None,
        exits="exit" not in quiet,
        supersedes="thread-execve" not in quiet,
        leaders=not options.follow,
        modes="personality" not in quiet and options.output is None,
        separately=options.separately,
        constants=options.forms.constants,
        forms=options.forms.table(),
        reads=options.forms.reads,
        writes=options.forms.writes,
    )
