"""Promise: inline, a signal, a thread or a site that stays as it is stops a program little.

Each signal of a task that is traced stops it before it is delivered, and nobody can avoid that. The
rt_sigreturn by which a handler ends is recorded by the program itself.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support import newest_kernels
from tracefs import Kernel

import fasttrace
from fasttrace._core import inline_unusable
from fasttrace.data.events import EVENT_DTYPE, Kind
from fasttrace.tracing.tracer import Tracer

UNUSABLE = inline_unusable()
pytestmark = pytest.mark.skipif(UNUSABLE is not None, reason=str(UNUSABLE))

FEW, MANY = 50, 450
BLOCKS = 8  # of records filled meanwhile, and sites met for the first time: they stop, too

# How signals come, and what the tracer's calls are for each: wait4, and by ptrace(2) the registers
# asked for and the task sent on. Where the signal comes behind a call that the program makes of
# the recorder, registers that are set; inside a handler, the signal mask.
HOW = {"raised": 4, "nodefer": 4, "stack": 4, "faults": 3, "nested": 5, "jumps": 5}


def tracer_threads() -> list[int]:
    tasks = list(Path("/proc/self/task").iterdir())
    return [int(t.name) for t in tasks if (t / "comm").read_text() == "fasttrace\n"]


def costs_of(
    command: list[str], kernel: Kernel | None = None, engine: str = "inline"
) -> tuple[int, int]:
    """Stops of the whole run, and the tracer's calls from when the program is told to begin."""
    out, into = os.pipe()
    options = {"engine": engine, "events": False, "tally": True, "stdin": out}
    with os.fdopen(out), os.fdopen(into, "w") as line, Tracer(command, **options) as tracer:
        while len(ours := tracer_threads()) != 1:  # a new thread has its maker's name at first
            assert not tracer.wait(0.01)
        if kernel:
            kernel.watch(ours[0])
        print(file=line, flush=True)
        tracer.wait()
    assert tracer.exit_status == 0
    assert [process.fallback for process in tracer.processes if process.fallback] == []
    counted = kernel.counts() if kernel else Counter()
    return tracer.stats["stops"], sum(n for (tid, _), n in counted.items() if tid == ours[0])


@pytest.mark.parametrize("how", HOW)
def test_a_handled_signal_costs_one_stop(tracees, how):
    few, many = (costs_of(tracees.command("counted_stops", how, str(n)))[0] for n in (FEW, MANY))
    assert MANY - FEW <= many - few <= MANY - FEW + BLOCKS


def test_a_timers_signal_costs_one_stop_wherever_it_comes(tracees):
    """In a call, in the recorder, at a springboard: there it is put back, and runs on."""
    command = tracees.command("counted_stops", "timed", str(MANY))
    signals = 0
    with Tracer(command, engine="inline", stdin=subprocess.DEVNULL) as tracer:
        for block in tracer.blocks():
            signals += int((np.frombuffer(block, EVENT_DTYPE)["kind"] == Kind.SIGNAL).sum())
    assert signals >= MANY
    assert tracer.stats["stops"] <= signals + 75 + tracer.stats["calls"] // 682


@pytest.mark.parametrize("how", HOW)
def test_a_handled_signal_costs_few_calls_of_the_tracer(tracees, kernel, how):
    few, many = (
        costs_of(tracees.command("counted_stops", how, str(n)), kernel)[1] for n in (FEW, MANY)
    )
    each = MANY - FEW
    # What is drained, now and then, at a stop: a page of records that is asked for.
    assert 2 * each < many - few <= HOW[how] * each + each // 4 + 20 * BLOCKS


@pytest.mark.parametrize("how", HOW)
def test_handled_signals_are_recorded_as_by_ptrace(tracees, how):
    """Every call, signal and result, in order: rt_sigreturn gives back another call's."""

    def told(engine: str) -> list[tuple[int, ...]]:
        command = tracees.command("counted_stops", how, "100")
        traced = fasttrace.trace(command, engine=engine, stdin=subprocess.DEVNULL)
        assert traced.exit_status == 0
        seen = np.isin(traced.events["kind"], (Kind.SYSCALL, Kind.SIGNAL))
        return traced.events[seen][["kind", "nr", "flags"]].tolist()

    assert told("inline") == told("ptrace")


# A thread: its own first stop, and the exit event; or, where the site of its exit stays as it is,
# as it may in another glibc, before that call, where it is let go.
THREAD_STOPS, THREAD_CALLS = 2, 14


@newest_kernels
def test_a_thread_costs_few_stops(tracees):
    few, many = (
        costs_of(tracees.command("counted_stops", "threads", str(n)))[0] for n in (20, 120)
    )
    assert 100 < many - few <= THREAD_STOPS * 100 + BLOCKS


@newest_kernels
def test_a_thread_costs_few_calls_of_the_tracer(tracees, kernel):
    few, many = (
        costs_of(tracees.command("counted_stops", "threads", str(n)), kernel)[1] for n in (20, 120)
    )
    assert 100 < many - few <= THREAD_CALLS * 100 + 20 * BLOCKS


@pytest.mark.parametrize("how", ["site", "sites"])
def test_a_site_that_stays_costs_no_more_than_by_ptrace(tracees, kernel, how):
    """One stop a call, by ptrace two; whether all calls come from one or each from another."""
    costs = {}
    for engine in ("inline", "ptrace"):
        (few, few_calls), (many, many_calls) = (
            costs_of(tracees.command("counted_stops", how, str(n)), kernel, engine)
            for n in (300, 700)
        )
        costs[engine] = many - few, many_calls - few_calls
    assert 400 <= costs["inline"][0] <= 400 + BLOCKS
    assert costs["inline"][0] <= costs["ptrace"][0] // 2 + BLOCKS
    assert costs["inline"][1] <= costs["ptrace"][1] + 20 * BLOCKS
