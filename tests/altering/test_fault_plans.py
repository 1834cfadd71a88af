"""Promise: real programs say and end under our faults as they do under strace's.

No plan here alters a call that gives or takes a process id (getpid, fork, wait4, kill ...): a
program that is told a wrong one may signal the wrong process, and kill(-1) reaches all there are.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_alter_core import ALWAYS, ENGINES, MS, injection, spawn

from fasttrace import _core

STRACE = shutil.which("strace")
pytestmark = [
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64"),
    pytest.mark.skipif(STRACE is None, reason="strace is not installed"),
]

COUNT = 120
LIMIT_S = 20

PROGRAMS = {
    "ls": ("ls", "-la", "folder"),
    "cat": ("cat", "file", "folder/copy"),
    "sort": ("sort", "file"),
    "cp": ("cp", "-r", "folder", "/dev/null/nowhere"),
    "find": ("find", ".", "-name", "copy"),
    "head": ("head", "-c", "3", "file"),
    "git log": ("git", "log", "--oneline"),
    "git diff": ("git", "diff", "--no-ext-diff", "HEAD"),
    "python": (sys.executable, "-ISc", "import os; print(sorted(os.listdir('.')))"),
}

CALLS = [
    "openat",
    "read",
    "close",
    "mmap",
    "mprotect",
    "munmap",
    "brk",
    "newfstatat",
    "lseek",
    "getdents64",
    "rt_sigaction",
    "rt_sigprocmask",
    "ioctl",
    "getrandom",
    "access",
    "pread64",
    "prlimit64",
    "arch_prctl",
    "set_robust_list",
    "getcwd",
    "statx",
    "fcntl",
    "sigaltstack",
    "exit_group",
    "statfs",
    "uname",
    "readlink",
]

ERRORS = ("EPERM", "ENOENT", "EIO", "EINTR", "EAGAIN", "ENOMEM", "EACCES", "EFAULT", "EINVAL")

WHENS = {
    "": (1, ALWAYS, 1),
    ":when=1": (1, 1, 0),
    ":when=2": (2, 2, 0),
    ":when=3+2": (3, ALWAYS, 2),
    ":when=2..4": (2, 4, 1),
    ":when=1+3": (1, ALWAYS, 3),
}


@dataclass(frozen=True)
class Plan:
    program: str
    strace: str
    row: _core.Injection

    def __str__(self) -> str:
        return f"{self.program}: {self.strace}"


def some_plan(chance: random.Random) -> Plan:
    name, when = chance.choice(CALLS), chance.choice(list(WHENS))
    kind = chance.random()
    if kind < 0.7:
        error = chance.choice(ERRORS)
        effect = f"error={error}"
        row = injection(name, _core.INJECT_RETURN, when=WHENS[when], ret=-getattr(errno, error))
    elif kind < 0.85:
        effect = "signal=CHLD"
        row = injection(name, _core.INJECT_SIGNAL, when=WHENS[when], sig=signal.SIGCHLD)
    else:
        effect = "delay_enter=50:delay_exit=50"
        flags = _core.INJECT_DELAY_ENTER | _core.INJECT_DELAY_EXIT
        row = injection(name, flags, when=WHENS[when], enter_ns=MS // 20, exit_ns=MS // 20)
    return Plan(chance.choice(list(PROGRAMS)), f"{name}:{effect}{when}", row)


CHANCE = random.Random(1)
PLANS = [some_plan(CHANCE) for _ in range(COUNT)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans")
    (folder / "folder").mkdir()
    (folder / "file").write_text("b\na\n")
    (folder / "folder" / "copy").write_text("copy\n")
    if shutil.which("git"):
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@y"]
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
            subprocess.run([*git, *words], cwd=folder, check=True)
        (folder / "file").write_text("changed\n")
    return folder


Outcome = tuple[int, bytes, bytes]


def with_strace(command: Sequence[str], plan: Plan) -> Outcome:
    assert STRACE is not None
    strace = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"inject={plan.strace}"]
    done = subprocess.run([*strace, *command], capture_output=True, timeout=LIMIT_S)
    return done.returncode, done.stdout, done.stderr


def read_all(reader: int, into: list[bytes]) -> None:
    with os.fdopen(reader, "rb") as pipe:
        into.append(pipe.read())


def with_us(command: Sequence[str], plan: Plan, engine: str) -> tuple[Outcome, _core.Stats]:
    session = _core.Session(engine=engine, injections=[plan.row], events=False, tally=True)
    ends = [os.pipe(), os.pipe()]
    texts: list[list[bytes]] = [[], []]
    try:
        spawn(session, command, ends[0][1], ends[1][1])
    finally:
        os.close(ends[0][1])
        os.close(ends[1][1])
    readers = [
        threading.Thread(target=read_all, args=(end[0], text))
        for end, text in zip(ends, texts, strict=True)
    ]
    for reader in readers:
        reader.start()
    ended = session.wait(LIMIT_S)
    if not ended:
        session.kill()
        session.wait()
    for reader in readers:
        reader.join()
    stats, tally = session.stats(), session.tally()
    session.close()
    assert ended, "it hangs"
    assert stats["calls"] == sum(row.calls for row in tally.rows())
    return (os.waitstatus_to_exitcode(stats["root_status"]), texts[0][0], texts[1][0]), stats


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_a_program_with_faults(folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    words = PROGRAMS[plan.program]
    path = shutil.which(words[0])
    if path is None:
        pytest.skip(f"{words[0]} is not installed")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("HOME", "/nonexistent")
    command = [path, *words[1:]]
    judged = with_strace(command, plan)
    for engine in ENGINES:
        outcome, stats = with_us(command, plan, engine)
        assert outcome == judged, engine
        assert stats["error"] == 0
        assert stats["lost"] == 0
