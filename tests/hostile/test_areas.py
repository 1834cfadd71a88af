"""Promise: the memory that the inline engine shares with a program hurts neither of them.

The program cannot make the tracer fail by what it does to that memory, and it does not notice it:
no thread of it meets a descriptor of ours, and where the memory cannot be had, whichever step it is
that fails, nothing is left behind.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support import SANITIZER

from fasttrace._core import inline_unusable
from fasttrace.syscalls.names import syscall_name, syscall_number
from fasttrace.tracing.tracer import Tracer

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))

NULL = subprocess.DEVNULL
PAGE = 4096
FIRST = 20 * 65536  # the first area
RECORDER = 0x12000  # its code and tables
NEAR = 0x4000  # springboards
MAP_AREAS = 0x104001  # MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE
MAP_CODE = 0x100002
MAP_NEAR = 0x100022
OPEN_AREAS, OPEN_CODE = 0x80002, 0x80000
DONTFORK, DONTDUMP = 10, 16


def run(command, **options):
    """(exit status, output, engines, engine_calls calls), traced."""
    out, into = os.pipe()
    with os.fdopen(out) as reader, os.fdopen(into, "wb") as writer:
        tracer = Tracer(
            command, engine="inline", stdin=NULL, stdout=writer, events=False, tally=True, **options
        )
        with tracer:
            writer.close()
            output = reader.read()
            tracer.wait()
    engine_calls = Counter()
    for (_, nr), count in tracer.engine_calls.items():
        engine_calls[syscall_name(nr)] += count
    return tracer.exit_status, output, [p.engine for p in tracer.processes], engine_calls


def as_found(pid):
    """(what is mapped, which descriptors are open)"""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return [line for line in maps if "[heap]" not in line], [
        path.name for path in sorted(Path(f"/proc/{pid}/fd").iterdir())
    ]


def run_alone(command):
    done = subprocess.run(command, stdin=NULL, stdout=subprocess.PIPE, text=True, close_fds=False)
    return done.returncode, done.stdout


def is_ours(line):
    return "fasttrace" in line or "r-xp 0x4000 " in f"{line} "


def limited(size, command):
    return ["prlimit", f"--as={size}:{size}", *command]


@pytest.fixture(scope="module")
def least(tracees):
    """The RLIMIT_AS that `as_found` needs."""
    command = tracees.command("as_found", "now")
    alone = run_alone(command)
    assert alone[0] == 0
    assert not any(map(is_ours, alone[1].splitlines()))
    sizes = range(0x80000, 0x400000, PAGE)
    return next(size for size in sizes if run_alone(limited(size, command)) == alone)


def test_who_has_little_memory_keeps_it(tracees, least):
    """RLIMIT_AS counts what we map: where it leaves little nothing is mapped."""
    command = tracees.command("as_found", "now")
    alone = run_alone(command)
    sizes = [*range(least, least + 8 * PAGE, PAGE), *range(least, least + FIRST + NEAR, 32 * PAGE)]
    for size in sizes:
        status, output, engines, _ = run(limited(size, command))
        assert (status, output, engines[-1]) == (*alone, "ptrace"), size
    status, output, engines, _ = run(limited(least + 64 * 2**20, command))
    assert (status, engines[-1]) == (0, "inline")
    assert any(map(is_ours, output.splitlines()))


@pytest.mark.skipif(shutil.which("setarch") is None, reason="setarch is not installed")
def test_springboards_find_another_place_where_a_program_lies_in_theirs(tracees):
    """They are placed without looking at first, where most likely nothing is."""
    command = ["setarch", "-R", *tracees.command("in_the_gap")]
    status, output, engines, calls = run(command)
    assert (status, output) == (0, "0x7fffb4000000 1\n")
    assert set(engines) == {"inline"}
    assert calls["munmap"] == 2  # the areas and the recorder, of the first attempt


@pytest.mark.parametrize(
    "how",
    [
        ("fork", "0", "-4"),
        ("fork", "0", "+1000"),
        ("threads", "30", "+4000"),
        ("exec", "0", "+2000"),
    ],
    ids=" ".join,
)
def test_who_comes_to_have_little_memory_is_left_as_found(tracees, how):
    """A child of its, or the process when it makes threads, or execs, goes over to ptrace."""
    command = tracees.command("as_found", *how)
    status, output, engines, _ = run(command)
    assert (status, output) == run_alone(command)
    assert engines[-1] == "ptrace"


SPAWN = """
import json, os, subprocess, sys
from fasttrace.tracing.tracer import Tracer
os.environ.pop("LD_PRELOAD", None)  # a sanitizer, which is for us alone
tracer = Tracer(sys.argv[1:], engine="inline", stdin=subprocess.DEVNULL, events=False, tally=True)
with tracer:
    tracer.wait()
print(json.dumps([[p.engine for p in tracer.processes], sum(tracer.engine_calls.values())]))
"""


@pytest.mark.parametrize(
    ("name", "argument", "value", "made", "taken_back"),
    [
        pytest.param("open", 1, OPEN_AREAS, 1, 0, id="the areas' file"),
        pytest.param("mmap", 3, MAP_AREAS, 2, 1, id="the areas"),
        pytest.param("madvise", 2, DONTFORK, 4, 1, id="hidden from children"),
        pytest.param("madvise", 2, DONTDUMP, 5, 1, id="hidden from dumps"),
        pytest.param("open", 1, OPEN_CODE, 6, 1, id="the code's file"),
        pytest.param("mmap", 3, MAP_CODE, 7, 2, id="the code"),
        pytest.param("mmap", 3, MAP_NEAR, 9, 2, id="springboards"),
    ],
)
def test_nothing_is_left_of_what_is_refused(tracees, name, argument, value, made, taken_back):
    """A seccomp filter around the tracer and all that it runs refuses one step."""
    command = tracees.command("as_found", "now")
    rule = (str(syscall_number(name)), str(argument), str(value))
    refuses = tracees.command("refuses", *rule, sys.executable, "-c", SPAWN, *command)
    done = subprocess.run(
        refuses,
        stdin=NULL,
        capture_output=True,
        text=True,
        close_fds=False,
        env={**os.environ, **SANITIZER},
    )
    assert done.returncode == 0, done.stderr
    *output, told = done.stdout.splitlines(keepends=True)
    assert "".join(output) == run_alone(command)[1]
    assert json.loads(told) == [["ptrace"], made + taken_back]


def until_inline(tracer):
    """Attaching goes on behind the start."""
    while [p.engine for p in tracer.processes] != ["inline"]:
        assert not tracer.wait(0.01)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        pytest.param(resource.RLIMIT_NOFILE, 0, id="no descriptor"),
        pytest.param(resource.RLIMIT_AS, PAGE, id="no memory"),
    ],
)
def test_nothing_is_left_of_a_failed_attach(run_tracee, limit, value):
    with run_tracee("reader") as target:
        found = as_found(target.pid)
        _, hard = resource.prlimit(target.pid, limit)
        resource.prlimit(target.pid, limit, (value, hard))
        with Tracer(pid=target.pid, engine="inline", events=False, tally=True) as tracer:
            # What comes before it has stopped ends a call that we have not seen begin.
            while not tracer.summary().calls["read"]:
                target.stdin.write("x")
                target.stdin.flush()
                tracer.wait(0.01)
            assert [p.engine for p in tracer.processes] == ["ptrace"]
            assert as_found(target.pid) == found
        assert as_found(target.pid) == found
        assert target.end()[1] == "ended 0"


def test_nothing_is_left_of_an_attach(run_tracee):
    with run_tracee("reader") as target:
        found = as_found(target.pid)
        with Tracer(pid=target.pid, engine="inline", events=False, tally=True) as tracer:
            until_inline(tracer)
            assert as_found(target.pid) != found
        assert as_found(target.pid) == found
        assert target.end()[1] == "ended 0"


def test_no_thread_meets_a_descriptor(run_tracee):
    """Neither at attach, nor when more areas are mapped for new threads."""
    for _ in range(5):
        with run_tracee("watches_descriptors") as target:
            with Tracer(pid=target.pid, engine="inline", events=False, tally=True) as tracer:
                until_inline(tracer)
                tracer.wait(0.1)
            assert target.end() == ("met none\n", "ended 0")


def test_nothing_is_left_where_children_are_on_their_way(run_tracee):
    """A child that is not yet told from its parent does not keep what the parent maps."""
    with run_tracee("forks_beside_threads") as target:
        found = as_found(target.pid)
        for _ in range(30):
            with Tracer(pid=target.pid, engine="inline", events=False, tally=True) as tracer:
                tracer.wait(0.02)
            assert as_found(target.pid) == found
        assert target.end() == ("wrong: 0\n", "ended 0")


@pytest.mark.parametrize("how", ["threads", "files"])
def test_a_spawned_program_meets_no_descriptor(tracees, how):
    """Nor does one whose children share its descriptors, but not its memory."""
    command = tracees.command("watches_descriptors", how)
    status, output, engines, engine_calls = run(command)
    assert (status, output) == (0, "ready\nmet none\n")
    assert engines == ["inline"] * (1 if how == "threads" else 41)
    assert engine_calls["mremap"] == 3  # areas 2 to 16, to 32, to 48


def test_shared_memory_stays_as_it_is(tracees):
    """It is neither shortened nor emptied, and all is recorded as if nobody had tried."""
    status, output, engines, engine_calls = run(tracees.command("shortens_areas"))
    assert (status, output) == (0, "attacked, 0 changed\n")
    assert engines == ["inline"]
    assert engine_calls["mremap"] >= 1
