"""Promise: text that threads are running is patched and restored without their noticing.

Threads call sites at every offset modulo 64, of the two kinds of patches that are made while others
run, and some are blocked inside a site. A visit patches them all and takes all back. A million
patches: FASTTRACE_LONG=1 python -m pytest tests/integration/test_patching.py

And a fork may copy it at any moment: its child lives with what it got.
"""

from __future__ import annotations

import faulthandler
import os
import signal
from pathlib import Path

import pytest
from support import HANG_S, running

from fasttrace._core import inline_unusable
from fasttrace.tracing.tracer import Tracer

LONG = bool(os.environ.get("FASTTRACE_LONG"))
THREADS = (2, 4, 8, 16)
PATCHES = (1_000_000 if LONG else 4_000) // len(THREADS)
# At the least in one visit: behind a mov, and with 5 bytes of padding in their line of 16.
SITES = 64 + 30

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))


def read_text(pid: int, program: str) -> bytes:
    """What is mapped executable from the program's file."""
    text = b""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if " r-xp " in line and line.endswith(program):
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                memory.seek(start)
                text += memory.read(end - start)
    return text


def patched(before: bytes, now: bytes) -> int:
    """Places that are written over, two bytes or more each."""
    changed = [i for i in range(len(before)) if before[i] != now[i]]
    return sum(1 for i, at in enumerate(changed) if i == 0 or at > changed[i - 1] + 5)


def allow_long() -> None:
    if LONG:
        signal.alarm(20 * HANG_S)
        faulthandler.dump_traceback_later(40 * HANG_S, exit=True)


@pytest.mark.parametrize("threads", THREADS)
def test_sites_at_every_offset_under_running_threads(tracees, threads):
    allow_long()
    command = tracees.command("many_sites", str(threads))
    with running(command) as process:
        before = read_text(process.pid, command[0])
        made = 0
        while made < PATCHES:
            with Tracer(pid=process.pid, engine="inline", events=False, tally=True) as tracer:
                most = 0
                while most < SITES:
                    tracer.wait(0.002)
                    most = max(most, patched(before, read_text(process.pid, command[0])))
                process.stdin.write("x")  # those who are blocked in a site go round
            assert tracer.stats["error"] == 0
            assert [process.engine for process in tracer.processes] == ["inline"]
            assert read_text(process.pid, command[0]) == before
            made += most
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_forks_while_patches_come_and_go(run_tracee):
    """A thread forks, another runs the sites that each visit patches and restores."""
    allow_long()
    with run_tracee("forks_beside_threads") as process:
        for _ in range(400 if LONG else 20):
            with Tracer(pid=process.pid, engine="inline", events=False, tally=True) as tracer:
                while len(tracer.processes) < 4:
                    tracer.wait(0.002)
            assert tracer.stats["error"] == 0
        assert process.end() == ("wrong: 0\n", "ended 0")
