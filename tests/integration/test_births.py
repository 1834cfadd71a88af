"""Promise: whoever a program makes is followed, in each way to make one, with a stop or without."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter

import pytest

import fasttrace
from fasttrace._core import inline_unusable
from fasttrace.data.events import Kind
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
