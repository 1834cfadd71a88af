"""Attaching to a process of eight threads, and leaving it: its time, how long the process stands.

The first thread of the tracee looks at the clock all the time and says for how long it did not run;
without a tracer that is the scheduler's doing.
"""

from __future__ import annotations

import statistics
import subprocess
import time

import pytest

from fasttrace._core import inline_unusable
from fasttrace.tracing.tracer import Tracer

UNUSABLE = inline_unusable()
THREADS = 8


def once(program: str, engine: str | None) -> tuple[float, float]:
    """Milliseconds: to attach and to detach; that the process stood still."""
    with subprocess.Popen(
        [program, str(THREADS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("x")
        process.stdin.flush()
        time.sleep(0.05)
        took = 0.0
        if engine is not None:
            start = time.perf_counter()
            with Tracer(pid=process.pid, engine=engine, events=False, tally=True) as tracer:
                took = time.perf_counter() - start
                time.sleep(0.05)
                start = time.perf_counter()
            took += time.perf_counter() - start
            assert [p.fallback for p in tracer.processes if p.fallback] == []
        else:
            time.sleep(0.05)
        process.stdin.close()
        return took * 1e3, int(process.stdout.readline()) / 1e3


@pytest.mark.skipif(UNUSABLE is not None, reason=str(UNUSABLE))
def test_attach(made, report, request):
    contenders = {"inline": "inline", "ptrace": "ptrace", "untraced": None}
    rounds = range(request.config.getoption("--rounds"))
    got = [
        {name: once(made.standstill, engine) for name, engine in contenders.items()} for _ in rounds
    ]
    for name in contenders:
        took, stood = (statistics.median(one[name][i] for one in got) for i in (0, 1))
        if name != "untraced":
            report(f"ms to attach and detach, {name}", took, "<= 20" if name == "inline" else "")
        report(f"ms that it stands still, {name}", stood, "<= 2" if name == "inline" else "")
