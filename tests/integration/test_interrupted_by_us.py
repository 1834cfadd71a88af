"""Promise: a call that waits while we attach, look at registers or detach is one call, by the name
that the program has called, and has not failed: that we interrupt it nobody sees in the counts."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import fasttrace
from fasttrace import EVENT_DTYPE, Flag, Kind

# How programs wait, and what the kernel makes of a call that is interrupted without a signal:
# ERESTART_RESTARTBLOCK (restart_syscall), ERESTARTSYS, ERESTARTNOHAND, or EINTR, which we mend.
WAITS = {
    "clock_nanosleep": "time.sleep(100)",
    "poll": "p = select.poll(); p.poll(100000)",
    "futex": "ctypes.CDLL(None).syscall(202, ctypes.byref(ctypes.c_int(0)), 0, 0, 0)",
    "read": "os.read(os.pipe()[0], 1)",
    "accept4": "s = socket.socket(); s.listen(); s.accept()",
    # For a child that ends when it does, by PR_SET_PDEATHSIG.
    "wait4": "os.fork() or ctypes.CDLL(None).prctl(1, 9) or time.sleep(100); os.wait()",
    "pause": "signal.pause()",
    "pselect6": "select.select([], [], [], 100)",
    "rt_sigtimedwait": "signal.sigwaitinfo([signal.SIGUSR1])",
    "epoll_wait": "e = select.epoll(); e.poll(100)",
}
IMPORTS = "import ctypes, os, select, signal, socket, time; "


def waits_in(pid: int) -> int:
    """The number of the call that a process sleeps in; -1: it runs."""
    text = Path(f"/proc/{pid}/syscall").read_text()
    return -1 if text.startswith("running") else int(text.split()[0])


def wait_for(pid: int, name: str) -> None:
    # As which the kernel goes on with it.
    numbers = {fasttrace.syscall_number(n) for n in (name, "restart_syscall")}
    while waits_in(pid) not in numbers:
        time.sleep(0.005)


@contextmanager
def waiting(name: str) -> Iterator[int]:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", IMPORTS + WAITS[name]], os.environ)
    try:
        wait_for(pid, name)
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("name", WAITS)
def test_attached_for_a_moment(name: str) -> None:
    with waiting(name) as pid:
        found = fasttrace.summary(pid=pid, duration=0.1, follow=False)
        assert found.calls == {name: 1}
        assert found.errors == {}
        wait_for(pid, name)
        trace = fasttrace.trace(pid=pid, duration=0.1, follow=False)
        [call] = trace.where(kind="syscall")
        assert call.name in (name, "restart_syscall")  # of which nobody knows the first name
        assert call.flags & ~Flag.PAYLOAD == Flag.UNFINISHED
        wait_for(pid, name)


# Waits as clock_nanosleep(2) does, by ERESTART_RESTARTBLOCK, but for as long as we like.
POLL = "ctypes.CDLL(None).poll((ctypes.c_int * 2)(0, select.POLLIN), 1, 100000)"


@contextmanager
def polling(before: str = "", trace: str | None = None) -> Iterator[tuple[fasttrace.Tracer, int]]:
    """A tracer, and the pipe that the program waits for: a byte ends its poll(2)."""
    read, write = os.pipe()
    try:
        command = [sys.executable, "-c", IMPORTS + before + POLL]
        with fasttrace.Tracer(command, engine="ptrace", trace=trace, stdin=read) as tracer:
            yield tracer, write
    finally:
        os.close(read)
        os.close(write)


def look_at(tracer: fasttrace.Tracer, times: int) -> None:
    """Reads its registers as often, and leaves it waiting."""
    assert tracer.pid is not None
    for _ in range(times):
        wait_for(tracer.pid, "poll")
        assert tracer.task(tracer.pid).registers
    wait_for(tracer.pid, "poll")


def rest_of(tracer: fasttrace.Tracer) -> np.ndarray:
    blocks = [np.frombuffer(memoryview(block), EVENT_DTYPE) for block in tracer.blocks()]
    return np.concatenate(blocks) if blocks else np.empty(0, EVENT_DTYPE)


def calls_in(events: np.ndarray) -> list[fasttrace.data.calls.Call]:
    return [call for call in fasttrace.data.trace.Trace(events) if call.kind == Kind.SYSCALL]


@pytest.mark.parametrize("trace", [None, "poll"])
def test_to_look_at_registers_leaves_one_call(trace: str | None) -> None:
    with polling(trace=trace) as (tracer, pipe):
        look_at(tracer, 1)
        started = time.monotonic_ns()
        look_at(tracer, 5)
        looked_for = time.monotonic_ns() - started
        os.write(pipe, b"x")
        calls = calls_in(rest_of(tracer))
    names = [call.name for call in calls]
    assert names.count("poll") == 1
    assert "restart_syscall" not in names
    [polled] = [call for call in calls if call.name == "poll"]
    assert (polled.errno, polled.ret) == (None, 1)
    assert polled.duration_ns > looked_for  # from its beginning to its end


def test_what_is_left_out_stays_left_out() -> None:
    with polling(trace="!poll") as (tracer, pipe):
        look_at(tracer, 3)
        os.write(pipe, b"x")
        names = [call.name for call in calls_in(rest_of(tracer))]
    assert names
    assert {"poll", "restart_syscall"}.isdisjoint(names)


@pytest.mark.parametrize("handled", [True, False])
def test_a_signal_ends_it_all_the_same(handled: bool) -> None:
    """What a signal interrupts counts as it does without our looking."""
    handler = "lambda *a: None" if handled else "signal.SIG_DFL"
    seen = []
    for looks in (0, 2):
        with polling(f"signal.signal(signal.SIGCONT, {handler}); ") as (tracer, pipe):
            look_at(tracer, looks)
            tracer.send_signal(signal.SIGCONT)
            events = []
            while not any((block["kind"] == Kind.SIGNAL).any() for block in events):
                events.append(np.frombuffer(memoryview(tracer.read()), EVENT_DTYPE))
            os.write(pipe, b"x")
            calls = calls_in(np.concatenate([*events, rest_of(tracer)]))
        at = [call.name for call in calls].index("poll")
        seen.append([(call.name, call.errno) for call in calls[at : at + 2]])
    assert seen[0] == seen[1]
    assert seen[0][0] == ("poll", "ERESTART_RESTARTBLOCK")
    assert handled or seen[0][1] == ("restart_syscall", None)
