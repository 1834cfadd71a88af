"""Promise: given a call and the memory of its arguments, the decoder writes what strace does.


A program (tests/c/decoded_calls.c) makes calls, decodes each by itself, and is run under strace.

Deliberate differences are those of DIFFERENCES, each with its reason.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRACE = shutil.which("strace") or ""
pytestmark = [
    pytest.mark.skipif(not STRACE, reason="strace is not installed"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed"),
]
LINES_AT_LEAST = 250

# What strace 6.1 writes, and what we write in its place.
DIFFERENCES = {
    # A command of Linux 6.3, newer than strace 6.1.
    "|0x200)": "|MEMBARRIER_CMD_GET_REGISTRATIONS)",
    # A time is shown as one, as getsockopt of the same option is.
    r'SO_RCVTIMEO_OLD, "\3\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0"': (
        "SO_RCVTIMEO_OLD, {tv_sec=3, tv_usec=4}"
    ),
    # A policy with a flag is two names, as later versions of strace have it.
    "0x40000001 /* SCHED_??? */": "SCHED_FIFO|SCHED_RESET_ON_FORK",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("decoded") / "decoded_calls"
    sources = [ROOT / "tests/c/decoded_calls.c", *sorted((ROOT / "src_c/decode").glob("*.c"))]
    flags = ["-std=gnu11", "-g", "-O1", "-fsanitize=address,undefined", f"-I{ROOT / 'src_c'}"]
    subprocess.run(["gcc", *flags, "-o", program, *sources], check=True, timeout=300)
    return program


def test_each_line_is_what_strace_writes(program: Path, tmp_path: Path) -> None:
    """Structures, unions, flags, results; calls that succeed, that fail, that make no sense."""
    log, folder = tmp_path / "strace.txt", tmp_path / "files"
    folder.mkdir()
    # LeakSanitizer does not work under ptrace(2); dates are those of UTC.
    options = ["-E", "ASAN_OPTIONS=detect_leaks=0", "-E", "TZ=UTC", "-E", "LC_ALL=C"]
    command = [STRACE, "-a1", "-o", log, *options, program, folder]
    subprocess.run(command, check=True, timeout=120, env={"TZ": "UTC", "PATH": "/bin:/usr/bin"})
    lines = log.read_text().splitlines()
    first = lines.index("sync() = 0")
    theirs = [
        line
        for line in lines[first + 1 : lines.index("sync() = 0", first + 1)]
        if not re.match(r"(---|\+\+\+) ", line)
    ]
    used = set()
    for i, line in enumerate(theirs):
        for old, new in DIFFERENCES.items():
            if old in line:
                theirs[i] = line.replace(old, new)
                used.add(old)
    ours = (folder / "decoded.txt").read_text().splitlines()
    assert ours == theirs
    assert len(ours) >= LINES_AT_LEAST
    assert used == set(DIFFERENCES)
