"""Promise: the inline engine's clock is right, its events are live, and who falls back is told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import fasttrace
from fasttrace._core import inline_unusable
from fasttrace.data.events import Flag, Kind
from fasttrace.syscalls.names import syscall_name, syscall_number
from fasttrace.tracing.tracer import Tracer

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))

QUIET = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.DEVNULL,
    "stderr": subprocess.DEVNULL,
    "engine": "inline",
}


def calls(trace, name):
    nr = syscall_number(name)
    events = trace.events
    return events[(events["kind"] == Kind.SYSCALL) & (events["nr"] == nr)]


CLOCKS = """
import ctypes, struct, sys
libc = ctypes.CDLL(None)
stamps = (ctypes.c_int64 * 2)()
out = []
for _ in range(2000):
    # Through the system call, not the vDSO, so that it is in the trace.
    libc.syscall(228, 1, stamps)
    out.append(stamps[0] * 10**9 + stamps[1])
sys.stdout.buffer.write(struct.pack(f"{len(out)}q", *out))
"""


def test_times_are_clock_monotonic(tmp_path):
    """The tracee reads CLOCK_MONOTONIC itself, within each call: to 1 us + 50 ppm."""
    out = tmp_path / "stamps"
    with out.open("wb") as stdout:
        trace = fasttrace.trace(
            [sys.executable, "-c", CLOCKS], **{**QUIET, "stdout": stdout}, trace="clock_gettime"
        )
    stamps = np.frombuffer(out.read_bytes(), np.int64)
    events = calls(trace, "clock_gettime")
    events = events[events["args"][:, 1] == events["args"][-1, 1]][-len(stamps) :]
    allowed = 1000 + trace.wall_ns * 50 // 10**6
    start = events["time_ns"].astype(np.int64)
    end = start + events["duration_ns"].astype(np.int64)
    assert (stamps >= start - allowed).all()
    assert (stamps <= end + allowed).all()


def test_times_are_in_order_and_causal(tmp_path):
    """Per task calls follow each other; a byte is written before it has been read."""
    script = "i=0; while [ $i -lt 300 ]; do echo x; i=$((i+1)); done | while read line; do :; done"
    trace = fasttrace.trace(["bash", "--norc", "-c", script], **QUIET, trace="read,write")
    for tid in np.unique(trace.events["tid"]):
        events = trace.events[(trace.events["tid"] == tid) & (trace.events["kind"] == Kind.SYSCALL)]
        start = events["time_ns"].astype(np.int64)
        assert (np.diff(start) >= 0).all()
        assert (start[1:] >= (start + events["duration_ns"].astype(np.int64))[:-1]).all()
    writes, reads = calls(trace, "write"), calls(trace, "read")
    writer = Counter(writes["tid"].tolist()).most_common(1)[0][0]
    reader = Counter(reads["tid"].tolist()).most_common(1)[0][0]
    wrote = np.cumsum(np.ones(len(writes[writes["tid"] == writer])) * 2)
    starts = writes[writes["tid"] == writer]["time_ns"].astype(np.int64)
    got = reads[(reads["tid"] == reader) & (reads["ret"] > 0) & (reads["args"][:, 0] == 0)]
    ends = got["time_ns"].astype(np.int64) + got["duration_ns"].astype(np.int64)
    so_far = np.cumsum(got["ret"])
    for end, count in zip(ends.tolist(), so_far.tolist(), strict=True):
        at = int(np.searchsorted(wrote, count))
        assert starts[min(at, len(starts) - 1)] < end


def test_live_although_the_program_does_not_stop():
    """A program that calls now and then fills no block; its calls come all the same."""
    command = ["sh", "-c", "while :; do sleep 0.01; done"]
    with Tracer(command, engine="inline") as tracer:
        deadline, seen = time.monotonic() + 30, 0
        while seen < 200:
            block = tracer.read(timeout=5)
            assert block is not None
            assert time.monotonic() < deadline
            seen += len(block)
        assert not tracer.wait(0)


def test_counts_are_there_while_it_runs():
    with Tracer(["sleep", "60"], engine="inline", events=False, tally=True) as tracer:
        while not tracer.summary().calls.get("execve"):
            assert not tracer.wait(0.01)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("own_sud", "Dispatch"),
        ("own_gs", "gs"),
        ("own_filter_actions", "seccomp"),
        ("i386", "32-bit"),
        ("int80", "32-bit"),
        ("clone_untraced", "UNTRACED"),
    ],
)
def test_who_falls_back_says_why(tracees, name, why):
    with Tracer(tracees.command(name), **QUIET, events=False, tally=True) as tracer:
        tracer.wait()
    assert tracer.engine == "inline"
    fallen = [p for p in tracer.processes if p.fallback]
    assert fallen
    assert all(p.engine == "ptrace" for p in fallen)
    assert any(why in p.fallback for p in fallen)


def test_a_filtered_call_costs_no_stop(tracees):
    """What is not selected runs without a record and without a stop."""
    command = tracees.command("getppid_loop", "20000")
    with Tracer(command, **QUIET, trace="execve", events=False, tally=True) as tracer:
        tracer.wait()
    assert tracer.summary().calls == {"execve": 1}
    assert tracer.stats["stops"] < 100


@pytest.mark.parametrize("name", ["fork_tree", "exec_chain", "vfork_exec", "hostile"])
def test_event_by_event_as_ptrace(tracees, name):
    """Per process of the tree, in order: number, arguments that are no addresses, results."""

    def story(engine):
        trace = fasttrace.trace(tracees.command(name), **{**QUIET, "engine": engine})
        kinds = Counter()
        for event in trace.events:
            flags = int(event["flags"]) & ~Flag.PAYLOAD
            errno = int(event["ret"]) if flags & Flag.ERROR else 0
            key = (int(event["kind"]), int(event["nr"]), int(event["abi"]), errno)
            # How many SIGCHLD come while one is pending is a matter of time.
            kinds[key] += not flags & Flag.INTERRUPTED and event["kind"] != Kind.SIGNAL
        return +kinds, sorted(p.exit_status for p in trace.processes)

    assert story("inline") == story("ptrace")


def test_paths_are_those_of_ptrace(tmp_path):
    """The recorder copies the strings: empty ones, long ones, and where nothing is mapped."""
    script = (
        "import ctypes, os; libc = ctypes.CDLL(None)\n"
        "for path in (b'/a', b'', b'/x' * 2500, 8, None):\n"
        "    libc.syscall(21, path, 0)\n"
        "    libc.syscall(82, path, b'/other')\n"
    )

    def paths(engine):
        trace = fasttrace.trace(
            [sys.executable, "-ISc", script],
            **{**QUIET, "engine": engine},
            trace="access,rename",
        )
        return [(call.name, call.errno, call.strings) for call in trace][-10:]

    assert paths("inline") == paths("ptrace")


@pytest.mark.parametrize("no_new_privs", [[], ["--no-new-privs"]])
def test_it_works_without_any_privileges(tmp_path, no_new_privs):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv to become nobody")
    script = (
        "import sys; sys.path[:0] = " + repr(sys.path) + "\n"
        "import fasttrace\n"
        "s = fasttrace.summary(['sh', '-c', 'ls / | wc -l; true'], engine='inline')\n"
        "print(sorted(s.calls.items()), {p.engine for p in s.processes})\n"
    )
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    nobody += ["--bounding-set=-all", *no_new_privs]
    # Root's own interpreter may lie where nobody may not go.
    python = shutil.which("python3", path="/usr/bin") or sys.executable
    probe = subprocess.run([*nobody, python, "-c", script], capture_output=True, text=True)
    if "ModuleNotFoundError" in probe.stderr or "Permission" in probe.stderr:
        pytest.skip("nobody may not read our modules")
    assert probe.returncode == 0, probe.stderr
    assert "{'inline'}" in probe.stdout
    assert "execve" in probe.stdout


def test_a_stopped_tracer_loses_nothing(tracees):
    """While we are stopped the program waits at its full area."""
    script = (
        "import fasttrace, sys\n"
        f"s = fasttrace.summary({tracees.command('getppid_loop', '1000000')!r}, engine='inline')\n"
        "print(s.calls['getppid'])\n"
    )
    tracer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    for _ in range(5):
        time.sleep(0.05)
        tracer.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        tracer.send_signal(signal.SIGCONT)
    assert tracer.communicate()[0] == "1000000\n"


def text_of(pid):
    """The executable file mappings of a process, byte for byte."""
    found = {}
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            words = line.split()
            if words[1].startswith("r-x") and len(words) > 5 and words[5].startswith("/"):
                start, end = (int(word, 16) for word in words[0].split("-"))
                memory.seek(start)
                found[words[0]] = memory.read(end - start)
    return found


def test_attach_and_leave(run_tracee):
    """A process is made to record itself, and left with its text and its mappings as they were."""
    with run_tracee("reader") as process:
        before = text_of(process.pid)
        for _ in range(3):
            with Tracer(pid=process.pid, engine="inline", events=False, tally=True) as tracer:
                tracer.wait(0.1)
            assert tracer.stats["error"] == 0
            assert {p.fallback for p in tracer.processes} == {""}
            assert text_of(process.pid) == before
            assert "fasttrace" not in Path(f"/proc/{process.pid}/maps").read_text()


def test_own_events_of_the_recorder_are_hidden(tracees):
    """Mask calls of the recorder and the mappings that it needs are in no trace."""
    with Tracer(tracees.command("sigsuspend"), **QUIET, events=False, tally=True) as tracer:
        tracer.wait()
    engine_calls = Counter()
    with pytest.warns(DeprecationWarning, match="engine_calls"):
        assert tracer.injected == tracer.engine_calls
    for (_, nr), number in tracer.engine_calls.items():
        engine_calls[syscall_name(nr)] += number
    ptrace = fasttrace.summary(tracees.command("sigsuspend"), **{**QUIET, "engine": "ptrace"})
    assert engine_calls["rt_sigprocmask"] >= 1
    assert engine_calls["mmap"] >= 3
    assert tracer.summary().calls["rt_sigprocmask"] == ptrace.calls["rt_sigprocmask"]


# struct sock_filter: ioctl(2) with PROCMAP_QUERY fails with ENOTTY, as before Linux 6.11.
WITHOUT_QUERY = """
import ctypes, os, struct, sys
filter = b"".join(struct.pack("HBBI", *insn) for insn in (
    (0x20, 0, 0, 0), (0x15, 0, 3, 16), (0x20, 0, 0, 24), (0x15, 0, 1, 0xC0686611),
    (0x06, 0, 0, 0x50019), (0x06, 0, 0, 0x7FFF0000)))
buffer = ctypes.create_string_buffer(filter)
program = struct.pack("HxxxxxxP", 6, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
os.execv(sys.executable, [sys.executable, "-m", "fasttrace", *sys.argv[1:]])
"""


@pytest.mark.parametrize("name", ["fork_tree", "exec_chain", "mapped_again", "vfork_exec"])
def test_maps_are_read_as_text_where_they_cannot_be_asked(name, tracees):
    """Linux 6.1 to 6.10: the same processes are inline, with the same calls."""
    command = [*tracees.command(name)]
    there = fasttrace.summary(command, engine="inline", stdout=-3)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_QUERY, "summary", "--engine", "inline", "--json", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    told = json.loads(done.stderr)
    assert done.returncode == there.exit_status
    assert {p["engine"] for p in told["processes"]} == {p.engine for p in there.processes}
    counts = {s["name"]: s["calls"] for s in told["syscalls"]}
    assert counts == dict(there.calls)
