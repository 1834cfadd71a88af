"""Promise: what a real program did is on its timelines: all calls with their arguments, who made
whom, and which write a waiting read returned for; with both engines."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from command_line import cli
from support import ENGINES
from timelines import READERS, Read, without_empty

import fasttrace

# Its child waits in a read, as the kernel tells, before it writes.
WAKES = """
import os
r, w = os.pipe()
child = os.fork()
if not child:
    os.close(w)
    os.read(r, 1)
    os.execv("/bin/true", ["true"])
while not open(f"/proc/{child}/syscall").read().startswith("0 "):
    os.sched_yield()
os.write(w, b"x")
os.waitpid(child, 0)
"""


@pytest.fixture(scope="module", params=ENGINES)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "x.fst"
    command = [sys.executable, "-S", "-c", WAKES]
    done = cli("record", "--engine", request.param, "-o", str(folder), *command)
    assert done.returncode == 0, done.stderr
    return folder


def exported(recorded: Path, format: str, *more: str) -> bytes:
    if format == "perfetto":
        pytest.importorskip("perfetto")
    out = recorded.parent / f"x.{format}"
    done = cli("export", str(recorded), "--format", format, "-o", str(out), *more)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1
    assert (" bytes; open it at https://" in done.stderr) == (format != "strace")
    return out.read_bytes()


def timeline(recorded: Path, format: str, *more: str) -> Read:
    return READERS[format](exported(recorded, format, *more))


@pytest.mark.parametrize("format", READERS)
def test_all_calls_are_there_with_their_arguments(recorded: Path, format: str) -> None:
    trace = fasttrace.load(recorded)
    found = timeline(recorded, format)
    assert Counter(one.name for one in found.calls) == trace.summary().calls
    expected = [
        (record["tid"], record["time_ns"], without_empty(record["args"]), record["ret"])
        for record in trace.to_records()
        if record["kind"] == "syscall"
    ]
    shown = []
    for one in found.calls:
        args = {name: arg for name, arg in one.args.items() if name not in ("return", "errno")}
        shown.append((one.tid, one.time_ns, without_empty(args), one.args["return"]))
    assert sorted(map(json.dumps, shown)) == sorted(map(json.dumps, expected))
    times = {(one.tid, one.time_ns): one.dur for one in found.calls}
    for call in trace.calls():
        if fasttrace.Flag.UNFINISHED not in call.flags:
            assert times[call.tid, call.time_ns] == call.duration_ns


@pytest.mark.parametrize("format", READERS)
def test_arrows_lead_to_the_child_and_to_the_read(recorded: Path, format: str) -> None:
    found = timeline(recorded, format)
    begin = {number: one for one in found.shown for number in one.begins}
    pairs = [(begin[number], one) for one in found.shown for number in one.ends]
    [(write, read)] = [pair for pair in pairs if pair[0].name == "write" != pair[1].name]
    assert read.name == "read"
    assert write.pid != read.pid
    assert read.args["buf"] == "x"
    assert read.time_ns < write.time_ns < read.time_ns + read.dur
    child = [one for one in found.calls if one.pid == read.pid]
    first = min(child, key=lambda one: one.time_ns)
    [forked] = [pair[0] for pair in pairs if pair[1] == first]
    # In Chrome's it is tied to the call that the fork happened in.
    assert forked.name in ("clone", "fork", "clone3", "vfork")
    assert forked.pid == write.pid
    execs = [one for one in found.shown if one.category == "exec" and one.pid == read.pid]
    assert [one.args["argv"] for one in execs] == [["true"]]


@pytest.mark.parametrize("format", READERS)
def test_conditions_choose_what_is_shown(recorded: Path, format: str) -> None:
    found = timeline(recorded, format, "-e", "openat", "--failed")
    assert {one.name for one in found.calls} <= {"openat"}
    assert all(one.args["errno"] == "ENOENT" for one in found.calls)


def test_report_and_export_write_the_same_lines_of_strace(recorded: Path) -> None:
    told = exported(recorded, "strace").decode()
    report = cli("report", str(recorded), "--calls", "--strace")
    assert report.stdout == told
    assert " execve(" in told.splitlines()[0]
    assert told.count("+++ exited with 0 +++\n") == 2
    limited = cli("report", str(recorded), "--calls", "--strace", "-s", "2", "-e", "execve")
    assert '["tr"...]' in limited.stdout
    assert '["true"]' in told
    for words in (["--strace"], ["--strace", "--calls", "--json"], ["--strace", "--calls", "-y"]):
        assert cli("report", str(recorded), *words).returncode == 2


def test_speedscope_counts_the_calls_of_the_tree(recorded: Path) -> None:
    told = json.loads(exported(recorded, "speedscope"))
    names = [frame["name"] for frame in told["shared"]["frames"]]
    [calls] = [one for one in told["profiles"] if one["name"] == "calls"]
    counted: Counter[str] = Counter()
    for sample, weight in zip(calls["samples"], calls["weights"], strict=True):
        counted[names[sample[-1]]] += weight
    assert counted == fasttrace.load(recorded).summary().calls
    assert max(map(len, calls["samples"])) == 3
