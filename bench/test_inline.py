"""What the inline engine costs on the fixed workloads: against nothing, and against other tracers.

The times of `fasttrace.summary` are taken in this process, and hold the session's start and end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from workloads import ENVIRONMENT, WORKLOADS, Workload

import fasttrace.bench.measure
from fasttrace._core import inline_unusable
from fasttrace.bench import peers
from fasttrace.tracing.tracer import Tracer

NULL = subprocess.DEVNULL
QUIET = {"stdin": NULL, "stdout": NULL, "stderr": NULL, "env": ENVIRONMENT}

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))


class Count(NamedTuple):
    calls: int
    stops: int
    left_to_ptrace: int


def count(argv: list[str], **options: bool) -> Count:
    """What the inline engine counts; the command must end as it does untraced."""
    with Tracer(argv, engine="inline", **options, **QUIET) as tracer:
        for _ in tracer.blocks():
            pass
        tracer.wait()
    assert tracer.exit_status == untraced(argv)
    left = sum(bool(process.fallback) for process in tracer.processes)
    return Count(tracer.stats["calls"], tracer.stats["stops"], left)


def count_summary(argv: list[str]) -> Count:
    return count(argv, events=False, tally=True)


def untraced(argv: list[str]) -> int:
    return subprocess.run(argv, **QUIET).returncode


def summary(argv: list[str], engine: str) -> None:
    fasttrace.summary(argv, engine=engine, **QUIET)


def strace(argv: list[str]) -> None:
    subprocess.run(["strace", "-f", "-c", "-o", os.devnull, "--", *argv], **QUIET)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_inline(workload: Workload, made, in_turn, report, benchmark, tmp_path: Path):
    argv = workload.argv(made)
    counted, recorder = count_summary(argv), count(argv)
    kept = tmp_path / "kept"
    medians = in_turn(
        {
            "inline": lambda: summary(argv, "inline"),
            "untraced": lambda: untraced(argv),
            "inline, recorded": lambda: fasttrace.record(argv, engine="inline", path=kept, **QUIET),
            "(removal of the record)": lambda: shutil.rmtree(kept),
            "inline, numbers recorded": lambda: fasttrace.record(
                argv, engine="inline", path=kept, capture="none", **QUIET
            ),
            "(and of that one)": lambda: shutil.rmtree(kept),
        },
        limits={"untraced": workload.untraced},
    )
    alone, ours, recorded = medians["untraced"], medians["inline"], medians["inline, recorded"]
    report("recorded / inline", recorded / ours, "<= 1.3")
    numbers = medians["inline, numbers recorded"]
    report("recorded / recorded without payload", recorded / numbers, "<= 1.4")
    report("calls", counted.calls, "")
    report("stops per 1,000 calls", counted.stops / counted.calls * 1000, "")
    # What has vectors for arguments stops for them to be read.
    report("the same, recorded", recorder.stops / recorder.calls * 1000, "")
    report("ns per call", (ours - alone) / counted.calls * 1e9, "")
    if counted.left_to_ptrace:
        report("processes left to ptrace", counted.left_to_ptrace, "0")
    benchmark.extra_info.update(
        workload=workload.name,
        ratios={"inline": ours / alone, "inline, recorded": recorded / alone},
        calls=counted.calls,
        stops=counted.stops,
        stops_recorded=recorder.stops,
    )


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_strace(workload: Workload, made, in_turn, report, benchmark):
    """Against tracers that stop at each call, which may get a part of the work only.

    The wall for the whole is then scaled: untraced wall of the whole + start-up + calls of the
    whole x cost per call. Start-up is strace's on `true`; the engine ptrace is in this process and
    has none. Cost per call is, of the part, (wall - start-up - untraced wall) / calls.
    """
    whole = workload.argv(made)
    part = workload.part(made) if workload.part else whole
    of_part = f", {workload.part_name}" if workload.part else ""
    calls, part_calls = count_summary(whole).calls, count_summary(part).calls
    contenders = {
        "inline": lambda: summary(whole, "inline"),
        "untraced": lambda: untraced(whole),
        f"strace -f -c{of_part}": lambda: strace(part),
        f"ptrace{of_part}": lambda: summary(part, "ptrace"),
        "strace -f -c, true": lambda: strace(peers.nothing()),
        "untraced, true": lambda: untraced(peers.nothing()),
    }
    if of_part:
        contenders[f"untraced{of_part}"] = lambda: untraced(part)
    medians = in_turn(contenders, limits={"untraced": workload.untraced})
    alone, ours = medians["untraced"], medians["inline"]
    startup = medians["strace -f -c, true"] - medians["untraced, true"]

    def of_whole(name: str, startup: float) -> float:
        extra = medians[f"{name}{of_part}"] - medians[f"untraced{of_part}"] - startup
        report(f"{name}, ns per call", extra / part_calls * 1e9, "")
        return alone + startup + extra / part_calls * calls

    walls = {"strace": of_whole("strace -f -c", startup), "ptrace": of_whole("ptrace", 0)}
    report("inline, ns per call", (ours - alone) / calls * 1e9, "")
    if of_part:
        report("strace, s for the whole", walls["strace"], "scaled by calls")
    promised = "" if workload.strace is None else f">= {workload.strace}"
    report("strace / inline", walls["strace"] / ours, promised)
    report("ptrace / inline", walls["ptrace"] / ours, "")
    benchmark.extra_info.update(
        workload=workload.name, ratios={name: wall / alone for name, wall in walls.items()}
    )


def test_bpftrace(made, report, benchmark, request):
    """Cost per call without start-up, bpftrace's in compiling its script above all."""
    found, left_out = peers.find(["bpftrace"])
    if not found:
        pytest.skip(f"bpftrace: {left_out[0].why}")
    argv = [made.getppid_loop, "5000000"]
    measured = benchmark.pedantic(
        fasttrace.bench.measure.run,
        args=(argv, request.config.getoption("--rounds"), ["inline"], ["bpftrace"]),
        rounds=1,
    )
    costs = {one.contender.name: measured.cost_ns(one) for one in measured.measurements[1:]}
    for name, cost in costs.items():
        report(f"{name}, ns per call", cost, "")
    report("inline / bpftrace", costs["fasttrace inline"] / costs["bpftrace"], "<= 0.2")
    benchmark.extra_info["ns_per_call"] = costs
