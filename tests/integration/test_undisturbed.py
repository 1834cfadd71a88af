"""Promise: a program runs under us as without us: output, status, signal, what it has from its
caller."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support import ENGINES

from fasttrace.tracing.tracer import Tracer

RUNS = {
    "summary": {"events": False, "tally": True},
    "trace": {},
    "filter": {"trace": "%process,openat,getppid"},
    "entries": {"trace": "%signal,/^get", "results": False},
}
# With ptrace a summary stops a program where a trace does: it is left out to save the time.
MODES = {
    f"{mode}-{engine}": {**options, "engine": engine}
    for mode, options in RUNS.items()
    for engine in ENGINES
    if (mode, engine) != ("summary", "ptrace")
}


def needs_no_new_privs(options):
    """seccomp(2): without CAP_SYS_ADMIN a filter does; with ptrace the kernel selects by one."""
    return options["engine"] == "ptrace" and "trace" in options and os.geteuid() != 0


@functools.cache
def run_alone(*command):
    """(exit status, output): as subprocess has them, with stdin at its end."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        close_fds=False,
        cwd=".",  # so that it takes fork: glibc's posix_spawn leaves signals 32 and 33 ignored
    )
    return done.returncode, done.stdout


def run_traced(command, **options):
    """The same, and the tracer, which has ended."""
    out, into = os.pipe()
    output = []
    with os.fdopen(out, "rb") as reader, os.fdopen(into, "wb") as writer:
        tracer = Tracer(command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, **options)
        with tracer:
            writer.close()
            reading = threading.Thread(target=lambda: output.append(reader.read()))
            reading.start()
            for _ in tracer.blocks():
                pass
            tracer.wait()
            reading.join()
    return tracer.exit_status, output[0], tracer


@pytest.mark.parametrize("mode", MODES)
def test_a_tracee_runs_as_without_us(tracees, tracee, mode):
    command = tracees.command(tracee.name)
    options = MODES[mode]
    if tracee.name == "clone_untraced" and mode in ("filter-ptrace", "entries-ptrace"):
        pytest.skip("RET_TRACE fails where there is no tracer: docs/limits.md")
    status, output, tracer = run_traced(command, **options)
    assert tracer.lost == 0
    assert tracer.stats["error"] == 0
    assert tracer.stats["taken"] == (tracer.stats["events"] if options.get("events", True) else 0)
    if tracee.traced:
        assert tracee.traced == f"status {status}"
        return
    expected_status, expected = run_alone(*command)
    if needs_no_new_privs(options):
        output = output.replace(b"NoNewPrivs:\t1", b"NoNewPrivs:\t0")
    assert output == expected
    assert status == expected_status


@pytest.mark.parametrize(
    ("follow", "engine"), [(False, "ptrace"), *((True, engine) for engine in ENGINES)]
)
def test_children_not_followed_run_too(tracees, follow, engine):
    """A clone with CLONE_VM is told of by the option that threads need: it must not be kept."""
    for name in ("clone_vm", "fork_tree", "vfork_exec", "clone3"):
        command = tracees.command(name)
        status, output, tracer = run_traced(command, follow=follow, engine=engine)
        assert (status, output) == run_alone(*command)
        assert (len(tracer.processes) == 1) is not follow


# What a caller can pass on is set up in a process of its own, which then runs fasttrace.
CALLER = """
import os, signal, subprocess, sys
from signal import *
import signal
exec(sys.argv[1])
if sys.argv[2] == "alone":
    child = os.fork()
    if not child:
        os.execv(sys.argv[3], sys.argv[3:])
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
from fasttrace.tracing.tracer import Tracer
with Tracer(sys.argv[3:], **eval(sys.argv[2])) as tracer:
    for _ in tracer.blocks():
        pass
    tracer.wait()
sys.exit(tracer.exit_status)
"""


# How it starts a program differs: with ptrace under a filter or without.
STARTS = [{"engine": engine} for engine in ENGINES]
STARTS += [{**start, "trace": "openat"} for start in STARTS]


def run_caller(setup, how, *command):
    done = subprocess.run(
        [sys.executable, "-c", CALLER, setup, how, *command], capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


run_caller_alone = functools.cache(run_caller)


RESTORE = "[signal.signal(s, signal.SIG_DFL) for s in (signal.SIGPIPE, signal.SIGXFSZ)];"


@pytest.mark.parametrize(
    "setup",
    [
        "",
        "signal.signal(SIGHUP, SIG_IGN); signal.signal(SIGINT, SIG_IGN)",
        "signal.signal(signal.SIGUSR1, lambda *a: None)",
        "pthread_sigmask(SIG_BLOCK, {SIGTERM, SIGRTMAX, SIGCHLD})",
        "os.set_inheritable(os.open('/', os.O_RDONLY), True); os.open('/', os.O_RDONLY)",
        "os.umask(0o27); os.nice(3); os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
        "os.setsid()",
    ],
)
@pytest.mark.parametrize("how", STARTS, ids=str)
def test_inherited(tracees, setup, how):
    """Descriptors, mask, dispositions, umask: as an exec by our caller would have passed them on.

    CPython's own ignored signals are not our caller's.
    """
    command = tracees.command("inherited")
    status, output, errors = run_caller(setup, str(how), *command)
    if needs_no_new_privs(how):
        output = output.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0")
    assert (status, output, errors) == run_caller_alone(RESTORE + setup, "alone", *command)


@pytest.mark.parametrize("closed", [(), (0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_what_is_closed_stays_closed(tracees, closed):
    command = tracees.command("closed_stdio")
    setup = f"[os.close(fd) for fd in {closed}]" if closed else ""
    expected = sum(1 << fd for fd in range(3) if fd not in closed)
    for how in STARTS:
        assert run_caller(setup, str(how), *command)[0] == expected


def test_sigpipe_kills_as_without_us(tracees, engine):
    status, _, _ = run_traced(tracees.command("sigpipe"), engine=engine)
    assert status == -signal.SIGPIPE


def test_our_own_process_is_as_before(tracees):
    """No descriptor, child, thread, signal handler or mask of ours is left in the caller."""

    def state():
        status = Path("/proc/self/status").read_text().splitlines()
        signals = [
            line
            for line in status
            if line.startswith(("Sig", "Shd")) and not line.startswith("SigQ")
        ]
        return sorted(map(str, Path("/proc/self/fd").iterdir())), signals

    # Of commands that a session let go their caller is the parent still.
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0):
            pass
    before, threads = state(), set(Path("/proc/self/task").iterdir())
    for mode in MODES.values():
        run_traced(tracees.command("fork_tree"), **mode)
    assert state() == before
    # A thread wakes up who joins it a moment before the kernel takes it off its list.
    until = time.monotonic() + 60
    while set(Path("/proc/self/task").iterdir()) - threads:
        assert time.monotonic() < until
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
