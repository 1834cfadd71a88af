"""Promise: Trace.where(path=) and where(fd=) choose the calls that name a file or have a descriptor
of it, also in parts of a trace and in saved ones; with descriptors=True as /proc tells what it is.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE

import fasttrace
from fasttrace.data.touches import path_matcher

READING = ["openat", "read", "close"]
PROGRAM = r"""
import os, sys
os.chdir(sys.argv[1])
one = os.open("one.txt", os.O_RDONLY)
two = os.open("two.bin", os.O_RDONLY)
if not os.fork():
    os.close(one)
    one = os.open("three.txt", os.O_RDONLY)
    os.read(one, 1)
    os.close(one)
    os._exit(0)
os.wait()
os.read(one, 1)
os.dup2(two, one)
os.read(one, 2)
os.close(one)
os.close(two)
"""


def names(trace: fasttrace.Trace) -> list[str]:
    return [call.name for call in trace]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name in ("one.txt", "two.bin", "three.txt"):
        (folder / name).write_text("abc")
    return folder


@pytest.fixture(scope="module", params=[(e, d) for e in ENGINES for d in (True, False)], ids=str)
def trace(request: pytest.FixtureRequest, folder: Path) -> fasttrace.Trace:
    engine, descriptors = request.param
    argv = [sys.executable, "-S", "-c", PROGRAM, str(folder)]
    return fasttrace.trace(argv, engine=engine, descriptors=descriptors)


def test_a_path_has_the_calls_on_its_descriptors_too(trace: fasttrace.Trace, folder: Path) -> None:
    """Up to where another file takes the descriptor; those of children are their own."""
    assert names(trace.where(path=f"{folder}/three.txt")) == READING
    one = sorted(trace.where(path=f"{folder}/one.txt"), key=lambda call: call.time_ns)
    assert [call.name for call in one] == ["openat", "close", "read", "dup2"]
    two = sorted(trace.where(path=f"{folder}/two.bin"), key=lambda call: call.time_ns)
    assert [call.name for call in two] == ["openat", "dup2", "read", "close", "close"]


def test_a_path_is_a_text_a_pattern_or_an_expression(trace: fasttrace.Trace, folder: Path) -> None:
    text = trace.where(path="three.t")
    assert names(text) == READING
    assert names(trace.where(path=re.compile(r"/three\.txt$"))) == READING
    glob = trace.where(path=f"{folder}/*.txt")
    assert len(glob) == len(trace.where(path=f"{folder}/one.txt")) + len(READING)
    assert len(trace.where(path="*.no")) == len(trace.where(path="/no/such/file")) == 0


def test_of_a_part_the_whole_trace_is_followed(trace: fasttrace.Trace, folder: Path) -> None:
    """A part may have no call that opens."""
    reads = trace.where(syscall="read")
    assert names(reads.where(path=f"{folder}/three.txt")) == ["read"]
    assert names(trace.where(syscall="read", path=f"{folder}/three.txt")) == ["read"]
    assert names(trace.where(path=f"{folder}/three.txt").where(syscall="close")) == ["close"]


def test_a_descriptor_has_the_calls_that_are_given_or_make_it(
    trace: fasttrace.Trace, folder: Path
) -> None:
    (opened,) = trace.where(syscall="openat", path=f"{folder}/three.txt")
    fd = opened.ret
    mine = trace.where(fd=fd, pid=opened.pid)
    assert names(mine) == ["close", *READING]
    assert len(trace.where(fd=[fd, 1000])) == len(trace.where(fd=fd)) > len(mine)
    assert len(trace.where(fd=())) == len(trace.where(fd=-100)) == 0


def test_a_saved_trace_tells_the_same(trace: fasttrace.Trace, folder: Path, tmp_path: Path) -> None:
    trace.save(tmp_path / "x.fst")
    loaded = fasttrace.load(tmp_path / "x.fst")
    path = f"{folder}/*.txt"
    assert names(loaded.where(path=path)) == names(trace.where(path=path))


def test_links_are_followed_only_as_proc_tells(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder / "one.txt")
    argv = ["cat", str(tmp_path / "link")]
    told = fasttrace.trace(argv, descriptors=True, stdout=subprocess.DEVNULL)
    assert {"openat", "read", "close"} <= set(names(told.where(path=f"{folder}/one.txt")))
    alone = fasttrace.trace(argv, stdout=subprocess.DEVNULL)
    assert names(alone.where(path=f"{folder}/one.txt")) == []
    assert "read" in names(alone.where(path="link"))


@pytest.mark.parametrize(
    ("path", "text", "want"),
    [
        ("etc", "/usr/etc/x", True),
        ("/etc/*", "/etc/passwd", True),
        ("/etc/*", "/etc/ssl/x", True),
        ("/etc/*", "/usr/etc/x", False),
        ("*.so.[0-9]", "/lib/a.so.6", True),
        ("?", "ab", False),
        (re.compile("^a"), "ba", False),
    ],
)
def test_what_a_path_matches(path: str | re.Pattern[str], text: str, want: bool) -> None:
    assert path_matcher(path)(text) is want


@pytest.mark.parametrize("engine", ENGINES)
def test_trace_and_summary_choose_by_descriptors_too(engine: str, folder: Path) -> None:
    """With --path; and only calls of the set that is asked for."""
    command = ["sh", "-c", "cat one.txt two.bin"]
    words = [*FASTTRACE, "trace", "--engine", engine, "-e", "read,close", "--path", "*/one.txt"]
    run = subprocess.run([*words, *command], capture_output=True, text=True, cwd=folder, check=True)
    calls = re.findall(r" (\w+)\(\d+", run.stderr)
    assert set(calls) == {"read", "close"}
    words = [*FASTTRACE, "summary", "--engine", engine, "--path", "*/one.txt", "--json"]
    run = subprocess.run([*words, *command], capture_output=True, text=True, cwd=folder, check=True)
    assert '"read"' in run.stderr + run.stdout
