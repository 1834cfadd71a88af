"""Promise: each event is a line of JSON that the schema describes, with the values of Trace.calls.

Whatever bytes a tracee or a damaged file has: the line is ASCII, and no byte is lost.
"""

from __future__ import annotations

import json
import re
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_schema import Schema
from synthetic import item, make_events, stream

from fasttrace import _tables
from fasttrace._decode import json_string
from fasttrace.data.event_layout import EVENT
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind, PayloadFlag, PayloadType
from fasttrace.data.json_events import JsonEvents, schema
from fasttrace.data.processes import Process
from fasttrace.data.programs import Programs
from fasttrace.data.trace import Trace
from fasttrace.decode.values import Address, Change, Descriptor, Named
from fasttrace.syscalls.errnos import errno_name
from fasttrace.syscalls.names import call_name

SCHEMA = Schema(json.loads(schema()))
MORE = PayloadFlag.MORE


def as_string(data: bytes, cut: bool) -> Any:
    try:
        text, rest = data.decode(), {}
    except UnicodeDecodeError:
        text, rest = None, {"hex": data.hex()}
    if text is not None and not cut:
        return text
    return {"text": text, **rest, **({"cut": True} if cut else {})}


def as_json(value: Any) -> Any:
    """What docs/json.md says of a value of fasttrace.decode.values; "text" of broken UTF-8 left
    out."""
    if isinstance(value, Descriptor):
        gone = {"deleted": True} if value.deleted else {}
        return {"value": int(value), "text": value.text, "path": as_json(value.path)} | gone
    if isinstance(value, Named):
        return {"value": int(value), "text": value.text}
    if isinstance(value, Address):
        return {"address": hex(value), **({"note": value.note} if value.note else {})}
    if isinstance(value, Change):
        return {"before": as_json(value.before), "after": as_json(value.after)}
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if value is ...:
        return {"more": True}
    if isinstance(value, (str, bytes)):
        data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
        return as_string(data, getattr(value, "cut", False))
    return value


def without_broken_text(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: without_broken_text(one) for name, one in value.items()}
        return {**kept, "text": None} if "hex" in value and "text" in value else kept
    return [without_broken_text(one) for one in value] if isinstance(value, list) else value


def lines(events: np.ndarray, payload: bytes = b"") -> list[dict[str, Any]]:
    text = JsonEvents().text(events, memoryview(payload))
    assert text.isascii()
    found = [json.loads(line) for line in text.splitlines()]
    assert [one for one in found if not SCHEMA.fits(one)] == []
    return found


def one(**event: Any) -> dict[str, Any]:
    (found,) = lines(make_events(event))
    return found


@given(st.binary(max_size=200) | st.text(max_size=50).map(str.encode), st.booleans())
def test_a_string_keeps_every_byte(data: bytes, cut: bool) -> None:
    text = json_string(data, cut)
    assert text.isascii()
    found = json.loads(text)
    assert without_broken_text(found) == as_string(data, cut)
    if "hex" in found:
        assert "\ufffd" in found["text"]
        assert bytes.fromhex(found["hex"]) == data


@pytest.mark.parametrize(
    "data",
    [b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80",
     b"\x80", b"\xe2\x82", b"a\xff", b"\xf0\x9f\x98"],
)  # fmt: skip
def test_what_is_no_utf8_is_not_taken_for_it(data: bytes) -> None:
    """Longer forms than need be, surrogates, beyond U+10FFFF, five bytes, cut."""
    assert json.loads(json_string(data))["hex"] == data.hex()


def test_characters_beyond_16_bits_are_two_escapes() -> None:
    assert json_string('aé😀\n"\\\x7f'.encode()) == r'"a\u00e9\ud83d\ude00\n\"\\\u007f"'


def test_every_known_call_has_its_name_and_its_errors() -> None:
    for abi in range(len(_tables.ABIS)):
        numbers = [*_tables.names(abi), 1000, 0x7FFFFFFF, -1]
        events = make_events(*({"nr": nr, "abi": abi} for nr in numbers))
        found = lines(events)
        assert [call["name"] for call in found] == [call_name(nr, abi) for nr in numbers]
        assert {call["abi"] for call in found} == {_tables.ABIS[abi]}
    events = make_events(*({"nr": 3, "ret": -error} for error in range(1, 4096)))
    assert [call["errno"] for call in lines(events)] == [errno_name(n) for n in range(1, 4096)]
    assert one(abi=9, nr=0)["abi"] == "abi_9"
    assert one(abi=9, nr=0)["name"] == "syscall_0x0"


def test_programs_are_told_by_what_happened() -> None:
    """A child has its parent's name until it runs something else; a thread changes nothing."""
    comm = item(b"sh", type=PayloadType.COMM)
    other = item(b"c\xffc", type=PayloadType.COMM)
    events = make_events(
        {"pid": 1, "time_ns": 1},
        {"pid": 1, "time_ns": 2, "kind": Kind.EXEC, "flags": Flag.PAYLOAD},
        {"pid": 1, "time_ns": 3},
        {"pid": 1, "time_ns": 4, "kind": Kind.FORK, "args": [2, 0, 0, 0, 0, 0], "ret": 2},
        {"pid": 1, "time_ns": 4, "kind": Kind.FORK, "args": [1, 0, 0, 0, 0, 0], "ret": 9,
         "flags": Flag.THREAD},
        {"pid": 2, "time_ns": 5},
        {"pid": 2, "time_ns": 6, "kind": Kind.EXEC, "flags": Flag.PAYLOAD, "payload": len(comm)},
        {"pid": 2, "time_ns": 7},
        {"pid": 2, "time_ns": 8, "kind": Kind.EXIT, "ret": 256},
        {"pid": 1, "time_ns": 9},
    )  # fmt: skip
    found = [event["comm"] for event in lines(events, comm + other)]
    odd = {"text": "c\ufffdc", "hex": "63ff63"}
    assert found == [None, "sh", "sh", "sh", "sh", "sh", odd, odd, odd, "sh"]


def test_a_call_is_of_the_program_that_ran_when_it_began() -> None:
    """It may come after that of the next; and where only some events are shown, all are heard."""
    first, second = item(b"sh", type=PayloadType.COMM), item(b"ls", type=PayloadType.COMM)
    exec = {"pid": 1, "kind": Kind.EXEC, "flags": Flag.PAYLOAD}
    events = make_events(
        {"time_ns": 1} | exec,
        {"pid": 1, "time_ns": 2, "duration_ns": 3},
        {"time_ns": 4, "payload": len(first)} | exec,
        {"pid": 1, "time_ns": 5},
        {"pid": 1, "time_ns": 6},
    )
    names = ["sh", "ls", "sh", "ls", "ls"]
    assert [event["comm"] for event in lines(events, first + second)] == names
    some = JsonEvents()
    some.learn(events, memoryview(first + second))
    chosen = np.ascontiguousarray(events[events["kind"] == Kind.SYSCALL])
    text = some.text(chosen, memoryview(first + second)).splitlines()
    assert [json.loads(line)["comm"] for line in text] == ["sh", "ls", "ls"]


def test_a_part_of_a_trace_names_programs_as_the_whole() -> None:
    """The exec that changed the name may not be in it."""
    payload = item(b"sh", type=PayloadType.COMM) + item(b"ls", type=PayloadType.COMM)
    offsets = (0, len(payload) // 2)
    exec = {"pid": 1, "kind": Kind.EXEC, "flags": Flag.PAYLOAD}
    events = make_events(
        {"time_ns": 1, "payload": offsets[0]} | exec,
        {"pid": 1, "time_ns": 2, "duration_ns": 3},
        {"time_ns": 4, "payload": offsets[1]} | exec,
        {"pid": 1, "time_ns": 5, "ret": -2},
    )
    whole = Trace(events, np.frombuffer(payload, np.uint8))
    assert [record["comm"] for record in whole.to_records()] == ["sh", "ls", "sh", "ls"]
    calls = whole.where(kind=Kind.SYSCALL)
    assert [record["comm"] for record in calls.to_records()] == ["sh", "ls"]
    assert [record["comm"] for record in calls[:1].where(pid=1).to_records()] == ["sh"]


def test_names_of_ended_processes_are_forgotten_in_the_end() -> None:
    """A session may see millions."""
    programs = Programs()
    for pid in range(100_000):
        programs.runs(pid, b"x", pid)
        programs.ends(pid)
    assert programs(99_999, 0)[0] == b'"x"'
    assert programs(1, 0)[0] == b"null"


def test_a_trace_without_its_births_knows_the_programs_of_its_processes() -> None:
    events = make_events({"pid": 7, "time_ns": 70}, {"pid": 8, "time_ns": 80})
    trace = Trace(events, processes=[Process(7, comm="cc", start_ns=60)])
    assert [record["comm"] for record in trace.to_records()] == ["cc", None]


def test_other_events_say_what_they_are_in_fields() -> None:
    child = one(kind=Kind.SIGNAL, nr=17, args=[1, 5, 1000, 0, 0, 0])
    assert (child["signal"], child["nr"], child["code"]) == ("SIGCHLD", 17, 1)
    assert (child["from_pid"], child["from_uid"], child["fault"]) == (5, 1000, None)
    fault = one(kind=Kind.SIGNAL, nr=11, args=[1, 0, 0, 0xDEAD, 0, 0])
    assert (fault["from_pid"], fault["fault"]) == (None, {"address": "0xdead"})
    assert one(kind=Kind.SIGNAL, nr=10, args=[(1 << 64) - 6, 5, 0, 0, 0, 0])["code"] == -6
    assert one(kind=Kind.FORK, nr=2, args=[9, 0, 0, 0, 0, 0], ret=9)["how"] == "vfork"
    assert one(kind=Kind.FORK, nr=3, flags=Flag.THREAD)["how"] == "thread"
    ended = one(kind=Kind.EXIT, ret=3 << 8)
    assert (ended["exit_code"], ended["signal"], ended["status"]) == (3, None, 768)
    killed = one(kind=Kind.EXIT, ret=11 | 128)
    assert (ended["nr"], killed["nr"]) == (None, 11)
    assert (killed["exit_code"], killed["signal"], killed["core_dumped"]) == (None, "SIGSEGV", True)
    assert one(kind=Kind.LOST, ret=5)["count"] == 5
    assert one(kind=Kind.EXEC)["argv"] is None
    words = item(b"a\0\xff\0", type=PayloadType.ARGV)
    (run,) = lines(make_events({"kind": Kind.EXEC, "flags": Flag.PAYLOAD}), words)
    assert run["argv"] == ["a", {"text": "\ufffd", "hex": "ff"}]
    assert one(kind=77)["kind"] == "kind_77"
    stopped = one(kind=Kind.STOP, nr=19)
    assert (stopped["kind"], stopped["signal"]) == ("stop", "SIGSTOP")
    info = struct.pack("<iiiiii24x", 10, 0, -1, 0, 5, 1000)  # SI_QUEUE
    events = make_events({"kind": Kind.SIGNAL, "nr": 10, "flags": Flag.PAYLOAD})
    payload = item(info, type=PayloadType.SIGINFO)
    (queued,) = lines(events, payload)
    assert queued["siginfo"]["si_code"] == {"value": -1, "text": "SI_QUEUE"}
    assert queued["siginfo"]["si_pid"] == 5
    (as_call,) = Trace(events, stream(payload))
    assert queued["siginfo"] == as_json(as_call.siginfo)
    assert as_call.siginfo.si_signo == 10
    (cut,) = lines(events, item(info[:40], type=PayloadType.SIGINFO))
    assert cut["siginfo"] is None


def test_a_call_that_is_too_long_for_a_line_goes_without_its_arguments() -> None:
    """A tracee can point to the same memory a thousand times."""
    vectors, big = 0x1000, 0x10000
    data = b"\xff" * 32768
    header = b"".join(n.to_bytes(8, "little") for n in (0, 0, 0x2000, 32, 0, 0, 0, 0))
    payload = (
        item(header * 32, arg=1, type=2, flags=MORE, address=vectors)
        + item((big.to_bytes(8, "little") + (32768).to_bytes(8, "little")) * 32, arg=1, type=2,
               flags=MORE, address=0x2000)
        + item(data, arg=1, type=2, address=big)
    )  # fmt: skip
    call = {"nr": 307, "args": [3, vectors, 32, 0, 0, 0], "ret": 32, "flags": Flag.PAYLOAD}
    first, second = lines(make_events(call, {"nr": 39}), payload)
    assert (first["name"], first["args"]) == ("sendmmsg", None)
    assert (second["name"], second["args"]) == ("getpid", {})
    call["args"] = [3, vectors, 1, 0, 0, 0]
    (less,) = lines(make_events(call), payload)
    assert less["args"]["msgvec"][0]["msg_hdr"]["msg_iov"][31]["iov_base"]["hex"] == "ff" * 32768


def test_the_schema_refuses_what_is_no_event() -> None:
    good = one(nr=39)
    assert SCHEMA.fits(good)
    for change in ({"v": 2}, {"kind": "nope"}, {"ret": "0"}, {"args": []}, {"raw_args": [1]},
                   {"args": {"fd": {"text": "x"}}}, {"args": {"fd": 1.5}}, {"time_ns": -1},
                   {"args": {"buf": {"text": "x", "hex": "0"}}}, {"unfinished": 0}):  # fmt: skip
        assert not SCHEMA.fits(good | change), change
    for name in good:
        assert not SCHEMA.fits({key: value for key, value in good.items() if key != name}), name


numbers = st.integers(0, (1 << 64) - 1) | st.integers(0, 70) | st.sampled_from([0x1000, 0x1010])
memories = st.tuples(
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 31),
    st.sampled_from([0x1000, 0x1010, 0x1020, 0]),
    st.binary(max_size=160),
)


@given(
    nr=st.integers(0, 470) | st.integers(-(1 << 31), (1 << 31) - 1),
    abi=st.sampled_from([0, 0, 1, 2, 3, 9]),
    args=st.lists(numbers, min_size=6, max_size=6),
    ret=st.integers(-5, 300) | st.integers(-(1 << 63) + 1, (1 << 63) - 1),
    flags=st.integers(0, 63),
    kind=st.sampled_from([1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    items=st.lists(memories, max_size=6),
)
def test_any_event_with_any_memory_fits_the_schema_and_has_the_values_of_python(
    nr: int, abi: int, args: list[int], ret: int, flags: int, kind: int, items: list[Any]
) -> None:
    payload = b"".join(
        item(data, arg=arg, type=type, flags=bits | MORE, address=address)
        for arg, type, bits, address, data in items
    )
    events = make_events({"nr": nr, "abi": abi, "args": args, "ret": ret, "kind": kind})
    events["flags"] |= flags
    (found,) = lines(events, payload)
    trace = Trace(events, stream(payload))
    assert trace.to_records()[0].keys() == found.keys()
    assert [one for one in trace.to_records(descriptors=True) if not SCHEMA.fits(one)] == []
    for call in trace.calls():
        assert found["text"] == str(call)
        assert without_broken_text(found["args"]) == as_json(call.args)
        assert without_broken_text(found["result"]) == as_json(call.result)
        assert without_broken_text(found.get("found")) == as_json(call.found)
        assert (found["name"], found["errno"]) == (call.name, call.errno)
        assert tuple(found["raw_args"]) == call.raw_args


@given(st.binary(min_size=96, max_size=96), st.binary(max_size=64))
def test_any_record_is_one_line(record: bytes, payload: bytes) -> None:
    text = JsonEvents().text(record, memoryview(payload))
    assert text.count("\n") == 1
    assert re.fullmatch(r"[ -~]+\n", text)
    assert SCHEMA.fits(json.loads(text))


def test_records_are_in_the_order_of_their_ends() -> None:
    events = np.zeros(3000, EVENT_DTYPE)
    events["kind"] = Kind.SYSCALL
    events["time_ns"] = np.arange(3000, 0, -1)
    times = [record["time_ns"] for record in Trace(events).to_records()]
    assert times == list(range(1, 3001))
    assert EVENT.size == EVENT_DTYPE.itemsize
