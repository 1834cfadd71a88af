"""Promise: every engine gives the same events for the same program, event by event in each task.

Of programs that do the same each time, with addresses that are not randomised: the calls of each
task in their order, with their arguments and results.
"""

from __future__ import annotations

import ctypes
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
from fasttrace.syscalls.names import syscall_name

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
# signal of a child's death comes before or in the wait for it. bash waits in its handler, too, so
# which of its waits gets the child is chance as well, but not what all of them together get.
CHANCE = ("futex", "getrandom", "sched_yield", "rt_sigreturn")
LEFT_OUT = {_tables.number(0, name) for name in CHANCE}
WAIT = _tables.number(0, "wait4")
# Calls whose result is the id of a task or of a group of processes.
RETURN_IDS = {
    _tables.number(0, name)
    for name in (
        *("getpid", "gettid", "getppid", "getpgid", "getpgrp", "getsid", "setsid"),
        *("fork", "vfork", "clone", "clone3", "wait4", "set_tid_address"),
    )
}
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


def with_places(
    nr: int, args: tuple[int, ...], ret: int, place: dict[int, Path]
) -> tuple[object, ...]:
    """A call's arguments and result, with a task's place where its id stands: only where one can
    stand, for with pids of 15 bits many a length or address equals one."""

    def placed(value: int) -> object:
        value = ctypes.c_int(value).value  # whatever the register's upper half is
        sign = -1 if value < 0 else 1
        return (sign, place[sign * value]) if sign * value in place else value

    signature = _tables.signature(0, nr)
    types = ("",) * 6 if signature is None else tuple(kind for _, kind in signature)
    told = [placed(arg) if kind == "pid_t" else arg for arg, kind in zip(args, types, strict=False)]
    return (*told, placed(ret) if nr in RETURN_IDS else ret)


def calls_by_task(command: list[str], engine: str) -> dict[Path, list[tuple[object, ...]]]:
    """From behind the program's exec on; where there is a task's id stands its place."""
    options = {"env": ENV, "stdin": NULL, "stdout": NULL, "stderr": NULL}
    trace = fasttrace.trace(["setarch", "-R", *command], engine=engine, **options)
    assert not any(process.fallback for process in trace.processes)
    place = places(trace)
    tasks: dict[Path, list[tuple[object, ...]]] = {where: [] for where in place.values()}
    waits: dict[Path, Counter[object]] = {where: Counter() for where in place.values()}
    execs = 0
    for event in trace.events:
        execs += event["kind"] == Kind.EXEC
        nr, ret = int(event["nr"]), int(event["ret"])
        if event["kind"] != Kind.SYSCALL or execs < 2 or nr in LEFT_OUT:
            continue
        args = tuple(event["args"].astype(np.int64).tolist())
        flags = Flag(int(event["flags"])) & ~Flag.PAYLOAD
        told = with_places(nr, args, ret, place)
        if nr == WAIT:
            waits[place[int(event["tid"])]][told[-1], flags] += 1
        else:
            tasks[place[int(event["tid"])]].append((syscall_name(nr), *told, flags))
    assert tasks[0,].pop(0)[0] == "execve"  # whose arguments lie on setarch's stack
    for where, results in waits.items():
        tasks[where].append(("wait4", results))
    return tasks


def test_only_ids_are_taken_for_ids():
    mmap, kill, getpid, wait4 = (
        _tables.number(0, name) for name in ("mmap", "kill", "getpid", "wait4")
    )
    place = {4096: (0,)}
    assert with_places(mmap, (0, 4096, 3, 34, -1, 0), 4096, place) == (0, 4096, 3, 34, -1, 0, 4096)
    assert with_places(kill, (-4096, 15, 0, 0, 0, 0), 0, place) == ((-1, (0,)), 15, 0)
    assert with_places(kill, (0xFFFFF000, 15, 0, 0, 0, 0), 0, place) == ((-1, (0,)), 15, 0)
    assert with_places(getpid, (0,) * 6, 4096, place) == ((1, (0,)),)
    assert with_places(wait4, (-1, 4096, 0, 0, 0, 0), 4096, place) == (-1, 4096, 0, 0, (1, (0,)))


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
