"""Promise: who calls fasttrace strace in strace's place, in a script or a terminal, sees no other.

What differs on purpose is told in docs/strace.md; lines are compared in test_strace_lines.py.
"""

from __future__ import annotations

import os
import subprocess

from support import FASTTRACE, HANG_S

# Each takes a good part of the time that the start may take: some 30 ms beside Python's own.
SLOW_TO_LOAD = {
    "argparse",
    "ast",
    "dataclasses",
    "inspect",
    "json",
    "logging",
    "numpy",
    "subprocess",
}


def test_nothing_slow_is_loaded_for_a_plain_command_line() -> None:
    command = [*FASTTRACE, "strace", "-f", "-o", "/dev/null", "-e", "trace=%file", "true"]
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "fasttrace.cli.strace.run" in loaded
    assert loaded & SLOW_TO_LOAD == set()
