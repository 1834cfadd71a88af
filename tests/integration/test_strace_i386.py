"""Promise: structures of 32-bit programs, and what pointers in them lead to, are shown as strace
shows them: in their own layout, with pointers of their own size.

Deliberate differences: DIFFERENCES of strace_text.py.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from compiled import compile_c
from strace_text import differences
from strace_together import Together
from support import ENGINES

FOLDER = Path(__file__).parents[1] / "tracees"
PROGRAMS = [
    "select",
    "clone3",
    "asynchronous_io",
    "bpf",
    "devices",
    "ipc_status",
    "segments",
    "video",
    "btrfs",
    "lines",
    "rings",
]
TRACEES = [f"tells_{name}" for name in PROGRAMS] + ["multiplexed_i386"]
pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
# What 6.1 takes for a set of signals though the kernel does not, and numbers that disks are given,
# which it shows as 0x1 of 32-bit programs; buffers of video with 32-bit times, which it shows as
# addresses.
LEFT_OUT = re.compile(
    r"^\d+ (?:.*sigsetsize=7\}|ioctl\(-1, (?:HDIO_SET_|VIDIOC_[A-Z_]*BUF(?:_TIME32)?,)).*\n", re.M
)
# Numbers that the kernel gives to what is made, also where another task's line came in between.
NUMBERS = re.compile(
    r"((?:shm|sem|msg)(?:get(?:\(.*| resumed>.*)\) = |ctl\(.*_INFO, .*\) = |[a-z]+\())\d+\b"
)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Together:
    folder = tmp_path_factory.mktemp("i386")
    for name in TRACEES:
        source = [FOLDER / f"{name}.c"]
        done = compile_c(["gcc", "-std=gnu11", "-w", "-m32", "-O1"], folder / name, source)
        if done.returncode:
            pytest.skip("gcc -m32 does not work here")
    return Together([[str(folder / name)] for name in TRACEES], folder)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("place", range(len(TRACEES)), ids=TRACEES)
def test_32_bit_programs_have_straces_lines(place: int, engine: str, together: Together) -> None:
    mine, its = (
        NUMBERS.sub(r"\1N", LEFT_OUT.sub("", together.texts(by)[place])) for by in (engine, None)
    )
    assert differences(mine, its) == []
    assert len(mine.splitlines()) > 20
