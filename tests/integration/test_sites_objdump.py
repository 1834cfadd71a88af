"""Promise: no bytes but a true syscall instruction are ever patched, whoever jumped to them.

All pairs of bytes 0f 05 in the text of programs in daily use, as if a task had stopped at each;
objdump, which knows where functions begin, says which are instructions.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OBJDUMP = shutil.which("objdump") or ""
NONE = 0  # enum ft_patch_kind

pytestmark = [
    pytest.mark.any_user,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the patches are of x86-64"),
    pytest.mark.skipif(not OBJDUMP, reason="objdump is not installed"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed"),
]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """[(offset, kind if alone, kind)] of a file's pairs of bytes in ranges [(offset, size)]."""
    program = tmp_path_factory.mktemp("site") / "site_sweep"
    arch = ROOT / "src_c/arch/x86_64"
    sources = [ROOT / "tests/c/site_sweep.c", arch / "site.c", arch / "insn.c"]
    gcc = ["gcc", "-std=gnu11", "-O2", f"-I{ROOT / 'src_c'}", "-o", program, *sources]
    subprocess.run(gcc, check=True)

    def run(path, ranges):
        lines = "".join(f"{offset} {size}\n" for offset, size in ranges)
        done = subprocess.run([program, path], input=lines, stdout=-1, text=True, check=True)
        return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]

    return run


def code_sections(path):
    """[(offset in the file, size, address)]"""
    done = subprocess.run([OBJDUMP, "-hw", path], stdout=-1, text=True, check=True)
    fields = [line.split() for line in done.stdout.splitlines() if line.endswith("CODE")]
    return [(int(f[5], 16), int(f[2], 16), int(f[3], 16)) for f in fields]


def true_sites(path, sections):
    """Their offsets in the file."""
    command = [OBJDUMP, "-d", "-w", "--no-show-raw-insn", path]
    text = subprocess.run(command, stdout=-1, text=True, check=True).stdout
    addresses = [int(at, 16) for at in re.findall(r"^ *([0-9a-f]+):\tsyscall", text, re.M)]
    return {
        at - address + offset
        for at in addresses
        for offset, size, address in sections
        if address <= at < address + size
    }


def programs():
    """Of this process, and of PATH: what is statically linked, and other compilers' code."""
    mapped = set(re.findall(r"/\S+$", Path("/proc/self/maps").read_text(), re.M))
    wanted = r"/(?:libc\.so|ld-linux|libm\.so|libcrypto|_multiarray_umath)[^/]*$"
    paths = {Path(path) for path in mapped if re.search(wanted, path)}
    paths |= {Path(path) for path in Path("/lib").glob("ld-musl-*")}
    paths |= {Path(found).resolve() for name in ["busybox", "go"] if (found := shutil.which(name))}
    return sorted(path for path in paths if path.read_bytes()[:4] == b"\x7fELF")


@pytest.mark.parametrize("path", programs(), ids=lambda path: path.name)
def test_only_true_sites_are_patched(sweep, path):
    sections = code_sections(path)
    true = true_sites(path, sections)
    rows = sweep(path, [(offset, size) for offset, size, _ in sections])
    assert true <= {offset for offset, _, _ in rows}
    patched = {offset for offset, alone, kind in rows if alone != NONE or kind != NONE}
    assert patched <= true
    print(f"{path}: {len(rows)} pairs of bytes, {len(true)} sites, {len(patched)} patched")


def test_most_sites_of_libc_are_patched(sweep):
    """Else a test that patches nothing would pass."""
    libc = next((path for path in programs() if path.name.startswith("libc.so")), None)
    if libc is None:
        pytest.skip("this Python is not linked with glibc")
    rows = sweep(libc, [(offset, size) for offset, size, _ in code_sections(libc)])
    assert sum(alone != NONE for _, alone, _ in rows) > 0.9 * len(rows)
