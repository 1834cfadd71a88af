"""Promise: every engine gives the same events for the same program, event by event in each task.

Of programs that do the same each time, with addresses that are not randomised: the calls of each
task in their order, with their arguments and results.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

import fasttrace
from fasttrace import _tables
from fasttrace._core import inline_unusable
from fasttrace.data.events import Flag, Kind
from fasttrace.syscalls import syscall_name

pytestmark = [
    pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable())),
    pytest.mark.skipif(shutil.which("setarch") is None, reason="setarch is not installed"),
]

NULL = subprocess.DEVNULL
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "PERL_HASH_SEED": "0",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}
SHELL = "/bin/true; (exit 3); ls / >/dev/null; cat /etc/passwd; kill -TERM $$"
FORKS = "import os; [os.waitpid(os.fork() or os._exit(i), 0) for i in range(5)]"
COMMANDS = [
    ["true"],
    ["ls", "-l", "/usr"],
    ["sh", "-c", SHELL],
    ["bash", "--norc", "-c", SHELL],
    [sys.executable, "-ISc", "import json, subprocess; subprocess.run(['true'])"],
    [sys.executable, "-ISc", FORKS],
    ["perl", "-e", "for (1..100) { stat '/etc/passwd' } print `echo x`"],
    ["tar", "cf", "/dev/null", "/etc/apt"],
    ["find", "/usr/share/doc/base-files"],
    ["sqlite3", ":memory:", "create table a (b); insert into a values (1); select * from a"],
    ["busybox", "sh", "-c", "ls / >/dev/null; sleep 0"],
]
# What is a matter of time or chance: how often a lock is waited for, random bytes, and whether the
# signal of a child's death comes before or in the wait for it.
CHANCE = ("futex", "getrandom", "sched_yield", "rt_sigreturn")
LEFT_OUT = {_tables.number(0, name) for name in CHANCE}
Path = tuple[int, ...]


def places(trace: fasttrace.Trace) -> dict[int, Path]:
    """For each task which child of which it is, by tid."""
    root = trace.processes[0].pid
    found, children = {root: (0,)}, Counter()
    for event in trace.events[trace.events["kind"] == Kind.FORK]:
        parent = int(event["tid"])
        found[int(event["ret"])] = (*found[parent], children[parent])
        children[parent] += 1
    return found


def calls_by_task(command: list[str], engine: str) -> dict[Path, list[tuple[object, ...]]]:
    """From behind the program's exec on; where there is a task's id stands its place."""
    options = {"env": ENV, "stdin": NULL, "stdout": NULL, "stderr": NULL}
    trace = fasttrace.trace(["setarch", "-R", *command], engine=engine, **options)
    assert not any(process.fallback for process in trace.processes)
    place = places(trace)
    names = {sign * tid: (sign, where) for tid, where in place.items() for sign in (1, -1)}
    tasks: dict[Path, list[tuple[object, ...]]] = {where: [] for where in place.values()}
    execs = 0
    for event in trace.events:
        execs += event["kind"] == Kind.EXEC
        nr, ret = int(event["nr"]), int(event["ret"])
        if event["kind"] != Kind.SYSCALL or execs < 2 or nr in LEFT_OUT:
            continue
        signature = _tables.signature(0, nr)
        args = event["args"].astype(np.int64).tolist()[: 6 if signature is None else len(signature)]
        flags = Flag(int(event["flags"])) & ~Flag.PAYLOAD
        told = [names.get(value, value) for value in (*args, ret)]
        tasks[place[int(event["tid"])]].append((syscall_name(nr), *told, flags))
    assert tasks[0,].pop(0)[0] == "execve"  # whose arguments lie on setarch's stack
    return tasks


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0].split("/")[-1])
def test_each_task_made_the_same_calls(command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    judge = [calls_by_task(command, "ptrace") for _ in range(2)]
    if judge[0] != judge[1]:
        pytest.skip("ptrace does not agree with itself")
    inline = calls_by_task(command, "inline")
    if inline not in judge:  # when a signal comes may be a matter of time for once
        judge += [calls_by_task(command, "ptrace") for _ in range(10)]
    assert inline in judge
