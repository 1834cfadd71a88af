"""Promise: each call of a CPython that is traced with `python` has the frames that the program
itself would tell of there, and no other call has any.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from command_line import cli
from support import Builder, running

import fasttrace
from fasttrace.data.calls import Call
from fasttrace.data.frames import Frame
from fasttrace.data.lines import LineCounts

FOLDER = Path(__file__).parents[1] / "tracees"
ASK = """
import sys, sysconfig
threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
print(sys.implementation.name, *sys.version_info[:2], threaded)
"""


def library_of(python: str) -> str | None:
    """Its libpython; None: it is built in."""
    libraries = subprocess.run(["ldd", python], capture_output=True, text=True).stdout
    found = re.search(r"libpython\S+ => (/\S+)", libraries)
    return found[1] if found else None


@cache
def pythons() -> dict[str, str]:
    """A program for each version of CPython that is here, and for each way to build it; first those
    that FASTTRACE_PYTHONS names, as PATH does folders."""
    folders = [Path("/usr/bin"), Path("/usr/local/bin"), Path(sys.base_prefix, "bin")]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    paths = [Path(named) for named in os.environ.get("FASTTRACE_PYTHONS", "").split(":") if named]
    for folder in folders:
        paths += sorted(folder.glob("python3.*"))
    found = {}
    for path in paths:
        if not re.fullmatch(r"python3\.\d+t?", path.name):
            continue
        done = subprocess.run([path, "-c", ASK], capture_output=True, text=True)
        if done.returncode or not done.stdout.startswith("cpython 3 "):
            continue
        minor, *threaded = done.stdout.split()[2:]
        how = "shared" if library_of(str(path)) else "static"
        if int(minor) >= 11:
            found.setdefault(f"3.{minor}{''.join(threaded)}-{how}", str(path))
    return found


def numbered(trace: fasttrace.Trace) -> dict[int, list[Call]]:
    """The calls of the places, by their number."""
    found: dict[int, list[Call]] = {}
    for call in trace.where(syscall="umask"):
        found.setdefault(call.raw_args[0], []).append(call)
    return found


def said(output: str) -> dict[int, Counter[tuple[Frame, ...]]]:
    places: dict[int, Counter[tuple[Frame, ...]]] = {}
    for line in output.splitlines():
        number, frames = json.loads(line)
        places.setdefault(number, Counter())[tuple(Frame(*frame) for frame in frames)] += 1
    return places


@pytest.mark.parametrize("python", pythons().values(), ids=pythons().keys())
def test_frames_are_those_that_the_program_tells_of(
    python: str, engine: str, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    with output.open("w") as stdout:
        trace = fasttrace.trace(
            [python, "-X", "utf8", str(FOLDER / "python_lines.py")],
            python=64,
            engine=engine,
            stdout=stdout,
        )
    assert trace.exit_status == 0
    assert not trace.fallbacks
    calls, places = numbered(trace), said(output.read_text())
    assert len(places) > 100
    for number, stacks in places.items():
        assert Counter(call.python for call in calls[number]) == {
            stack[:64]: count for stack, count in stacks.items()
        }, f"place {number}"
    assert set(calls) - set(places) == {257}, "the child's own"
    assert [[str(f) for f in call.python] for call in calls[257]] == [["<string>:1 <module>"]]


@pytest.mark.parametrize("python", pythons().values(), ids=pythons().keys())
def test_a_child_has_the_line_that_made_it_until_it_is_another_program(
    python: str, engine: str
) -> None:
    source = "import subprocess\n\n\nsubprocess.run(['/bin/true'], close_fds=True)\n"
    trace = fasttrace.trace([python, "-c", source], python=True, engine=engine)
    execs = [call for call in trace.where(syscall="execve") if not call.errno]
    assert [call.python[-1:] for call in execs] == [(), (Frame("<string>", 4, "<module>"),)]
    child = trace.where(pid=execs[1].pid)
    after = [call for call in child if call.time_ns > execs[1].time_ns]
    assert after
    assert not any(call.python for call in after)


SCRIPT = """import os


def wait_for(parent):
    while os.getppid() != parent:
        pass


for _ in range(7):
    wait_for(os.getppid())
"""


@pytest.fixture
def python() -> str:
    if not pythons():
        pytest.skip("there is no CPython here that has lines")
    return next(iter(pythons().values()))


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return str(path)


def test_counts_by_line_on_the_command_line(
    python: str, engine: str, script: str, tmp_path: Path
) -> None:
    """While it runs, and from a recording."""
    saved = str(tmp_path / "saved.fst")
    options = ["-e", "getppid", "--engine", engine]
    done = cli("summary", "--by", "line", *options, "--json", python, script)
    live = json.loads(done.stderr)
    assert cli("record", "--python", *options, "-o", saved, python, script).returncode == 0
    told = json.loads(cli("report", "--by", "line", "--json", saved).stdout)
    for shown in (live, told):
        assert {(x["file"], x["line"], x["function"], x["calls"]) for x in shown["by_line"]} == {
            (script, 5, "wait_for", 7),
            (script, 10, "<module>", 7),
        }
        assert shown["total_calls"] == 14
    table = cli("report", "--by", "line", saved).stdout
    assert f"{script}:5 wait_for" in table
    assert "getppid:7" in table


def test_lines_end_with_where_they_come_from(python: str, engine: str, script: str) -> None:
    options = ["-e", "getppid", "--engine", engine, "--python", "--frames", "2"]
    lines = cli("trace", *options, python, script).stderr.splitlines()
    ends = Counter(line.partition("> at ")[2] for line in lines if "getppid" in line)
    assert ends == {
        f"{script}:5 wait_for, {script}:10 <module>": 7,
        f"{script}:10 <module>": 7,
    }
    objects = map(json.loads, cli("trace", "--json", *options, python, script).stderr.splitlines())
    frames = [[f["line"] for f in each["python"]] for each in objects if "python" in each]
    assert frames == [[10], [5, 10]] * 7


def test_a_recording_without_lines_says_so(python: str, script: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "saved.fst")
    assert cli("record", "-o", saved, python, script).returncode == 0
    assert "has no line of Python" in cli("report", "--by", "line", saved).stderr


@pytest.mark.parametrize("python", pythons().values(), ids=pythons().keys())
@pytest.mark.parametrize("seed", range(3))
def test_an_interpreter_that_lies_leads_nobody_astray(python: str, engine: str, seed: int) -> None:
    """What it says of the calls is its own affair; tracer and program go on."""
    command = [python, str(FOLDER / "python_lies.py"), str(seed)]
    trace = fasttrace.trace(command, python=64, engine=engine, trace="umask")
    assert trace.exit_status == 0
    calls = list(trace.where(kind="syscall"))
    assert [call.raw_args[0] for call in calls] == [7] * 300 + [8]
    assert [frame.line for frame in calls[-1].python] == [34]


@pytest.mark.parametrize(
    "python", [path for name, path in pythons().items() if name.endswith("shared")]
)
def test_an_interpreter_that_is_loaded_late_is_found(
    python: str, engine: str, tracees: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a program that did not link to it."""
    monkeypatch.setenv("PYTHONHOME", str(Path(python).parents[1]))
    library = library_of(python)
    assert library
    trace = fasttrace.trace(
        tracees.command("embeds_python", library), python=True, engine=engine, trace="umask"
    )
    assert trace.exit_status == 0
    found = {call.raw_args[0]: call.python for call in trace.where(kind="syscall")}
    assert found == {
        31: (),
        33: (Frame("<string>", 4, "inner"), Frame("<string>", 6, "<module>")),
        32: (),
    }


def test_a_running_process_has_lines_from_the_first_call_on(
    python: str, engine: str, tmp_path: Path
) -> None:
    """With threads that run when it is attached to."""
    source = """
import os, sys, threading
goes_on = True
def work():
    while goes_on:
        os.umask(0o22)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
print("ready", flush=True)
sys.stdin.read()
goes_on = False
"""
    with running([python, "-c", source]) as target:
        with fasttrace.Tracer(
            pid=target.pid, python=1, engine=engine, trace="umask", tally=False
        ) as tracer:
            counts, seen = LineCounts(), 0
            for block in tracer.blocks():
                counts.add(block, block.payload, block.payload_base)
                seen += len(block)
                if seen > 500:
                    break
        target.end()
    assert {line.frame for line in counts.lines} == {Frame("<string>", 6, "work")}


def test_a_python_that_is_not_known_is_told(engine: str, tracees: Builder) -> None:
    """In one line, not by silence."""
    command = tracees.command("claims_python")
    done = cli("summary", "--by", "line", "--engine", engine, *command)
    assert re.findall(r"claims_python \(\d+\): (no lines.*)", done.stderr) == [
        "no lines of Python, cannot read those of CPython 3.99.0a2"
    ]
    assert "no lines of Python" not in cli("summary", "--engine", engine, *command).stderr


def test_a_python_with_lines_is_no_matter_of_warning(python: str, engine: str, script: str) -> None:
    done = cli("summary", "--by", "line", "--engine", engine, python, script)
    assert "no lines of Python" not in done.stderr


def test_other_programs_have_no_frames_and_do_not_stop(engine: str) -> None:
    trace = fasttrace.trace(
        ["sh", "-c", "true; ls /"], python=True, engine=engine, stdout=subprocess.DEVNULL
    )
    assert len(trace) > 10
    assert not any(call.python for call in trace)
