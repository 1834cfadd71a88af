"""Promise: of a hundred fault plans over coreutils, sh, git and Python each alters what strace
alters."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import pytest

import fasttrace
from fasttrace._core import inline_unusable
from fasttrace.syscalls.names import syscall_name

ENGINES = ["ptrace"] + (["inline"] if inline_unusable() is None else [])

SCRIPT = """
import os, subprocess, sys
def attempt(what, *args):
    try:
        print(what.__name__, what(*args))
    except OSError as error:
        print(what.__name__, error.errno, error.filename)
attempt(os.listdir, "sub")
attempt(os.mkdir, "new")
attempt(os.rename, "a.txt", "new/a")
attempt(os.stat, "b.txt")
attempt(lambda: len(open("b.txt").read()))
attempt(os.getrandom, 0)
child = attempt(subprocess.call, ["true"])
print("done", flush=True)
""".replace("attempt(os.stat, ", "attempt(lambda name: os.stat(name).st_size, ")

COMMANDS = {
    "cat": ["cat", "a.txt", "b.txt"],
    "cp": ["cp", "-r", "sub", "copy"],
    "ls": ["ls", "-R", "."],
    "mv": ["mv", "a.txt", "sub/c.txt"],
    "sort": ["sort", "a.txt", "b.txt"],
    "sh": ["sh", "-c", "wc -l < a.txt; x=$(cat b.txt); echo $x; test -e c || mkdir c d; exit 3"],
    "git": ["git", "-C", "repo", "log", "--oneline", "--no-decorate", "--stat"],
    "python3": [sys.executable, "-IBSc", SCRIPT],
}

RULES = [
    "openat:error=ENOENT:when=4+2",
    "openat:error=EMFILE:when=6",
    "read:error=EIO:when=3+",
    "%file:error=EACCES:when=3+4",
    "mmap:error=ENOMEM:when=9+",
    "close:error=EIO:when=2+2",
    "write:error=ENOSPC",
    "write:retval=1:when=1..2",
    "newfstatat,statx:error=ENOENT:when=2..5+",
    "brk:error=ENOMEM:when=2+:delay_enter=100",
    "read:poke_exit=@arg2=4142:when=4+:delay_exit=50",
    "write,close:signal=TERM:when=2",
    "openat,newfstatat:poke_exit=@arg2=41424300:when=4..6",  # constants, too
    "clone,clone3,vfork,fork:error=EAGAIN",
]


class Outcome(NamedTuple):
    """What a run leaves: how it ended, what it printed, and the calls altered by name."""

    status: int
    stdout: str
    stderr: str
    altered: Counter[str]


Runner = Callable[[str, str], Outcome]

# Numbers of processes, addresses, and how long a path is, differ from run to run.
_VARYING = re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{12,}\b|\b\d{4,}\b| {2,}")

_ALTERED = re.compile(r"(\w+)(\(| resumed>).* \((INJECTED(: args)?|DELAYED)\)")


def outcome(status: int, texts: list[bytes], altered: Counter[str]) -> Outcome:
    stdout, stderr = (_VARYING.sub("N", text.decode(errors="replace")) for text in texts)
    return Outcome(status, stdout, stderr, altered)


@contextmanager
def captured(folder: Path) -> Iterator[tuple[IO[bytes], IO[bytes], list[bytes]]]:
    """Files for stdout and stderr; what was written is in the list at the end."""
    texts: list[bytes] = []
    with (folder / "out").open("w+b") as out, (folder / "err").open("w+b") as err:
        yield out, err, texts
    texts += [(folder / name).read_bytes() for name in ("out", "err")]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    (folder / "sub").mkdir()
    for name in ("a.txt", "b.txt", "sub/d.txt"):
        (folder / name).write_text("".join(f"{name} {i}\n" for i in range(20)))
    if shutil.which("git"):
        repo = folder / "repo"
        shutil.copytree(folder / "sub", repo)
        for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
            subprocess.run(["git", "-C", repo, *words], check=True, env=ENVIRON)
    return folder


ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "PYTHONHASHSEED": "0",
    "PAGER": "cat",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_NAME": "A" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "a@b" for who in ("AUTHOR", "COMMITTER")},
}


@pytest.fixture(scope="module")
def under_strace(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Runs a plan once; the engines compare with the same outcome."""
    known: dict[tuple[str, str], Outcome] = {}

    def run(name: str, rule: str) -> Outcome:
        if (name, rule) not in known:
            cwd = tmp_path_factory.mktemp("strace") / "cwd"
            shutil.copytree(template, cwd)
            log = cwd.parent / "log"
            calls = rule.partition(":")[0]
            strace = [
                "strace",
                "-f",
                "-o",
                str(log),
                "-e",
                f"trace={calls}",
                "-e",
                f"inject={rule}",
            ]
            with captured(cwd.parent) as (stdout, stderr, texts):
                status = subprocess.call(
                    strace + COMMANDS[name],
                    cwd=cwd,
                    env=ENVIRON,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                )
            lines = log.read_text(errors="replace").splitlines()
            found = (_ALTERED.search(line) for line in lines)
            altered = Counter(match[1] for match in found if match)
            # What strace says of itself is no part of the program's output.
            texts[1] = re.sub(rb"^strace: .*\n", b"", texts[1], flags=re.M)
            known[name, rule] = outcome(status, texts, altered)
        return known[name, rule]

    return run


def under_fasttrace(command: list[str], rule: str, cwd: Path, engine: str) -> Outcome:
    with captured(cwd.parent) as (stdout, stderr, texts):
        done = fasttrace.run(
            command,
            inject=rule,
            engine=engine,
            cwd=cwd,
            env=ENVIRON,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    assert done.altered.lost == 0
    numbers = zip(done.altered.events["nr"].tolist(), done.altered.events["abi"], strict=True)
    altered = Counter(syscall_name(nr, int(abi)) for nr, abi in numbers)
    return outcome(done.exit_status, texts, altered)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_program_meets_its_faults(
    template: Path, under_strace: Runner, tmp_path: Path, name: str, rule: str, engine: str
) -> None:
    """The same end, the same output, the same calls altered, each once."""
    if shutil.which("strace") is None or shutil.which(COMMANDS[name][0]) is None:
        pytest.skip("strace or the program is not installed")
    expected = under_strace(name, rule)
    cwd = tmp_path / "cwd"
    shutil.copytree(template, cwd)
    seen = under_fasttrace(COMMANDS[name], rule, cwd, engine)
    if "signal=" in rule:  # strace does not mark these
        seen = seen._replace(altered=Counter())
    assert seen == expected
