"""Promise: the table of capture programs says of each call what capture.txt says, and nothing
that the engines do not know.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fasttrace import _tables

TABLES = Path(__file__).parents[2] / "src_c/tables"
sys.path.insert(0, str(TABLES))

from capture_programs import Op, Programs, read_op, read_programs  # noqa: E402

NAMES = {name for abi in range(len(_tables.ABIS)) for name in _tables.names(abi).values()}
TEXTS = read_programs(NAMES)


def test_each_op_can_be_read_for_each_architecture() -> None:
    for ops in TEXTS.values():
        for text in ops.split("; "):
            for abi in _tables.ABIS:
                assert read_op(text, abi).arg == int(text[0])


@pytest.mark.parametrize(
    ("text", "abi", "op"),
    [
        (
            "1 success data result",
            "x86_64",
            ("SUCCESS", "BYTES", "COUNT_RESULT", 0, "DATA", 0, 0, 1),
        ),
        (
            "1 success struct *arg2",
            "x86_64",
            ("SUCCESS", "BYTES", "COUNT_BEHIND", 2, "STRUCTURE", 0, 0, 1),
        ),
        ("1 exit struct 16/8", "i386", ("EXIT", "BYTES", "COUNT_ONE", 0, "STRUCTURE", 0, 0, 8)),
        (
            "1 entry struct bits(arg0)",
            "x86_64",
            ("ENTRY", "BYTES", "COUNT_ARGUMENT", 0, "STRUCTURE", 0, 0, 0),
        ),
        (
            "1 entry struct 16 if arg3 0 6 9",
            "riscv64",
            ("ENTRY", "BYTES", "COUNT_ONE", 0, "STRUCTURE", 3, 1 | 1 << 6 | 1 << 9, 16),
        ),
    ],
)
def test_what_a_word_means(text: str, abi: str, op: tuple[object, ...]) -> None:
    found = read_op(text, abi)
    assert found.arg == 1
    names = ("when", "what", "count", "source", "limit", "if_arg", "if_set", "size")
    for name, want in zip(names, op, strict=True):
        value = getattr(found, name)
        assert value == want or str(value).endswith(str(want)), name


@pytest.mark.parametrize(
    "text", ["6 entry path", "1 soon path", "1 entry struct", "1 entry data 4/", "1 entry"]
)
def test_what_is_no_op_is_refused(text: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        read_op(text, "x86_64")


def test_ops_at_the_entry_come_first_and_equal_programs_are_one() -> None:
    programs = Programs(NAMES)
    first = programs.of_call("x86_64", "recvfrom", 0)
    assert programs.of_call("aarch64", "recvfrom", 0) == first
    assert programs.of_call("x86_64", "getpid", 0) == (0, 0)
    both = [read_op("0 exit path", "x86_64"), read_op("1 entry path", "x86_64")]
    assert programs.number(both) == programs.number(both[::-1])
    paths, everything = programs.of_call("x86_64", "newfstatat", 0b10)
    assert paths != everything
    assert isinstance(both[0], Op)


def test_the_table_has_a_program_for_each_line() -> None:
    for name in TEXTS:
        abis = [name.split(":")[0]] if ":" in name else _tables.ABIS
        for abi in map(_tables.ABIS.index, abis):
            nr = _tables.number(abi, name.split(":")[-1])
            if nr is not None:
                assert _tables.capture_program(abi, nr, paths=False), name
                has_paths = bool(_tables.path_args(abi, nr))
                assert bool(_tables.capture_program(abi, nr, paths=True)) == has_paths
    assert _tables.capture_program(0, 100_000, paths=False) == 0
