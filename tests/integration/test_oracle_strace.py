"""Promise: counts per syscall and errors per errno are strace's, exactly.

Deliberate differences, each left out of the comparison by what names it:

| what                          | strace -c                | fasttrace           | left out by     |
|-------------------------------|--------------------------|---------------------|-----------------|
| exit, exit_group              | counts returns: no line  | counts entries      | FLAG UNFINISHED |
| a call cut off by death, exec | no line                  | counted, unfinished | FLAG UNFINISHED |
| a call that seccomp answers   | counts a return: its own | counted, unfinished | SIGSYS after it |
| with a signal (TRAP, KILL)    | number as the result     |                     |                 |
| rt_sigreturn                  | fails if the register it | has no result, so   | its errors      |
|                               | restores looks like it   | never fails         |                 |
| a call that a signal          | the attempt and the      | the same            | if need be:     |
| interrupts and that restarts  | restart are two calls    |                     | without_chance  |
| futex                         | counted                  | the same            | as above        |
| getrandom                     | counted                  | the same            | as above        |

Whether a signal (SIGCHLD: it interrupts only those traced) comes during a call or before it, and
whether a thread has to wait for another, depends on how fast the tracer is. For the name of a
temporary file glibc draws once more where the number would favour some letters, which is one time
in twenty. So if counts differ they are compared again without futex, without getrandom and without
the attempts that were restarted; of programs with children also without rt_sigreturn.

What differs from run to run can be compared with nothing: a program is compared only if strace
agrees with itself, and one that seems to differ from us gets more chances to differ from itself
(`agreed`). How many were compared is checked at the end.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.syscalls.errnos import errno_name
from fasttrace.syscalls.names import syscall_name
from fasttrace.tracing.tracer import Tracer

STRACE = shutil.which("strace")
pytestmark = pytest.mark.skipif(STRACE is None, reason="strace is not installed")

COMPARED: set[str] = set()
LEFT_OUT: dict[str, str] = {}
COMPARED_AT_LEAST = 25

# Without randomised addresses malloc and mmap make the same calls each time.
FIXED = ["setarch", "-R"] if shutil.which("setarch") else []
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass
class Counts:
    calls: Counter = field(default_factory=Counter)  # (bits, name)
    errors: Counter = field(default_factory=Counter)  # (bits, name)
    errnos: Counter = field(default_factory=Counter)  # (name, errno)


ROW = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(\d+)? +(\w+)$")
RESULT = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+).*\) += (?:-1|\?) (E\w+) \(")


def read_strace(text: str) -> Counts:
    """What `strace -f -C` wrote: lines of calls, then a table of counts for each ABI."""
    counts, bits = Counts(), 64
    for line in text.splitlines():
        if line.startswith("System call usage summary for 32 bit mode"):
            bits = 32
        elif row := ROW.match(line):
            calls, errors, name = row.groups()
            if name != "total":
                counts.calls[bits, name] += int(calls)
                counts.errors[bits, name] += int(errors or 0)
        elif failed := RESULT.match(line):
            counts.errnos[failed.groups()] += 1
    return tidy(counts)


def tidy(counts: Counts) -> Counts:
    for key in [k for k in counts.errors if k[1] == "rt_sigreturn"]:
        del counts.errors[key]
    for key in [k for k in counts.errnos if k[0] == "rt_sigreturn"]:
        del counts.errnos[key]
    return Counts(+counts.calls, +counts.errors, +counts.errnos)


def without_chance(counts: Counts) -> Counts:
    left = Counts(*(Counter(c) for c in (counts.calls, counts.errors, counts.errnos)))
    for (name, errno), times in counts.errnos.items():
        if errno.startswith("ERESTART"):
            bits = 64 if counts.errors[64, name] >= times else 32
            left.calls[bits, name] -= times
            left.errors[bits, name] -= times
            del left.errnos[name, errno]
    for counter in (left.calls, left.errors, left.errnos):
        for key in [key for key in counter if {"futex", "getrandom"} & set(key)]:
            del counter[key]
    return tidy(left)


def run_strace(command: list[str], cwd: Path, log: Path) -> Counts:
    subprocess.run(
        [STRACE, "-f", "-C", "-qq", "-s0", "-e", "signal=none", "-o", log, *command],
        cwd=cwd,
        env=ENV,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=False,  # as we do
    )
    return read_strace(log.read_text(errors="replace"))


def run_fasttrace(command: list[str], cwd: Path) -> Counts:
    """Counts of the events, after a look that the tally says the same."""
    quiet = subprocess.DEVNULL
    tracer = Tracer(command, cwd=cwd, env=ENV, stdin=quiet, stdout=quiet, stderr=quiet, tally=True)
    counts, tallied = Counts(), Counter()
    cut: dict[int, tuple[int, str]] = {}  # by tid: its last call, if that was cut off
    with tracer:
        for block in tracer.blocks():
            events = np.frombuffer(block, EVENT_DTYPE)
            for event in events:
                if event["kind"] != Kind.SYSCALL:
                    refused = cut.pop(int(event["tid"]), None)
                    if refused is not None and is_sigsys(event):
                        counts.calls[refused] += 1
                    continue
                abi = ("x86_64", "i386")[event["abi"]]
                name = syscall_name(int(event["nr"]), abi)
                tallied[name] += 1
                key = (64 if abi == "x86_64" else 32, name)
                if event["flags"] & Flag.UNFINISHED:
                    cut[int(event["tid"])] = key
                    continue
                counts.calls[key] += 1
                if event["flags"] & Flag.ERROR:
                    counts.errors[key] += 1
                    counts.errnos[name, errno_name(-int(event["ret"]))] += 1
    assert tracer.lost == 0
    assert tracer.summary().calls == tallied
    return tidy(counts)


def is_sigsys(event: np.void) -> bool:
    """A SIGSYS, or the death by it."""
    if event["kind"] == Kind.SIGNAL:
        return bool(event["nr"] == signal.SIGSYS)
    return bool(event["kind"] == Kind.EXIT and event["ret"] & 0x7F == signal.SIGSYS)


def agreed(command: list[str], cwd: Path, log: Path) -> tuple[Counts, Counts] | None:
    """strace's counts and ours; None if strace does not agree with itself."""
    expected = run_strace(command, cwd, log)
    if run_strace(command, cwd, log) != expected:
        return None
    ours = run_fasttrace(command, cwd)
    if without_chance(ours) != without_chance(expected) and any(
        run_strace(command, cwd, log) != expected for _ in range(5)
    ):
        return None
    return expected, ours


def without_handlers(counts: Counts) -> Counts:
    """Two children that end at the same time may be told of by one SIGCHLD."""
    for key in [key for key in counts.calls if "rt_sigreturn" in key]:
        del counts.calls[key]
    return counts


def compare(name: str, command: list[str], cwd: Path, *, children: bool = False) -> None:
    both = agreed([*FIXED, *command], cwd, cwd.parent / f"{name}.strace")
    if both is None:
        LEFT_OUT[name] = "strace does not agree with itself"
        pytest.skip(LEFT_OUT[name])
    expected, ours = both
    if ours != expected:
        expected, ours = without_chance(expected), without_chance(ours)
    if ours != expected and children:
        expected, ours = without_handlers(expected), without_handlers(ours)
    assert ours.calls == expected.calls
    assert ours.errors == expected.errors
    assert ours.errnos == expected.errnos
    COMPARED.add(name)


# Each writes once: how often one reads what comes piece by piece is a matter of time.
SCRIPT = "printf '%s\\n' 1 2 3 | sed s/1/x/ | sort -r | tr a-z A-Z; for i in 1 2; do (exit 3); done"
PROGRAMS = {
    "true": "true",
    "ls": "ls -laR .",
    "cat": "cat data missing",
    "cp": "cp -r data folder copy",
    "python3": [sys.executable, "-S", "-c", "import json; json.dumps([1])"],
    "python3-processes": [
        sys.executable,
        "-S",
        "-c",
        "import os\nfor i in range(5):\n os.fork() or os._exit(i)\n os.wait()",
    ],
    "sh": ["sh", "-c", "cat data | wc -l; ls missing; exec true"],
    "bash": ["bash", "--norc", "-c", "x=$(cat data); [ -f missing ] || cd folder && exec true"],
    "bash-pipe": ["bash", "--norc", "-c", SCRIPT],
    "git-init": "git init -q repository",
    "git-status": "git -C repository status",
    "gcc": "gcc -pipe -c -o program.o program.c",
    "gcc-link": "gcc -o program program.c",
    "perl": ["perl", "-e", "stat q(data) for 1..100; print qx(echo hello); exit 3"],
    "sqlite3": ["sqlite3", "base.db", "drop table if exists t; create table t(x); select * from t"],
    "find": "find . -name *.c -newer data",
    "tar": "tar -cf archive.tar folder",
    "tar-gzip": "tar -czf archive.tgz folder",
    "dd": "dd if=/dev/zero of=zeros bs=512 count=1000",
    "busybox": "busybox sh -c 'busybox ls -l; busybox grep x data | busybox wc'",
    "sed": "sed -n s/e/E/p data",
    "awk": "awk '{n += NF} END {print n; system(\"true\")}' data",
    "sort": "sort --parallel=1 -r data",
    "xz": "xz -T1 -kf data",
    "gzip": "gzip -kf data",
    "make": "make -B -f makefile",
    "head": "head -c 100 /dev/zero",
    "env": "env -i sh -c :",
    "openssl": "openssl dgst -sha256 data",
    "jq": "jq -n '[range(10)]'",
    "redis": "redis-server --version",
    "node": "node --version",
    "go": "go version",
    "cmake": "cmake --version",
    "diff": "diff -r folder copy",
    "id": "id",
    "xargs": ["sh", "-c", "ls | xargs -n 1 echo"],
    "nice": "nice -n 1 true",
    "tail-missing": "tail missing",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with something to work on; what the programs write is there from the start."""
    folder = tmp_path_factory.mktemp("oracle") / "place"
    (folder / "folder" / "deeper").mkdir(parents=True)
    (folder / "copy").mkdir()
    (folder / "data").write_text("one line\nand another\n" * 100)
    (folder / "folder" / "deeper" / "file").write_text("x")
    (folder / "program.c").write_text("int main(void) { return 0; }\n")
    (folder / "makefile").write_text("all: ; @echo one\n\t@sh -c 'exit 0'\n\t-@false\n")
    return folder


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_has_the_counts_of_strace(place, name):
    words = PROGRAMS[name]
    command = shlex.split(words) if isinstance(words, str) else words
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    # A first run, so that all find the files of an earlier one.
    subprocess.run(
        command,
        cwd=place,
        env=ENV,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    compare(name, command, place, children=True)


GO = """package main

import (
	"fmt"
	"os"
)

func main() {
	for i := 0; i < 100; i++ {
		os.Getppid()
		os.Stat("/nonexistent")
	}
	fmt.Println("go")
}
"""


def test_go_binary(place, tmp_path):
    """A static Go program: what its runtime does is a matter of time, what main does is not."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    source, exe = tmp_path / "main.go", tmp_path / "main"
    source.write_text(GO)
    caches = {"GOCACHE": str(tmp_path / "cache"), "GOFLAGS": "-mod=mod", "HOME": str(tmp_path)}
    built = subprocess.run(
        ["go", "build", "-o", exe, source], env=ENV | caches, capture_output=True, text=True
    )
    if built.returncode:
        pytest.skip(f"cannot build a Go program here: {built.stderr.splitlines()[0]}")
    log = tmp_path / "log"
    expected, ours = run_strace([str(exe)], place, log), run_fasttrace([str(exe)], place)
    for name in ("getppid", "newfstatat", "write", "execve"):
        assert ours.calls[64, name] == expected.calls[64, name] > 0
        assert ours.errors[64, name] == expected.errors[64, name]
    assert ours.errnos["newfstatat", "ENOENT"] == 100
    COMPARED.add("go-binary")


def test_a_tracee_has_the_counts_of_strace(tracees, tracee, place):
    if tracee.oracle:
        pytest.skip(f"its calls differ from run to run: {tracee.oracle}")
    compare(f"tracee-{tracee.name}", tracees.command(tracee.name), place)


def test_enough_was_compared():
    """Of all the tests above; run alone it has nothing to say."""
    if not COMPARED and not LEFT_OUT:
        pytest.skip("no program was compared in this run")
    print(f"compared: {sorted(COMPARED)}; left out: {LEFT_OUT}")
    assert len(COMPARED) >= COMPARED_AT_LEAST, LEFT_OUT
