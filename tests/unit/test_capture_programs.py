"""Promise: what is copied of a call's arguments is what calls.txt says of them: what is shown,
when it is shown, and as much of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fasttrace import _tables

TABLES = Path(__file__).parents[2] / "src_c/tables"
sys.path.insert(0, str(TABLES))

from capture_programs import (  # noqa: E402
    ENTRY,
    EXIT,
    PHASES,
    SUCCESS,
    Descriptions,
    If,
    Op,
    Programs,
    Reader,
    Step,
    What,
    joined,
    path_ops,
    read_calls,
    read_copies,
    read_links,
)
from description import read_ioctls  # noqa: E402

CALLS, COPIES = read_calls(), read_copies()
KNOWN = Descriptions()
LINKS = read_links(KNOWN)


def ops(abi: str, name: str) -> list[Op]:
    own = f"{abi}:{name}"
    lines = CALLS.get(own, CALLS.get(name, []))
    return Reader(KNOWN, abi).ops(lines, COPIES.get(own, COPIES.get(name, [])))


def structure(size: int, count: str = "ONE", source: int = 0) -> What:
    return What("FT_CAPTURE_BYTES", f"FT_COUNT_{count}", source, "FT_LIMIT_STRUCTURE", size)


def test_all_memory_that_a_line_shows_is_copied_at_that_moment() -> None:
    """Of each line of calls.txt, for each architecture that has the call."""
    for name, lines in CALLS.items():
        own, _, bare = name.rpartition(":")
        if own in ("socketcall", "ipc"):
            continue  # what is copied of those is said of the two
        for abi in [own] if own else _tables.ABIS:
            if name == "ioctl" or _tables.number(_tables.ABIS.index(abi), bare) is None:
                continue
            reader, copied = Reader(KNOWN, abi), {(op.arg, op.when) for op in ops(abi, bare)}
            for line in lines if own else CALLS.get(f"{abi}:{name}", lines):
                for argument in line.arguments:
                    at = reader.register(line.arguments, argument.name)
                    phase = argument.type.split()[0]
                    if argument.shown and phase in PHASES:
                        moments = {(at, when) for when in PHASES[phase]}
                        if "iovec_out" in argument.type:  # of a call that failed, too
                            moments = {(at, EXIT)}
                        assert moments <= copied, (name, argument)


def data(count: str, source: int = 0) -> What:
    return What("FT_CAPTURE_BYTES", f"FT_COUNT_{count}", source, "FT_LIMIT_DATA", 1)


PATH = What("FT_CAPTURE_STRING", "FT_COUNT_ONE", 0, "FT_LIMIT_PATH", 1)
STRING = PATH._replace(limit="FT_LIMIT_DATA")


@pytest.mark.parametrize(
    ("abi", "name", "want"),
    [
        ("x86_64", "read", [Op(1, SUCCESS, data("RESULT"))]),
        (
            "x86_64",
            "readv",
            [Op(1, EXIT, What("FT_CAPTURE_IOVEC", "FT_COUNT_ARGUMENT", 2, "FT_LIMIT_DATA", 1))],
        ),
        ("x86_64", "write", [Op(1, ENTRY, data("ARGUMENT", 2))]),
        ("i386", "nanosleep", [Op(0, ENTRY, structure(8)), Op(1, EXIT, structure(8))]),
        ("x86_64", "nanosleep", [Op(0, ENTRY, structure(16)), Op(1, EXIT, structure(16))]),
        ("aarch64", "fstat", [Op(1, SUCCESS, structure(128))]),
        ("x86_64", "fstat", [Op(1, SUCCESS, structure(144))]),
        ("riscv64", "rt_sigaction", [Op(1, ENTRY, structure(24)), Op(2, SUCCESS, structure(24))]),
        (
            "x86_64",
            "getpeername",
            [
                Op(1, SUCCESS, structure(1, "BEHIND", 2)),
                Op(2, ENTRY, structure(4)),
                Op(2, SUCCESS, structure(4)),
            ],
        ),
        ("x86_64", "epoll_wait", [Op(1, SUCCESS, structure(12, "RESULT"))]),
        ("x86_64", "getdents64", [Op(1, SUCCESS, data("RESULT")._replace(limit="FT_LIMIT_LIST"))]),
        (
            "x86_64",
            "recvmsg",
            [
                Op(1, ENTRY, structure(56)),
                Op(1, SUCCESS, What("FT_CAPTURE_MSGHDR", "FT_COUNT_ONE", 0, "FT_LIMIT_DATA", 1)),
            ],
        ),
        (
            "x86_64",
            "setxattr",
            [Op(0, ENTRY, PATH), Op(1, ENTRY, PATH), Op(2, ENTRY, data("ARGUMENT", 3))],
        ),
        ("x86_64", "delete_module", [Op(0, ENTRY, STRING)]),
        # Its mask takes two registers.
        ("i386", "fanotify_mark", [Op(5, ENTRY, PATH)]),
        ("x86_64", "fanotify_mark", [Op(4, ENTRY, PATH)]),
        # By an argument: two values that are near each other, and two that are not.
        ("x86_64", "futex", [Op(3, ENTRY, structure(16), If(1, 0x7F, 0, 1 | 0x2A40))]),
        (
            "x86_64",
            "arch_prctl",
            [Op(1, SUCCESS, structure(8), If(0, 0xFFFFFFFF, 0x1003, 3))],
        ),
        # Not shown by itself, and yet copied; a line with a + is instead of what is shown.
        (
            "x86_64",
            "poll",
            [
                Op(0, ENTRY, structure(8, "ARGUMENT", 1)),
                Op(0, SUCCESS, structure(8, "ARGUMENT", 1)),
            ],
        ),
        ("x86_64", "clone3", [Op(0, ENTRY, structure(1, "ARGUMENT", 1))]),
    ],
)
def test_what_is_copied_of_some_calls(abi: str, name: str, want: list[Op]) -> None:
    found = [op for op in ops(abi, name) if not op.steps]
    assert sorted(found, key=lambda op: (op.arg, op.when)) == want


def test_pointers_in_structures_are_followed_in_the_layout_of_the_abi() -> None:
    """A mask behind pselect6's last argument; on i386 it takes half the room."""
    for abi, word in (("x86_64", 8), ("i386", 4)):
        (mask,) = [op for op in ops(abi, "pselect6") if op.steps]
        assert (mask.arg, mask.when, mask.what) == (5, ENTRY, structure(1, "FIELD"))
        assert mask.steps == (Step(0, 0, word, False, count=(word, word)),)
    (ids,) = [op for op in ops("i386", "clone3") if op.what == structure(4, "FIELD")]
    assert ids.steps == (Step(0, 64, 8, False, (72, 8), (72, 8), 0xFFFFFFFF, 0, 1),)


def test_pointers_are_followed_further_behind_those_before_them() -> None:
    """io_submit(2): an array of pointers to structures, each of which has a buffer, or a vector."""
    first, *behind = [op for op in ops("x86_64", "io_submit") if op.steps]
    each = Step(8, 0, 8, False)
    assert (first.what, first.steps) == (structure(64), (each,))
    assert {op.what.what for op in behind} == {"FT_CAPTURE_BYTES", "FT_CAPTURE_IOVEC"}
    assert {op.steps[0] for op in behind} == {each}
    assert {(op.steps[1].at, op.steps[1].count, op.steps[1].tested) for op in behind} == {
        (24, (32, 8), (16, 2))
    }
    assert sorted(op.steps[1].value for op in behind) == [1, 7, 8]


def test_bits_are_counted_in_whole_words() -> None:
    sets = [op for op in ops("x86_64", "select") if op.what.count == "FT_COUNT_ARGUMENT"]
    assert [op.arg for op in sets if op.when == ENTRY] == [1, 2, 3]
    assert {op.what for op in sets} == {structure(0, "ARGUMENT", 0)}


def test_as_many_values_as_fit_are_asked_for_at_once() -> None:
    near = [If(1, 3, value, 1) for value in (5, 63, 64, 127, 1000)]
    assert joined(near) == [
        If(1, 3, 0, 1 << 5 | 1 << 63),
        If(1, 3, 64, 1 | 1 << 63),
        If(1, 3, 1000, 1),
    ]
    assert joined([If(1, 3, 5, 1), If(1, 7, 5, 1)]) == [If(1, 3, 0, 32), If(1, 7, 0, 32)]


def test_ioctl_copies_what_its_commands_do_not_say() -> None:
    """A string, and what a command reads that says that it writes."""
    programs = Programs()
    _, number = programs.of_call("x86_64", "ioctl", 0)
    program = list(programs._numbers)[number]
    assert [op.when for op in program if op.what.what == "FT_CAPTURE_IOCTL"] == [ENTRY, SUCCESS]
    others = [op for op in program if op.what.what != "FT_CAPTURE_IOCTL"]
    names = {
        name: [op.what for op in others if in_set(op.condition, read_ioctls()[name][0])]
        for name in ("PERF_EVENT_IOC_SET_FILTER", "UFFDIO_WAKE", "UFFDIO_COPY", "TCGETS")
    }
    assert names == {
        "PERF_EVENT_IOC_SET_FILTER": [PATH],
        "UFFDIO_WAKE": [structure(16)],
        "UFFDIO_COPY": [],
        "TCGETS": [],
    }


def in_set(condition: If, value: int) -> bool:
    return 0 <= value - condition.base < 64 and bool(condition.values >> value - condition.base & 1)


def test_ops_at_the_entry_come_first_and_equal_programs_are_one() -> None:
    programs = Programs()
    first = programs.of_call("x86_64", "recvfrom", 0)
    assert programs.of_call("aarch64", "recvfrom", 0) == first
    assert programs.of_call("x86_64", "getpid", 0) == (0, 0)
    both = [Op(0, EXIT, PATH), *path_ops(0b10)]
    assert programs.number(both) == programs.number(both[::-1])
    paths, everything = programs.of_call("x86_64", "newfstatat", 0b10)
    assert paths != everything
    # A path that both tables know is copied once.
    assert programs.of_call("x86_64", "readlinkat", 0b10)[0] == paths
    assert programs.of_call("x86_64", "faccessat", 0b10) == (paths, paths)


def test_the_table_has_a_program_for_each_call_with_memory() -> None:
    """Of the built module: all of it, and of paths alone."""
    for abi, abi_name in enumerate(_tables.ABIS):
        for nr, name in _tables.names(abi).items():
            has_paths = bool(_tables.path_args(abi, nr))
            has_more = name == "ioctl" or bool(ops(abi_name, name))
            links = name in LINKS
            assert bool(_tables.capture_program(abi, nr, paths=True)) == (has_paths or links)
            found = bool(_tables.capture_program(abi, nr, paths=False))
            assert found == (has_paths or has_more or links), name
    assert _tables.capture_program(0, 100_000, paths=False) == 0


def test_each_call_that_makes_a_descriptor_has_its_link_looked_up_last() -> None:
    """Also where paths alone are captured; of calls that there are."""
    names = {name for abi in range(len(_tables.ABIS)) for name in _tables.names(abi).values()}
    assert LINKS.keys() <= names
    for name, links in LINKS.items():
        programs = Programs()
        for number in programs.of_call("x86_64", name, 0b1):
            found = next(ops for ops, n in programs._numbers.items() if n == number)
            assert found[-len(links) :] == tuple(links)
            assert all(op.what.what != "FT_CAPTURE_LINK" for op in found[: -len(links)])
