"""Promise: the syscall tables are complete, consistent, and what the generator makes of
its data.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fasttrace import _tables
from fasttrace.syscalls.names import ABIS, Syscall, syscall_name, syscall_number, table

TABLES = Path(__file__).parents[2] / "src_c" / "tables"


@pytest.mark.parametrize("abi", range(len(ABIS)))
def test_names_and_numbers_are_each_others_inverse(abi):
    names = _tables.names(abi)
    assert len(names) == len(set(names.values()))
    for nr, name in names.items():
        assert _tables.number(abi, name) == nr
        assert _tables.name(abi, nr) == name
        assert len(_tables.signature(abi, nr)) <= 6


def test_all_calls_up_to_469_are_there():
    names = _tables.names(0)
    assert len(names) >= 380
    # 335 is uretprobe's and 387 to 423 are left free between the old numbers and the common ones.
    assert [nr for nr in range(424, 470) if nr not in names] == []
    assert [nr for nr in range(335) if nr not in names] == []
    for abi in (1, 2, 3):
        assert [nr for nr in range(424, 470) if names[nr] != _tables.name(abi, nr)] == []


@pytest.mark.parametrize(
    ("abi", "nr", "name"),
    [
        ("x86_64", 0, "read"),
        ("x86_64", 59, "execve"),
        ("i386", 11, "execve"),
        ("i386", 192, "mmap2"),
        ("aarch64", 56, "openat"),
        ("riscv64", 259, "riscv_flush_icache"),
        ("x86_64", 435, "clone3"),
    ],
)
def test_known_numbers_have_their_names(abi, nr, name):
    assert syscall_name(nr, abi) == name
    assert syscall_number(name, abi) == nr


@pytest.mark.parametrize("nr", [500, 2**31 - 1, -1, 2**40])
def test_an_unknown_number_is_shown_in_hex(nr):
    assert syscall_name(nr) == f"syscall_{nr & 0xFFFFFFFF:#x}"


def test_an_unknown_abi_has_no_names():
    assert _tables.names(200) == {}
    assert syscall_name(0, 200) == "syscall_0x0"
    with pytest.raises(ValueError, match="unknown ABI 'vax'"):
        syscall_name(0, "vax")


def test_an_unknown_name_says_what_is_near():
    with pytest.raises(LookupError, match="did you mean openat"):
        syscall_number("opnat")


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("openat", (1,)),
        ("execve", (0,)),
        ("rename", (0, 1)),
        ("mount", (0, 1)),
        ("symlinkat", (0, 2)),
        ("write", ()),
        ("readlink", (0,)),
        ("getcwd", ()),
        ("fsetxattr", ()),
        ("setxattr", (0,)),
    ],
)
def test_path_arguments_are_known_by_index(name, args):
    assert table()[syscall_number(name)].path_args == args


def test_wide_arguments_are_split_on_i386():
    names = [name for name, _ in _tables.signature(1, syscall_number("pread64", "i386"))]
    assert names == ["fd", "buf", "count", "pos_low", "pos_high"]


def test_the_table_gives_types_and_classes():
    assert table("x86_64")[3] == Syscall(
        "x86_64", 3, "close", (("fd", "unsigned int"),), frozenset({"desc"}), ()
    )
