"""Promise: the process table is the same from a session and told again by a trace's events."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from synthetic import PROCESSES, item, make_events, stream

from fasttrace._core import ProcessRow
from fasttrace.data.events import Flag, Kind
from fasttrace.data.process_table import from_events
from fasttrace.data.processes import Process, from_rows, reused_pids


@pytest.mark.parametrize(
    ("status", "code"), [(None, None), (0, 0), (7 << 8, 7), (9, -9), (9 | 0x80, -9), (0x137F, None)]
)
def test_exit_status_is_as_in_subprocess(status: int | None, code: int | None) -> None:
    assert Process(1, status=status).exit_status == code


def test_exit_status_of_a_real_process() -> None:
    assert Process(1, status=9).exit_status == subprocess.call(["sh", "-c", "kill -9 $$"])


def test_rows_of_a_session_become_processes() -> None:
    rows = [
        ProcessRow(5, 1, 1, -1, 10, 0, 3, b"cat", b"cat\0-n\0", "inline", ""),
        ProcessRow(6, 5, 2, 256, 20, 30, 0, b"\xff", b"", "ptrace", "too old"),
    ]
    cat, child = from_rows(rows)
    assert cat == Process(5, 1, "cat", ["cat", "-n"], 3, None, 10, None, "inline", 1)
    assert (child.exit_status, child.end_ns, child.comm) == (1, 30, "\udcff")
    assert (child.engine, child.fallback) == ("ptrace", "too old")
    keys = ["pid", "ppid", "comm", "argv", "calls", "exit_status", "engine", "fallback"]
    assert list(cat.to_dict()) == keys


def test_events_tell_the_same_processes() -> None:
    payload = item(b"sh", type=4, flags=1) + item(b"sh\0-c\0", type=3)
    second = len(payload)
    payload += item(b"ls", type=4, flags=1) + item(b"ls\0", type=3)
    events = make_events(
        {"kind": Kind.EXEC, "pid": 10, "tid": 10, "time_ns": 1, "args": [9] + [0] * 5},
        {"kind": Kind.FORK, "pid": 10, "ret": 11, "time_ns": 2, "args": [11] + [0] * 5},
        {"kind": Kind.FORK, "pid": 10, "ret": 12, "time_ns": 3, "flags": Flag.THREAD},
        {"kind": Kind.EXEC, "pid": 11, "time_ns": 4, "payload": second},
        {"kind": Kind.EXIT, "pid": 10, "tid": 12, "time_ns": 5, "flags": Flag.THREAD},
        {"kind": Kind.EXIT, "pid": 11, "ret": 256, "time_ns": 6},
        {"kind": Kind.FORK, "pid": 10, "ret": 11, "time_ns": 7, "args": [11] + [0] * 5},
        {"kind": Kind.EXIT, "pid": 11, "ret": 9, "time_ns": 8},
        {"pid": 77, "time_ns": 9},
    )
    found = from_events(events, stream(payload), "ptrace", pids=[10, 77, 11])
    assert [
        (p.pid, p.ppid, p.comm, p.argv, p.exit_status, p.start_ns, p.end_ns) for p in found
    ] == [
        (10, 9, "sh", ["sh", "-c"], None, 1, None),
        (11, 10, "ls", ["ls"], 1, 2, 6),
        (11, 10, "sh", ["sh", "-c"], -9, 7, 8),
        (77, 0, "", [], None, 0, None),
    ]
    assert [p.serial for p in found] == [1, 2, 3, 4]


def test_from_any_events() -> None:
    """Whatever a damaged file holds becomes some table."""
    rng = np.random.default_rng(3)
    events = np.frombuffer(rng.bytes(96 * 500), make_events().dtype).copy()
    events["kind"] = rng.integers(1, 8, 500)
    found = from_events(events, stream(rng.bytes(100)))
    exits = (events["kind"] == Kind.EXIT) & (events["flags"] & Flag.THREAD == 0)
    assert {p.pid for p in found} >= set(events["pid"][exits].tolist())


def test_a_reused_pid_is_found() -> None:
    assert reused_pids(PROCESSES) == {101}
