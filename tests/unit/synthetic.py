"""Events made up for tests: arrays, processes, and the hypothesis strategies that draw them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from hypothesis import strategies as st

from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace

Call = dict[str, Any]

READ, WRITE, STAT, GETPID, OPENAT = 0, 1, 4, 39, 257


def make_events(*calls: Call) -> np.ndarray:
    """Events from dictionaries of fields; what is left out is 0, kind is SYSCALL."""
    events = np.zeros(len(calls), EVENT_DTYPE)
    events["kind"] = Kind.SYSCALL
    for event, call in zip(events, calls, strict=True):
        for field, value in call.items():
            event[field] = value
        if event["kind"] == Kind.SYSCALL and -4096 < event["ret"] < 0:
            event["flags"] |= Flag.ERROR
    return events


def random_events(rng: np.random.Generator, *, near: bool) -> np.ndarray:
    """300 of random bytes; near: numbers and payload are such as there might be."""
    events = np.frombuffer(rng.bytes(96 * 300), EVENT_DTYPE).copy()
    events["kind"] = rng.integers(0, 9, 300)
    if near:
        events["payload"] %= 2000
        events["abi"] %= 6
        events["nr"] %= 2000
    return events


def item(data: bytes, *, arg: int = 255, type: int = 1, flags: int = 0, address: int = 0) -> bytes:
    """One payload item."""
    return (
        struct.pack("<IBBHQ", len(data), arg, type, flags, address) + data + bytes(-len(data) % 8)
    )


def stream(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


PROCESSES = [
    Process(100, 1, "make", ["make", "-j2"], status=0, start_ns=10, end_ns=90_000, serial=1),
    Process(
        101,
        100,
        "cc",
        ["cc", "a.c"],
        status=256,
        start_ns=20,
        end_ns=500,
        engine="ptrace",
        serial=2,
        fallback="it runs 32-bit code",
    ),
    Process(102, 100, "cc", ["cc", "b.c"], status=9, start_ns=30, end_ns=600, serial=3),
    # The kernel gave the number 101 away again.
    Process(101, 100, "ld", ["ld"], status=0, start_ns=50_000, end_ns=80_000, serial=4),
]

errors = st.sampled_from([-2, -11, -13, -512])
durations = st.one_of(st.integers(0, 100), st.integers(0, 1 << 40), st.integers(0, (1 << 63) - 1))
calls = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([Kind.SYSCALL] * 6 + [Kind.SIGNAL, Kind.EXIT]),
        "pid": st.sampled_from([100, 101, 102]),
        "tid": st.integers(100, 105),
        "nr": st.sampled_from([READ, WRITE, STAT, GETPID, OPENAT, 500, 5000]),
        "abi": st.sampled_from([0, 0, 0, 1]),
        "time_ns": st.integers(10, 90_000),
        "duration_ns": durations,
        "ret": st.one_of(st.integers(0, 10), errors),
        "flags": st.sampled_from([0, 0, 0, Flag.UNFINISHED]),
    }
)


@st.composite
def traces(draw: st.DrawFn, max_size: int = 40) -> Trace:
    """A Trace of PROCESSES, in which a pid was reused and calls come from two ABIs."""
    drawn = draw(st.lists(calls, max_size=max_size))
    for call in drawn:
        if call["flags"] & Flag.UNFINISHED:
            call["ret"] = call["duration_ns"] = 0
    return Trace(
        make_events(*drawn),
        argv=["make", "-j2"],
        exit_status=0,
        engine="ptrace",
        wall_ns=123_456,
        processes=PROCESSES,
        realtime_offset_ns=77,
    )
