"""Promise: for calls that run again and again the inline engine hardly ever stops a program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support import newest_kernels

from fasttrace._core import inline_unusable
from fasttrace.tracing.tracer import Tracer

if TYPE_CHECKING:
    from tracefs import Kernel

    from fasttrace.data.processes import Process

UNUSABLE = inline_unusable()
pytestmark = pytest.mark.skipif(UNUSABLE is not None, reason=str(UNUSABLE))

QUIET = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.DEVNULL,
    "stderr": subprocess.DEVNULL,
}

# A program stops once at each place from which it makes its calls, when it is there for the first
# time, and a few times at execve and exit: `true` 20 times, what does more in libc 40 to 50 times.
PROGRAM = 75

# A task records into blocks of 64 KiB, 96 bytes a call: 682 calls. When none is free it stops until
# the tracer has emptied one or more. That is the worst, with a tracer that never gets ahead of it.
BLOCK = 682

FILES, PER_FOLDER = 500, 50


class Stops(NamedTuple):
    stops: int
    calls: int
    processes: list[Process]


def stops(*argv: str | os.PathLike[str], recorded: bool = False) -> Stops:
    """recorded: with its events, and the text of paths."""
    command = [os.fspath(word) for word in argv]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    options = {"events": recorded, "tally": not recorded}
    with Tracer(command, engine="inline", **options, **QUIET) as tracer:
        if recorded:
            for _ in tracer.blocks():
                pass
        tracer.wait()
    assert tracer.exit_status == 0
    assert [process.fallback for process in tracer.processes if process.fallback] == []
    return Stops(tracer.stats["stops"], tracer.stats["calls"], tracer.processes)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for i in range(FILES):
        folder = tmp_path / "tree" / f"folder{i // PER_FOLDER}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file{i}").write_text(f"{i}\n")
    return tmp_path / "tree"


def test_dd_costs_hardly_any_stops():
    got = stops("dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=20000")
    assert got.calls > 40_000
    assert got.stops <= PROGRAM + got.calls / BLOCK


def test_a_getppid_loop_costs_hardly_any_stops(tracees):
    got = stops(*tracees.command("getppid_loop", "50000"))
    assert got.calls > 50_000
    assert got.stops <= PROGRAM + got.calls / BLOCK


@pytest.mark.parametrize("recorded", [False, True])
def test_perl_stat(recorded):
    """Paths are copied by the program itself, also by one that ignores some signal."""
    got = stops("perl", "-e", "stat '/etc/passwd' for 1 .. 20000", recorded=recorded)
    assert got.calls > 20_000
    # Each path takes 24 bytes in a buffer of 256 KiB.
    assert got.stops <= PROGRAM + got.calls / BLOCK


def test_who_handles_faults_is_stopped_for_it_only_where_arguments_are_copied():
    """For by then a fault may be ours, of an argument that cannot be read."""
    twice = "$SIG{SEGV} = sub {}; $SIG{SEGV} = 'DEFAULT';"
    got = stops("perl", "-e", f"for (1 .. 500) {{ {twice} }}")
    assert got.calls > 1000
    assert got.stops <= PROGRAM + got.calls / BLOCK


# What there is to be found out of a maker and its children is found out before it reads.
LOOP = """
/bin/true; /bin/true; /bin/true
read x; i=0; while [ $i -lt $0 ]; do /bin/true; i=$((i+1)); done
"""
IN_PYTHON = """
import subprocess, sys
for _ in range(3): subprocess.run(["/bin/true"])
sys.stdin.readline()
for _ in range(int(sys.argv[1])): subprocess.run(["/bin/true"])
"""


class Costs(NamedTuple):
    """What a process costs that executes /bin/true, from its birth until its maker goes on."""

    command: list[str]
    stops: int
    calls: int  # of the tracer


# How they make a process: bash forks, the others share their memory with it until it executes.
MAKERS = {
    "bash": Costs(["bash", "-c", LOOP], 8, 68),
    "dash": Costs(["dash", "-c", LOOP], 7, 57),
    "python": Costs([os.path.realpath(sys.executable), "-c", IN_PYTHON], 7, 60),
}


def tracer_threads() -> list[int]:
    tasks = list(Path("/proc/self/task").iterdir())
    return [int(t.name) for t in tasks if (t / "comm").read_text() == "fasttrace\n"]


def is_reading(tracer: Tracer) -> bool:
    """The maker waits for its line."""
    text = Path(f"/proc/{tracer.pid}/syscall").read_text().split()
    return text[:2] == ["0", "0x0"] and len(tracer.processes) == 4


def costs_of(command: list[str], processes: int, kernel: Kernel | None = None) -> tuple[int, int]:
    """Stops, and calls that the tracer makes, from when a shell has begun until it has ended."""
    out, into = os.pipe()
    options = {"engine": "inline", "events": False, "tally": True, "stdin": out}
    with (
        os.fdopen(out),
        os.fdopen(into, "w") as line,
        Tracer([*command, str(processes)], **options) as tracer,
    ):
        while not is_reading(tracer):
            assert not tracer.wait(0.01)
        while len(ours := tracer_threads()) > 1:  # a new thread has its maker's name at first
            assert not tracer.wait(0.01)
        if kernel:
            kernel.watch(ours[0])
        print(file=line, flush=True)
        tracer.wait()
    assert len(tracer.processes) == processes + 4
    counted = kernel.counts() if kernel else Counter()
    return tracer.stats["stops"], sum(n for (tid, _), n in counted.items() if tid == ours[0])


@pytest.fixture(params=MAKERS)
def maker(request) -> Costs:
    found: Costs = MAKERS[request.param]
    if shutil.which(found.command[0]) is None:
        pytest.skip(f"{found.command[0]} is not installed")
    return found


@newest_kernels
def test_fork_and_exec_cost_few_stops(maker):
    """A new process: its birth, execve and exit stop two processes; its text is known already."""
    few, many = costs_of(maker.command, 5)[0], costs_of(maker.command, 25)[0]
    assert many - few <= 20 * maker.stops + 10


@newest_kernels
def test_fork_and_exec_cost_few_calls_of_the_tracer(maker, kernel):
    few, many = costs_of(maker.command, 5, kernel)[1], costs_of(maker.command, 25, kernel)[1]
    assert 20 * 30 <= many - few <= 20 * maker.calls + 20


@pytest.mark.parametrize("recorded", [False, True])
def test_python(recorded):
    """The real interpreter, not a shell script before it. It has more places than small programs,
    and loads libraries that have their own."""
    python = os.path.realpath(sys.executable)
    got = stops(python, "-c", "import json, asyncio, http.client", recorded=recorded)
    assert got.calls > 500
    assert got.stops <= 2 * PROGRAM + got.calls / BLOCK


def test_find_costs_hardly_any_stops(tree):
    got = stops("find", tree)
    assert got.stops <= PROGRAM + got.calls / BLOCK


def test_tar_costs_hardly_any_stops(tree, tmp_path):
    got = stops("tar", "-cf", tmp_path / "archive", "-C", tree, ".")
    assert got.calls > 4 * FILES  # each is looked at, opened, read, closed
    assert got.stops <= PROGRAM + got.calls / BLOCK


def test_gcc(tmp_path):
    """It runs a compiler and an assembler, each a program of its own."""
    source = tmp_path / "tiny.c"
    source.write_text("int main(void) { return 0; }\n")
    got = stops("gcc", "-O2", "-c", "-o", tmp_path / "tiny.o", source)
    assert got.calls > 500
    assert got.stops <= PROGRAM * len(got.processes) + got.calls / BLOCK


def test_a_site_far_from_all_libraries(tracees):
    """A program's own text is patched too: its springboards need a place of their own."""
    run = stops(*tracees.command("own_site", "5000"))
    assert run.calls > 5000
    assert run.stops <= PROGRAM + run.calls // BLOCK


def test_what_stands_before_a_site_moves(tracees):
    """Whatever it is, if it does the same elsewhere: ld.so's set_robust_list has such a site."""
    run = stops(*tracees.command("before_site", "5000", "quiet"))
    assert run.calls > 5000
    assert run.stops <= PROGRAM + run.calls // BLOCK


def test_what_has_moved_runs_once_a_call(tracees):
    """It is not run again where a signal comes between it and the call."""
    run = stops(*tracees.command("before_site", "200000"))
    assert run.calls > 200_000
