"""Promise: only the tracer thread itself keeps near a busy program, not what it makes meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

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
            stat = (task / "stat").read_text().rpartition(")")[2].split()
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
