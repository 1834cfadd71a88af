"""Promise: whoever a program makes is followed, in each way to make one, with a stop or without."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

import fasttrace
from fasttrace._core import inline_unusable
from fasttrace.data.events import EVENT_DTYPE, Kind
from fasttrace.syscalls.names import syscall_number
from fasttrace.tracing.tracer import Tracer

NULL = subprocess.DEVNULL


def told(command: list[str], engine: str) -> tuple[list[int | None], Counter[tuple[int, int, int]]]:
    """How each process ended; {(its number, syscall, errno): calls}."""
    trace = fasttrace.trace(command, engine=engine, stdin=NULL, stdout=NULL)
    assert {process.engine for process in trace.processes} == {engine}
    number = {process.pid: i for i, process in enumerate(trace.processes)}
    calls = trace.events[trace.events["kind"] == Kind.SYSCALL]
    ours = [syscall_number(n) for n in ("getppid", "clone", "fork", "vfork", "wait4", "exit_group")]
    counted = Counter(
        (number[pid], nr, min(ret, 0))
        for pid, nr, ret in calls[["pid", "nr", "ret"]].tolist()
        if nr in ours
    )
    return [process.exit_status for process in trace.processes], counted


def test_children_made_in_each_way_after_attempts_that_fail(tracees, engine):
    """Each round seven: by fork, clone and vfork, from the library and from sites of its own."""
    statuses, counted = told(tracees.command("births_mixed"), engine)
    assert statuses == [0, *[1, 2, 3, 4, 5, 6, 7] * 3]
    getppid, clone = syscall_number("getppid"), syscall_number("clone")
    made = [counted[i, getppid, 0] for i in range(len(statuses))]
    assert made == [0, *[2, 3, 4, 5, 6, 7, 8] * 3]
    assert sum(n for (_, nr, error), n in counted.items() if (nr, error) == (clone, -22)) == 12


@pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))
@pytest.mark.parametrize("selected", ["getppid", "!clone,fork,vfork"])
def test_children_are_found_where_nobody_wants_the_calls_that_make_them(tracees, selected):
    command = tracees.command("births_mixed")
    with Tracer(command, trace=selected, engine="inline", stdin=NULL, stdout=NULL) as tracer:
        for _ in tracer.blocks():
            pass
        tracer.wait()
    assert [process.exit_status for process in tracer.processes] == [0, *[1, 2, 3, 4, 5, 6, 7] * 3]
    assert {process.engine for process in tracer.processes} == {"inline"}


def test_signals_for_children_that_are_being_prepared_come_all_and_in_order(tracees, engine):
    trace = fasttrace.trace(tracees.command("queued_at_birth"), engine=engine, stdin=NULL)
    assert trace.exit_status == 0
    assert {process.engine for process in trace.processes} == {engine}
    signals = trace.events[trace.events["kind"] == Kind.SIGNAL]
    assert Counter(signals["nr"].tolist())[signal.SIGRTMIN] == 40 * 10
    assert Counter(signals["nr"].tolist())[signal.SIGRTMIN + 1] == 40 * 10


# What a program may do while a thread that it has made has not begun, and how its processes end.
THREADS = {
    "registers": [0],
    "fails": [0],
    "chain": [0],
    "leader": [0, *[9] * 20],
    "signals": [0],
    "execs": [0, *[7] * 20],
    "exits": [0, *[8] * 20],
    "forks": [0, *[5, 6] * 20],
    "leaves": [0, *[0] * 20],
    "filters": [0, *[0] * 20],
    "at_once": [0],
}
# Whose calls do not depend on how far threads come before others end them.
COUNTED = ("fails", "chain", "forks", "leaves", "at_once")


def summed_up(command: list[str], engine: str) -> tuple[Tracer, dict[str, int]]:
    """Without events and payload: there threads are made without a stop."""
    options = {"engine": engine, "events": False, "tally": True}
    with Tracer(command, stdin=NULL, stdout=NULL, **options) as tracer:
        tracer.wait()
        counts = dict(tracer.summary().calls)
    assert tracer.exit_status == 0
    assert tracer.stats["error"] == 0
    return tracer, counts


@pytest.mark.parametrize("how", THREADS)
def test_threads_that_are_made_without_a_stop(tracees, engine, how):
    """Their registers, signals and filters; their makers exec, exit, fork or leave meanwhile."""
    tracer, counts = summed_up(tracees.command("makes_threads", how, "20"), engine)
    assert [process.exit_status for process in tracer.processes] == THREADS[how]
    if how in COUNTED:
        judged = summed_up(tracees.command("makes_threads", how, "20"), "ptrace")[1]
        chance = {"futex", "restart_syscall", "rt_sigreturn"}
        assert {n: c for n, c in counts.items() if n not in chance} == {
            n: c for n, c in judged.items() if n not in chance
        }


@pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))
def test_a_thread_made_without_a_stop_is_told_of_with_its_maker():
    """Each is born once, by who called, and ends; nobody's calls are another's."""
    code = """
import threading
def run(depth):
    made = [threading.Thread(target=run, args=(depth - 1,)) for _ in range(3 if depth else 0)]
    for thread in made: thread.start()
    for thread in made: thread.join()
run(3)
"""
    command = [sys.executable, "-ISc", code]
    with Tracer(command, engine="inline", strings=False, stdin=NULL, stdout=NULL) as tracer:
        events = np.concatenate([np.frombuffer(block, EVENT_DTYPE) for block in tracer.blocks()])
        tracer.wait()
    assert tracer.exit_status == 0
    calls = events[(events["kind"] == Kind.SYSCALL) & (events["nr"] == syscall_number("clone3"))]
    births = events[events["kind"] == Kind.FORK]
    ends = events[events["kind"] == Kind.EXIT]
    assert len(calls) == 3 + 9 + 27
    made = Counter(zip(calls["tid"].tolist(), calls["ret"].tolist(), strict=True))
    assert Counter(zip(births["tid"].tolist(), births["ret"].tolist(), strict=True)) == made
    assert Counter(ends["tid"].tolist()) == Counter([tracer.pid, *births["ret"].tolist()])
