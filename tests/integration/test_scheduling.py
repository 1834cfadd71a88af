"""Promise: only the tracer thread itself keeps near a busy program, and has short turns.

Not what it makes meanwhile.
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

import pytest

import fasttrace


def name_of(task: Path) -> str:
    try:
        return (task / "comm").read_text().strip()
    except OSError:  # has ended
        return ""


def bell() -> int | None:
    """What wakes our tracer thread; in proc_pid_stat(5) the parent follows the state."""
    for task in Path("/proc").glob("[0-9]*"):
        if name_of(task) == "fasttrace-bell":
            try:
                stat = (task / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # has ended: of another tracer, or ours, which is hung anew
                continue
            if int(stat[1]) == os.getpid():
                return int(task.name)
    return None


def test_what_is_made_near_a_program_is_not_kept_there(tracees) -> None:
    home = os.sched_getaffinity(0)
    command = tracees.command("getppid_loop", "1000000")
    with fasttrace.Tracer(command, engine="ptrace", events=False, tally=True) as tracer:
        assert tracer.pid is not None
        for _ in range(20):
            if tracer.wait(0.02):
                break
            tracer.task(tracer.pid).registers["rip"]  # rings the bell, which is hung anew
            pid = bell()
            if pid is None:
                continue  # just between the two
            assert os.sched_getscheduler(pid) == os.SCHED_OTHER
            assert os.sched_getaffinity(pid) == home
        else:
            tracer.kill()


def slice_ns(tid: int) -> int:
    """How long a turn of an ordinary task is, as sched_getattr(2) tells it (Linux 6.12), or 0."""
    attributes = ctypes.create_string_buffer(48)
    number = fasttrace.syscall_number("sched_getattr")
    if ctypes.CDLL(None).syscall(number, tid, attributes, 48, 0):
        return 0
    return int(struct.unpack_from("Q", attributes, 24)[0])


def test_only_the_tracer_thread_has_short_turns(engine) -> None:
    usual = slice_ns(0)
    if not usual:
        pytest.skip("this kernel does not tell how long turns are")
    ours, theirs = os.pipe()
    stdin, end = os.pipe()
    how = {"engine": engine, "events": False, "tally": True}
    with fasttrace.Tracer(["cat"], stdin=stdin, stdout=theirs, **how) as tracer:
        os.write(end, b"x")
        assert os.read(ours, 1) == b"x"
        tasks: list[str] = []
        while tasks.count("fasttrace") != 1:  # a new thread has its maker's name and turns at first
            threads = list(Path("/proc/self/task").iterdir())
            tasks = [name_of(thread) for thread in threads]
        told = zip(tasks, (slice_ns(int(thread.name)) for thread in threads), strict=True)
        slices = {name: ns for name, ns in told if ns}  # who has ended has none
        assert tracer.pid
        assert slice_ns(tracer.pid) == usual
        assert slices.pop("fasttrace") < usual
        assert len(slices) > 1
        assert set(slices.values()) == {usual}
        os.close(end)
    for fd in (ours, theirs, stdin):
        os.close(fd)
