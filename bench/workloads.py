"""The fixed workloads, and what the project has set itself for each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
TRACEES = HERE.parent / "tests" / "tracees"

# A Python that may not keep its bytecode compiles every module at every start. The reader's own
# configuration of git has no place in a figure.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}

# Not what may be first in PATH: a shim of pyenv is a shell script that starts a Python.
PYTHON = os.path.realpath(sys.executable)

COMMITS = 20_000
FILES = 200
FUNCTIONS = 200  # of ten lines


class Made:
    """What workloads need and is made for them, when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def getppid_loop(self) -> str:
        return self._compiled(TRACEES / "getppid_loop.c")

    @cached_property
    def getppid_threads(self) -> str:
        return self._compiled(HERE / "getppid_threads.c")

    @cached_property
    def threads(self) -> str:
        return self._compiled(HERE / "threads.c")

    @cached_property
    def standstill(self) -> str:
        return self._compiled(HERE / "standstill.c")

    def _compiled(self, source: Path) -> str:
        out = str(self._folder / source.stem)
        subprocess.run(["gcc", "-O2", "-pthread", "-o", out, str(source)], check=True)
        return out

    @cached_property
    def c_file(self) -> str:
        """2,000 lines of C that an optimiser has some work with."""
        path = self._folder / "lines.c"
        path.write_text("".join(map(_function, range(FUNCTIONS))))
        return str(path)

    @cached_property
    def repository(self) -> str:
        path = str(self._folder / "repository")
        git = ["git", "-C", path]
        subprocess.run(["git", "init", "-q", path], env=ENVIRONMENT, check=True)
        subprocess.run(
            [*git, "fast-import", "--quiet"],
            input="".join(_commits()).encode(),
            env=ENVIRONMENT,
            check=True,
        )
        head = ["symbolic-ref", "HEAD", "refs/heads/made"]
        subprocess.run([*git, *head], env=ENVIRONMENT, check=True)
        return path


def _function(i: int) -> str:
    before = f"f{i - 1}(a % 97, s / 3)" if i else "b"
    return f"""
int f{i}(int a, int b)
{{
	int s = {i}, t[16];
	for (int k = 0; k < 16; k++)
		t[k] = a * k ^ b >> k % 7;
	for (int k = 0; k < a % 16 && k >= 0; k++)
		s += t[k] * t[15 - k] + (s << {i % 5 + 1}) % {i + 2};
	return s + {before};
}}
"""


def _commits() -> Iterator[str]:
    """For git fast-import: each commit changes one of FILES files."""
    for i in range(COMMITS):
        message = f"Change {i}\n\nThat is number {i} of {COMMITS}.\n"
        text = f"{i}\n" * (i % 20 + 1)
        yield (
            f"commit refs/heads/made\n"
            f"committer Some One <one@example.org> {1_500_000_000 + 600 * i} +0000\n"
            f"data {len(message)}\n{message}"
            f"M 644 inline folder{i % FILES % 10}/file{i % FILES}\n"
            f"data {len(text)}\n{text}\n"
        )


Argv = Callable[[Made], list[str]]


class Workload(NamedTuple):
    """untraced: at most so many times the wall time untraced. strace: at least so many times faster
    than `strace -f -c`; None: nothing is promised. part: a smaller one of the same kind, called
    `part_name`, for tracers that stop at each call: minutes would go by with the whole.
    """

    name: str
    argv: Argv
    untraced: float
    strace: float | None
    part: Argv | None = None
    part_name: str = ""


def dd(count: int) -> Argv:
    return lambda made: ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={count}"]


def getppid(count: int) -> Argv:
    return lambda made: [made.getppid_loop, str(count)]


def getppid_threads(threads: int, count: int) -> Argv:
    """count: of all threads together."""
    return lambda made: [made.getppid_threads, str(threads), str(count // threads)]


def find(folder: str) -> Argv:
    return lambda made: ["find", folder]


def perl_stat(count: int) -> Argv:
    return lambda made: ["perl", "-e", f"stat '/etc/passwd' for 1 .. {count}"]


def execs(count: int) -> str:
    """A shell's script that runs so many programs."""
    return f"i=0; while [ $i -lt {count} ]; do /bin/true; i=$((i+1)); done"


def fork_exec(count: int, shell: str = "sh") -> Argv:
    return lambda made: [shell, "-c", execs(count)]


WORKLOADS = [
    Workload("dd", dd(2_000_000), 1.25, 100, dd(20_000), "1/100"),
    Workload("getppid", getppid(5_000_000), 1.6, 100, getppid(50_000), "1/100"),
    Workload(
        "getppid_8_threads",
        getppid_threads(8, 5_000_000),
        1.6,
        100,
        getppid_threads(8, 50_000),
        "1/100",
    ),
    Workload("find", find("/usr"), 1.10, 5, find("/usr/include"), "/usr/include"),
    # GNU tar reads no file when the archive is /dev/null: stats and getdents, no data.
    Workload("tar", lambda made: ["tar", "-cf", "/dev/null", "/usr/include"], 1.10, 5),
    Workload("perl_stat", perl_stat(200_000), 1.10, 25, perl_stat(50_000), "1/4"),
    Workload("fork_exec", fork_exec(500), 1.5, 2),
    Workload(
        "python", lambda made: [PYTHON, "-c", "import json, asyncio, http.client"], 1.25, None
    ),
    Workload("gcc", lambda made: ["gcc", "-O2", "-c", "-o", os.devnull, made.c_file], 1.10, None),
    Workload("git_log", lambda made: ["git", "-C", made.repository, "log"], 1.10, None),
]
