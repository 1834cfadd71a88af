"""Promise: payload of the first version of a trace's folder becomes what it would be now, whatever
its bytes.
"""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import make_events, stream

import fasttrace
from fasttrace.data.events import Flag, Kind, PayloadFlag, PayloadItem, payload_items
from fasttrace.data.version_1 import with_addresses
from fasttrace.errors import TraceError

VERSION_1 = Path(__file__).parent / "version_1.fst"


def old_item(data: bytes, *, arg: int = 0, flags: int = 0) -> bytes:
    return struct.pack("<IBBH", len(data), arg, 1, flags) + data + bytes(-len(data) % 8)


def old_items(payload: bytes, offset: int, args: list[int]) -> list[PayloadItem]:
    """As the reader of that time had them, with the addresses that they stood at."""
    found = []
    for _ in range(16):
        if offset > len(payload) - 8:
            break
        length, arg, type, flags = struct.unpack_from("<IBBH", payload, offset)
        data = payload[offset + 8 : offset + 8 + length]
        if len(data) < length:
            flags |= int(PayloadFlag.TRUNCATED)
        flags &= ~int(PayloadFlag.EXIT)
        found.append(PayloadItem(arg, type, flags, data, args[arg] if arg < 6 else 0))
        if not flags & PayloadFlag.MORE:
            return found
        offset += 8 + (length + 7) // 8 * 8
    if found:
        found[-1] = found[-1]._replace(flags=found[-1].flags & ~int(PayloadFlag.MORE))
    return found


def same(payload: bytes, offsets: list[int]) -> None:
    args = [10 * i for i in range(1, 7)]
    calls = [
        {"payload": offset, "flags": Flag.PAYLOAD, "args": args, "nr": i}
        for i, offset in enumerate(offsets)
    ]
    events = make_events({"args": args}, *calls)
    moved, fresh = with_addresses(events, stream(payload))
    assert moved["nr"].tolist() == events["nr"].tolist()
    for event, offset in zip(moved[1:], offsets, strict=True):
        found = list(payload_items(fresh.data, int(event["payload"])))
        assert found == old_items(payload, offset, args)


@given(st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=4), max_size=12))
def test_items_of_events_get_the_addresses_of_their_arguments(texts: list[list[bytes]]) -> None:
    payload, offsets = b"", []
    for of_event in texts:
        offsets.append(len(payload))
        for arg, data in enumerate(of_event):
            payload += old_item(data, arg=arg, flags=int(arg + 1 < len(of_event)))
    same(payload, offsets)


@given(st.binary(max_size=300), st.integers(0, (1 << 64) - 1) | st.integers(0, 300))
def test_any_bytes_are_read_as_they_were(payload: bytes, offset: int) -> None:
    same(payload, [offset])


def test_many_and_long_items_are_copied_as_one_is() -> None:
    texts = [bytes([i % 256]) * (i * 37 % 4097) for i in range(1500)]
    texts[700] = b"x" * 3_000_000
    payload, offsets = bytearray(), []
    for text in texts:
        offsets.append(len(payload))
        payload += old_item(text)
    same(bytes(payload), offsets)


def test_a_name_and_an_argument_list_stand_nowhere() -> None:
    events = make_events({"kind": Kind.EXEC, "args": [9] * 6, "flags": Flag.PAYLOAD})
    moved, fresh = with_addresses(events, stream(old_item(b"ls", arg=255)))
    (found,) = payload_items(fresh.data, int(moved["payload"][0]))
    assert (found.data, found.address) == (b"ls", 0)


def test_items_that_lie_on_each_other_are_refused(tmp_path: Path) -> None:
    """Else a small file of many events with the same long item would fill the memory."""
    events = make_events(*[{"flags": Flag.PAYLOAD}] * 50)
    with pytest.raises(ValueError, match="each other"):
        with_addresses(events, stream(old_item(b"x" * 4096)))
    shutil.copytree(VERSION_1, tmp_path / "x.fst")
    stored = np.load(tmp_path / "x.fst/events.npy")
    payload = np.load(tmp_path / "x.fst/payload.npy")
    stored["payload"], stored["flags"] = 0, Flag.PAYLOAD
    payload[:4] = list((4096).to_bytes(4, "little"))
    np.save(tmp_path / "x.fst/events.npy", stored)
    np.save(tmp_path / "x.fst/payload.npy", payload)
    with pytest.raises(TraceError, match="damaged"):
        fasttrace.load(tmp_path / "x.fst")


def test_what_was_read_is_saved_in_the_present_version(tmp_path: Path) -> None:
    old = fasttrace.load(VERSION_1)
    old.save(tmp_path / "x.fst")
    assert json.loads((tmp_path / "x.fst/meta.json").read_text())["version"] == 2
    again = fasttrace.load(tmp_path / "x.fst")
    assert [again[i] for i in range(len(again))] == [old[i] for i in range(len(old))]
    assert any(call.strings for call in again)
    assert not old.events.flags.writeable
