"""Promise: the decoder's tables are what its data files say, and what the system's headers say."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SRC = Path(__file__).parents[2] / "src_c"
FOLDER = SRC / "decode"
NAMES_AT_LEAST = 1500
STRUCTURES_AT_LEAST = 15
IOCTLS_AT_LEAST = 300
needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")


@pytest.fixture(scope="module")
def description() -> Any:
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module("description")
    finally:
        sys.path.remove(str(FOLDER))


def test_the_generated_files_are_those_of_the_data(tmp_path: Path) -> None:
    """Made again from a copy: each file is the same to the byte."""
    for room in ("decode", "tables"):
        (tmp_path / room).mkdir()
        for path in [*(SRC / room).glob("*.txt"), *(SRC / room).glob("*.py")]:
            shutil.copy(path, tmp_path / room)
    script = tmp_path / "decode" / "generate.py"
    subprocess.run([sys.executable, script], check=True, timeout=60)
    made = sorted(tmp_path.glob("*/*.[ch]"))
    assert [path.name for path in made] == [
        *("families.h", "generated.h", "generated_calls.c", "generated_sets.c"),
        *("generated_structs.c", "generated_types.c"),
        *("aarch64.c", "capture.c", "classes.h", "i386.c", "numbers.h", "riscv64.c", "x86_64.c"),
    ]
    for path in made:
        assert path.read_text() == (SRC / path.relative_to(tmp_path)).read_text(), path.name


@needs_gcc
def test_numbers_are_those_of_the_system_headers(description: Any) -> None:
    """Of each name that they have; the values come from newer ones."""
    header_values = importlib.import_module("header_values")
    sets, given = description.read_sets()
    values = description.read_values(given)
    names = {name for one in sets.values() for name, _ in one.members} - set(given)
    names -= description.read_ioctls().keys()
    headers = [head for head, _ in description.blocks("headers.txt")]
    libc = [name[5:] for name in headers if name.startswith("libc ")]
    kernel = [name for name in headers if not name.startswith("libc ") and is_header(name)]
    found = header_values.probe(names, kernel, [])
    found |= header_values.probe(names - set(found), libc, [])
    wrong = {n: (v, values[n]) for n, v in found.items() if (v ^ values[n]) & 0xFFFFFFFF}
    # What the C library calls differently: all its files may be large; and a whole of two flags.
    assert wrong.keys() <= {"O_LARGEFILE", "__O_TMPFILE"}
    assert len(found) >= NAMES_AT_LEAST


@needs_gcc
def test_ioctls_are_those_of_the_system_headers(description: Any) -> None:
    """Of headers that most have: as 64-bit programs have them."""
    ioctl_values, known = importlib.import_module("ioctl_values"), description.read_ioctls()
    found = {}
    for header in ("asm-generic/ioctls.h", "linux/fs.h", "linux/sockios.h", "linux/kvm.h"):
        path = Path("/usr/include", header)
        if path.is_file():
            names = [n for n in ioctl_values.names_in(header, path.read_text()) if n in known]
            found |= ioctl_values.numbers(header, names, [])
    assert {name: known[name][0] for name in found} == found
    assert len(found) >= IOCTLS_AT_LEAST or not is_header("linux/kvm.h")


@needs_gcc
def test_structures_lie_as_the_compiler_lays_them(description: Any) -> None:
    """Their sizes, and the places of their fields, on x86-64."""
    known, compared = description.Descriptions(), set()
    for (name, model), struct in known.structs.items():
        if model != "x86_64" or not struct.ctype or not is_header(struct.header):
            continue
        size, _, offsets = known.struct_layout(struct, model)
        lines = [
            f"#include <{struct.header}>",
            f'_Static_assert(sizeof({struct.ctype}) == {size}, "");',
        ]
        lines += [
            f"_Static_assert(__builtin_offsetof({struct.ctype}, {field.name}) == {at}, "
            f'"{name}.{field.name}");'
            for field, at in zip(struct.fields, offsets, strict=True)
            if field.name != "_"
        ]
        done = compiled("\n".join(lines))
        assert "static assertion failed" not in done, f"{name}: {done}"
        if not done:
            compared.add(name)
    assert len(compared) >= STRUCTURES_AT_LEAST, compared


def compiled(source: str) -> str:
    """What the compiler has to say against it."""
    command = ["gcc", "-x", "c", "-std=gnu11", "-fsyntax-only", "-D_GNU_SOURCE", "-"]
    env = {"LC_ALL": "C", "PATH": "/bin:/usr/bin"}
    done = subprocess.run(command, input=source, capture_output=True, text=True, env=env)
    return done.stderr if done.returncode else ""


def is_header(name: str) -> bool:
    return not compiled(f"#include <{name}>")


def test_each_unknown_word_is_an_error(description: Any) -> None:
    """In a type, and in a count: a mistake shows when the tables are made."""
    known = description.Descriptions()
    with pytest.raises(SystemExit, match="no such type"):
        known.type("in nonsense", [])
    with pytest.raises(ValueError, match="not in list"):
        known.type("in bytes[nothing]", ["fd"])
    assert known.type("in bytes[count]", ["fd", "count"]) >= 0
