"""Promise: fasttrace strace tells signals, stops and ends whole, as the installed strace does.

Where tests/integration/test_strace_lines.py leaves out what differs from run to run, here nothing
is left out but the process's own id.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE, HANG_S, Builder

STRACE = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not installed")


def told(tracer: list[str], file: Path, command: list[str]) -> str:
    """The lines of -f -o FILE; the program is to end well."""
    subprocess.run([*tracer, "-f", "-o", file, *command], timeout=2 * HANG_S, check=True)
    return file.read_text()


def both(folder: Path, engine: str, command: list[str]) -> tuple[str, str]:
    """Our lines and strace's."""
    ours = told([*FASTTRACE, "strace", "--engine", engine], folder / "ours", command)
    return ours, told([STRACE], folder / "theirs", command)


def signals(text: str) -> list[str]:
    """Those of the first task, without its own id and its child's."""
    tid = text.partition(" ")[0]
    lines = re.findall(rf"^{tid} +(--- .*)", text, re.M)
    lines = [re.sub(rf"si_pid={tid}\b", "si_pid=SELF", line) for line in lines]
    return [re.sub(r"(CLD_EXITED, si_pid=)\d{3,}", r"\1CHILD", line) for line in lines]


@pytest.mark.parametrize("engine", ENGINES)
def test_siginfo_of_every_layout_is_shown_field_by_field(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """Also where a program sends itself what only the kernel sends else: no such signal is lost."""
    ours, theirs = both(tmp_path, engine, tracees.command("siginfos"))
    assert signals(ours) == signals(theirs)
    assert len(signals(ours)) > 400


@pytest.mark.parametrize("engine", ENGINES)
def test_siginfo_that_a_call_is_given_is_shown_as_that_of_the_signal(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    ours, _ = both(tmp_path, engine, tracees.command("siginfos"))
    given = re.findall(r"rt_sigqueueinfo\(\d+, SIG\w+, (\{.*\})\) += 0", ours)
    came = [line[4:].partition(" ")[2].removesuffix(" ---") for line in signals(ours)]
    given = [re.sub(r"si_pid=\d{3,}", "si_pid=SELF", info) for info in given]
    assert given
    assert given == came[: len(given)]
