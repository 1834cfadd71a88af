"""Traces for the tests of exports: one that holds everything, and what a column must be."""

from __future__ import annotations

from typing import Any

import numpy as np
from synthetic import OPENAT, PROCESSES, READ, STAT, item, make_events, stream

from fasttrace.data.calls import path_args
from fasttrace.data.events import Flag, Kind, argument_strings, payload_items
from fasttrace.data.export.words import utf8
from fasttrace.data.trace import Trace

RENAME = 82
# Of a call in a summary.
FIGURES = (
    "calls",
    "finished",
    "errors",
    "total_ns",
    "min_ns",
    "avg_ns",
    "p50_ns",
    "p99_ns",
    "max_ns",
)


def example() -> Trace:
    """All kinds, two ABIs, numbers that nobody knows, paths that are no UTF-8, a pid used twice."""
    first = item(b"/etc/hosts", arg=1)
    odd = item(b"/tmp/\xff\x1b[2J\n,\"'", arg=0)
    two = item(b"/from", arg=0, flags=1) + item(b"/to", arg=1)
    argv = item(b"make", type=4, flags=1) + item(b"make\0-j2\0", type=3)
    fault = item(b"", arg=1, flags=4)
    payload = first + odd + two + argv + fault
    at = np.cumsum([0, len(first), len(odd), len(two), len(argv)]).tolist()
    has = Flag.PAYLOAD
    big = (1 << 64) - 1
    events = make_events(
        {"kind": Kind.EXEC, "pid": 100, "tid": 100, "time_ns": 11, "flags": has, "payload": at[3]},
        {
            "nr": OPENAT, "pid": 100, "tid": 100, "time_ns": 12, "duration_ns": 7, "ret": 3,
            "args": (-100 & 0xFFFFFFFF, 0x7F00, 0, 0, 0, big), "flags": has, "payload": at[0],
        },
        {
            "nr": STAT, "pid": 101, "tid": 105, "time_ns": 25, "ret": -2,
            "flags": has, "payload": at[1],
        },
        {"nr": RENAME, "pid": 101, "tid": 101, "time_ns": 60_000, "flags": has, "payload": at[2]},
        {
            "nr": OPENAT, "pid": 102, "tid": 102, "time_ns": 31, "ret": -14,
            "flags": has, "payload": at[4],
        },
        {
            "nr": READ, "pid": 102, "tid": 102, "time_ns": 32,
            "flags": Flag.UNFINISHED, "args": [big] * 6,
        },
        {"nr": 3, "abi": 1, "pid": 102, "tid": 102, "time_ns": 33, "args": (5, 0, 0, 0, 0, 0)},
        {"nr": 5000, "pid": 102, "tid": 102, "time_ns": 34},
        {"nr": -7, "abi": 9, "pid": 77, "tid": 77, "time_ns": 35, "ret": -4000},
        {"kind": Kind.SIGNAL, "nr": 15, "pid": 102, "tid": 102, "time_ns": 36},
        {"kind": Kind.FORK, "nr": 3, "pid": 100, "tid": 100, "time_ns": 37, "ret": 102},
        {"kind": 99, "pid": 100, "tid": 100, "time_ns": 38},
        {"kind": Kind.EXIT, "pid": 102, "tid": 102, "time_ns": 40, "ret": 9},
    )  # fmt: skip
    return Trace(
        events,
        stream(payload),
        argv=["make", "-j2", "\udcff"],
        exit_status=-9,
        engine="ptrace",
        wall_ns=123_456,
        lost=1,
        processes=PROCESSES,
        realtime_offset_ns=1_700_000_000_000_000_000,
        host="db-1",
    )


def rows(trace: Trace) -> list[dict[str, Any]]:
    """What the columns must say, told the slow way, call by call."""
    told = []
    for event, call in zip(trace.events, trace, strict=True):
        is_call = call.kind == Kind.SYSCALL
        unfinished = Flag.UNFINISHED in call.flags
        # Damaged events have a duration, or a result, that cannot be: what is there is told.
        took = call.duration_ns if is_call and not unfinished else call.duration_ns or None
        told.append(
            {
                "name": call.name,
                "pid": call.pid,
                "tid": call.tid,
                "comm": utf8(call.comm) or None,
                "time_ns": call.time_ns,
                "duration_ns": took,
                "ret": call.ret or None if is_call and unfinished else call.ret,
                "errno": call.errno,
                "path": _path(trace, event) if is_call else None,
                **{f"arg{i}": call.raw_args[i] for i in range(6)},
                "nr": call.nr,
                "flags": int(event["flags"]),
            }
        )
    return told


def _path(trace: Trace, event: np.void) -> str | None:
    if not event["flags"] & Flag.PAYLOAD:
        return None
    wanted = path_args(int(event["nr"]), int(event["abi"]))
    items = payload_items(memoryview(trace.payload.tobytes()), int(event["payload"]))
    for found in argument_strings(items):
        if found.arg in wanted:
            return utf8(found.text) if found.data or not found.flags & 4 else None
    return None
