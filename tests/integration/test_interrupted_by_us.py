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
from fasttrace import EVENT_DTYPE, Flag

# How programs wait, and what the kernel makes of a call that is interrupted without a signal:
# ERESTART_RESTARTBLOCK (restart_syscall), ERESTARTSYS, ERESTARTNOHAND, or EINTR, which we mend.
WAITS = {
    "clock_nanosleep": "time.sleep(100)",
    "poll": "p = select.poll(); p.poll(100000)",
    "futex": "ctypes.CDLL(None).syscall(202, ctypes.byref(ctypes.c_int(0)), 0, 0, 0)",
    "read": "os.read(os.pipe()[0], 1)",
    "accept4": "s = socket.socket(); s.listen(); s.accept()",
    "wait4": "os.fork() or time.sleep(3); os.wait()",
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


def looked_at(tracer: fasttrace.Tracer, name: str, times: int) -> list[fasttrace.data.calls.Call]:
    """Its calls, after its registers have been read as often while it waited."""
    assert tracer.pid is not None
    for _ in range(times):
        wait_for(tracer.pid, name)
        assert tracer.task(tracer.pid).registers
    blocks = [np.frombuffer(memoryview(block), EVENT_DTYPE) for block in tracer.blocks()]
    return [call for call in fasttrace.data.trace.Trace(np.concatenate(blocks)) if call.kind == 1]


@pytest.mark.parametrize("trace", [None, "clock_nanosleep"])
def test_to_look_at_registers_leaves_one_call(trace: str | None) -> None:
    with fasttrace.Tracer(["sleep", "1"], engine="ptrace", trace=trace) as tracer:
        calls = looked_at(tracer, "clock_nanosleep", 5)
    names = [call.name for call in calls]
    assert names.count("clock_nanosleep") == 1
    assert "restart_syscall" not in names
    [slept] = [call for call in calls if call.name == "clock_nanosleep"]
    assert (slept.errno, slept.ret) == (None, 0)
    assert slept.duration_ns > 900_000_000  # from its beginning to its end


def test_what_is_left_out_stays_left_out() -> None:
    with fasttrace.Tracer(["sleep", "1"], engine="ptrace", trace="!clock_nanosleep") as tracer:
        names = [call.name for call in looked_at(tracer, "clock_nanosleep", 3)]
    assert names
    assert {"clock_nanosleep", "restart_syscall"}.isdisjoint(names)


@pytest.mark.parametrize("handled", [True, False])
def test_a_signal_ends_it_all_the_same(handled: bool) -> None:
    """What a signal interrupts counts as it does without our looking."""
    handler = "lambda *a: None" if handled else "signal.SIG_DFL"
    code = f"signal.signal(signal.SIGCONT, {handler}); ctypes.CDLL(None).usleep(1000000)"
    command = [sys.executable, "-c", IMPORTS + code]
    seen = []
    for looks in (0, 2):
        with fasttrace.Tracer(command, engine="ptrace") as tracer:
            assert tracer.pid is not None
            for _ in range(looks):
                wait_for(tracer.pid, "clock_nanosleep")
                assert tracer.task(tracer.pid).registers
            wait_for(tracer.pid, "clock_nanosleep")
            tracer.send_signal(signal.SIGCONT)
            calls = looked_at(tracer, "clock_nanosleep", 0)
        at = [call.name for call in calls].index("clock_nanosleep")
        seen.append([(call.name, call.errno) for call in calls[at : at + 2]])
    assert seen[0] == seen[1]
    assert seen[0][0] == ("clock_nanosleep", "ERESTART_RESTARTBLOCK")
