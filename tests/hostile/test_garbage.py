"""Promise: all calls with garbage in all their arguments are traced, each in one line that can be
read, in every form; and none of it harms the tracer.

Numbers and results are those that the installed strace has, as far as it knows the calls.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from strace_text import by_task
from support import ENGINES, FASTTRACE, Builder

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
LIMIT_S = 120
LINE = re.compile(r"\w+\((?P<arguments>.*)\) += (?:-?\d+|0x[0-9a-f]+|\?)(?: .*)?")
FORMS = [
    [],
    ["-v"],
    ["-X", "raw"],
    ["-X", "verbose"],
    ["-e", "verbose=none"],
    ["-xx", "-e", "read=all", "-e", "write=all"],
]
# Of this process, its group and its memory; where calls begin that strace 6.1 does not know.
OWN = re.compile(r"(?:brk|getpid|getpgrp|gettid|set_tid_address|execve)\(")
UNKNOWN = re.compile(r"syscall_0x")


def told(command: list[str], tmp_path: Path, program: list[str], *words: str) -> list[str]:
    """The lines of the one task, but its first and last."""
    out = tmp_path / "lines"
    done = subprocess.run(
        [*command, "-f", "-o", str(out), *words, *program],
        timeout=LIMIT_S,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    text = re.sub(r"^ .*\n", "", out.read_text(), flags=re.M)  # what is dumped
    (lines,) = by_task(text).values()
    assert lines[-1] == "+++ exited with 0 +++"
    return lines[:-1]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("words", FORMS, ids=" ".join)
def test_each_call_has_a_line_that_can_be_read(
    words: list[str], engine: str, tmp_path: Path, tracees: Builder
) -> None:
    program = tracees.command("garbage_arguments")
    command = [*FASTTRACE, "strace", "--engine", engine]
    mine = told(command, tmp_path, program, *words)
    assert [line for line in mine if not LINE.fullmatch(line)] == []
    assert len(mine) == len(told(["strace"], tmp_path, program))
    assert len(mine) > 1300


@pytest.mark.parametrize("engine", ENGINES)
def test_each_call_has_the_numbers_and_the_result_that_strace_has(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    program = tracees.command("garbage_arguments")
    command = [*FASTTRACE, "strace", "--engine", engine]
    mine = told(command, tmp_path, program, "-e", "raw=all")
    its = told(["strace"], tmp_path, program, "-e", "raw=all")
    first = next(i for i, line in enumerate(its) if "0xffffffffffffffff" in line)
    pairs = list(zip(mine[first:], its[first:], strict=True))
    same = [(a, b) for a, b in pairs if not OWN.match(b) and not UNKNOWN.match(b)]
    assert [(a, b) for a, b in same if re.sub(" +", " ", a) != re.sub(" +", " ", b)] == []
    assert len(same) > 900
