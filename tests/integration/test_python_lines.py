"""Promise: each call of a CPython that is traced with `python` has the frames that the program
itself would tell of there, and no other call has any.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from command_line import cli

import fasttrace
from fasttrace.data.calls import Call
from fasttrace.data.frames import Frame

PROGRAM = Path(__file__).parents[1] / "tracees" / "python_lines.py"
ASK = "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.executable)"


@cache
def pythons() -> dict[str, str]:
    """A program for each version of CPython that is here, and for each way to build it."""
    folders = ["/usr/bin", "/usr/local/bin", Path(sys.base_prefix, "bin")]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"))
    found = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("python3.*")):
            if not path.name.removeprefix("python3.").isdecimal():
                continue
            done = subprocess.run([path, "-c", ASK], capture_output=True, text=True)
            if done.returncode or not done.stdout.startswith("cpython 3 "):
                continue
            minor = done.stdout.split()[2]
            libraries = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
            how = "shared" if "libpython" in libraries else "static"
            if int(minor) >= 11:
                found.setdefault(f"3.{minor}-{how}", str(path))
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
            [python, "-X", "utf8", str(PROGRAM)], python=64, engine=engine, stdout=stdout
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
def script(tmp_path: Path) -> str:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return str(path)


def test_counts_by_line_on_the_command_line(engine: str, script: str, tmp_path: Path) -> None:
    """While it runs, and from a recording."""
    python, saved = next(iter(pythons().values())), str(tmp_path / "saved.fst")
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


def test_lines_end_with_where_they_come_from(engine: str, script: str) -> None:
    python = next(iter(pythons().values()))
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


def test_a_recording_without_lines_says_so(script: str, tmp_path: Path) -> None:
    python, saved = next(iter(pythons().values())), str(tmp_path / "saved.fst")
    assert cli("record", "-o", saved, python, script).returncode == 0
    assert "has no line of Python" in cli("report", "--by", "line", saved).stderr


def test_other_programs_have_no_frames_and_do_not_stop(engine: str) -> None:
    trace = fasttrace.trace(
        ["sh", "-c", "true; ls /"], python=True, engine=engine, stdout=subprocess.DEVNULL
    )
    assert len(trace) > 10
    assert not any(call.python for call in trace)
