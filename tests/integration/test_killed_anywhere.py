"""Promise: tasks may be killed at any moment; nothing hangs, and what they did until then is told.

The long form: FASTTRACE_LONG=1 python -m pytest tests/integration/test_killed_anywhere.py
"""

from __future__ import annotations

import faulthandler
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support import HANG_S

from fasttrace._core import inline_unusable
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.tracing.tracer import Tracer

LONG = bool(os.environ.get("FASTTRACE_LONG"))
TIMES = 1_000 if LONG else 25
LATEST_S = 0.03

# Prints the tree's pids as they appear, until it is killed.
TRACER = """
import sys
import numpy as np
from fasttrace import EVENT_DTYPE
from fasttrace.tracing.tracer import Tracer
with Tracer(sys.argv[2:], engine=sys.argv[1]) as tracer:
    print(tracer.pid, flush=True)
    for block in tracer.blocks():
        for event in np.frombuffer(block, EVENT_DTYPE):
            if event["kind"] == 3:
                print(event["args"][0], flush=True)
"""


def runs(pid: int, program: str) -> bool:
    try:
        return Path(f"/proc/{pid}/exe").readlink() == Path(program)
    except OSError:
        return False


@pytest.fixture(params=["ptrace", "inline"])
def engine(request):
    if request.param == "inline" and (why := inline_unusable()):
        pytest.skip(why)
    if LONG:
        signal.alarm(20 * HANG_S)
        faulthandler.dump_traceback_later(40 * HANG_S, exit=True)
    return request.param


def test_the_program_is_killed(tracees, engine):
    """Each task that was born has ended, by the signal or before; its last event says so."""
    command = tracees.command("restless")
    for seed in range(TIMES):
        with Tracer(command, engine=engine) as tracer:
            tracer.wait(random.Random(seed).uniform(0, LATEST_S))
            tracer.send_signal(signal.SIGKILL)
            blocks = [np.frombuffer(block, EVENT_DTYPE) for block in tracer.blocks()]
        assert tracer.exit_status == -signal.SIGKILL
        assert tracer.stats["error"] == 0
        assert tracer.lost == 0
        events = np.concatenate(blocks)
        # A tid may come again, so it is numbers that are compared.
        births = Counter(events["ret"][events["kind"] == Kind.FORK].tolist())
        births[tracer.pid] += 1
        ends = Counter(events["tid"][events["kind"] == Kind.EXIT].tolist())
        assert births == ends
        for tid in births:
            own = events[events["tid"] == tid]
            own = own[own["kind"] != Kind.FORK]
            assert own["kind"][-1] == Kind.EXIT
            calls = own[own["kind"] == Kind.SYSCALL]
            unfinished = calls["flags"] & Flag.UNFINISHED != 0
            assert np.count_nonzero(unfinished) <= births[tid] + np.count_nonzero(
                own["kind"] == Kind.EXEC
            )


def test_the_tracer_is_killed(tracees, engine):
    """No task of the tree outlives it."""
    command = tracees.command("restless")
    for seed in range(TIMES // 5):
        with subprocess.Popen(
            [sys.executable, "-c", TRACER, engine, *command], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout
            root = os.pidfd_open(int(process.stdout.readline()))
            time.sleep(random.Random(seed).uniform(0, LATEST_S))
            process.kill()
            pids = [int(line) for line in process.stdout.read().split(b"\n")[:-1]]
        assert select.select([root], [], [], HANG_S / 2)[0]
        os.close(root)
        for pid in pids:
            deadline = time.monotonic() + HANG_S / 2
            while runs(pid, command[0]):
                assert time.monotonic() < deadline
