"""What tracing costs a command: run untraced, under each engine and each peer, in turn.

All contenders are processes of their own and are timed from before fork(2) to after wait(2). In
each round every contender also runs `true`: what that takes longer than untraced is its start-up
(a Python here, a compiler in bpftrace), which has nothing to do with the number of calls.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

from fasttrace.bench import peers
from fasttrace.bench.peers import UNTRACED, Contender, LeftOut
from fasttrace.bench.results import Count, Machine, Measurement, Report
from fasttrace.errors import EngineUnavailable, Interrupted
from fasttrace.system import procfs
from fasttrace.tracing.command import Command, Text
from fasttrace.tracing.sessions import ENGINES, Engine
from fasttrace.tracing.tracer import Tracer

_ALL_ENGINES: tuple[Engine, ...] = tuple(name for name in ENGINES if name != "auto")

OnProgress = Callable[[int, int], None]


class Once(NamedTuple):
    """One run. status: as subprocess has it: the exit code, or -n for death by signal n."""

    wall_ns: int
    status: int


def run(
    argv: Sequence[Text] | Text,
    rounds: int = 5,
    engines: Sequence[Engine] | None = None,
    against: Sequence[str] | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Measure what tracing costs a command, and return a Report.

    The command is run `rounds` times untraced, under each engine and under each peer, in turn
    (A B C A B C ...), after one round that is not counted; and once under each engine in this
    process to count its calls. Its input and output are /dev/null.

    Args:
        argv: the command; see `fasttrace.tracing.command.Command`.
        rounds: at least 1.
        engines: of `fasttrace.tracing.tracer.ENGINES`; None: all but "auto".
        against: of `fasttrace.bench.peers.PEERS`; None: all. What does not work here is in
            ``Report.left_out``, and why.
        on_progress: called with the number of runs done and the number of all.

    Raises ValueError for an unknown engine or peer, CommandNotFound, CommandNotExecutable,
    TraceNotPermitted; at Ctrl-C Interrupted, whose ``result`` is the Report so far.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, not {rounds}")
    words = Command(argv).names
    report = Report(words, rounds, machine(), datetime.now(timezone.utc))
    report.measurements.append(Measurement(UNTRACED, words))
    try:
        _add_engines(report, engines)
        _add_peers(report, against)
        measure(report, on_progress or (lambda done, total: None))
    except KeyboardInterrupt as interrupt:
        report.interrupted = True
        raise Interrupted(report) from interrupt
    return report


def _add_engines(report: Report, engines: Sequence[Engine] | None) -> None:
    for name in _ALL_ENGINES if engines is None else dict.fromkeys(engines):
        contender = peers.of_engine(name)
        try:
            engine, count, status = _count(report.argv, name)
        except EngineUnavailable as error:
            report.left_out.append(LeftOut(contender.name, str(error), engines is not None))
            continue
        if engine != name:  # what "auto" has chosen
            contender = contender._replace(name=f"{contender.name} ({engine})")
        one = _add(report, contender._replace(engine=engine))
        one.count, one.counted = count, count.calls
        one.statuses.append(status)
        report.calls = report.calls or count.calls
    if report.calls is None:  # the peers' cost per call is still wanted
        report.calls = _count(report.argv, "ptrace")[1].calls


def _add_peers(report: Report, against: Sequence[str] | None) -> None:
    found, left_out = peers.find(against)
    report.left_out += left_out
    for contender in found:
        try:
            _add(report, contender)
        except ValueError as error:
            report.left_out.append(LeftOut(contender.name, str(error), against is not None))


def _add(report: Report, contender: Contender) -> Measurement:
    """ValueError: the contender cannot run this command."""
    one = Measurement(contender, contender.command(report.argv, os.devnull))
    report.measurements.append(one)
    return one


def _count(argv: list[str], engine: Engine) -> tuple[str, Count, int]:
    """The engine's name, what it counts in the command, and the command's exit status."""
    null = subprocess.DEVNULL
    with Tracer(
        argv, engine=engine, events=False, tally=True, stdin=null, stdout=null, stderr=null
    ) as tracer:
        tracer.wait()
    stats, processes = tracer.stats, tracer.processes
    fallbacks = tuple(process.fallback for process in processes if process.fallback)
    count = Count(stats["calls"], stats["stops"], len(processes), fallbacks)
    return tracer.engine, count, tracer.exit_status or 0


def measure(report: Report, on_progress: OnProgress) -> None:
    """Run all contenders of a report in turn and note in it what was measured.

    The round that is not counted is also where contenders write down how many calls they saw: the
    counted ones write to /dev/null.
    """
    ones, total = report.measurements, (report.rounds + 1) * len(report.measurements)
    nothing = peers.nothing()
    others: list[int] = []

    def timed(command: list[str]) -> Once:
        others.append(_others_running())
        report.others_running = sum(others) / len(others)
        return run_once(command)

    with tempfile.NamedTemporaryFile() as output:
        for done, one in enumerate(ones, 1):
            run_once(one.contender.command(nothing, os.devnull))
            one.statuses.append(run_once(one.contender.command(report.argv, output.name)).status)
            seen = peers.counted(one.contender, output.name)
            one.counted = one.counted if seen is None else seen
            on_progress(done, total)
    for i in range(1, report.rounds + 1):
        for one in ones:
            command = one.contender.command(nothing, os.devnull)
            one.nothing_walls_ns.append(timed(command).wall_ns)
        for done, one in enumerate(ones, i * len(ones) + 1):
            once = timed(one.command)
            one.walls_ns.append(once.wall_ns)
            one.statuses.append(once.status)
            on_progress(done, total)


def run_once(command: Sequence[str]) -> Once:
    """Run a command line and time it.

    In a session of its own: Ctrl-C at the terminal then reaches us alone, and we end all of it. A
    tracer that is killed without its tracees would leave them running. Ctrl-C that comes while it
    is started waits until there is something to end, which subprocess knows no way to do.
    """
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    # Python ignores them for itself.
    ignored = (signal.SIGPIPE, signal.SIGXFSZ)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        start = time.perf_counter_ns()
        pid = os.posix_spawnp(
            command[0],
            list(command),
            os.environ,
            file_actions=null,
            setsid=True,
            setsigmask=mask,
            setsigdef=ignored,
        )
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # its id is nobody else's yet
            wall_ns = time.perf_counter_ns() - start
        except BaseException:
            os.killpg(pid, signal.SIGKILL)
            raise
        finally:
            _, status = os.waitpid(pid, 0)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return Once(wall_ns, os.waitstatus_to_exitcode(status))


def _others_running() -> int:
    """How many tasks run or wait for a processor, but for us; proc_loadavg(5)."""
    fields = (procfs.read("/proc/loadavg") or "").split()
    return max(0, int(fields[3].partition("/")[0]) - 1) if len(fields) > 3 else 0


def machine() -> Machine:
    """The machine we are on, as a reader of the figures needs to know it."""
    uname = os.uname()
    cpu: dict[str, str] = {}
    for line in (procfs.read("/proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        cpu.setdefault(key.strip(), value.strip())
    return Machine(
        kernel=uname.release,
        architecture=uname.machine,
        cpu=cpu.get("model name", "unknown processor"),
        processors=os.cpu_count() or 1,
        usable_processors=len(os.sched_getaffinity(0)),
        virtual="hypervisor" in cpu.get("flags", "").split(),
        governor=procfs.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        load=os.getloadavg(),
    )
