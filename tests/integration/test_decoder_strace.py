"""Promise: given a call and the memory of its arguments, the decoder writes what strace does.

Programs (tests/c/decoded_*.c) make calls, decode each by themselves, and are run under strace.

Deliberate differences are those of DIFFERENCES, each with its reason.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from compiled import decoder_program

ROOT = Path(__file__).parents[2]
STRACE = shutil.which("strace") or ""
pytestmark = [
    pytest.mark.skipif(not STRACE, reason="strace is not installed"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed"),
]
LINES_AT_LEAST = {"decoded_calls": 2500, "decoded_families": 1000}

# What strace 6.1 writes, and what we write in its place.
DIFFERENCES = {
    # A time is shown as one, as getsockopt of the same option is.
    re.compile(r'SO_RCVTIMEO_OLD, "\\3[\\0]*\\4[\\0]*"'): (
        "SO_RCVTIMEO_OLD, {tv_sec=3, tv_usec=4}"
    ),
    # A policy with a flag is two names, as later versions of strace have it.
    re.compile(r"0x40000001 /\* SCHED_\?\?\? \*/"): "SCHED_FIFO|SCHED_RESET_ON_FORK",
}
# Names that are newer than strace 6.1: there they are part of a number.
NEWER = re.compile(
    r"""STATX_(?:MNT_ID_UNIQUE|SUBVOL|WRITE_ATOMIC|DIO_READ_ALIGN)|RWF_(?:NOAPPEND|ATOMIC|DONTCACHE)
    |F_SEAL_EXEC|MAP_ABOVE4G|PIDFD_THREAD|MOUNT_ATTR_(?:IDMAP|NOSYMFOLLOW)|MOVE_MOUNT_BENEATH
    |MFD_(?:NOEXEC_SEAL|EXEC)|LANDLOCK_RULE_NET_PORT|F_DUPFD_QUERY|F_CREATED_QUERY|SCHED_EXT
    |FSCONFIG_CMD_CREATE_EXCL|PTRACE_[SG]ET_SYSCALL_USER_DISPATCH_CONFIG|PTRACE_SET_SYSCALL_INFO
    |IORING_FEAT_REG_REG_RING|SO_PASSPIDFD|SO_PEERPIDFD|BPF_TOKEN_CREATE|MEMBARRIER_CMD_GET_REGISTRATIONS""",
    re.X,
)


@pytest.fixture(
    scope="module",
    params=[(name, model) for name in LINES_AT_LEAST for model in ("-m64", "-m32")],
    ids=" ".join,
)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For x86-64, and for i386, whose structures and registers are others."""
    name, model = request.param
    program = tmp_path_factory.mktemp("decoded") / name
    empty = program.with_name("empty.c")
    empty.write_text("#include <stdio.h>\nint main(void) { return 0; }\n")
    if subprocess.run(["gcc", model, "-o", program, empty], capture_output=True).returncode:
        pytest.skip(f"gcc {model} does not work here")
    flags = ["-g", "-O0", model]
    if model == "-m64":
        flags.append("-fsanitize=address,undefined")
    assert decoder_program(name, flags, program) == ""
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
            if old.search(line):
                theirs[i] = old.sub(new, line)
                used.add(old)
    ours = (folder / "decoded.txt").read_text().splitlines()
    pairs = re.findall(r"^(\w+) (\d+)$", (ROOT / "src_c/decode/values.txt").read_text(), re.M)
    values = {name: int(value) for name, value in pairs}
    assert [as_old(line, values) for line in ours] == [as_old(line, {}) for line in theirs]
    assert len(ours) >= LINES_AT_LEAST[program.name]
    assert used == (set(DIFFERENCES) if program.name == "decoded_calls" else set())


def as_old(line: str, values: dict[str, int]) -> str:
    """The line without names that strace 6.1 does not know, and without what it says of numbers."""

    def numbers(match: re.Match[str]) -> str:
        words = match[0].split("|")
        if not values or not any(NEWER.fullmatch(word) for word in words):
            return match[0]
        rest = sum(values[word] for word in words if NEWER.fullmatch(word))
        rest |= sum(int(word, 16) for word in words if word.startswith("0x"))
        kept = [w for w in words if not NEWER.fullmatch(w) and not w.startswith("0x")]
        # The number stands behind the names, and before what is shifted.
        shifted = [word for word in kept if "<<" in word]
        return "|".join([*(w for w in kept if w not in shifted), hex(rest), *shifted])

    line = re.sub(r"[A-Za-z0-9_<]+(?:\|[A-Za-z0-9_<]+)*", numbers, line)
    return re.sub(r"(0x[0-9a-f]+) /\* \w+_\?\?\? \*/", r"\1", line)
