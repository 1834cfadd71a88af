"""One traced run for strace's command line."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from fasttrace._core import STRING_LIMIT_MAX, Block
from fasttrace._tables import ABIS, NR_MAX
from fasttrace.cli.strace.options import Options
from fasttrace.cli.strace.texts import Texts, say
from fasttrace.cli.traced import Run
from fasttrace.errors import CommandNotExecutable, CommandNotFound, FasttraceError
from fasttrace.syscalls.sets import EVERYTHING, NOTHING, Selection, parse_selection
from fasttrace.system import procfs
from fasttrace.tracing.tracer import Tracer

if TYPE_CHECKING:
    from fasttrace._decode import Story
    from fasttrace.alter.rules import AlterRule
    from fasttrace.cli.strace.counts import Chosen
    from fasttrace.cli.strace.held import Held

_BEAT_S = 0.06
# What ended so long before the newest that came has come: see docs/inline.md, and the ring.
_LATE_NS = 320_000_000
_FULL_EVENTS, _FULL_PAYLOAD = 4096, 1 << 20
_TOLD_BITS = {"path": 1, "socket": 2, "dev": 4, "pidfd": 8}
_STATUS_BITS = {"successful": 1, "failed": 2, "unfinished": 4}


def run(options: Options) -> int:
    """The exit status, or -n: to die of signal n. Raises BadOption."""
    if not options.command or not (options.daemonize or options.user is not None):
        return _run(options, None, 0)
    from fasttrace.cli.strace.held import Held, as_child, as_grandchild

    held = Held(options.command, _environment(options), options.user)
    pid = as_grandchild(held, options.daemonize) if options.daemonize else as_child(held)
    options.command, options.is_held = [], True
    options.pids.append(pid)
    with closing(held):
        return _run(options, held, pid)


def _run(options: Options, held: Held | None, held_pid: int) -> int:
    """held: it becomes the command when it is traced, with this pid."""
    texts = Texts(options.output, append=options.append, separately=options.separately)
    try:
        with ExitStack() as stack:
            run, more = _started(options, texts, stack, held, held_pid)
            if run is None:
                return 1
            chosen = None
            if options.count and (options.paths or options.trace_fds):
                from fasttrace.cli.strace.counts import Chosen

                chosen = Chosen(_paths(options) or b"", options)
            if options.count == "only" and not more and chosen is None:
                run.wait()
            else:
                _tell(options, run, more, texts, chosen)
            _say_detached(options, run)
            if options.count:
                from fasttrace.cli.strace.counts import table

                if chosen is not None:
                    summaries = [chosen.summary()]
                else:
                    summaries = [tracer.summary() for tracer in (run.tracer, *more)]
                texts.write(0, table(summaries, options).encode())
            if run.let_go:
                return -signal.SIGPIPE
            ended_by = run.over_by if more else run.detached_by
            if ended_by is None and held is not None and not options.daemonize:
                return _status_of(held_pid, (run.tracer, *more))
            return run.status if ended_by is None else -ended_by
    except CommandNotFound:
        say(f"Can't stat '{options.command[0]}': {os.strerror(2)}")
        return 1
    except FasttraceError as error:
        say(str(error))
        return 1
    finally:
        texts.close()
        if options.tip is not None:
            say(f"tip: {options.tip}")


def _reason(error: FasttraceError) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)


def _started(
    options: Options, texts: Texts, stack: ExitStack, held: Held | None, held_pid: int
) -> tuple[Run | None, list[Tracer]]:
    """The run of the command, or else of the first process; and tracers of the others. As in
    strace those that cannot be attached to are told and left out; None: there is nothing else, or
    the command cannot be executed, which is told."""
    run: Run | None = None
    more: list[Tracer] = []
    attached = []
    for pid in options.pids:
        said = _tracer_options(options, with_command=False)
        if options.until_exec:
            said["until_exec"] = int(pid == held_pid)
        if held is not None and pid == held_pid:
            held.comes()
        try:
            if run is None and not options.command:
                run = stack.enter_context(Run(None, pid=pid, verbose=options.debug, **said))
            else:
                more.append(stack.enter_context(Tracer(pid=pid, **said)))
        except FasttraceError as error:
            say(f"attach: ptrace(PTRACE_SEIZE, {pid}): {_reason(error)}")
            continue
        attached.append(pid)
        if options.separately:
            for tid in _tasks(pid) if options.follow else [pid]:
                texts.write(tid, b"")  # it has a file though it may make no call
        if held is not None and pid == held_pid:
            held.go()
            if not options.daemonize:
                continue  # it is the command, as far as anybody knows
        if "attach" not in options.quiet:
            count = len(_tasks(pid)) if options.follow else 1
            say(f"Process {pid} attached{f' with {count} threads' if count > 1 else ''}")
    options.pids = attached
    if options.command:
        said = _tracer_options(options, with_command=True)
        if options.until_exec:
            said["until_exec"] = 0
        run = Run(options.command, verbose=options.debug, **said)
        try:
            stack.enter_context(run)
        except CommandNotExecutable as error:
            tracer = None if options.count == "only" else run.tracer
            _tell_failure(options, tracer, texts, f"exec: {os.strerror(error.errno or 0)}")
            return None, more
    return run, more


def _environment(options: Options) -> dict[str, str] | None:
    """The command's; None: ours."""
    if not options.environment:
        return None
    environment = dict(os.environ)
    for name, value in options.environment:
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    return environment


def _status_of(pid: int, tracers: Iterable[Tracer]) -> int:
    """How a child of ours ended that was traced as others are: our tracer has waited for it."""
    for tracer in tracers:
        for process in tracer.processes:
            if process.pid == pid and process.exit_status is not None:
                return process.exit_status
    return 0


def _altered(options: Options) -> list[AlterRule]:
    """As in strace, of the calls that are traced alone."""
    if not options.inject:
        return []
    from dataclasses import replace

    wanted = EVERYTHING if options.trace is None else options.trace
    rules = [replace(rule, calls=rule.calls & wanted) for rule in options.inject]
    return [rule for rule in rules if rule.calls != NOTHING]


def _asks_for_descriptors(options: Options) -> bool:
    shown = options.decode_fds if options.count != "only" else ()
    return bool(shown or options.paths or options.trace_fds)


def _tracer_options(options: Options, *, with_command: bool) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if (trace := _recorded(options)) is not None:
        said["trace"] = trace
    if with_command and (environment := _environment(options)) is not None:
        said["env"] = environment
    return {
        "inject": _altered(options) or None,
        "follow": bool(options.follow),
        "engine": options.engine,
        "string_limit": STRING_LIMIT_MAX
        if options.forms.dumps
        else min(max(options.string_max, 1), STRING_LIMIT_MAX),
        "capture": "environments" if options.forms.environments else "all",
        "events": options.count != "only"
        or options.traces_several
        or _asks_for_descriptors(options),
        "tally": bool(options.count),
        "instruction_pointer": options.places and options.count != "only",
        "descriptors": _asks_for_descriptors(options),
        "vcpu_exits": "vcpu" in options.kvm and options.count != "only",
        **said,
    }


def _tell(
    options: Options, run: Run, more: list[Tracer], texts: Texts, chosen: Chosen | None
) -> None:
    """Writes the lines. more: tracers of other processes. chosen: counts some of the calls.

    What cannot be written is said once, and changes nothing about how we end, as with strace.
    """
    is_unwanted = None if options.inject else texts.is_unread
    if more:
        from fasttrace.cli.strace.several import beats_of_several

        blocks = beats_of_several(run, more, _BEAT_S, is_unwanted)
    else:
        blocks = run.beats(_BEAT_S, is_unwanted)
    if chosen is not None:
        blocks = chosen.counted(blocks)
    if options.count == "only":
        for _ in blocks:
            pass  # they are counted
    else:
        _write(options, blocks, texts)


def _say_detached(options: Options, run: Run) -> None:
    """Of those that are still there, but for whom the lines tell that they went."""
    went = options.until_exec and run.over_by is None and not run.let_go
    for pid in options.pids if "attach" not in options.quiet and not went else ():
        if procfs.is_alive(pid):
            for tid in _tasks(pid) if options.follow else [pid]:
                say(f"Process {tid} detached")


def _tell_failure(options: Options, tracer: Tracer | None, texts: Texts, message: str) -> None:
    """The command's execve and its end, and between them what its process says."""
    lines: list[tuple[int, bytes]] = []
    if tracer is not None:
        story = _story(options)
        for block in tracer.blocks():
            story.add(block, block.payload, block.payload_base)
        for tid, text in story.tell(None):
            lines += [(tid, line) for line in text.splitlines(keepends=True)]
    calls = [line for line in lines if not line[1].rstrip().endswith(b"+++")]
    for tid, line in calls:
        texts.write(tid, line)
    say(message)
    for tid, line in lines[len(calls) :]:
        texts.write(tid, line)


def _write(options: Options, blocks: Iterator[Block | None], texts: Texts) -> None:
    from fasttrace.cli.strace.waits import Waits  # while the program runs

    story = _story(options)
    waits = Waits(options.trace)
    # Of several processes one might be over before anything is known of the others.
    begins_ns = time.monotonic_ns() + _LATE_NS if options.traces_several else 0
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


def _tasks(pid: int) -> list[int]:
    return procfs.tasks(pid) or [pid]


def _story(options: Options) -> Story:
    from fasttrace._decode import TASKS_TOLD, Story  # while the program runs

    several = options.follow or options.traces_several
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
        told=sum(_TOLD_BITS[word] for word in options.decode_fds),
        shown=_shown(options),
        paths=_paths(options),
        fds=options.trace_fds or None,
        tasks_told=sum(TASKS_TOLD[word] for word in options.decode_pids),
        first_name=_own_name(),
        looks_up=True,
        until_exec=1 + options.is_held if options.until_exec else None,
        detaches="attach" not in quiet and options.output is None,
    )


def _own_name() -> bytes:
    """What a child of ours is called until it becomes another program."""
    return (procfs.read_bytes("/proc/self/comm") or b"\n")[:-1]


def _tells_tasks(options: Options) -> bool:
    return bool(options.decode_pids) and options.count != "only"


def _recorded(options: Options) -> Selection | None:
    """What is asked for, and what tells how tasks are called, and that they are gone."""
    if options.trace is None or not _tells_tasks(options):
        return options.trace
    return options.trace | parse_selection("?prctl,?wait4,?waitpid,?waitid")


def _shown(options: Options) -> bytes | None:
    """Where others are recorded for what they tell: those that were asked for."""
    if options.trace is None or not (_asks_for_descriptors(options) or _tells_tasks(options)):
        return None
    masks = [options.trace.mask(abi) for abi in range(len(ABIS))]
    return b"".join(mask.to_bytes(NR_MAX // 8, "little") for mask in masks)


def _paths(options: Options) -> bytes | None:
    """Each as it was given, and without links."""
    if not options.paths or options.resolved is not None:
        return options.resolved
    found = []
    for path in options.paths:
        found.append(path)
        resolved = os.path.realpath(path)
        if resolved != path:
            found.append(resolved)
            if "path-resolution" not in options.quiet:
                say(f"Requested path '{path}' resolved into '{resolved}'")
    options.resolved = b"".join(os.fsencode(path) + b"\0" for path in found)
    return options.resolved
