"""Promise: `fasttrace trace` writes the lines that strace writes of the same program.

Each program runs under both. Memory that we did not copy is an address in our line: there strace's
may have anything. All else must be the same to the letter, when pids, addresses, times and what is
random are made alike.

Deliberate differences, each left out by what names it:

| what                     | strace                               | fasttrace    | left out by |
|--------------------------|--------------------------------------|--------------|-------------|
| rt_sigreturn             | an error, if the result looks like   | a number     | its name    |
|                          | one                                  |              |             |
| a call while others make | unfinished, resumed                  | one line     | joined      |
| theirs                   |                                      |              |             |
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from strace_text import by_task, without_pids
from support import ENGINES, FASTTRACE

STRACE = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not installed")

ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent"}
ENV["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
FIXED = ["setarch", "-R"] if shutil.which("setarch") else []
COMMANDS = {
    "ls": ["ls", "-l", "/usr"],
    "cat": ["cat", "/etc/passwd", "/nonexistent"],
    "children": ["sh", "-c", "ls /usr; cat /etc/hostname; exit 3"],
    "killed": ["sh", "-c", "kill -TERM $$"],
    "find": ["find", "/usr/include/linux", "-maxdepth", "1"],
    "tar": ["tar", "cf", "/dev/null", "/usr/include/linux"],
    "python": [sys.executable, "-S", "-E", "-c", "import socket, subprocess; socket.socketpair()"],
    "timeout": ["timeout", "5", "sleep", "0.01"],
    "dd": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=100", "status=none"],
    "stat": ["stat", "/", "/dev/null"],
}
# Lists of files beyond 32,768 bytes are not captured whole, so their entries cannot be counted.
NOT_CAPTURED = ("getdents64(",)
ADDRESS = re.compile(r"\b0x[0-9a-f]{5,16}\b")


@functools.cache
def of_strace(name: str) -> tuple[list[str], set[str]]:
    """Once for all engines."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "strace.txt")
        subprocess.run(
            [STRACE, "-f", "-a1", "-o", log, *FIXED, *COMMANDS[name]],
            env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False,
        )  # fmt: skip
        tasks = by_task(log.read_text(errors="replace"))
    calls = [line for lines in tasks.values() for line in lines]
    return [line for line in calls if not line.startswith(("--- ", "+++ "))], set(tasks)


def of_fasttrace(command: list[str], folder: Path, engine: str) -> tuple[list[str], set[str]]:
    log = folder / f"{engine}.txt"
    subprocess.run(
        [*FASTTRACE, "trace", "--engine", engine, "-o", log, *FIXED, *command],
        env=ENV,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False,
    )  # fmt: skip
    by_pid: dict[str, list[str]] = {}
    for line in log.read_text().splitlines():
        match = re.fullmatch(r"(\d+)(?: +| \((\d+)\) +)\d+\.\d+ (.*?)(?: <[\d.]+>)?", line)
        assert match, line
        if not match[3].startswith("--- "):
            by_pid.setdefault(match[2] or match[1], []).append(match[3])
    return [line for lines in by_pid.values() for line in lines], set(by_pid)


def normal(line: str, pids: set[str]) -> str:
    line = without_pids(line, dict.fromkeys(pids, "PID"))
    line = re.sub(r"\b(getppid\(\) = )\d+", r"\1PID", line)
    # What is random, and what the machine has left.
    line = re.sub(r'\b(getrandom\(|sysinfo\()(?:"[^"]*"|\{.*\})', r"\g<1>0xaaaaaa", line)
    return re.sub(r"^rt_sigreturn\(.*", "rt_sigreturn", line)


def in_order(lines: list[str]) -> list[str]:
    """A shell's child may end before or after the shell waits for it: where the handler of SIGCHLD
    returns is a matter of time."""
    return sorted(lines, key=lambda line: line == "rt_sigreturn")


def agrees(ours: str, theirs: str) -> bool:
    expected = ".+".join(re.escape(part) for part in ADDRESS.split(ours))
    return re.fullmatch(expected, theirs) is not None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", COMMANDS)
def test_lines_are_those_of_strace(name: str, engine: str, tmp_path: Path) -> None:
    """Of each process in its order."""
    theirs, their_pids = of_strace(name)
    ours, our_pids = of_fasttrace(COMMANDS[name], tmp_path, engine)
    pids = their_pids | our_pids  # a number of theirs may be a pid of ours
    theirs = in_order([normal(line, pids) for line in theirs])
    ours = in_order([normal(line, pids) for line in ours])
    assert len(ours) == len(theirs) > 20
    assert [(a, b) for a, b in zip(ours, theirs, strict=True) if not agrees(a, b)] == []
    # Where strace shows memory, so do we.
    shown = [(ADDRESS.sub("A", a), ADDRESS.sub("A", b)) for a, b in zip(ours, theirs, strict=True)]
    assert [(a, b) for a, b in shown if a != b and not a.startswith(NOT_CAPTURED)] == []
