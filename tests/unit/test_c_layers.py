"""Promise: in src_c a file includes only what lies in its own room or in one below it.

The rooms, from the bottom up; what they hold is told in docs/architecture.md. The contract (the
headers at the top of src_c) and the two rooms that know nothing of a session are below all others.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src_c"
INLINE = "engine/inline"
ROOMS = [
    "",
    "tables",
    "arch",
    "arch/x86_64",
    "arch/aarch64",
    "kernel",
    "record",
    "decode",
    "python",
    "session",
    "alter",
    "engine",
    INLINE,
    f"{INLINE}/run",
    f"{INLINE}/drain",
    f"{INLINE}/patch",
    f"{INLINE}/space",
    f"{INLINE}/stops",
    f"{INLINE}/engine.c",  # where all of them come together
    "tracer",
]
FILES = sorted(path.relative_to(SRC) for path in SRC.rglob("*.[ch]"))
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


@cache
def included(file: Path) -> tuple[Path, ...]:
    return tuple(Path(name) for name in INCLUDE.findall((SRC / file).read_text()))


def room(file: Path) -> str:
    if str(file) in ROOMS:
        return str(file)
    return "" if len(file.parts) == 1 else str(file.parent)


def test_each_room_has_its_place() -> None:
    assert {room(file) for file in FILES} == set(ROOMS)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_includes_nothing_from_above(file: Path) -> None:
    """By its path from src_c, so that one reads where it lies."""
    for other in included(file):
        assert (SRC / other).is_file(), f"{other} is not a path from src_c"
        assert ROOMS.index(room(other)) <= ROOMS.index(room(file)), f"{other} is above {file}"


def test_no_headers_include_each_other() -> None:
    above: list[Path] = []
    done: set[Path] = set()

    def visit(file: Path) -> None:
        assert file not in above, " -> ".join(str(path) for path in [*above, file])
        if file in done:
            return
        above.append(file)
        for other in included(file):
            visit(other)
        above.pop()
        done.add(file)

    for file in FILES:
        visit(file)
