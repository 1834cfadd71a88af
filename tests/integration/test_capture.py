"""Promise: what a call's arguments point to is captured as it stood before or after the call, no
more of it than asked for, and nothing where nothing can be read.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections import defaultdict

import numpy as np
import pytest
from support import ENGINES, Builder

from fasttrace import _core
from fasttrace._tables import ABIS
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind, PayloadFlag, PayloadType, payload_items
from fasttrace.syscalls.names import syscall_name
from fasttrace.syscalls.sets import EVERYTHING, Capture

pytestmark = pytest.mark.skipif(shutil.which("setarch") is None, reason="setarch is not installed")

CUT, FAULT, EXIT = PayloadFlag.TRUNCATED, PayloadFlag.FAULT, PayloadFlag.EXIT
TEXT = bytes(ord("a") + i % 26 for i in range(6000))
# Flags, whether its address is the argument's, and the bytes.
Item = tuple[PayloadFlag, bool, bytes]


class Calls:
    """The calls of a run, from that of the first memfd_create on, by name in their order."""

    def __init__(
        self,
        argv: list[str],
        engine: str,
        capture: Capture,
        limit: int = 0,
        *,
        results: bool = True,
    ) -> None:
        session = _core.Session(
            engine=engine,
            payload=capture != "none",
            policy=[EVERYTHING.policy(abi, capture=capture) for abi in range(len(ABIS))],
            string_limit=limit,
            results=results,
        )
        session.spawn(
            os.fsencode(shutil.which(argv[0]) or argv[0]),
            [os.fsencode(arg) for arg in argv],
            [b"A=b"],
            None,
            (-1, -1, -1),
            0,
        )
        self.all: list[tuple[str, list[int], list[tuple[int, int, int, int, bytes]]]] = []
        self.by_name: dict[str, list[list[tuple[int, Item]]]] = defaultdict(list)
        events, payload = [], b""
        while True:
            try:
                block = session.take()
            except EOFError:
                break
            if block is not None:
                part = np.frombuffer(block, EVENT_DTYPE).copy()
                assert block.payload_base == len(payload)
                events.append(part)
                payload += bytes(block.payload)
        self.root = session.stats()["root_pid"]
        self.stops = session.stats()["stops"]
        assert session.stats()["root_status"] == 0
        session.close()
        for event in np.concatenate(events):
            if event["kind"] == Kind.SYSCALL and event["tid"] == self.root:
                self._add(event, payload)

    def _add(self, event: np.void, payload: bytes) -> None:
        name = syscall_name(int(event["nr"]), int(event["abi"]))
        args = event["args"].tolist()
        items = []
        if event["flags"] & Flag.PAYLOAD:
            items = list(payload_items(memoryview(payload), int(event["payload"])))
        if not self.all and name != "memfd_create":
            return
        rows = [(i.arg, i.type, i.flags & ~1, i.address, i.data) for i in items]
        self.all.append((name, args, rows))
        self.by_name[name].append(
            [
                (arg, (PayloadFlag(flags), address == args[arg], data))
                for arg, _, flags, address, data in rows
            ]
        )

    def last(self, name: str, count: int) -> list[list[tuple[int, Item]]]:
        """Of the last round."""
        return self.by_name[name][-count:]


def argv(tracees: Builder) -> list[str]:
    return ["setarch", "-R", *tracees.command("captured")]


@pytest.fixture(params=ENGINES)
def calls(request: pytest.FixtureRequest, tracees: Builder) -> Calls:
    return Calls(argv(tracees), request.param, "all")


def test_data_is_cut_at_the_limit_and_where_it_cannot_be_read(calls: Calls) -> None:
    none = PayloadFlag(0)
    assert [[item for _, item in items] for items in calls.last("write", 11)] == [
        [(none, True, b"")],
        [(none, True, TEXT[:31])],
        [(none, True, TEXT[:32])],
        [(CUT, True, TEXT[:32])],
        [(CUT, True, TEXT[1:33])],
        [(CUT, True, TEXT[:32])],
        [],
        [(FAULT, True, b"")],
        [(none, True, b"e" * 8)],
        [(CUT | FAULT, True, b"e" * 9)],
        [(none, True, TEXT[:7])],
    ]
    assert [[item for _, item in items] for items in calls.last("read", 5)] == [
        [(CUT | EXIT, True, bytes(32))],
        [(EXIT, True, b"")],
        [(EXIT, True, bytes(4))],
        [],
        [],
    ]
    assert calls.by_name["pread64"][-6] == [(1, (EXIT, True, TEXT[:20]))]


def test_vectors_lead_to_what_they_point_to(calls: Calls) -> None:
    whole, empty, endless, bad, null, nowhere, edge = calls.last("writev", 7)
    assert [(flags, own, len(data)) for _, (flags, own, data) in whole] == [
        (0, True, 64),
        (0, False, 10),
        (CUT, False, 32),
        (0, False, 0),
    ]
    assert whole[2][1][2] == TEXT[40:72]
    assert empty == [(1, (0, True, b""))]
    assert endless[0][1][:2] == (CUT | FAULT, True)
    assert endless[1:] == whole[1:]
    assert [flags for _, (flags, _, _) in bad] == [0, 0, FAULT]
    assert null == []
    assert nowhere == [(1, (FAULT, True, b""))]
    assert [(flags, len(data)) for _, (flags, _, data) in edge] == [(CUT | FAULT, 16), (0, 10)]
    for items, written in zip(calls.last("preadv", 2), (TEXT[:8], TEXT[8:10]), strict=True):
        assert all(flags & EXIT for _, (flags, _, _) in items)
        assert items[1][1][2].startswith(written[:2])


def test_paths_are_whole_and_argument_lists_too(calls: Calls) -> None:
    opened = [items[0][1] if items else None for items in calls.last("openat", 7)[:6]]
    assert opened == [
        (0, True, b"/nonexistent/path"),
        (0, True, b""),
        None,
        (FAULT, True, b""),
        (CUT | FAULT, True, b"e" * 5),
        (CUT, True, TEXT[:4096]),
    ]
    whole, bad, nowhere, edge = calls.last("execve", 4)
    assert [item[2] for arg, item in whole if arg == 1][1:] == [
        b"one",
        b"",
        b"an argument that is longer than ",
    ]
    assert [item[0] for arg, item in whole if arg == 1] == [0, 0, 0, CUT]
    assert [item[0] for arg, item in bad if arg == 1] == [0, 0, FAULT, 0]
    assert [item for arg, item in nowhere if arg] == [(FAULT, True, b"")] * 2
    assert [item[0] for arg, item in edge if arg == 1] == [CUT | FAULT, 0, CUT]


def test_structures_come_as_the_kernel_has_left_them(calls: Calls) -> None:
    good, missing, cut = calls.last("newfstatat", 3)
    st = os.stat("/usr")  # noqa: PTH116
    assert good[0] == (1, (0, True, b"/usr"))
    assert struct.unpack_from("<QQ", good[1][1][2]) == (st.st_dev, st.st_ino)
    assert (len(good[1][1][2]), len(missing), len(cut)) == (144, 1, 1)
    (waited,) = calls.last("wait4", 1)
    assert waited == [(1, (EXIT, True, struct.pack("<I", 3 << 8)))]
    assert calls.last("futex", 3)[0] == []  # FUTEX_WAKE has no time there
    sizes = [[(flags, len(data)) for _, (flags, _, data) in i] for i in calls.last("ioctl", 6)]
    assert sizes == [[], [(EXIT, 4)], [], [], [(0, 24)], [(CUT, 4096)]]
    names = calls.last("getsockname", 4)[0]
    assert [(arg, flags, data[:2]) for arg, (flags, _, data) in names] == [
        (2, 0, b"\x80\0"),
        (1, EXIT, b"\x01\0"),
        (2, EXIT, b"\x02\0"),
    ]


def test_lists_of_files_are_whole(calls: Calls) -> None:
    whole, failed = calls.last("getdents64", 2)
    ((arg, (flags, own, data)),) = whole
    assert (arg, flags, own, failed) == (1, EXIT, True, [])
    assert len(data) > 4096
    names, at = set(), 0
    while at < len(data):
        size = struct.unpack_from("<H", data, at + 16)[0]
        names.add(os.fsdecode(data[at + 19 : at + size].split(b"\0")[0]))
        at += size
    assert at == len(data)
    assert names <= {".", "..", *os.listdir("/usr/bin")}  # noqa: PTH208


def test_messages_lead_to_their_vectors_and_control_data(calls: Calls) -> None:
    sent = calls.last("sendmsg", 3)[0]
    assert [(flags, len(data)) for _, (flags, _, data) in sent] == [
        (0, 56),
        (0, 32),
        (0, 20),
        (CUT, 32),
        (0, 24),
    ]
    received = calls.last("recvmsg", 2)[0]
    assert [(flags, len(data)) for _, (flags, _, data) in received] == [
        (0, 56),
        (EXIT, 56),
        (EXIT, 32),
        (EXIT, 30),
        (EXIT | CUT, 32),
        (EXIT, 24),
    ]
    assert received[3][1][2] == TEXT[:20] + TEXT[100:110]
    assert len(calls.last("recvmmsg", 1)[0]) == 7


def test_pointers_of_32_bit_programs_have_32_bits(tracees: Builder) -> None:
    calls = Calls(tracees.command("captured_i386"), "ptrace", "all")

    def shape(name: str) -> list[tuple[int, int, bytes]]:
        return [
            (flags, len(data), data if 3 < len(data) < 16 else b"")
            for _, (flags, _, data) in calls.by_name[name][-1]
        ]

    text = [(0, 5, b"first"), (0, 14, b"the second one")]
    assert shape("writev")[1:] == text
    assert shape("writev")[0][:2] == (0, 24)
    assert shape("sendmsg")[2:] == text
    assert [row[:2] for row in shape("sendmsg")[:2]] == [(0, 28), (0, 24)]
    cut = [(EXIT, 4, b"firs"), (EXIT, 15, b"tthe second one")]
    assert shape("readv")[1:] == cut
    assert [row[:2] for row in shape("recvmsg")[:3]] == [(0, 28), (EXIT, 28), (EXIT, 0)]
    assert shape("recvmsg")[4:] == cut
    assert shape("nanosleep") == [(0, 8, struct.pack("<II", 0, 1))]
    assert [data for _, (_, _, data) in calls.by_name["execve"][-1]][2:4] == [b"one", b"two"]


@pytest.mark.skipif(len(ENGINES) < 2, reason="there is but one engine here")
@pytest.mark.parametrize("limit", [0, 1, 4096, 0x8000])
def test_engines_capture_the_same(tracees: Builder, limit: int) -> None:
    """Item by item; with the longest limit programs do not fit into the recorder's area."""
    one, other = (Calls(argv(tracees), engine, "all", limit) for engine in ENGINES)
    assert len(one.all) > 350
    for (name, _, items), (other_name, _, other_items) in zip(one.all, other.all, strict=True):
        assert (name, items) == (other_name, other_items)


@pytest.mark.skipif("inline" not in ENGINES, reason=str(_core.inline_unusable()))
def test_in_a_handler_the_recorder_copies_too(tracees: Builder) -> None:
    """One stop tells what the handler's mask is."""
    calls = Calls(tracees.command("captured_in_handler"), "inline", "all")
    assert calls.last("read", 1000) == [[(1, (EXIT, True, bytes(8)))]] * 1000
    assert calls.stops < 200


@pytest.mark.skipif("inline" not in ENGINES, reason="ptrace would need a filter for that")
@pytest.mark.parametrize("name", ["captured", "captured_signals"])
def test_without_results_nothing_behind_a_call_is_captured(tracees: Builder, name: str) -> None:
    command = ["setarch", "-R", *tracees.command(name)]
    calls = Calls(command, "inline", "all", results=False)
    flags = {flags for _, _, items in calls.all for _, _, flags, _, _ in items}
    assert flags == {0, FAULT} | ({CUT, CUT | FAULT} if name == "captured" else set())


@pytest.mark.parametrize("engine", ENGINES)
def test_the_session_decides_how_much(tracees: Builder, engine: str) -> None:
    more = Calls(argv(tracees), engine, "all", 100)
    assert more.last("write", 11)[4] == [(1, (CUT, True, TEXT[1:101]))]
    most = Calls(argv(tracees), engine, "all", 0x8000)
    assert most.last("write", 11)[4] == [(1, (0, True, TEXT[1:4901]))]
    paths = Calls(argv(tracees), engine, "paths")
    kinds = {kind for _, _, items in paths.all for _, kind, _, _, _ in items}
    assert kinds == {PayloadType.STRING}
    assert paths.last("openat", 6) == more.last("openat", 6)
    nothing = Calls(argv(tracees), engine, "none")
    assert not any(items for _, _, items in nothing.all)
    with pytest.raises(OSError, match="Invalid argument"):
        _core.Session(string_limit=0x8001)
    with pytest.raises(OSError, match="Invalid argument"):
        _core.Session(policy=[b"\xff\xff" * 1024] * len(ABIS))


def by_task(calls: Calls) -> list[tuple[str, list[tuple[int, int, int]]]]:
    """Without what is chance: bytes that tell of times and random numbers."""
    return [
        (name, [(arg, kind, flags) for arg, kind, flags, _, _ in items])
        for name, _, items in calls.all
        if name not in ("futex", "rt_sigreturn")
    ]


@pytest.mark.skipif(len(ENGINES) < 2, reason="there is but one engine here")
def test_engines_capture_the_same_of_interrupted_calls_and_in_handlers(tracees: Builder) -> None:
    """Where a signal comes at the end of a call, its frame takes the place of the recorder's code;
    where SIGSEGV is blocked or ignored the recorder must not copy."""
    command = ["setarch", "-R", *tracees.command("captured_signals")]
    one, other = (Calls(command, engine, "all") for engine in ENGINES)
    assert by_task(one) == by_task(other)
    for calls in (one, other):
        interrupted, *_ = calls.by_name["nanosleep"]
        assert [(arg, flags, len(data)) for arg, (flags, _, data) in interrupted] == [
            (0, 0, 16),
            (1, EXIT, 16),
        ]
        seconds, ns = struct.unpack("<QQ", interrupted[1][1][2])
        assert 0 < seconds * 1_000_000_000 + ns < 100_000_000_000
        for status in calls.by_name["wait4"][:-1]:  # the last asks for none
            assert status[0][1] == (EXIT, True, bytes(4))
        reads = [items for items in calls.by_name["read"] if items]
        assert len(reads) > 20
        assert {items[0][1][2] for items in reads if items[0][1][2]} == {bytes(10)}
