"""Promise: a trace's columns say of each event what its Call says, in batches of any size, and are
safe to make of any bytes."""

from __future__ import annotations

import gc
import json
import weakref
from typing import Any

import numpy as np
import pytest
from exported import example, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import PROCESSES, item, make_events, random_events, stream, traces

from fasttrace import _decode
from fasttrace.data.events import EVENT_DTYPE, Flag
from fasttrace.data.export.columns import FOR_READERS, FORMS, WHOLE, Column, Columns, chosen, pieces
from fasttrace.data.export.words import Numbering, Words, utf8
from fasttrace.data.json_events import JsonEvents
from fasttrace.data.trace import Trace
from fasttrace.errors import TraceError


def values(column: Column) -> list[Any]:
    """As Python has them, None where there is none."""
    found: list[Any] = column.values.tolist()
    if column.words is not None:
        words = column.words.strings()
        found = [words[code] if code < len(words) else None for code in found]
    if column.valid is not None:
        found = [value if ok else None for value, ok in zip(found, column.valid, strict=True)]
    return found


def told(trace: Trace, size: int = 1 << 20) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch in Columns(trace._recorded()).batches(size):
        columns = {name: values(column) for name, column in batch.items()}
        found += [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
    return found


def agree(trace: Trace, size: int = 1 << 20) -> None:
    found = told(trace, size)
    assert len(found) == len(trace)
    for row, expected in zip(found, rows(trace), strict=True):
        assert row | expected == row


def test_a_trace_with_everything_in_it_as_columns() -> None:
    agree(example())


def test_batches_say_the_same_as_the_whole() -> None:
    trace = example()
    whole = told(trace)
    for size in (1, 2, 5, len(trace)):
        assert told(trace, size) == whole


def test_what_the_columns_of_an_example_hold() -> None:
    found = told(example())
    assert [row["name"] for row in found] == [
        *("exec", "openat", "stat", "rename", "openat", "read", "read"),
        *("syscall_0x1388", "syscall_0xfffffff9", "signal", "fork", "kind_99", "exit"),
    ]
    assert [row["path"] for row in found[:6]] == [
        *(None, "/etc/hosts", "/tmp/\\xff\x1b[2J\n,\"'", "/from", None, None),
    ]
    assert [row["fd"] for row in found[:8]] == [None, -100, None, None, 0, -1, 5, None]
    assert [row["comm"] for row in found[:5]] == ["make", "make", "cc", "ld", "cc"]
    assert found[8]["comm"] is None
    assert found[8]["abi"] == "abi_9"
    assert found[1]["time"] == 1_700_000_000_000_000_012
    assert found[8]["errno"] == "errno_4000"


@settings(max_examples=150)
@given(traces(), st.integers(1, 50))
def test_columns_of_drawn_traces_agree_with_their_calls(trace: Trace, size: int) -> None:
    agree(trace, size)


def test_random_bytes_as_events_and_payload_can_be_told() -> None:
    rng = np.random.default_rng(7)
    for seed in range(30):
        events = random_events(rng, near=bool(seed % 2))
        if seed % 3:
            events["flags"] |= np.uint16(Flag.PAYLOAD)
        for processes in (None, PROCESSES):
            agree(Trace(events, stream(rng.bytes(2000)), processes=processes))


def test_errors_that_are_no_errnos_have_a_name_each() -> None:
    calls = [{"ret": ret, "flags": Flag.ERROR} for ret in (-(1 << 63), -5000, 0, 7, (1 << 63) - 1)]
    names = [row["errno"] for row in told(Trace(make_events(*calls)))]
    assert names == [
        *(f"errno_{1 << 63}", "errno_5000", "errno_0", "errno_-7"),
        f"errno_{1 - (1 << 63)}",
    ]


HEAD = ("v", "kind", "pid", "tid", "comm", "time_ns", "text")


def test_decoded_arguments_are_those_of_the_json_of_events() -> None:
    rng = np.random.default_rng(3)
    events = np.frombuffer(rng.bytes(96 * 500), EVENT_DTYPE).copy()
    events["kind"] = rng.integers(1, 3, 500)
    events["abi"] %= 5
    events["nr"] = rng.integers(-2, 460, 500)
    events["payload"] %= 2000
    for trace in (example(), Trace(events, stream(rng.bytes(2000)))):
        column = Columns(trace._recorded(), ["args"]).take(0, len(trace))["args"]
        assert column.valid is not None
        for event, piece, valid in zip(trace.events, pieces(column), column.valid, strict=True):
            line = json.loads(JsonEvents().text(event.tobytes(), trace.payload.data))
            assert valid
            if event["kind"] == 1:
                assert json.loads(piece) == line["args"]
            else:
                assert json.loads(piece) == {k: v for k, v in line.items() if k not in HEAD}


def test_arguments_that_are_too_long_are_not_there() -> None:
    long = item(b"\x01" * 60_000, arg=1, type=2)
    call = {"nr": 1, "args": (1, 0x7F00, 60_000, 0, 0, 0), "flags": Flag.PAYLOAD, "ret": 60_000}
    short = make_events(call, {"nr": 39})
    column = Columns(Trace(short, stream(long))._recorded(), ["args"]).take(0, 2)["args"]
    assert column.valid is not None
    assert column.valid.tolist() == [False, True]
    assert pieces(column) == [b"", b"{}"]


def test_columns_are_chosen_by_name() -> None:
    assert chosen(None) == FOR_READERS
    assert chosen(["pid", "name", "pid"]) == ("pid", "name")
    assert set(WHOLE) - set(FOR_READERS) == {"payload", "data", "host"}
    assert set(FORMS) - set(WHOLE) == {"args"}
    with pytest.raises(ValueError, match="no column is called 'nmae': one of name, "):
        chosen(["nmae"])


def test_an_empty_trace_has_empty_columns() -> None:
    for name, column in Columns(Trace()._recorded(), WHOLE).take(0, 0).items():
        assert len(column.values) == 0, name


def test_items_of_one_event_do_not_make_a_stream_of_gigabytes() -> None:
    """Each event says that the same bytes are its own: nobody has recorded that."""
    payload = item(bytes(100_000))
    events = np.repeat(make_events({"flags": Flag.PAYLOAD}), 1000)
    with pytest.raises(TraceError, match="lie on each other"):
        Columns(Trace(events, stream(payload))._recorded(), ["data"]).take(0, 1000)


def test_many_paths_are_forgotten_between_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    import fasttrace.data.export.columns as columns

    monkeypatch.setattr(columns, "_TEXT_MAX", 10)
    names = [f"/{i}".encode() for i in range(100)]
    items = [item(name, arg=0) for name in names]
    starts = np.cumsum([0, *map(len, items)])[:-1].tolist()
    calls = [{"nr": 4, "flags": Flag.PAYLOAD, "payload": start} for start in starts]
    trace = Trace(make_events(*calls), stream(b"".join(items)))
    agree(trace, 7)
    batches = list(Columns(trace._recorded(), ["path"]).batches(7))
    assert all(len(batch["path"].words.ends) <= 14 for batch in batches if batch["path"].words)


@given(st.lists(st.binary(max_size=40)))
def test_words_are_utf8_and_each_has_one_number(names: list[bytes]) -> None:
    names = [name.replace(b"\0", b"") for name in names]
    items = [item(name, arg=0) for name in names]
    starts = np.cumsum([0, *map(len, items)])[:-1].tolist()
    calls = [{"nr": 4, "flags": Flag.PAYLOAD, "payload": start} for start in starts]
    column = Columns(
        Trace(make_events(*calls), stream(b"".join(items)))._recorded(), ["path"]
    ).take(0, len(names))["path"]
    assert values(column) == [name.decode("utf-8", "backslashreplace") for name in names]
    assert column.words is not None
    words = column.words.strings()
    assert len(set(words)) == len(words)


def test_a_numbering_keeps_places_and_joins_equal_words() -> None:
    numbering = Numbering(4, lambda n: f"{n % 10}")
    assert numbering.codes(np.array([3, 1, 3, 0])).tolist() == [0, 1, 0, 2]
    assert numbering.codes(np.array([13, 1 << 50, 1])).tolist() == [0, 3, 1]
    assert numbering.words.strings() == ["3", "1", "0", "4"]
    assert Words.of([]).strings() == []
    assert utf8("a\udc80") == "a\\x80"


def test_the_core_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="not one for each call"):
        _decode.Paths(b"", 1)
    paths = _decode.Paths(bytes(4 * 1024), 1)
    events, numbers = make_events({}), np.empty(2, np.int32)
    with pytest.raises(ValueError, match="room for 2 numbers of 1"):
        paths.number(events.data, memoryview(b""), numbers.data)
    with pytest.raises(ValueError, match="no whole events"):
        paths.number(memoryview(bytes(95)), memoryview(b""), numbers.data)
    with pytest.raises(ValueError, match="room for 3 bytes of 0"):
        _decode.copy_items(events.data, memoryview(b""), np.empty(3, np.uint8).data)
    assert (len(paths), paths.text()) == (0, (b"", b""))


def test_the_core_refuses_columns_of_fields_that_do_not_fit() -> None:
    events = make_events({}, {})
    pids, places = np.zeros(3, np.int32), np.zeros(256, np.int32)
    fields = _decode.Fields(3)
    with pytest.raises(ValueError, match="no field of 4 bytes at 93"):
        fields.add("field", pids.data, offset=93, size=4)
    with pytest.raises(ValueError, match="12 bytes, not 24"):
        fields.add("ret", pids.data)
    with pytest.raises(ValueError, match="1024 bytes, not 17408"):
        fields.add("name", pids.data, table=places.data)
    with pytest.raises(ValueError, match="'comm' is no column of fields"):
        fields.add("comm", pids.data)  # type: ignore[arg-type]
    with pytest.raises((TypeError, BufferError)):
        fields.add("kind", pids.data.toreadonly(), table=places.data)
    for _ in range(32):
        fields.add("kind", pids.data, table=places.data)
    with pytest.raises(ValueError, match="too many"):
        fields.add("kind", pids.data, table=places.data)
    with pytest.raises(ValueError, match="room for 3 rows, not for 2 from 2 on"):
        fields.fill(events.data, 2)
    with pytest.raises(ValueError, match="no whole events"):
        fields.fill(memoryview(bytes(95)), 0)
    assert fields.fill(events.data, 1) == []


def test_words_that_come_late_in_a_long_trace() -> None:
    """Events are looked at some thousand at a time: names, kinds and errnos that come first in the
    last of them, between others that were there before."""
    count = 9000
    events = np.tile(make_events({"nr": 1, "ret": 5}), count)
    events["time_ns"] = np.arange(count)
    events["nr"][8500::7], events["nr"][8501::7] = 2, 5000
    events["ret"][8502::7], events["flags"][8502::7] = -2, Flag.ERROR
    events["ret"][8503::7], events["flags"][8503::7] = -(1 << 63), Flag.ERROR
    events["kind"][8504::7] = 99
    trace = Trace(events, np.empty(0, np.uint8))
    found = told(trace)
    assert [row["time_ns"] for row in found] == list(range(count))
    assert {row["name"] for row in found[:8500]} == {"write"}
    tail = slice(8499, 8506)
    assert [row["name"] for row in found[tail]] == [
        *("write", "open", "syscall_0x1388", "write", "write", "kind_99", "write"),
    ]
    assert [row["errno"] for row in found[tail]] == [
        *(None, None, None, "ENOENT", f"errno_{1 << 63}", None, None),
    ]
    agree(trace[8400:8600])


def test_a_choice_of_no_columns_is_empty() -> None:
    assert Columns(example()._recorded(), []).take(0, 5) == {}


def test_columns_go_when_nobody_has_them() -> None:
    """Without the garbage collector: those of a row group hold megabytes."""
    gc.disable()
    try:
        columns = Columns(example()._recorded(), WHOLE)
        columns.take(0, 100)
        gone = weakref.ref(columns)
        del columns
        assert gone() is None
    finally:
        gc.enable()
