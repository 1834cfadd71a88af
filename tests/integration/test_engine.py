"""Promise: sessions select, stream, run side by side, and end with Ctrl-C or an error as the API
says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import fasttrace
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.errors import Interrupted
from fasttrace.tracing.tracer import Tracer

QUIET = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.DEVNULL,
    "stderr": subprocess.DEVNULL,
}


def counts(command, **options):
    return fasttrace.summary(command, **QUIET, **options).calls


def by_name(trace, selection=None):
    """Calls by name, without attempts that a signal interrupted: how many is a matter of time."""
    return Counter(
        call.name
        for call in trace
        if call.kind == Kind.SYSCALL
        and not call.flags & Flag.INTERRUPTED
        and (selection is None or selection.contains(call.nr, call.abi))
    )


def statuses(trace):
    return sorted(process.exit_status for process in trace.processes)


# Neither threads that race nor what is interrupted at times.
STEADY = ["exec_chain", "fork_tree", "hostile", "i386", "int80", "clone_vm", "vfork_exec", "daemon"]


@pytest.mark.parametrize("name", STEADY)
@pytest.mark.parametrize("expression", ["openat,write", "%process", "!mmap,brk", "/^get", "none"])
def test_selected_counts_are_the_unselected_ones(tracees, name, expression):
    """The kernel selects, and leaves out nothing that was wanted and nothing else."""
    command = tracees.command(name)
    selection = fasttrace.parse_selection(expression)
    everything = fasttrace.trace(command, **QUIET)
    traced = fasttrace.trace(command, trace=expression, **QUIET)
    assert by_name(traced) == by_name(everything, selection)
    assert set(counts(command, trace=expression)) == set(by_name(traced))
    assert statuses(traced) == statuses(everything)


def test_without_results(tracees):
    """One stop a call, nothing but the entry."""
    command = tracees.command("getppid_loop", "500")
    with Tracer(command, trace="getppid", results=False) as tracer:
        events = np.concatenate([np.frombuffer(b, EVENT_DTYPE) for b in tracer.blocks()])
    calls = events[events["kind"] == Kind.SYSCALL]
    assert len(calls) == 500
    assert (calls["flags"] & Flag.UNFINISHED).all()
    assert tracer.stats["stops"] < 550


@pytest.mark.parametrize("trace", [None, "%file", "execve", "!mmap"])
def test_without_results_the_counts_are_the_same(tracees, trace):
    command = tracees.command("vfork_exec")
    plain = fasttrace.summary(command, trace=trace, **QUIET)
    only = fasttrace.summary(command, trace=trace, results=False, **QUIET)
    assert only.calls == plain.calls
    assert only.total_errors is None  # not known


@pytest.mark.parametrize("name", ["own_filter", "own_filter_tsync"])
def test_a_filter_of_the_program_s_own_hides_nothing(tracees, name):
    """It answers before ours has its turn: what it denies is recorded all the same."""
    command = tracees.command(name)
    for expression in ("getppid", "getppid,getpgrp,fork,clone", "!read"):
        selected = fasttrace.summary(command, trace=expression, **QUIET)
        assert selected.errors["getppid"] >= 10
    errnos = {s.name: s.errnos for s in selected.syscalls}
    assert errnos["getppid"] == {"EXDEV": selected.calls["getppid"]}


def test_not_following(tracees):
    """Only the process itself, with all its threads."""
    summary = fasttrace.summary(tracees.command("fork_tree"), follow=False, **QUIET)
    assert summary.calls["clone"] == 2
    assert len(summary.processes) == 1
    alone = counts(tracees.command("fork_tree"), follow=False, trace="clone,wait4")
    assert set(alone) == {"clone", "wait4"}
    threads = counts(tracees.command("many_threads", "20"), follow=False)
    assert threads["getppid"] == 20 * 20
    for name in ("clone_vm", "clone3", "vfork_exec"):
        assert len(fasttrace.summary(tracees.command(name), follow=False, **QUIET).processes) == 1


def test_sessions_side_by_side(tracees):
    """Each sees its own tree; the children of the host program are its own too."""
    command = tracees.command("fork_tree", "4")
    expected = counts(command, trace="exit_group,getpid")
    results, errors = [], []

    def session():
        try:
            results.extend(counts(command, trace="exit_group,getpid") for _ in range(3))
        except BaseException as error:
            errors.append(error)

    sessions = [threading.Thread(target=session) for _ in range(4)]
    for thread in sessions:
        thread.start()
    ended = [
        subprocess.run([sys.executable, "-ISc", f"raise SystemExit({i})"]).returncode
        for i in range(10)
    ]
    for thread in sessions:
        thread.join()
    assert errors == []
    assert results == [expected] * 12
    assert ended == list(range(10))


@pytest.mark.parametrize(
    ("name", "arg"),
    [("getppid_loop", "2000"), ("fork_tree", "4"), ("many_threads", "20"), ("thread_races", "10")],
)
def test_a_slow_consumer_loses_nothing(tracees, name, arg):
    """The tracees wait: with a queue of two blocks of four events everything still arrives."""
    from fasttrace._core import Session

    command = [os.fsencode(word) for word in tracees.command(name, arg)]
    session = Session(tally=True, block_events=4, queue_blocks=2)
    with Path(os.devnull).open("r+b") as null:
        session.spawn(command[0], command, [], None, (null.fileno(),) * 3, 0)
    taken = calls = 0
    while True:
        try:
            block = session.take()
        except EOFError:
            break
        events = np.frombuffer(block, EVENT_DTYPE)
        taken += len(events)
        calls += int((events["kind"] == Kind.SYSCALL).sum())
        session.stats()  # so that the queue is full at times
    session.wait()
    stats = session.stats()
    assert stats["lost"] == 0
    assert stats["events"] == stats["taken"] == taken
    assert stats["calls"] == calls == sum(row.calls for row in session.tally().rows())
    session.close()


def test_the_tracee_waits_for_the_consumer(tracees):
    command = tracees.command("getppid_loop", "1000000")
    with Tracer(command, **QUIET) as tracer:
        while not tracer.stats["waits_full"]:
            assert not tracer.wait(0)
        stats = tracer.stats
        # 16 blocks of 4096 events may wait, and the one being filled.
        assert stats["events"] <= 17 * 4096 + 1
        assert stats["taken"] == 0


def test_stream_yields_while_the_program_runs(tracees):
    """The program cannot end before we have seen its write: it waits for an answer to it."""
    out, into = os.pipe()
    with os.fdopen(out) as reading, os.fdopen(into, "w") as writing:
        command = ["sh", "-c", "echo question; read answer; exit 5"]
        seen = 0
        for events in fasttrace.stream(command, stdin=reading, stdout=subprocess.DEVNULL):
            assert events.dtype == EVENT_DTYPE
            seen += int((events["nr"] == fasttrace.syscall_number("write")).sum())
            if seen and not writing.closed:
                writing.write("answer\n")
                writing.close()
        assert seen
        assert events["kind"][-1] == Kind.EXIT
        assert events["ret"][-1] == 5 << 8


def test_leaving_a_stream_kills_the_program(tracees):
    for events in fasttrace.stream(tracees.command("getppid_loop", "1000000000"), **QUIET):
        pid = int(events["pid"][0])
        break
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


INTERRUPTED = """
import os, signal, sys, threading
import fasttrace
from fasttrace.errors import Interrupted
how, command = sys.argv[1], sys.argv[2:]
# The program sends us the SIGINT itself, once it runs.
try:
    if how == "record":
        fasttrace.record(command, path=os.environ["FOLDER"])
    else:
        getattr(fasttrace, how)(command)
except Interrupted as error:
    result = error.result
    summary = result if how == "summary" else result.summary()
    print(summary.calls["getppid"] > 1000, summary.lost, result.exit_status)
"""


@pytest.mark.parametrize("how", ["summary", "trace", "record"])
def test_ctrl_c_gives_the_result_so_far(tracees, tmp_path, how):
    loop = tracees.command("getppid_loop", "1000000000")[0]
    script = f"{loop} 2000; kill -INT $PPID; exec {loop} 1000000000"
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, how, "sh", "-c", script],
        capture_output=True,
        text=True,
        env=os.environ | {"FOLDER": str(tmp_path / "x.fst")},
    )
    assert done.stderr == ""
    assert done.stdout == f"True 0 {-signal.SIGKILL}\n"
    assert issubclass(Interrupted, KeyboardInterrupt)


@pytest.mark.parametrize("how", ["summary", "trace", "record", "run"])
def test_ctrl_c_while_it_starts_ends_it_too(how, tmp_path):
    """It comes right behind the start of the command, which would run for ever."""
    code = """
import os, signal, sys
import fasttrace
from fasttrace.errors import Interrupted
start = fasttrace.Tracer.start
def interrupted(self, **options):
    start(self, **options)
    os.kill(os.getpid(), signal.SIGINT)
fasttrace.Tracer.start = interrupted
options = {"path": sys.argv[2]} if sys.argv[1] == "record" else {}
try:
    getattr(fasttrace, sys.argv[1])(["sleep", "1000"], **options)
except Interrupted as error:
    print(error.result.exit_status)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, how, tmp_path / "x.fst"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{-signal.SIGKILL}\n", "")


def test_signals_forks_execs_and_exits_are_events(tracees):
    trace = fasttrace.trace(tracees.command("sigqueue"), **QUIET)
    (event,) = trace.events[trace.events["kind"] == Kind.SIGNAL]
    assert event["nr"] == signal.SIGRTMIN + 1
    assert event["args"][0].astype(np.int64) == -1  # SI_QUEUE
    assert event["args"][1] == event["pid"]

    trace = fasttrace.trace(tracees.command("exec_from_thread"), **QUIET)
    first, second = trace.events[trace.events["kind"] == Kind.EXEC]
    assert first["ret"] == first["tid"] == second["tid"] == trace.processes[0].pid
    assert second["ret"] != second["tid"]  # the thread that it was
    assert trace.exit_status == 6

    trace = fasttrace.trace(tracees.command("fork_tree", "3"), **QUIET)
    kinds = Counter(trace.events["kind"].tolist())
    assert kinds[Kind.FORK] == 14
    assert kinds[Kind.EXIT] == 15
    assert statuses(trace) == [0] + [1] * 8 + [3] * 4 + [7] * 2


def test_a_signal_that_comes_while_a_child_is_prepared_is_an_event(tracees, engine):
    """SIGSTOP, which nobody can block, at the very birth of 40 children."""
    trace = fasttrace.trace(tracees.command("stopped_newborn", "40"), engine=engine, **QUIET)
    events = trace.events
    signals = Counter(events["nr"][events["kind"] == Kind.SIGNAL].tolist())
    assert trace.exit_status == 0
    assert signals[signal.SIGSTOP] == 40


def test_events_of_a_task_stand_in_order(tracees):
    trace = fasttrace.trace(tracees.command("many_threads", "50"), **QUIET)
    calls = trace.events[trace.events["kind"] == Kind.SYSCALL]
    for tid in np.unique(calls["tid"]):
        own = calls[calls["tid"] == tid]
        ends = own["time_ns"] + own["duration_ns"]
        assert (own["time_ns"][1:] >= ends[:-1]).all()


def test_orphans_are_waited_for(tracees):
    """The session ends with the last of the tree, not with the command."""
    trace = fasttrace.trace(tracees.command("orphan"), **QUIET)
    assert trace.exit_status == 21
    assert [p.exit_status for p in trace.processes] == [21, 0]
    assert trace.events["kind"][-1] == Kind.EXIT


@pytest.mark.parametrize(
    ("argv", "options", "error", "status"),
    [
        (["no-such-command-here"], {}, FileNotFoundError, 127),
        (["/no/such/command"], {}, FileNotFoundError, 127),
        (["/etc/passwd"], {}, PermissionError, 126),
        (["/"], {}, PermissionError, 126),
        (["true"], {"cwd": "/no/such/folder"}, OSError, 1),
    ],
)
def test_what_cannot_be_run(argv, options, error, status):
    with pytest.raises(error) as raised:
        fasttrace.summary(argv, **options)
    assert isinstance(raised.value, fasttrace.FasttraceError)
    assert raised.value.exit_status == status
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("argv", [[], None])
def test_no_command_is_a_value_error(argv):
    with pytest.raises(ValueError, match=r"command"):
        fasttrace.summary(argv)


@pytest.mark.parametrize("waits", ["wait", "run", "read", "blocks", "calls"])
def test_who_waits_for_what_was_never_started_is_told(waits):
    tracer = Tracer(["true"])
    with pytest.raises(ValueError, match="not started: use it in a with statement"):
        tuple(getattr(tracer, waits)())
    tracer.close()


def test_a_tracer_and_its_blocks_say_what_they_are() -> None:
    """Asked for that, it does not start."""
    tracer = Tracer(["true"])
    assert repr(tracer) == "<Tracer of ['true']: not started>"
    with tracer:
        assert repr(tracer).endswith(": not started>")
        blocks = [repr(block) for block in tracer.blocks()]
        assert blocks[0].startswith("<Block of ")
        assert repr(tracer) == "<Tracer of ['true']: started>"
    assert repr(tracer) == "<Tracer of ['true']: closed>"
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as cat, Tracer(pid=cat.pid) as other:
        assert repr(other) == f"<Tracer of {cat.pid}: started>"
        cat.kill()
