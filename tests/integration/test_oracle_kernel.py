"""Promise: calls per task and number are what the kernel counts itself.

Of raw_syscalls:sys_enter of tracefs. The kernel counts in the very run that we trace, so the
programs may be as racy as they like. It does not count a call that a seccomp filter of the program
denies, nor one whose task is killed while it waits for us at the entry: our record of that is an
unfinished one.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter

import numpy as np
import pytest

from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.tracing.tracer import Tracer


def traced(command, kernel, engine):
    """({(tid, nr): calls}, the same of unfinished calls, and of what the engine had the program
    call, tids that SIGKILL ended, and of who destroyed its own records), without the shell, which
    waits first."""
    calls, unfinished, killed = Counter(), Counter(), set()
    out, into = os.pipe()
    quiet = subprocess.DEVNULL
    # Two commands, so that the shell forks for the second.
    shell = ["sh", "-c", 'read word; "$@"; exit 0', "sh", *command]
    with os.fdopen(out) as stdin, os.fdopen(into, "w") as gate:
        options = {"engine": engine, "by_process": True}
        tracer = Tracer(shell, stdin=stdin, stdout=quiet, stderr=quiet, **options)
        with tracer:
            kernel.watch(tracer.pid)
            gate.write("go\n")
            gate.close()
            for block in tracer.blocks():
                events = np.frombuffer(block, EVENT_DTYPE)
                ends = events[(events["kind"] == Kind.EXIT) & (events["ret"] == signal.SIGKILL)]
                killed.update(ends["tid"].tolist())
                events = events[events["kind"] == Kind.SYSCALL]
                for event in events[events["tid"] != tracer.pid]:
                    key = int(event["tid"]), int(event["nr"])
                    calls[key] += 1
                    unfinished[key] += bool(event["flags"] & Flag.UNFINISHED)
    assert tracer.lost == 0
    spoilers = {p.pid for p in tracer.processes if "memory of the tracer's" in p.fallback}
    return calls, unfinished, Counter(tracer.engine_calls), killed, spoilers


@pytest.mark.parametrize("engine", ["ptrace", "inline"])
def test_a_tracee_has_the_counts_of_the_kernel(tracees, tracee, kernel, engine):
    if tracee.counted:
        pytest.skip(f"does the kernel count its calls? {tracee.counted}")
    command = tracees.command(tracee.name)
    ours, unfinished, engine_calls, killed, spoilers = traced(command, kernel, engine)
    if spoilers:
        assert tracee.oracle.startswith("no (hostile")
    ours = Counter({key: n for key, n in ours.items() if key[0] not in spoilers})
    tids = {tid for tid, _ in ours}
    # An unknown number is 32 bits wide with us and 64 with the kernel.
    theirs = Counter()
    for (tid, nr), calls in kernel.counts().items():
        if tid in tids:
            theirs[tid, (nr & 0xFFFFFFFF ^ 1 << 31) - (1 << 31)] += calls
    theirs -= engine_calls
    # How far a task came that was made to run code of the engine's is told by its stop at the exit.
    # Who is killed once more there (as one of its process has execed, and then by somebody) leaves
    # it before it is seen.
    made = {nr for _, nr in engine_calls}
    for tid, nr in theirs:
        if tid in killed and nr in made:
            theirs[tid, nr] = min(theirs[tid, nr], ours[tid, nr])
    theirs = +theirs
    assert theirs.keys() <= ours.keys()
    if tracee.restarts and engine == "inline":
        ours = Counter({key: max(ours[key], theirs[key]) for key in ours})
    differ = {key: (ours[key], theirs[key]) for key in ours if ours[key] != theirs[key]}
    assert all(n - unfinished[key] <= m <= n for key, (n, m) in differ.items()), differ
    if not tracee.oracle:
        assert not differ
