"""The tracer's memory while it summarises, after few calls and processes and after many."""

from __future__ import annotations

import subprocess
import sys

import pytest
from workloads import execs

SCRIPT = """
import re, subprocess, sys
import fasttrace
fasttrace.summary(["sh", "-c", sys.argv[1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def peak_mb(calls: int, processes: int) -> float:
    work = f"dd if=/dev/zero of=/dev/null bs=1 count={calls // 2}; {execs(processes)}"
    out = subprocess.run(
        [sys.executable, "-c", SCRIPT, work], stdout=subprocess.PIPE, check=True, text=True
    )
    return int(out.stdout) / 1024


@pytest.mark.parametrize(("calls", "processes"), [(100_000, 50), (3_000_000, 5_000)])
def test_peak(benchmark, report, calls, processes):
    peak = benchmark.pedantic(peak_mb, args=(calls, processes), rounds=1)
    benchmark.extra_info["peak_mb"] = peak
    report(f"MB, {calls} calls, {processes} procs", peak, "< 60")
