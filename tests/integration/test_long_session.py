"""Promise: a long session costs no more memory and no more descriptors than a short one.

The long form (3 million calls, 10,000 processes) is
FASTTRACE_LONG=1 python -m pytest tests/integration/test_long_session.py; by default a shorter one
runs.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys

import pytest
from support import HANG_S

LONG = bool(os.environ.get("FASTTRACE_LONG"))
CALLS = 3_000_000 if LONG else 400_000
PROCESSES = 10_000 if LONG else 1_000
LIMIT_KB = 60 * 1024
# A row of the process table, doubled in size when it is full. The list of Process objects that
# Python makes of it when it is asked for is no part of this.
PROCESS_BYTES = 200
SLACK_KB = 1024
AREA_KB = 1280  # FT_AREA_STEP

# In a process of its own, so that its peak is the tracer's.
TRACER = """
import ctypes, json, os, sys, time
import fasttrace

how, commands = sys.argv[1], json.loads(sys.argv[2])
results, taken = [], 0
for command in commands:
    null = os.open(os.devnull, os.O_WRONLY)
    if how == "summary":
        results.append(fasttrace.summary(command, stdout=null))
    else:
        with fasttrace.Tracer(command, stdout=null) as tracer:
            # How full the ring gets is a matter of time, so let it be full once in each measure.
            while not results and not tracer.stats["waits_full"]:
                time.sleep(0.001)
            for block in tracer.blocks():
                taken += len(block)
        results.append(tracer)
    os.close(null)
    results = results[-2:]
ctypes.CDLL(None).malloc_trim(0)  # what malloc keeps of what was freed depends on the order
status = dict(line.split(":") for line in open("/proc/self/status"))
descriptors = len(os.listdir("/proc/self/fd"))
if how == "blocks":
    assert taken >= sum(tracer.stats["events"] for tracer in results)
print(json.dumps({
    "peak_kb": int(status["VmHWM"].split()[0]),
    "anon_kb": int(status["RssAnon"].split()[0]),
    "descriptors": descriptors,
    "calls": [r.total_calls if how == "summary" else r.stats["calls"] for r in results],
    "processes": [len(r.processes) for r in results],
    "lost": sum(r.lost for r in results),
    "fallbacks": sum(bool(p.fallback) for r in results for p in r.processes),
}))
"""


def measure(how, *commands):
    done = subprocess.run(
        [sys.executable, "-c", TRACER, how, json.dumps(commands)],
        stdout=subprocess.PIPE,
        # How many of malloc's arenas threads share is a matter of time, and each keeps a little.
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    assert done.returncode == 0
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def commands(tracees):
    def pair(calls, processes):
        return [
            tracees.command("getppid_loop", str(calls)),
            tracees.command("many_processes", str(processes)),
        ]

    return pair


@pytest.mark.parametrize("how", ["summary", "blocks"])
def test_memory_and_descriptors_are_flat(commands, how):
    if LONG:
        signal.alarm(20 * HANG_S)
        faulthandler.dump_traceback_later(40 * HANG_S, exit=True)
    small = measure(how, *commands(100_000, 50))
    large = measure(how, *commands(CALLS, PROCESSES))
    for figures, calls, processes in ((small, 100_000, 50), (large, CALLS, PROCESSES)):
        assert figures["calls"][0] > calls
        assert figures["processes"] == [1, processes + 1]
        assert figures["lost"] == 0
    assert large["peak_kb"] < LIMIT_KB
    allowed = SLACK_KB + (PROCESSES - 50) * PROCESS_BYTES // 1024
    # What a task has filled of its area counts for us too, as long as the task lives.
    assert large["peak_kb"] <= small["peak_kb"] + allowed + AREA_KB
    assert large["anon_kb"] <= small["anon_kb"] + allowed
    assert large["descriptors"] == small["descriptors"]


def test_many_sessions_leave_nothing(commands):
    """Sessions one after the other: no memory, descriptor or thread of an earlier one is left."""
    true = commands(10, 2)
    few = measure("summary", *true * 5)
    many = measure("summary", *true * 100)
    assert many["anon_kb"] <= few["anon_kb"] + SLACK_KB
    assert many["descriptors"] == few["descriptors"]


def test_many_processes_at_once(tracees):
    """What each costs while it lives is given back when it has ended."""
    few = measure("summary", *[tracees.command("processes_at_once", "5")] * 3)
    many = measure("summary", *[tracees.command("processes_at_once", "300")] * 3)
    assert many["processes"] == [301, 301]
    assert many["fallbacks"] == 0
    assert many["anon_kb"] <= few["anon_kb"] + SLACK_KB
    assert many["descriptors"] == few["descriptors"]
