"""Promise: one event is one line, whatever its bytes are; a call looks as strace writes it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import item

from fasttrace import _tables
from fasttrace.data.described import signal_name
from fasttrace.data.event_layout import EVENT
from fasttrace.data.events import Flag, Kind, PayloadFlag, PayloadType
from fasttrace.data.json_events import JsonEvents
from fasttrace.report.call_line import CallLines, altered
from fasttrace.text.quoted import quote

X86_64, I386 = _tables.ABIS.index("x86_64"), _tables.ABIS.index("i386")
AT_FDCWD = 0xFFFFFF9C  # as a 32-bit register holds it


def number(name: str, abi: int = X86_64) -> int:
    nr = _tables.number(abi, name)
    assert nr is not None
    return nr


def event(
    *,
    time_ns: int = 1_000_000_000,
    took: int = 12_345,
    ret: int = 0,
    args: Iterable[int] = (),
    payload: int = 0,
    pid: int = 4242,
    tid: int | None = None,
    nr: int = 0,
    abi: int = X86_64,
    kind: int = Kind.SYSCALL,
    flags: int = 0,
) -> bytes:
    six = [*args, 0, 0, 0, 0, 0, 0][:6]
    tid = pid if tid is None else tid
    return EVENT.pack(time_ns, took, ret, *six, payload, pid, tid, nr, abi, kind, flags)


def json_lines(events: bytes, payload: memoryview) -> list[str]:
    return JsonEvents().text(events, payload).splitlines()


def line(record: bytes, payload: bytes = b"", base: int = 0) -> str:
    """The line without pid and time."""
    text = CallLines().text(record, memoryview(payload), base)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return text.rstrip("\n").split(maxsplit=2)[2]


def test_a_call_with_a_path() -> None:
    record = event(
        nr=number("openat"), args=[AT_FDCWD, 0x7FFD0000, 0x80000], ret=3, flags=Flag.PAYLOAD
    )
    assert (
        line(record, item(b"/etc/hosts", arg=1))
        == 'openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3 <0.000012>'
    )


def test_payload_offsets_count_from_the_base_of_the_block() -> None:
    payload = item(b"other") + item(b"/a", arg=1)
    offset = 5000 + len(item(b"other"))
    record = event(nr=number("openat"), args=[0, 0x10], payload=offset, flags=Flag.PAYLOAD)
    assert '"/a"' in line(record, payload, 5000)


def test_a_call_shows_both_its_paths() -> None:
    payload = item(b"a", arg=0, flags=PayloadFlag.MORE) + item(b"b", arg=1)
    assert line(event(nr=number("rename"), args=[16, 32], flags=Flag.PAYLOAD), payload).startswith(
        'rename("a", "b") = 0'
    )


def test_data_is_shown_to_the_limit_and_escaped_as_strace_does() -> None:
    """Where the kernel wrote it: what stood there before the call is not shown."""
    address, data = 0x7FFD0000, b"\x1b[0m\n" + b"x" * 40
    record = event(nr=number("read"), args=[3, address, 99], ret=45, flags=Flag.PAYLOAD)
    before = item(b"old", arg=1, type=PayloadType.BYTES, address=address)
    after = item(data, arg=1, type=PayloadType.BYTES, flags=int(PayloadFlag.EXIT), address=address)
    assert line(record, after).startswith(r'read(3, "\33[0m\n' + "x" * 27 + '"..., 99) = 45')
    assert line(record, before).startswith("read(3, 0x7ffd0000, 99) = 45")
    text = CallLines(string_limit=100).text(record, memoryview(after))
    assert r'"\33[0m\n' + "x" * 40 + '", 99) = 45' in text


def test_an_error_is_named_and_explained() -> None:
    record = event(nr=number("close"), args=[7], ret=-9, flags=Flag.ERROR)
    assert line(record) == "close(7) = -1 EBADF (Bad file descriptor) <0.000012>"


def test_a_negative_result_that_is_no_error_stays_a_number() -> None:
    assert " = -9 <" in line(event(nr=number("lseek"), ret=-9))


def test_a_call_that_will_be_restarted() -> None:
    record = event(nr=number("read"), ret=-512, flags=Flag.ERROR | Flag.INTERRUPTED)
    assert "= ? ERESTARTSYS" in line(record)


def test_a_call_that_never_returned() -> None:
    record = event(nr=number("exit_group"), args=[3], flags=Flag.UNFINISHED)
    assert line(record) == "exit_group(3) = ?"


def test_addresses_are_hexadecimal_and_modes_octal() -> None:
    mmap = event(
        nr=number("mmap"),
        args=[0, 4096, 3, 0x22, 0xFFFFFFFFFFFFFFFF, 0],
        ret=0x7F0000000000,
    )
    assert line(mmap).startswith(
        "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000"
    )
    mkdir = event(nr=number("mkdir"), args=[0x1000, 0o755])
    assert line(mkdir).startswith("mkdir(0x1000, 0755)")


def test_a_path_that_could_not_be_read_is_an_address() -> None:
    record = event(nr=number("unlink"), args=[0xDEAD], flags=Flag.PAYLOAD)
    assert line(record, item(b"", arg=0, flags=PayloadFlag.FAULT)).startswith("unlink(0xdead)")


def test_a_cut_path_says_so() -> None:
    record = event(nr=number("unlink"), args=[0xDEAD], flags=Flag.PAYLOAD)
    payload = item(b"/very/long", arg=0, flags=PayloadFlag.TRUNCATED)
    assert '"/very/long"...' in line(record, payload)


def test_unknown_call_shows_its_six_arguments() -> None:
    assert line(event(nr=500, args=[1, 0x20, 3, 4, 5, 6])).startswith(
        "syscall_0x1f4(0x1, 0x20, 0x3, 0x4, 0x5, 0x6)"
    )


@pytest.mark.parametrize("abi", [7, 255])
def test_an_unknown_abi_leaves_the_number(abi: int) -> None:
    assert line(event(nr=1, abi=abi)).startswith("syscall_0x1(")


def test_i386_names_and_widths() -> None:
    record = event(nr=number("lseek", I386), abi=I386, args=[3, 0xFFFFFFFF, 2])
    assert line(record).startswith("lseek(3, -1, SEEK_END)")


def test_thread_and_time_since_the_first_event() -> None:
    lines = CallLines()
    text = lines.text(
        event(nr=number("getpid"), time_ns=5_000_000_000)
        + event(nr=number("getpid"), time_ns=5_250_000_000, tid=4243),
        memoryview(b""),
    )
    first, second = text.splitlines()
    assert re.match(r"4242 +0\.000000 getpid\(\)", first)
    assert re.match(r"4242 \(4243\) +0\.250000 getpid\(\)", second)
    later = lines.text(event(nr=number("getpid"), time_ns=6_000_000_000), memoryview(b""))
    assert " 1.000000 " in later


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (event(kind=Kind.SIGNAL, nr=15, args=[0, 77, 1000]), "SIGTERM from pid 77, uid 1000"),
        (event(kind=Kind.SIGNAL, nr=11, args=[1, 0, 0, 0xBEEF]), "SIGSEGV at 0xbeef, code 1"),
        (event(kind=Kind.SIGNAL, nr=2, args=[0x80]), "SIGINT from the kernel, code 128"),
        (event(kind=Kind.SIGNAL, nr=14, args=[(1 << 64) - 2]), "SIGALRM, code -2"),
        (event(kind=Kind.FORK, nr=2, ret=4243), "vfork 4243"),
        (event(kind=Kind.FORK, nr=3, ret=4243, flags=Flag.THREAD), "thread 4243"),
        (event(kind=Kind.EXIT, ret=3 << 8), "exited with 3"),
        (event(kind=Kind.EXIT, ret=0, flags=Flag.THREAD), "thread ended with 0"),
        (event(kind=Kind.EXIT, ret=9), "killed by SIGKILL"),
        (event(kind=Kind.EXIT, ret=11 | 0x80), "killed by SIGSEGV, core dumped"),
        (event(kind=Kind.LOST, ret=5), "5 events lost here"),
        (event(kind=Kind.ATTACH), "attached"),
        (event(kind=99), "event of unknown kind 99"),
    ],
)
def test_what_is_no_call(record: bytes, text: str) -> None:
    assert line(record) == f"--- {text} ---"


def test_exec_shows_the_arguments() -> None:
    payload = item(b"ls", type=PayloadType.COMM, flags=PayloadFlag.MORE) + item(
        b"ls\0-l\0a b\0", type=PayloadType.ARGV
    )
    record = event(kind=Kind.EXEC, flags=Flag.PAYLOAD)
    assert line(record, payload) == '--- exec ["ls", "-l", "a b"] ---'


@pytest.mark.parametrize(
    ("number", "name"), [(9, "SIGKILL"), (32, "SIGRTMIN"), (40, "SIGRTMIN+8"), (0, "signal 0")]
)
def test_each_signal_has_its_name(number: int, name: str) -> None:
    assert signal_name(number) == name


@given(st.text())
def test_quoted_text_can_be_read_back(text: str) -> None:
    assert ast.literal_eval(quote(text.encode())) == text


@given(st.binary(), st.booleans())
def test_quoted_bytes_are_one_printable_line(data: bytes, truncated: bool) -> None:
    text = quote(data, truncated)
    assert text.isprintable()
    assert text.startswith('"')
    assert text.endswith('"...' if truncated else '"')


@given(st.binary(min_size=96, max_size=96), st.binary(max_size=64))
def test_any_bytes_give_one_line(record: bytes, payload: bytes) -> None:
    text = CallLines().text(record, memoryview(payload))
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    (as_json,) = json_lines(record, memoryview(payload))
    assert json.loads(as_json)["pid"] == int.from_bytes(record[80:84], "little", signed=True)


def test_every_known_call_has_a_shape() -> None:
    for abi in range(len(_tables.ABIS)):
        for nr, name in _tables.names(abi).items():
            for value in (0, 1, (1 << 64) - 1, 1 << 63):
                text = line(event(nr=nr, abi=abi, args=[value] * 6, ret=value >> 1))
                # Or as the call that it stands for.
                multiplexed = name in ("socketcall", "ipc") and re.match(r"[a-z]+\(", text)
                assert text.startswith(f"{name}(") or multiplexed
                assert text.isascii()


def test_color_only_where_asked() -> None:
    record = event(nr=number("close"), ret=-9, flags=Flag.ERROR)
    assert "\x1b" not in CallLines().text(record, memoryview(b""))
    colored = CallLines(color=True).text(record, memoryview(b""))
    assert re.sub(r"\x1b\[\d+m", "", colored) == CallLines().text(record, memoryview(b""))
    assert "\x1b[31m" in colored


def test_a_json_line_holds_the_whole_event() -> None:
    record = event(nr=number("openat"), args=[AT_FDCWD, 5], ret=-2, flags=Flag.PAYLOAD | Flag.ERROR)
    (text,) = json_lines(record, memoryview(item(b"/no\xff", arg=1)))
    call = json.loads(text)
    assert call == {
        "v": 1,
        "kind": "syscall",
        "name": "openat",
        "nr": 257,
        "abi": "x86_64",
        "pid": 4242,
        "tid": 4242,
        "comm": None,
        "time_ns": 1_000_000_000,
        "duration_ns": 12_345,
        "args": {
            "dirfd": {"value": -100, "text": "AT_FDCWD"},
            "pathname": {"text": "/no\ufffd", "hex": "2f6e6fff"},
            "flags": {"value": 0, "text": "O_RDONLY"},
        },
        "raw_args": [AT_FDCWD, 5, 0, 0, 0, 0],
        "ret": -2,
        "result": None,
        "errno": "ENOENT",
        "unfinished": False,
        "interrupted": False,
        "altered": False,
        "injected": False,
        "text": r'openat(AT_FDCWD, "/no\377", O_RDONLY) = -1 ENOENT (No such file or directory)',
    }


def test_json_of_what_never_returned_and_of_a_signal() -> None:
    unfinished = event(nr=number("exit"), flags=Flag.UNFINISHED)
    sig = event(kind=Kind.SIGNAL, nr=15, args=[0, 1, 0])
    first, second = (json.loads(t) for t in json_lines(unfinished + sig, memoryview(b"")))
    assert (first["ret"], first["duration_ns"]) == (None, None)
    assert (second["kind"], second["text"]) == ("signal", "SIGTERM from pid 1, uid 0")


def test_an_altered_call_is_marked() -> None:
    """In the line, in JSON, and in a program's own choice of events."""
    flags = Flag.ALTERED
    failed = event(nr=number("chdir"), args=[0], ret=-5, flags=flags | Flag.ERROR)
    made = event(nr=number("getppid"), ret=7, flags=flags)
    cut = event(nr=number("exit"), args=[1], flags=flags | Flag.UNFINISHED)
    plain = event(nr=number("getppid"), ret=8)
    buffer = failed + plain + made + cut
    lines = list(CallLines(origin_ns=0).lines(buffer, memoryview(b"")))
    assert [line.split(" = ")[1].split(" <")[0].strip() for line in lines] == [
        "-1 EIO (Input/output error) (INJECTED)",
        "8",
        "7 (INJECTED)",
        "? (INJECTED)",
    ]
    objects = [json.loads(text) for text in json_lines(buffer, memoryview(b""))]
    assert [found["altered"] for found in objects] == [True, False, True, True]
    assert altered(buffer) == failed + made + cut


def test_lines_stand_in_the_order_in_which_the_calls_ended():
    """Of tasks that deliver their events each for itself; equal ends stay in the given order."""
    late = event(time_ns=100, took=50, tid=1)
    early = [event(time_ns=120, took=10, tid=2, nr=nr) for nr in (5, 3)]
    block = b"".join([late, *early, event(time_ns=90, took=40, tid=3)])
    calls = [json.loads(text) for text in json_lines(block, memoryview(b""))]
    assert [call["tid"] for call in calls] == [2, 2, 3, 1]
    assert [call["name"] for call in calls[:2]] == ["fstat", "close"]
    lines = CallLines(origin_ns=0).text(block, memoryview(b"")).splitlines()
    assert [line.split()[1] for line in lines] == ["(2)", "(2)", "(3)", "(1)"]
