"""Programs that start programs, and threads, under `summary`: against nothing and strace.

python -m pytest bench/test_processes.py                                # on all processors
taskset -c 0 python -m pytest bench/test_processes.py                   # on one
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from workloads import FILES, PYTHON, Made, fork_exec

FASTTRACE = [sys.executable, "-m", "fasttrace", "summary"]
STRACE = ["strace", "-f", "-c", "-o", os.devnull]

MAKE = """
objects := $(patsubst %.c,%.o,$(wildcard *.c))
program: $(objects)
	gcc -o $@ $^
%.o: %.c
	gcc -c -o $@ $<
"""

SUBPROCESSES = "import subprocess\nfor _ in range(500): subprocess.run(['/bin/true'])"

TESTS = """
import subprocess, pytest
@pytest.mark.parametrize("i", range(100))
def test_prints(i):
    assert subprocess.run(["echo", str(i)], capture_output=True, text=True).stdout == f"{i}\\n"
"""


def bash(folder: Path, made: Made) -> list[str]:
    return fork_exec(500, "bash")(made)


def dash(folder: Path, made: Made) -> list[str]:
    return fork_exec(500, "dash")(made)


def python(folder: Path, made: Made) -> list[str]:
    return [PYTHON, "-c", SUBPROCESSES]


def make(folder: Path, made: Made) -> list[str]:
    (folder / "Makefile").write_text(MAKE)
    for i in range(FILES):
        (folder / f"f{i}.c").write_text(f"int f{i}(int a)\n{{\n\treturn a + {i};\n}}\n")
    (folder / "main.c").write_text("int main(void)\n{\n\treturn 0;\n}\n")
    return ["make", "-s", "-B", "-j2", "-C", str(folder)]


def configure(folder: Path, made: Made) -> list[str]:
    if shutil.which("autoconf") is None:
        pytest.skip("autoconf is not installed")
    (folder / "configure.ac").write_text(
        "AC_INIT([made], [1])\nAC_PROG_CC\nAC_CHECK_HEADERS([stdint.h unistd.h fcntl.h poll.h])\n"
        "AC_CHECK_FUNCS([fork mmap poll ppoll splice])\nAC_TYPE_SIZE_T\nAC_OUTPUT\n"
    )
    subprocess.run(["autoconf"], cwd=folder, check=True)
    return ["sh", "-c", f"cd {folder} && ./configure -q"]


def pytest_run(folder: Path, made: Made) -> list[str]:
    (folder / "test_made.py").write_text(TESTS)
    return [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]


def threads(folder: Path, made: Made) -> list[str]:
    return [made.threads]


Workload = Callable[[Path, Made], list[str]]

# At most so many times the wall time untraced.
ASKED: dict[Workload, float] = {
    bash: 1.5,
    dash: 1.5,
    python: 1.5,
    make: 1.15,
    configure: 1.15,
    pytest_run: 1.15,
    threads: 1.5,
}


@pytest.mark.parametrize("workload", ASKED, ids=lambda workload: workload.__name__)
def test_processes(workload: Workload, made, in_turn, quiet, tmp_path: Path):
    argv = workload(tmp_path, made)
    contenders: dict[str, Callable[[], object]] = {
        "summary": lambda: quiet([*FASTTRACE, *argv]),
        "untraced": lambda: quiet(argv),
    }
    if shutil.which("strace"):
        contenders["strace -f -c"] = lambda: quiet([*STRACE, *argv])
    in_turn(contenders, limits={"untraced": ASKED[workload], "strace -f -c": 0.6})
