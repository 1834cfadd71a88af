"""Promise: whatever is in a trace's folder: it gives a value or the documented error, which is one
line, and soon.

    FASTTRACE_FUZZ=1000000 python -m pytest tests/unit/test_fuzz*.py    # as many inputs for each
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzzing import Folders, fuzz, no_limit, soon, value_or
from hypothesis import example, given
from hypothesis import strategies as st
from synthetic import PROCESSES, stream

from fasttrace.data.events import EVENT_DTYPE
from fasttrace.data.npyfile import EVENTS, header
from fasttrace.data.summary_table import summary_table
from fasttrace.data.trace import Trace
from fasttrace.errors import ProfileError, TraceError
from fasttrace.report.call_line import CallLines
from fasttrace.report.tables_by import tables_by


@pytest.fixture(autouse=True)
def as_long_as_it_takes(no_hang: None) -> None:
    no_limit()


NUMBERS = st.one_of(
    st.integers(-2, 300),
    st.sampled_from([-(1 << 63), 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, 1 << 64, 10**60]),
)
TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["inline", "ptrace", "fasttrace", "cc", "\x1b[2J\n", "\udcff", "a" * 5000]),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, st.floats(), TEXTS)
META_KEYS = (
    *("format", "version", "finished", "argv", "engine", "results", "machine", "clock", "versions"),
    *("exit_status", "wall_ns", "lost", "processes", "realtime_offset_ns", "name"),
)
PROCESS_KEYS = (
    *("pid", "ppid", "comm", "argv", "calls", "status", "start_ns", "end_ns", "engine", "serial"),
    "fallback",
)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*META_KEYS, *PROCESS_KEYS]) | TEXTS, inner, max_size=5)
    ),
    max_leaves=15,
)
WILD_PROCESSES = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(PROCESS_KEYS, LEAVES)) | ANY_JSON, max_size=6
)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def use_all(trace: Trace, again: Path) -> None:
    """All that is done with a trace that could be loaded."""
    summary = trace.summary()
    for key in ("time", "errors", "p99"):
        summary_table(summary, sort=key)
    tables_by(summary, "pid")
    tables_by(summary, "comm", color=True)
    tables_by(summary, "abi")
    json.loads(summary.to_json())
    summary.table  # noqa: B018
    for name in summary.calls:
        summary.histogram(name)
    list(trace)
    trace.paths()
    for key in ("pid", "tid", "syscall", "comm"):
        trace.by(key)  # type: ignore[call-overload]
    len(trace.where("%file,!stat", failed=True, comm="cc", path="x", min_duration_ns=1))
    events, payload = np.ascontiguousarray(trace.events), trace.payload.data
    assert CallLines().text(events.data, payload).count("\n") == len(trace)
    assert len(trace.to_records()) == len(trace)
    for call in trace.calls():
        repr((call, call.args, call.result))
    [p.exit_status for p in trace.processes]
    repr(trace), repr(summary), repr(trace.processes), trace.fallbacks
    trace.save(again)
    back = Trace.load(again)
    assert back.events.tobytes() == trace.events.tobytes()
    assert [p.argv for p in back.processes] == [p.argv for p in trace.processes]
    from fasttrace.seccomp.generation.generated import generate
    from fasttrace.seccomp.generation.listing import listing

    made = value_or(ProfileError, lambda: generate(trace))
    if made is not None:
        listing(made)


def look_at(path: Path) -> None:
    trace = value_or(TraceError, lambda: Trace.load(path))
    if trace is not None:
        with soon():
            use_all(trace, path / "again")


SPOILT = st.tuples(
    st.sampled_from(["events.npy", "payload.npy", "meta.json"]),
    st.sampled_from(["flip", "cut", "insert", "repeat", "replace"]),
    st.floats(0, 1, exclude_max=True),
    st.binary(min_size=1, max_size=12),
)


def spoil(data: bytearray, how: str, place: float, more: bytes) -> bytes:
    at = int(place * len(data))
    if how == "flip" and data:
        data[at] ^= more[0] or 1
    elif how == "cut":
        del data[at:]
    elif how == "insert":
        data[at:at] = more
    elif how == "repeat":
        data[at:at] = data[at : at + 100 * more[0]]
    elif how == "replace":
        data[at : at + len(more)] = more
    return bytes(data)


@fuzz
@given(st.lists(SPOILT, min_size=1, max_size=8))
def test_bytes_of_a_folder(folders: Folders, spoilt: list[tuple[str, str, float, bytes]]) -> None:
    with folders.one() as path:
        for name, *how in spoilt:
            file = path / name
            file.write_bytes(spoil(bytearray(file.read_bytes()), *how))  # type: ignore[arg-type]
        look_at(path)


@fuzz
@given(
    st.dictionaries(st.sampled_from(META_KEYS), ANY_JSON, max_size=4),
    WILD_PROCESSES,
    st.booleans(),
)
@example({}, [{"pid": 5, "serial": 1, "comm": "a"}, {"pid": 5, "serial": 1}], True)
@example({"argv": ["\ud800"], "engine": "\udcff"}, [{"argv": ["\ud800"]}], True)
def test_any_entry_of_meta_is_read_or_refused(
    folders: Folders, changed: dict[str, Any], processes: list[Any], finished: bool
) -> None:
    with folders.one() as path:
        meta = json.loads((path / "meta.json").read_text())
        meta |= {"processes": processes, "finished": finished, **changed}
        (path / "meta.json").write_text(json.dumps(meta))
        look_at(path)


@fuzz
@given(ANY_JSON | st.text() | st.binary())
@example("[" * 100_000)
@example("9" * 200_000)
@example('{"format": "fasttrace", "version": 1, "wall_ns": ' + "9" * 100_000 + "}")
def test_anything_for_meta_is_read_or_refused(folders: Folders, value: Any) -> None:
    if not isinstance(value, bytes):
        text = value if isinstance(value, str) else json.dumps(value)
        value = text.encode("utf-8", "surrogatepass")
    with folders.one() as path:
        (path / "meta.json").write_bytes(value)
        look_at(path)


HEADS = st.one_of(
    st.builds(header, st.sampled_from([EVENTS[0], "'|u1'", "'<f8'", "[]"]), NUMBERS),
    st.builds(
        lambda length, text: b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + text,
        st.integers(0, 65535),
        st.binary(max_size=200) | st.just(b"{'descr': " * 6000),
    ),
    st.binary(max_size=200),
)


@fuzz
@given(HEADS, st.binary(max_size=400), st.sampled_from(["events.npy", "payload.npy"]))
def test_foreign_arrays_are_read_or_refused(
    folders: Folders, head: bytes, rest: bytes, name: str
) -> None:
    with folders.one() as path:
        (path / name).write_bytes(head + rest)
        look_at(path)


@fuzz
@given(st.lists(st.binary(min_size=96, max_size=96), max_size=30), st.binary(max_size=300))
def test_any_events_can_be_used(folders: Folders, records: list[bytes], payload: bytes) -> None:
    events = np.frombuffer(b"".join(records), EVENT_DTYPE)
    with folders.one() as path:
        for processes in (None, PROCESSES):
            trace = Trace(events, stream(payload), engine="inline", processes=processes)
            with soon():
                use_all(trace, path / f"again{processes is None}")


def test_no_files(folders: Folders) -> None:
    """What can stand where a file should: it is not waited for, nor read without end."""
    made: dict[str, Callable[[Path], object]] = {
        "nothing": lambda p: None,
        "folder": lambda p: p.mkdir(),
        "pipe": os.mkfifo,
        "endless": lambda p: p.symlink_to("/dev/zero"),
        "circle": lambda p: p.symlink_to(p.name),
        "dangling": lambda p: p.symlink_to("gone"),
        "terminal": lambda p: p.symlink_to("/dev/tty"),
        "huge": lambda p: (p.touch(), os.truncate(p, 1 << 40)),
    }
    for name in ("meta.json", "events.npy", "payload.npy"):
        for make in made.values():
            with folders.one() as path:
                (path / name).unlink()
                make(path / name)
                assert value_or(TraceError, lambda path=path: Trace.load(path)) is None
    for make in made.values():
        with folders.one() as path:
            make(path / "x.fst")
            assert value_or(TraceError, lambda path=path: Trace.load(path / "x.fst")) is None
