"""Promise: a command of ioctl(2) that strace names has that name, if the headers have it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import fasttrace

IOCTLS = Path(__file__).parents[2] / "src_c/decode/ioctls.txt"
STRACE = shutil.which("strace") or ""
pytestmark = [
    pytest.mark.skipif(not STRACE, reason="strace is not installed"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed"),
]
# Each is known to strace by a name that no header has any more, or beside one.
OTHER_NAMES_AT_MOST = 80
# Their structures have grown since, so their numbers are others.
MOVED = {"DRM_IOCTL_AMDGPU_GEM_OP", "DRM_IOCTL_VIRTGPU_EXECBUFFER"}


def test_each_command_has_the_names_that_strace_knows(tmp_path: Path) -> None:
    """All of them, made for no descriptor: a few names are newer than the headers' or older."""
    rows = [line.split() for line in IOCTLS.read_text().splitlines() if line[0] != "#"]
    known, commands = {row[0] for row in rows}, sorted({int(row[1], 0) for row in rows})
    source, program, log = tmp_path / "all.c", tmp_path / "all", tmp_path / "strace.txt"
    source.write_text(
        "#include <sys/syscall.h>\n#include <unistd.h>\n"
        f"static const unsigned long all[] = {{ {', '.join(map(str, commands))} }};\n"
        "int main(void)\n{\n\tfor (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)\n"
        "\t\tsyscall(SYS_ioctl, -1, all[i], 0x10L);\n}\n"
    )
    subprocess.run(["gcc", "-o", program, source], check=True, timeout=60)
    command = [STRACE, "-e", "trace=ioctl", "-o", log, program]
    subprocess.run(command, check=True, timeout=120)
    theirs = [names_of(line) for line in log.read_text().splitlines() if "ioctl(-1" in line]
    trace = fasttrace.trace([program])
    ours = [names_of(str(call)) for call in trace.calls() if str(call).startswith("ioctl(-1")]
    assert len(theirs) == len(ours) == len(commands)
    missing = [name for t, o in zip(theirs, ours, strict=True) for name in t - o]
    assert {name for name in missing if name in known} <= MOVED
    assert len(missing) <= OTHER_NAMES_AT_MOST, missing
    assert not any(name.startswith("_IOC(") for one in ours for name in one)


def names_of(line: str) -> set[str]:
    """Of a command that strace does not know at all none."""
    match = re.match(r"ioctl\(-1, (_IOC\(|(?:\w+(?:\([^)]*\))?(?: or )?)+)", line)
    assert match, line
    return set() if match[1] == "_IOC(" else set(match[1].split(" or "))
