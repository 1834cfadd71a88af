"""Promise: where only counts are wanted inline records less of each call, and counts the same.

The judges are the ptrace engine, and the events that the inline engine itself delivers when asked.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

import fasttrace
from fasttrace._core import inline_unusable
from fasttrace.syscalls.names import syscall_number
from fasttrace.tracing.tracer import Tracer

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))

NULL = subprocess.DEVNULL
QUIET = {"stdin": NULL, "stdout": NULL, "stderr": NULL}
# That make the same calls each time, and among them: signals, handlers within handlers, jumps out
# of them, masks, refused calls, threads, forks, execs, calls that cannot be patched.
NAMES = [
    *("closes_all", "exec_from_thread", "exec_matrix", "many_processes", "many_sigreturn"),
    *("own_filter_answers", "own_sigsys", "own_site", "regs_kept", "siglongjmp", "sigmask_kept"),
    *("sigsuspend", "teaches", "vfork_exec"),
]
# Inline more than an area of records for each thread: it comes round to its first block again.
COUNTED = """
import ctypes, os, signal, sys, threading
libc = ctypes.CDLL(None)
def calls():
    for _ in range(int(sys.argv[1])):
        libc.syscall(110)  # getppid
        libc.syscall(3, -1)  # close, of no descriptor
threads = [threading.Thread(target=calls) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if len(sys.argv) > 2:
    print(flush=True)
    libc.syscall(34)  # pause
"""
# mkstemp(3) asks for random bytes, and for others where these would favour some names; how often a
# lock is waited for is a matter of time.
CHANCE = ("getrandom", "futex")
MANY = {"inline": 20_000, "ptrace": 500}


def counted(engine: str, *more: str) -> list[str]:
    return [sys.executable, "-ISc", COUNTED, str(MANY[engine]), *more]


def counts(summary: fasttrace.Summary) -> dict[str, tuple[int, int, dict[str, int]]]:
    return {
        s.name: (s.calls, s.finished, dict(s.errnos))
        for s in summary.syscalls
        if s.name not in CHANCE
    }


def check_rows(summary: fasttrace.Summary) -> None:
    for row in summary.syscalls:
        assert row.finished <= row.calls
        if row.finished:
            assert row.min_ns <= row.p50_ns <= row.p99_ns <= row.max_ns
            assert row.min_ns * row.finished <= row.total_ns <= row.max_ns * row.finished
            assert sum(row.errnos.values()) == row.errors <= row.finished


@pytest.mark.parametrize("name", NAMES)
def test_each_call_and_error_is_counted(tracees, name):
    command = tracees.command(name)
    brief = fasttrace.summary(command, engine="inline", **QUIET)
    check_rows(brief)
    assert counts(brief) == counts(fasttrace.summary(command, engine="ptrace", **QUIET))
    whole = fasttrace.trace(command, engine="inline", capture="none", **QUIET)
    assert counts(brief) == counts(whole.summary())
    assert brief.exit_status == whole.exit_status


@pytest.mark.parametrize("by", ["pid", "comm"])
def test_each_process_has_its_own(tracees, by):
    command = tracees.command("many_processes")

    def story(engine: str) -> list[dict[str, tuple[int, int, dict[str, int]]]]:
        parts = fasttrace.summary(command, engine=engine, by=by, **QUIET).by(by)
        return sorted(map(counts, parts.values()), key=lambda part: repr(sorted(part.items())))

    assert story("inline") == story("ptrace")


def test_many_blocks_of_threads(engine):
    """Blocks are emptied while others are filled, and none twice."""
    summary = fasttrace.summary(counted(engine), engine=engine, **QUIET)
    n = 3 * MANY[engine]
    check_rows(summary)
    assert counts(summary)["getppid"] == (n, n, {})
    calls, finished, errnos = counts(summary)["close"]
    assert errnos["EBADF"] == n
    assert calls == finished


def test_what_is_seen_while_it_runs_only_grows():
    """And at no moment is a call there in part: in its row but not in its errors, say."""
    options = {"engine": "inline", "events": False, "tally": True, **QUIET}
    with Tracer(counted("inline"), **options) as tracer:
        before: dict[str, tuple[int, int, int]] = {}
        ended = False
        while not ended:
            ended = bool(tracer.wait(0.001))
            seen = tracer.summary()
            check_rows(seen)
            now = {s.name: (s.calls, s.finished, s.errors or 0) for s in seen.syscalls}
            for name, row in before.items():
                assert all(a <= b for a, b in zip(row, now[name], strict=True))
            before = now
    assert before["getppid"][:2] == (3 * MANY["inline"],) * 2


def test_killed_where_it_waits(engine):
    """What was in no full block yet is counted, and the call under way as unfinished."""
    read, write = os.pipe()
    options = {"engine": engine, "events": False, "tally": True, **QUIET, "stdout": write}
    with Tracer(counted(engine, "and waits"), **options) as tracer:
        os.close(write)
        assert os.read(read, 1)
        os.kill(tracer.pid, signal.SIGKILL)
        tracer.wait()
    os.close(read)
    seen = counts(tracer.summary())
    n = 3 * MANY[engine]
    assert seen["getppid"] == (n, n, {})
    assert seen["close"][2]["EBADF"] == n
    assert seen.get("pause", (1, 0, {})) == (1, 0, {})  # it may be killed before
    assert tracer.exit_status == -signal.SIGKILL


@pytest.mark.parametrize("wanted", ["!rt_sigprocmask,rt_sigreturn", "rt_sigprocmask"])
def test_what_is_not_wanted_is_left_out(tracees, wanted):
    """Two that are recorded whatever is wanted."""
    command = tracees.command("many_sigreturn")

    def story(engine: str) -> dict[str, tuple[int, int, dict[str, int]]]:
        return counts(fasttrace.summary(command, engine=engine, trace=wanted, **QUIET))

    assert story("inline") == story("ptrace")


def test_own_calls_of_the_recorder_are_told(tracees):
    """Behind each rt_sigprocmask it asks for the mask: calls of the engine, not of the program."""
    options = {"engine": "inline", "events": False, "tally": True, **QUIET}
    with Tracer(tracees.command("sigmask_kept"), **options) as tracer:
        tracer.wait()
    asked = tracer.engine_calls[0, syscall_number("rt_sigprocmask")]
    assert asked >= tracer.summary().calls["rt_sigprocmask"] - 10
    assert asked > 0
