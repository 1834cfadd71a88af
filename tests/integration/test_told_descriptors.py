"""Promise: trace -y and report --calls -y tell behind each descriptor what it is, whichever calls
are chosen.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE

COMMAND = ["sh", "-c", "cd /etc; cat < passwd | cat > /dev/null"]


def output_of(*words: str | Path) -> str:
    run = subprocess.run(
        [*FASTTRACE, *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return run.stdout + run.stderr


def calls_of(text: str) -> list[str]:
    """Without tasks and times."""
    return re.findall(r"^\d+ (?:\(\d+\))? +\d+\.\d+ (\w+\(.*?)(?: <[\d.]+>)?$", text, re.M)


@pytest.mark.parametrize("engine", ENGINES)
def test_lines_tell_what_descriptors_are(engine: str) -> None:
    calls = calls_of(output_of("trace", "-y", "--engine", engine, *COMMAND))
    assert 'openat(AT_FDCWD</etc>, "passwd", O_RDONLY) = 3</etc/passwd>' in calls
    assert "dup2(3</etc/passwd>, 0) = 0</etc/passwd>" in calls
    assert any(re.match(r"read\(0</etc/passwd>, .* = [1-9]", call) for call in calls)
    assert any(re.match(r"read\(0<pipe:\[\d+\]>, .* = [1-9]", call) for call in calls)
    assert any(re.match(r"write\(1</dev/null<char 1:3>>, ", call) for call in calls)
    assert not any(re.search(r"\(\d+[,)]", call) for call in calls if call.startswith("close("))


@pytest.mark.parametrize("engine", ENGINES)
def test_only_calls_that_were_asked_for_are_shown(engine: str) -> None:
    """Though others are recorded for what they tell."""
    chosen = ["--engine", engine, "-e", "read,write", "--path", "/etc/passwd"]
    calls = calls_of(output_of("trace", "-y", *chosen, *COMMAND))
    assert calls
    assert all(call.startswith("read(0</etc/passwd>, ") for call in calls)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_recording_tells_the_same_later(engine: str, tmp_path: Path) -> None:
    output_of("record", "-y", "--engine", engine, "-o", tmp_path / "x.fst", *COMMAND)
    calls = calls_of(output_of("report", "--calls", "-y", tmp_path / "x.fst"))
    assert "dup2(3</etc/passwd>, 0) = 0</etc/passwd>" in calls
    reads = calls_of(output_of("report", "--calls", "-y", "-e", "read", tmp_path / "x.fst"))
    assert reads == [call for call in calls if call.startswith("read(")]
    plain = calls_of(output_of("report", "--calls", "-e", "close", tmp_path / "x.fst"))
    assert plain
    assert not any("<" in call for call in plain)


def test_a_recording_without_links_tells_what_its_calls_say(tmp_path: Path) -> None:
    """Paths, from the working directory once that is known."""
    output_of("record", "-o", tmp_path / "x.fst", *COMMAND)
    calls = calls_of(output_of("report", "--calls", "-y", tmp_path / "x.fst"))
    assert "close(3</etc/passwd>) = 0" in calls
    assert any(call.startswith("write(1</dev/null>, ") for call in calls)


@pytest.mark.parametrize(
    "words", [["trace", "-y", "--json", "true"], ["report", "-y", "x.fst"]], ids=" ".join
)
def test_what_means_nothing_is_refused(words: list[str]) -> None:
    run = subprocess.run([*FASTTRACE, *words], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "-y is for lines" in run.stderr
