"""Promise: a compressed trace is the same trace, can be read while it grows and when it is cut, and
a hostile one is an error that costs no more memory than was said."""

from __future__ import annotations

import errno
import os
import resource
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import example
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import READ, make_events, stream, traces

import fasttrace
from fasttrace.data import compressed
from fasttrace.data.storage import Writer
from fasttrace.data.trace import Trace
from fasttrace.errors import OutputError, TraceError

drawn = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def same(back: Trace, trace: Trace) -> None:
    assert back.events.tobytes() == np.ascontiguousarray(trace.events).tobytes()
    assert back.payload.tobytes() == trace.payload.tobytes()
    assert back.processes == trace.processes
    assert back.info._replace(argv=()) == trace.info._replace(argv=())


def blocks(count: int, each: int = 1000) -> list[np.ndarray[Any, Any]]:
    made = []
    for i in range(count):
        events = np.tile(make_events({"nr": READ, "pid": 100, "tid": 100}), each)
        events["time_ns"] = np.arange(each) + i * each
        made.append(events)
    return made


def put(writer: Writer, events: np.ndarray[Any, Any]) -> None:
    writer.put(memoryview(events.tobytes()), memoryview(b""))


def file_of(path: Path) -> Path:
    return path / compressed.NAME


@settings(parent=drawn, max_examples=25)
@given(traces())
def test_drawn_traces_come_back_whole(tmp_path: Path, trace: Trace) -> None:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.fst"
    trace.save(path, compress=True)
    same(fasttrace.load(path), trace)


def test_a_trace_with_everything_in_it_comes_back(tmp_path: Path) -> None:
    example().save(tmp_path / "x.fst", compress=True)
    same(fasttrace.load(tmp_path / "x.fst"), example())
    names = sorted(file.name for file in (tmp_path / "x.fst").iterdir())
    assert names == ["blocks.z", "meta.json"]


def test_events_and_payload_of_many_chunks_keep_their_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    events = np.concatenate(blocks(70, 2000))
    trace = Trace(events, stream(rng.bytes(5 << 20)), processes=[], realtime_offset_ns=1)
    trace.save(tmp_path / "x.fst", compress=True)
    same(fasttrace.load(tmp_path / "x.fst"), trace)
    assert file_of(tmp_path / "x.fst").stat().st_size < (6 << 20)


def test_it_is_a_tenth_as_large(tmp_path: Path) -> None:
    trace = fasttrace.trace([sys.executable, "-c", "import json, asyncio"])
    trace.save(tmp_path / "x.fst")
    trace.save(tmp_path / "y.fst", compress=True)
    one, other = (
        sum(file.stat().st_size for file in (tmp_path / name).iterdir() if file.suffix != ".json")
        for name in ("x.fst", "y.fst")
    )
    assert other * 5 < one


def test_what_is_written_is_readable_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    with Writer(path, compressed=True) as writer:
        assert len(Trace.load(path)) == 0
        for i, events in enumerate(blocks(5), 1):
            put(writer, events)
            writer.flush()
            growing = Trace.load(path)
            assert (len(growing), growing.finished) == (1000 * i, False)
        writer.finish()
    assert (len(Trace.load(path)), Trace.load(path).finished) == (5000, True)


def test_nothing_of_what_was_recorded_waits_for_more(tmp_path: Path) -> None:
    """A recorder that is killed leaves what had come, without being asked to store it."""
    path = tmp_path / "x.fst"
    code = (
        "import os, signal, sys\n"
        "from fasttrace.data.storage import Writer\n"
        "writer = Writer(sys.argv[1], compressed=True)\n"
        "for _ in range(100): writer.put(memoryview(bytes(96 * 10)), memoryview(b''))\n"
        "while writer.unstored: pass\n"
        "assert 'numpy' not in sys.modules\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.call([sys.executable, "-c", code, str(path)]) == -signal.SIGKILL
    trace = Trace.load(path)
    assert (len(trace), trace.finished) == (1000, False)


def test_a_cut_file_loads_up_to_its_last_whole_chunk(tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    ends = []
    with Writer(path, compressed=True) as writer:
        for events in blocks(4):
            put(writer, events)
            writer.flush()
            ends.append(file_of(path).stat().st_size)
        writer.finish()
    whole = Trace.load(path)
    for size in sorted({ends[3] - 1, ends[2] + 39, ends[2] + 41, *ends[:3], 1, 0}, reverse=True):
        os.truncate(file_of(path), size)
        trace = Trace.load(path)
        assert len(trace) == 1000 * sum(size >= end for end in ends)
        assert not trace.finished
        assert (trace.events == whole.events[: len(trace)]).all()


def test_a_full_disk_leaves_what_was_stored(tmp_path: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "x.fst"
    noise = np.frombuffer(np.random.default_rng(1).bytes(96 * 1000), np.uint8)
    try:
        with Writer(path, compressed=True) as writer:
            resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, resource.RLIM_INFINITY))
            with pytest.raises(OutputError, match="ulimit -f") as caught:
                put_until_it_fails(writer, noise)
            assert caught.value.errno == errno.EFBIG
            stored = 2000
            given = writer.unstored + stored
            writer.put(memoryview(noise.tobytes()), memoryview(b""))
            assert writer.unstored == given + 1000 - stored
            writer.finish(lost=writer.unstored)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    back = Trace.load(path)
    assert (len(back), back.finished, back.lost) == (stored, True, given + 1000 - stored)


def put_until_it_fails(writer: Writer, events: np.ndarray[Any, Any]) -> None:
    for _ in range(5):
        put(writer, events)
    writer.flush()


def forged(
    path: Path, *, events: int = 1, payload: int = 0, first: int = 0, data: bytes = b"",
    second: bytes = b"", crc: int | None = None, magic: bytes = b"FTZ1",
) -> None:  # fmt: skip
    body = struct.pack("<IIIIQQ", events, payload, len(data), len(second), first, 0) + data + second
    file_of(path).write_bytes(
        magic + struct.pack("<I", zlib.crc32(body) if crc is None else crc) + body
    )


ONE = zlib.compress(bytes(96))
MANY = zlib.compress(bytes(1 << 24))


@pytest.mark.parametrize(
    "chunk",
    [
        {"data": MANY},
        {"data": zlib.compress(bytes(97))},
        {"data": zlib.compress(bytes(95))},
        {"data": ONE + b"x"},
        {"data": ONE[:-1]},
        {"data": b"no zlib at all"},
        {"data": b""},
        {"events": 0, "data": ONE},
        {"events": 1 << 17, "data": zlib.compress(bytes(96 << 17))},
        {"events": 0, "payload": 1 << 24, "second": MANY},
        {"events": 0xFFFFFFFF, "data": ONE},
        {"data": ONE, "payload": 0xFFFFFFFF, "second": b"x"},
        {"data": ONE, "first": 7},
        {"data": ONE, "first": (1 << 64) - 1},
        {"data": ONE, "crc": 1},
        {"data": ONE, "magic": b"FTZ2"},
    ],
    ids=lambda chunk: " ".join(chunk),
)
def test_a_forged_chunk_is_an_error(tmp_path: Path, chunk: dict[str, Any]) -> None:
    path = tmp_path / "x.fst"
    Trace(make_events({})).save(path, compress=True)
    forged(path, **chunk)
    with pytest.raises(TraceError, match=r"blocks\.z is damaged: record again"):
        Trace.load(path)


def test_no_more_is_inflated_than_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb is given up at the first byte too many."""
    bomb = zlib.compress(zlib.compress(bytes(1 << 24)))
    made = []
    real = zlib.decompressobj

    class Watched:
        def __init__(self) -> None:
            self._real = real()

        def decompress(self, data: bytes, size: int) -> bytes:
            made.append(self._real.decompress(data, size))
            return made[-1]

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    for size in (1, 96, 1000):
        assert compressed._inflated(bomb, size) is None
        assert compressed._inflated(MANY, size) is None
    assert max(map(len, made)) <= 1000


def test_what_memory_cannot_hold_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.fst"
    Trace(np.concatenate(blocks(1))).save(path, compress=True)
    real = os.sysconf
    monkeypatch.setattr(os, "sysconf", lambda name: 1 if name == "SC_PHYS_PAGES" else real(name))
    with pytest.raises(TraceError, match="more than this machine's memory"):
        Trace.load(path)


def test_sums_in_meta_must_fit(tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    Trace(np.concatenate(blocks(1))).save(path, compress=True)
    meta = path / "meta.json"
    text = meta.read_text()
    assert '"stored": [\n  1000,\n  0\n ]' in text
    for wild in ("[]", "[1000]", "[-1, 0]", '["a", 0]', "[1000, 0, 0]", "[999, 0]", "7", "{}"):
        meta.write_text(text.replace("[\n  1000,\n  0\n ]", wild))
        with pytest.raises(TraceError, match="is damaged"):
            Trace.load(path)
    meta.write_text(text.replace("1000", "1001"))
    assert not Trace.load(path).finished


@settings(parent=drawn, max_examples=150)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    st.floats(0, 1),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_damaged_files_are_an_error_or_a_trace(
    tmp_path: Path,
    damage: list[tuple[float, int]],
    length: float,
    is_cut: bool,
    finished: bool,
    repaired: bool,
) -> None:
    """repaired: the CRC is right, so that what is behind it meets the damage."""
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.fst"
    with Writer(path, compressed=True) as writer:
        payload = memoryview(example().payload.tobytes())
        writer.put(memoryview(np.ascontiguousarray(example().events).tobytes()), payload)
        if finished:
            writer.finish(example().info, processes=example().processes)
    data = bytearray(file_of(path).read_bytes())
    for place, byte in damage:
        data[int(place * len(data))] = byte
    if repaired:
        data[4:8] = zlib.crc32(data[8:]).to_bytes(4, "little")
    file_of(path).write_bytes(data[: int(length * len(data))] if is_cut else data)
    try:
        trace = Trace.load(path)
    except TraceError:
        return
    assert len(trace) in (0, len(example()))
    list(trace)
    trace.paths()
    str(trace.summary())
