"""Promise: a call's arguments are Python values that say what its line says, whatever they are."""

from __future__ import annotations

import os
import pickle
import signal
import stat
import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import item, make_events, stream
from told import differences, is_named

from fasttrace import _tables
from fasttrace.data.calls import Call
from fasttrace.data.events import Flag, Kind, PayloadFlag
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace
from fasttrace.decode.values import (
    Address,
    Arguments,
    Change,
    CutData,
    CutText,
    Data,
    Flags,
    Named,
    Struct,
)
from fasttrace.report.call_line import CallLines

X86_64, I386 = _tables.ABIS.index("x86_64"), _tables.ABIS.index("i386")
MORE, EXIT = PayloadFlag.MORE, PayloadFlag.EXIT
TRUNCATED = PayloadFlag.TRUNCATED
AT_FDCWD = 0xFFFFFF9C
STRING, BYTES = 1, 2


def call(
    name: str,
    args: Iterable[int],
    *items: tuple[int, int, int, int, bytes],
    ret: int = 0,
    abi: int = X86_64,
    **fields: Any,
) -> Call:
    """One call with memory: (argument, type, flags, address, bytes)."""
    payload = b"".join(
        item(
            data, arg=arg, type=type, flags=flags | (MORE if i < len(items) - 1 else 0), address=at
        )
        for i, (arg, type, flags, at, data) in enumerate(items)
    )
    event = {"nr": _tables.number(abi, name), "abi": abi, "ret": ret, "pid": 7, "tid": 7} | fields
    event["args"] = [*args, 0, 0, 0, 0, 0, 0][:6]
    event["flags"] = event.get("flags", 0) | (Flag.PAYLOAD if items else 0)
    trace = Trace(make_events(event), stream(payload))
    (one,) = trace.calls()
    return one


def test_a_path_and_flags_by_name_and_by_index() -> None:
    one = call(
        "openat",
        (AT_FDCWD, 0x1000, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644),
        (1, STRING, 0, 0x1000, b"/tmp/\xff"),
        ret=5,
    )
    assert one.args == {"dirfd": -100, "pathname": "/tmp/\udcff", "flags": 0o2000101, "mode": 420}
    assert list(one.args) == ["dirfd", "pathname", "flags", "mode"]
    assert one.args[1] == one.args["pathname"] == one.args.pathname == os.fsdecode(b"/tmp/\xff")
    flags = one.args["flags"]
    assert isinstance(flags, Flags)
    assert (str(flags), flags.value) == ("O_WRONLY|O_CREAT|O_CLOEXEC", 0o2000101)
    assert flags.names == ("O_WRONLY", "O_CREAT", "O_CLOEXEC")
    assert "O_CREAT" in flags
    assert "O_EXCL" not in flags
    assert str(one.args["dirfd"]) == "AT_FDCWD"
    assert f"{one.args['mode']}" == "0644"
    assert (one.result, one.ret, one.errno, one.failed) == (5, 5, None, False)
    with pytest.raises(KeyError):
        one.args["nope"]
    with pytest.raises(IndexError):
        one.args[4]
    with pytest.raises(AttributeError, match="no field 'nope'; there are dirfd, pathname"):
        _ = one.args.nope


def test_what_is_shown_is_what_the_line_shows() -> None:
    one = call("openat", (AT_FDCWD, 0x1000, 0), (1, STRING, 0, 0x1000, b"/etc/passwd"), ret=3)
    assert str(one) == 'openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3'
    assert repr(one) == f"<Call {one}>"
    record, payload, base = one.parts()
    assert str(one) in CallLines().text(record, memoryview(payload), base)


def test_a_structure_has_all_its_fields() -> None:
    """The line of a stat(2) has two."""
    fields = [
        0x0801,
        12,
        1,
        stat.S_IFREG | 0o600,
        1000,
        100,
        0,
        0,
        4321,
        4096,
        16,
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    memory = struct.pack("<QQQIIIIQqqqqQqQqQ24x", *fields)
    one = call("fstat", (3, 0x2000), (1, BYTES, EXIT, 0x2000, memory))
    found = one.args["statbuf"]
    assert isinstance(found, Struct)
    assert found.st_size == found["st_size"] == 4321
    assert (found.st_ino, found.st_uid, found.st_ctime_nsec) == (12, 1000, 6)
    assert stat.S_ISREG(found.st_mode)
    assert str(found.st_mode) == "S_IFREG|0600"
    assert os.major(found.st_dev) == 8
    assert "st_rdev" not in found  # a device has that
    assert "st_size" in dir(found)


def test_pointers_are_none_or_addresses() -> None:
    one = call("stat", (0, 0x7FFE0010), ret=-14)
    assert one.args == {"pathname": None, "statbuf": 0x7FFE0010}
    assert isinstance(one.args["statbuf"], Address)
    assert str(one.args["statbuf"]) == "0x7ffe0010"
    assert (one.errno, one.failed, one.result) == ("EFAULT", True, None)
    assert call("mmap", (0,) * 6, ret=0x7F0000001000).result == 0x7F0000001000
    assert isinstance(call("mmap", (0,) * 6, ret=0x7F0000001000).result, Address)


def test_data_says_whether_it_is_whole() -> None:
    whole = call("write", (1, 0x1000, 3), (1, BYTES, 0, 0x1000, b"a\xffb"), ret=3)
    assert (whole.args["buf"], whole.args["buf"].cut) == (b"a\xffb", False)
    assert isinstance(whole.args["buf"], Data)
    cut = call("write", (1, 0x1000, 300), (1, BYTES, TRUNCATED, 0x1000, b"abc"), ret=300)
    assert (cut.args["buf"], cut.args["buf"].cut) == (b"abc", True)
    assert isinstance(cut.args["buf"], CutData)
    path = call("chdir", (0x1000,), (0, STRING, TRUNCATED, 0x1000, b"/abc"))
    assert isinstance(path.args["path"], CutText)
    assert path.args["path"] == "/abc"


def test_a_change_has_both() -> None:
    one = call(
        "getsockname",
        (3, 0x1000, 0x2000),
        (1, BYTES, EXIT, 0x1000, struct.pack("<HH4s8x", 2, 0x5000, bytes([127, 0, 0, 1]))),
        (2, BYTES, 0, 0x2000, struct.pack("<i", 128)),
        (2, BYTES, EXIT, 0x2000, struct.pack("<i", 16)),
    )
    assert one.args["addrlen"] == [Change(128, 16)]
    assert str(one.args["addrlen"][0]) == "128 => 16"


def test_a_search_of_btrfs_that_fails_for_its_size_tells_what_it_needs() -> None:
    """Not one that fails for anything else; nor is that there are more said of a number alone."""
    command = 0xC0709411  # BTRFS_IOC_TREE_SEARCH_V2
    asked, found = struct.pack("<104xQ", 16), struct.pack("<104xQ", 471)

    def told(after: bytes, ret: int) -> str:
        memory = (2, BYTES, 0, 0x1000, asked), (2, BYTES, EXIT, 0x1000, after)
        return str(call("ioctl", (3, command, 0x1000), *memory, ret=ret)).partition("=16}")[2]

    assert told(found, -75).startswith(" => {buf_size=471}) = -1 EOVERFLOW")
    assert told(asked, -75).startswith(") = -1 EOVERFLOW")
    assert told(asked, 0) == " => {key={nr_items=0}, buf_size=16, ...}) = 0"


@pytest.mark.parametrize(
    ("memory", "family", "port", "address"),
    [
        (struct.pack("<H2s4s8x", 2, b"\0\x50", bytes([10, 0, 0, 1])), "AF_INET", 80, "10.0.0.1"),
        (struct.pack("<H2sI16sI", 10, b"\1\xbb", 0, bytes(15) + b"\1", 0), "AF_INET6", 443, "::1"),
        (struct.pack("<H6s", 1, b"/run/x"), "AF_UNIX", None, "/run/x"),
        (struct.pack("<H4s", 1, b"\0abc"), "AF_UNIX", None, "\0abc"),
    ],
)
def test_an_address_of_a_socket(memory: bytes, family: str, port: int | None, address: str) -> None:
    one = call("connect", (3, 0x1000, len(memory)), (1, BYTES, 0, 0x1000, memory))
    found = one.args["addr"]
    assert str(found.family) == family
    assert found.address == address
    assert (found.port if port is not None else None) == port
    assert is_named(one.args)
    if port is None:
        with pytest.raises(AttributeError):
            _ = found.port


def test_results_have_a_meaning() -> None:
    got = call("fcntl", (3, 3), ret=0o2002)  # F_GETFL
    assert isinstance(got.result, Flags)
    assert got.result.names == ("O_RDWR", "O_APPEND")
    assert list(got.args) == ["fd", "cmd"]
    assert str(call("umask", (0,), ret=0o22).result) == "022"
    sealed = call("fcntl", (3, 1034), ret=5)  # F_GET_SEALS
    assert sealed.result.names == ("F_SEAL_SEAL", "F_SEAL_GROW")
    never = call("exit_group", (1,), flags=Flag.UNFINISHED)
    assert (never.result, never.unfinished, never.failed) == (None, True, False)
    broken = call("nanosleep", (0, 0), ret=-516, flags=Flag.INTERRUPTED)
    assert (broken.interrupted, broken.result) == (True, None)


def test_numbers_of_sets_are_lists() -> None:
    bits = struct.pack("<8Q", 1 << 3 | 1 << 40, *[0] * 7)
    one = call("select", (64, 0x1000), (1, BYTES, 0, 0x1000, bits), ret=1)
    assert one.args["readfds"] == [3, 40]
    mask = call(
        "rt_sigprocmask", (0, 0x1000, 0, 8), (1, BYTES, 0, 0x1000, struct.pack("<Q", 1 << 16))
    )
    assert mask.args["set"] == 1 << (signal.SIGCHLD - 1)
    assert str(mask.args["set"]) == "[CHLD]"


def test_a_call_that_no_table_has() -> None:
    (one,) = Trace(make_events({"nr": 1000, "args": [1, 2, 3, 4, 5, 6]})).calls()
    assert one.name == "syscall_0x3e8"
    assert one.args == {f"arg{i}": i + 1 for i in range(6)}


def test_64_bits_of_i386_are_one_number() -> None:
    one = call("pread64", (3, 0, 10, 5, 1), abi=I386)
    assert one.args["offset"] == 1 << 32 | 5
    assert (one.abi, str(one.abi)) == (I386, "i386")
    assert one.raw_args[:5] == (3, 0, 10, 5, 1)


def test_calls_come_in_the_order_of_their_ends() -> None:
    """A Trace holds others, too, and may hold them in blocks."""
    events = make_events(
        {"time_ns": 10, "duration_ns": 90, "tid": 1},
        {"time_ns": 50, "tid": 1, "kind": Kind.SIGNAL},
        {"time_ns": 20, "duration_ns": 10, "tid": 2},
        {"time_ns": 40, "flags": Flag.UNFINISHED, "tid": 3},
    )
    assert [(c.tid, c.unfinished) for c in Trace(events).calls()] == [
        (2, False), (3, True), (1, False),
    ]  # fmt: skip
    assert [c.kind for c in Trace(events)] == [1, 2, 1, 1]
    many = Trace(np.repeat(events, 1000))
    assert len(list(many.calls())) == 3000
    assert len(list(many)) == 4000


def test_comm_is_that_of_the_process_at_the_time() -> None:
    processes = [
        Process(7, comm="sh", start_ns=0, end_ns=50, serial=1),
        Process(7, comm="cc", start_ns=60, serial=2),
    ]
    events = make_events({"pid": 7, "time_ns": 10}, {"pid": 7, "time_ns": 70}, {"pid": 8})
    assert [c.comm for c in Trace(events, processes=processes)] == ["sh", "cc", ""]


def test_a_call_survives_pickling_without_its_trace() -> None:
    one = call("openat", (AT_FDCWD, 0x1000, 0), (1, STRING, 0, 0x1000, b"/etc/passwd"), ret=3)
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert hash(again) == hash(one)
    assert (str(again), again.args, again.strings) == (str(one), one.args, {1: "/etc/passwd"})
    assert again != call("openat", (AT_FDCWD, 0x1000, 0), (1, STRING, 0, 0x1000, b"/etc/group"))
    for value in (
        Flags(3, "A|B"), Named(420, "0644"), Address(16), CutData(b"a"), CutText("a"), Data(b""),
        Struct(a=1), Arguments(a=[1]), Change(1, 2),
    ):  # fmt: skip
        same = pickle.loads(pickle.dumps(value))
        assert (same, repr(same), type(same)) == (value, repr(value), type(value))


def test_one_that_nobody_made_holds_nothing() -> None:
    """It can be had from Python, so it must not reach for memory."""
    bare = Call.__new__(Call)
    assert (bare.args, bare.result, bare.strings, bare.name) == ({}, None, {}, "kind_0")
    assert bare == pickle.loads(pickle.dumps(bare))


numbers = st.integers(0, (1 << 64) - 1) | st.integers(0, 70) | st.sampled_from([0x1000, 0x1010])
memories = st.tuples(
    st.integers(0, 6),
    st.integers(0, 3),
    st.integers(0, 31),
    st.sampled_from([0x1000, 0x1010, 0x1020, 0]),
    st.binary(max_size=160),
)


@given(
    nr=st.integers(0, 470) | st.integers(-(1 << 31), (1 << 31) - 1),
    abi=st.sampled_from([X86_64, I386, 2, 3, 9]),
    args=st.lists(numbers, min_size=6, max_size=6),
    ret=st.integers(-5, 300) | st.integers(-(1 << 63), (1 << 63) - 1),
    flags=st.integers(0, 63),
    items=st.lists(memories, max_size=6),
    base=st.integers(0, 40),
)
def test_any_call_with_any_memory_is_told_alike_as_data_and_as_text(
    nr: int, abi: int, args: list[int], ret: int, flags: int, items: list[Any], base: int
) -> None:
    payload = b"".join(
        item(data, arg=arg, type=type, flags=bits | MORE, address=address)
        for arg, type, bits, address, data in items
    )
    event = {"nr": nr, "abi": abi, "args": args, "ret": ret, "payload": base}
    events = make_events(event)
    events["flags"] |= flags
    for one in Trace(events, stream(payload)):
        assert differences(one) == []
        repr((one.args, one.result, one.strings, one.errno, one.flags, one.abi, one.comm))
        again = pickle.loads(pickle.dumps(one))
        assert (again.args, str(again)) == (one.args, str(one))
