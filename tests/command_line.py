"""Running `python -m fasttrace` and talking with what it runs.

Where a test must know that a program has come to some point, the program says so through its
standard output, or the trace through ours.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from support import FASTTRACE

LIMIT_S = 60  # for what should end at once: a test that hangs fails


def cli(*args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return run(FASTTRACE, *args, **options)


def run(
    command: Sequence[str], *words: str | Path, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Any command, ours or strace's, with more words."""
    options = {"stdin": subprocess.DEVNULL, "timeout": LIMIT_S, **options}
    return subprocess.run([*command, *map(str, words)], capture_output=True, text=True, **options)


def one_line(done: subprocess.CompletedProcess[str], status: int) -> str:
    """What it said, which must be one line of ours and no traceback."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("fasttrace: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@contextmanager
def running(*command: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process with pipes, which is gone afterwards."""
    for stream in ("stdin", "stdout", "stderr"):
        options.setdefault(stream, subprocess.PIPE)
    with subprocess.Popen(command, bufsize=0, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def line(stream: IO[bytes] | None) -> str:
    assert stream is not None
    return stream.readline().decode()


def until(stream: IO[bytes] | None, text: str) -> str:
    """The first line with this text."""
    while got := line(stream):
        if text in got:
            return got
    raise AssertionError(f"ended without {text!r}")


def ask_until_it_ends(process: subprocess.Popen[bytes], number: int) -> int:
    """Signal again and again, as a user does who has lost patience; the return code."""
    for _ in range(LIMIT_S * 4):
        process.send_signal(number)
        try:
            return process.wait(0.25)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("it does not end")


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]
