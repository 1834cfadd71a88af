"""Promise: what is told by line of Python adds up to all calls, whatever stands in the payload."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import GETPID, OPENAT, READ, item, make_events, stream

import fasttrace
from fasttrace.data.events import Flag, PayloadType
from fasttrace.data.frames import Frame, read_frames
from fasttrace.data.lines import LineCounts
from fasttrace.data.trace import Trace
from fasttrace.report.call_line import CallLines
from fasttrace.report.lines_table import SORT_KEYS, lines_table

MAIN, HELPER = Frame("app.py", 12, "main"), Frame("lib/größe.py", None, "Thing.helper")
PYTHON = int(PayloadType.PYTHON)


def packed(*frames: Frame) -> bytes:
    data = b""
    for frame in frames:
        file, function = (text.encode("utf-8", "surrogateescape") for text in (frame[0], frame[2]))
        data += struct.pack("<IHH", frame.line or 0, len(file), len(function)) + file + function
    return data


def trace() -> Trace:
    first = item(packed(MAIN, HELPER), type=PYTHON, flags=1) + item(b"/etc", arg=1)
    payload = first + item(packed(HELPER), type=PYTHON)
    told = {"flags": Flag.PAYLOAD}
    events = make_events(
        {"nr": OPENAT, "ret": 3, "duration_ns": 500, **told},
        {"nr": READ, "duration_ns": 100},
        {"nr": OPENAT, "ret": -2, "duration_ns": 300, **told},
        {"nr": GETPID, "duration_ns": 2000, "payload": len(first), **told},
    )
    return Trace(events, stream(payload), wall_ns=10_000)


def test_calls_are_counted_by_their_innermost_line() -> None:
    assert [tuple(line) for line in trace().lines()] == [
        (HELPER, 1, 0, 2000, {"getpid": 1}),
        (MAIN, 2, 1, 800, {"openat": 2}),
        (None, 1, 0, 100, {"read": 1}),
    ]
    assert trace().lines()[1].to_dict() == {
        "file": "app.py",
        "line": 12,
        "function": "main",
        "calls": 2,
        "errors": 1,
        "total_ns": 800,
        "syscalls": {"openat": 2},
    }


def test_a_call_has_its_frames_and_its_strings() -> None:
    calls = list(trace())
    assert [call.python for call in calls] == [(MAIN, HELPER), (), (MAIN, HELPER), (HELPER,)]
    assert calls[0].strings == {1: "/etc"}
    assert str(HELPER) == "lib/größe.py:? Thing.helper"


def test_a_line_of_text_ends_with_its_frames() -> None:
    recorded = trace()
    text = CallLines(color=False).text(recorded.events.tobytes(), recorded.payload.data)
    assert [line.partition(" at ")[2] for line in text.splitlines()] == [
        "",
        "app.py:12 main, lib/gr\\303\\266\\303\\237e.py:? Thing.helper",
        "app.py:12 main, lib/gr\\303\\266\\303\\237e.py:? Thing.helper",
        "lib/gr\\303\\266\\303\\237e.py:? Thing.helper",
    ]


def test_calls_that_did_not_finish_have_no_times() -> None:
    """As exit, or all of them without results."""
    events = make_events({"nr": READ, "flags": Flag.UNFINISHED})
    (line,) = Trace(events).lines()
    assert (line.frame, line.calls, line.errors, line.total_ns) == (None, 1, None, None)
    assert "  -  " in lines_table([line])
    (line,) = Trace(make_events({"nr": READ, "duration_ns": 5}), results=False).lines()
    assert (line.calls, line.errors, line.total_ns) == (1, None, None)


@pytest.mark.parametrize("width", [None, 40, 60, 200])
@pytest.mark.parametrize("sort", list(SORT_KEYS))
def test_the_table_has_every_line_and_keeps_its_width(sort: str, width: int | None) -> None:
    long = Frame("/" + "x" * 100 + "\x1b[2J.py", 5, "f")
    lines = [*trace().lines(), trace().lines()[0]._replace(frame=long)]
    table = lines_table(lines, sort=sort, width=width).splitlines()
    assert len(table) == 2 + len(lines)
    assert all(line.isprintable() for line in table)
    assert width is None or max(map(len, table)) <= width


@given(st.binary(max_size=200), st.integers(-5, 300), st.binary(max_size=60))
def test_nothing_in_the_payload_is_trusted(payload: bytes, offset: int, frames: bytes) -> None:
    events = make_events({"flags": Flag.PAYLOAD, "payload": max(offset, 0)}, {"nr": READ})
    for data in (payload, item(frames, type=PYTHON) + payload):
        counts = LineCounts()
        counts.add(events.data, memoryview(data), -min(offset, 0))
        assert sum(line.calls for line in counts.lines) == 2
        CallLines().text(events.tobytes(), memoryview(data))
    assert all(isinstance(frame, Frame) for frame in read_frames(frames))


def test_lines_without_number_count_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a program that makes code all the time."""
    monkeypatch.setattr("fasttrace.data.lines._LINES_MAX", 3)
    counts = LineCounts()
    for line in (1, 2, 3, 2, 4):
        payload = item(packed(Frame("x.py", line, "f")), type=PYTHON)
        events = make_events({"flags": Flag.PAYLOAD})
        counts.add(events.data, memoryview(payload))
    assert {line.frame and line.frame.line: line.calls for line in counts.lines} == {
        None: 2,
        1: 1,
        2: 2,
    }


@pytest.mark.parametrize("frames", [-1, 65, 1000])
def test_frames_without_sense_are_refused(frames: int) -> None:
    with pytest.raises(ValueError, match="1 to 64 frames"):
        fasttrace.Tracer(["true"], python=frames)
    with pytest.raises(ValueError, match="python goes with events"):
        fasttrace.Tracer(["true"], python=True, events=False)
