"""Promise: on a terminal of 80 columns no table is wrapped, and none on one of 40, no help either;
what was written, and how to see it, is said on a terminal alone."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from support import FASTTRACE

WORK = ["sh", "-c", "ls /; cat /nowhere/a-name-that-is-rather-long /etc/hostname; ls -l /usr"]


def on_terminal(columns: int, *words: str) -> str:
    """What stands on a terminal so wide when our command line has ended there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [*FASTTRACE, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=env
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # EIO: nobody has it open any more
                break
        running.wait(50)
    os.close(ours)
    text = shown.decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminal")
    null = subprocess.DEVNULL
    for name in ("a.fst", "b.fst"):
        command = [*FASTTRACE, "record", "-o", str(folder / name), *WORK]
        subprocess.run(command, stdout=null, stderr=null, timeout=50)
    return folder


@pytest.mark.parametrize("columns", [80, 40])
def test_no_table_is_wider_than_its_terminal(columns: int, recorded: Path) -> None:
    one, other = str(recorded / "a.fst"), str(recorded / "b.fst")
    for words in (
        ("report", one),
        ("report", one, "--by", "comm"),
        ("tree", one),
        ("diff", one, other),
        ("summary", "-o", "/dev/stderr", "true"),
        ("why", one),
        ("--help",),
        ("summary", "--help"),
        ("diff", "--help"),
        ("why", "--help"),
    ):
        shown = on_terminal(columns, *words)
        # The last line, on the whole run, is a sentence.
        lines = shown.rpartition("\n\n")[0].splitlines() or shown.splitlines()
        assert len(lines) > 3, words
        too_long = [line for line in lines if len(line) > columns]
        assert too_long == [], words


def test_a_recording_says_where_it_is_on_a_terminal_alone(tmp_path: Path) -> None:
    """With the command that shows it, as a shell reads it."""
    folder = tmp_path / "a b.fst"
    shown = on_terminal(200, "record", "-o", str(folder), "true").splitlines()
    assert shown == [f"fasttrace: {folder} is written: fasttrace report '{folder}' shows it"]
    again = subprocess.run(
        [*FASTTRACE, "record", "-o", str(tmp_path / "x.fst"), "true"],
        capture_output=True,
        timeout=50,
    )
    assert (again.returncode, again.stdout, again.stderr) == (0, b"", b"")


def test_a_dash_is_standard_output() -> None:
    for verb in ("summary", "trace"):
        done = subprocess.run(
            [*FASTTRACE, verb, "-o", "-", "-e", "execve", "true"],
            capture_output=True,
            text=True,
            timeout=50,
        )
        assert "execve" in done.stdout
        assert (done.returncode, done.stderr) == (0, "")
