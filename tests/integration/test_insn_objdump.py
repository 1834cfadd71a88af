"""Promise: our instruction decoder agrees with objdump about the programs in daily use.

By default in some parts of each file; with FASTTRACE_LONG=1 in all of it.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
OBJDUMP = shutil.which("objdump") or ""
LONG = os.environ.get("FASTTRACE_LONG") == "1"
WINDOWS, WINDOW = 6, 256 << 10
CHUNK = 8 << 20  # what objdump prints of it fills 10 times as much

pytestmark = [
    pytest.mark.any_user,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the decoder is of x86-64"),
    pytest.mark.skipif(not OBJDUMP, reason="objdump is not installed"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed"),
]

# enum ft_insn_kind
KINDS = ["other", "nop", "int3", "ret", "jmp", "jmp_indirect", "branch", "call", "call_indirect"]
KINDS += ["syscall", "trap"]

PREFIX = rb"(?:data16|addr32|[cdefgs]s|lock|repn?z|notrack|bnd|xacquire|xrelease|rex(?:\.[WRXB]+)?)"
LINE = re.compile(rb"^ +([0-9a-f]+):\t(.*)$", re.M)
SPECIAL = re.compile(
    rb"(?:" + PREFIX + rb" +)*(?:"
    rb"(?P<nop>nop[wlq]?\b|xchg +%r?ax,%r?ax)|(?P<int3>int3)|(?P<ret>l?ret[wq]?\b)"
    rb"|(?P<jmp_indirect>l?jmp[wq]? +\*)|(?P<call_indirect>l?call[wq]? +\*)"
    rb"|(?P<jmp>jmpq?\b)|(?P<call>callq?\b)|(?P<branch>j[a-z]+|loop[a-z]*|xbeginw?)"
    rb"|(?P<syscall>syscall)|(?P<trap>hlt|ud[012])\b)"
)
TARGET = re.compile(rb"(?:,p[nt])? +(?:0x)?([0-9a-f]+)")
RIP_RELATIVE = re.compile(rb"\(%[re]ip\)")
# Bytes that are no instruction, and prefixes that objdump prints as instructions of their own.
UNKNOWN = re.compile(rb".*\(bad\)|\.byte|" + PREFIX + rb"(?: +" + PREFIX + rb")* *$")


def bytes_that(condition):
    return b"[" + b"".join(b"\\x%02x" % byte for byte in range(256) if condition(byte)) + b"]"


# What code in use has not, but data in between looks like: a prefix in front of VEX, EVEX or XOP,
# instructions that a later objdump may know (APX); and fwait, which objdump joins to what follows.
PREFIXES = rb"[\x26\x2e\x36\x3e\x40-\x4f\x64-\x67\xf0\xf2\xf3]"
NO_MAP = bytes_that(lambda byte: byte & 15 not in (1, 2, 3, 5, 6))
DOUBTFUL = re.compile(
    PREFIXES + rb"*(?:[\x9b\xd5\xd6]"
    rb"|[\x40-\x4f\x66\xf0\xf2\xf3]" + PREFIXES + rb"*[\x62\x8f\xc4\xc5])"
    rb"|[\x62\xc4]" + NO_MAP + rb"|\x62." + bytes_that(lambda byte: not byte & 4),
    re.S,
)
# objdump says nop of other opcodes too, which stand for what some processors do not have, and of
# those that trap for their lock.
NOP = re.compile(PREFIXES.replace(rb"\xf0", b"") + rb"*(?:\x90|\x0f\x1f)")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Decodes ranges [(offset, size)] of a file: rows of offset, length, kind, rip, target."""
    program = tmp_path_factory.mktemp("insn") / "insn_sweep"
    sources = [ROOT / "tests/c/insn_sweep.c", ROOT / "src_c/arch/x86_64/insn.c"]
    gcc = ["gcc", "-std=gnu11", "-O2", f"-I{ROOT / 'src_c'}", "-o", program, *sources]
    subprocess.run(gcc, check=True)

    def run(path, ranges):
        lines = "".join(f"{offset} {size}\n" for offset, size in ranges)
        done = subprocess.run([program, path], input=lines.encode(), stdout=-1, check=True)
        return np.fromstring(done.stdout, np.int64, sep=" ").reshape(-1, 5)

    return run


def code_sections(path):
    """[(offset in the file, size)]"""
    done = subprocess.run([OBJDUMP, "-hw", path], stdout=-1, text=True, check=True)
    fields = [line.split() for line in done.stdout.splitlines() if line.endswith("CODE")]
    return [(int(f[5], 16), int(f[2], 16)) for f in fields]


def disassemble(path, start, stop):
    """[offset], [text]. As a plain file of bytes: a symbol ends no instruction before its time."""
    command = [OBJDUMP, "-D", "-bbinary", "-mi386:x86-64", "-Mintel64", "-w", "-z"]
    command += ["--no-show-raw-insn", f"--start-address={start}", f"--stop-address={stop}", path]
    found = LINE.findall(subprocess.run(command, stdout=-1, check=True).stdout)
    return np.array([int(at, 16) for at, _ in found], np.int64), [text for _, text in found]


def expect(code, start, offsets, texts):
    """Rows as of `sweep`, and which of them objdump is sure of."""
    rows = np.zeros((len(texts), 5), np.int64)
    rows[:, 0] = offsets
    rows[:, 1] = np.diff(offsets, append=start + len(code))
    sure = np.ones(len(texts), bool)
    for i, text in enumerate(texts):
        if RIP_RELATIVE.search(text):
            rows[i, 3] = 1
        if special := SPECIAL.match(text):
            kind = special.lastgroup
            if kind == "nop" and not NOP.match(code, offsets[i] - start):
                kind = "other"
            rows[i, 2] = KINDS.index(kind)
            if kind in ("jmp", "call", "branch"):
                to = int(TARGET.match(text, special.end())[1], 16) - int(offsets[i])
                rows[i, 4] = (to + 2**63) % 2**64 - 2**63
        elif UNKNOWN.match(text) or DOUBTFUL.match(code, offsets[i] - start):
            sure[i] = False
    return rows, sure


def runs(rows, sure):
    """[(offset, size)] of the stretches of instructions that objdump is sure of."""
    edges = np.flatnonzero(np.diff(sure, prepend=False, append=False))
    ends = np.append(rows[:, 0], rows[-1, 0] + rows[-1, 1])[edges].reshape(-1, 2)
    return [(begin, end - begin) for begin, end in ends.tolist()]


def differences(ours, expected):
    """What one of the two says and the other does not."""
    ours, expected = set(map(tuple, ours.tolist())), set(map(tuple, expected.tolist()))
    return sorted((ours - expected) | (expected - ours))


def compare(sweep, path, start, stop, whole):
    """A part of a file, which must not differ. Returns the number of instructions, and where they
    end: if not whole, the last ones are left out, since the end may lie inside of one."""
    offsets, texts = disassemble(path, start, stop)
    if not whole:
        stop, offsets, texts = int(offsets[-8]), offsets[:-8], texts[:-8]
    with path.open("rb") as file:
        file.seek(start)
        code = file.read(stop - start)
    rows, sure = expect(code, start, offsets, texts)
    ours, expected = sweep(path, runs(rows, sure)), rows[sure]
    if not np.array_equal(ours, expected):
        found = differences(ours, expected)[:20]
        pytest.fail(f"{path}: offset, length, kind, rip, target: {found}")
    return len(expected), stop


def is_elf(path):
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def programs():
    """Of this process, and of PATH: the code of Go and node comes from other compilers."""
    mapped = set(re.findall(r"/\S+$", Path("/proc/self/maps").read_text(), re.M))
    wanted = r"/(?:libc\.so|ld-linux|libpython|python|libcrypto|_multiarray_umath)[^/]*$"
    paths = {Path(path) for path in mapped if re.search(wanted, path)}
    for name in ["node", "go", *["docker"] * LONG]:
        if found := shutil.which(name):
            paths.add(Path(found).resolve())
    return sorted(path for path in paths if is_elf(path))


@pytest.mark.parametrize("path", programs(), ids=lambda path: path.name)
def test_instructions_are_as_long_as_objdump_says(sweep, path):
    count = 0
    for begin, size in code_sections(path):
        end = begin + size
        if LONG or size <= WINDOWS * WINDOW:
            start = begin
            while start < end:
                stop = min(start + CHUNK, end)
                number, start = compare(sweep, path, start, stop, stop == end)
                count += number
        else:
            for start in range(begin, end - WINDOW, (size - WINDOW) // WINDOWS):
                count += compare(sweep, path, start, start + WINDOW, False)[0]
    print(f"{path}: {count} instructions")
    assert count
