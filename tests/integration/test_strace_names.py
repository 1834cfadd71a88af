"""Promise: -Y tells what tasks are called as the installed strace does, live or saved.

Names are followed from births, programs and prctl(2); those of others are asked of /proc.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from strace_text import differences
from support import ENGINES, FASTTRACE, HANG_S, Builder

STRACE = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not installed")

HEAD = re.compile(r"^(\d+)(<.*?>)? +", re.M)


def without_own(text: str) -> str:
    """What the tracer itself is called is its own affair."""
    text = re.sub(r"<(strace|python[\d.]*|fasttrace)>", "<TRACER>", text)
    return re.sub(r"(?<=[( ])\d+<TRACER>", "N<TRACER>", text)


def heads(text: str) -> dict[str, list[str]]:
    """What each task is called in turn, the tasks in the order in which they come."""
    found: dict[str, list[str]] = {}
    for tid, name in HEAD.findall(without_own(text)):
        if found.setdefault(tid, [name])[-1] != name:
            found[tid].append(name)
    return found


def are_among(theirs: Iterable[list[str]], ours: Iterable[list[str]]) -> bool:
    """Of each task what strace calls it, in this order. It asks when it writes, which may be after
    a thread has got another name."""
    names = [(one, iter(other)) for one, other in zip(theirs, ours, strict=True)]
    return all(name in rest for one, rest in names for name in one)


def lines(text: str) -> str:
    """What `differences` takes: without names at the head, and tasks numbered as they come. Whether
    a thread that is joined has ended by then is chance."""
    text = HEAD.sub(r"\1 ", without_own(text))
    text = re.sub(r"^\d+ (futex\(|<\.\.\. futex resumed).*\n", "", text, flags=re.M)
    tids = dict.fromkeys(re.findall(r"^\d+", text, re.M))
    numbers = {tid: str(9_000_000 + place) for place, tid in enumerate(tids)}
    return re.sub(rf"\b({'|'.join(tids)})\b", lambda match: numbers[match[1]], text)


def without_early_names(text: str) -> str:
    """strace asks when it writes the line: a new child may have another name by then."""
    text = re.sub(r"(parent_tid=\[\w+)<.*?>\]", r"\1]", text)
    return re.sub(
        r"((?:clone\(.*| resumed>.*child_tidptr=\w+)\) += \w+)<(?:renamed|child)>", r"\1", text
    )


def told(tracer: Sequence[str], file: Path, command: list[str], *more: str) -> str:
    argv = [*tracer, "-f", *more, "-o", str(file), *command]
    done = subprocess.run(argv, timeout=2 * HANG_S, check=False, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    return file.read_text()


@pytest.mark.parametrize("engine", ENGINES)
def test_names_stand_where_strace_has_them(engine: str, tmp_path: Path, tracees: Builder) -> None:
    """Heads, arguments, structures, results and signals; not behind what is a group's number."""
    command = tracees.command("called")
    mine = told([*FASTTRACE, "strace", "--engine", engine], tmp_path / "ours", command, "-Y")
    its = told([STRACE], tmp_path / "theirs", command, "-Y")
    assert are_among(heads(its).values(), heads(mine).values())
    assert not differences(*(without_early_names(lines(text)) for text in (mine, its)))
    assert r"<wor\74k\76\"er>" in mine


@pytest.mark.parametrize("engine", ENGINES)
def test_names_are_known_without_the_calls_that_give_them(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """-e trace= shows what it says; what tells of names is followed all the same."""
    command = tracees.command("called")
    only = ["--decode-pids=comm", "-e", "trace=kill,getppid,tgkill"]
    mine = told([*FASTTRACE, "strace", "--engine", engine], tmp_path / "ours", command, *only)
    its = told([STRACE], tmp_path / "theirs", command, *only)
    assert not differences(lines(mine), lines(its))
    assert "<renamed>" in mine


def test_names_of_a_saved_trace_are_those_of_then(tmp_path: Path, tracees: Builder) -> None:
    """Not one process of it runs any more."""
    command, folder = tracees.command("called"), tmp_path / "x.fst"
    subprocess.run([*FASTTRACE, "record", "-o", folder, *command], timeout=HANG_S, check=False)
    argv = [*FASTTRACE, "report", "--calls", "--strace", "-Y", folder]
    mine = subprocess.run(argv, timeout=HANG_S, check=True, capture_output=True, text=True).stdout
    its = told([STRACE], tmp_path / "theirs", command, "-Y")
    ours = [[name for name in one if name] for one in heads(mine).values()]
    theirs = [[name for name in one if name != "<TRACER>"] for one in heads(its).values()]
    assert are_among(theirs, ours)
    assert "<renamed>" in mine
