"""Promise: a trace's folder can be read by numpy, by us while it grows, and never makes us
crash.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import OPENAT, PROCESSES, READ, item, make_events, random_events, stream, traces
from test_summary import content

import fasttrace
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind, PayloadFlag, payload_items
from fasttrace.data.storage import Writer
from fasttrace.data.trace import Trace
from fasttrace.errors import OutputError, TraceError
from fasttrace.system.files import Folder


class Block(bytes):
    """As a session delivers it: a buffer of events, and their part of the payload stream."""

    payload: bytes
    payload_base: int

    def __new__(cls, events: np.ndarray, payload: bytes = b"", payload_base: int = 0) -> Block:
        block = super().__new__(cls, events.tobytes())
        block.payload = payload
        block.payload_base = payload_base
        return block


def example() -> Trace:
    payload = item(b"/etc/passwd", arg=1)
    events = make_events(
        {"nr": OPENAT, "pid": 100, "tid": 100, "time_ns": 5, "duration_ns": 9, "ret": -2,
         "flags": Flag.PAYLOAD},
        {"nr": READ, "pid": 101, "tid": 101, "time_ns": 20, "duration_ns": 4},
        {"kind": Kind.EXIT, "pid": 101, "time_ns": 30, "ret": 256},
    )  # fmt: skip
    return Trace(
        events, stream(payload), argv=["a", "\udcff"], exit_status=-9, engine="ptrace",
        wall_ns=55, lost=2, processes=PROCESSES, realtime_offset_ns=7,
    )  # fmt: skip


def call_index(trace: Trace) -> int:
    """Of the openat that fails with that path."""
    return next(i for i, call in enumerate(trace) if call.strings.get(1) == "/no/such/file")


@pytest.mark.parametrize(
    ("version", "calls", "openat"), [(1, (57, 133), (37, 17)), (2, (56, 47), (6, 1))]
)
def test_each_version_is_readable_for_ever(
    version: int, calls: tuple[int, int], openat: tuple[int, int]
) -> None:
    """What `record` wrote of `sh -c 'cat /no/such/file & wait; exit 3'` then."""
    trace = fasttrace.load(Path(__file__).parent / f"version_{version}.fst")
    assert trace.argv == ["sh", "-c", "cat /no/such/file & wait; exit 3"]
    assert (trace.finished, trace.engine, trace.exit_status) == (True, "ptrace", 3)
    assert [(p.comm, p.exit_status, p.calls) for p in trace.processes] == [
        ("sh", 3, calls[0]),
        ("cat", 1, calls[1]),
    ]
    summary = trace.summary()
    assert (summary.total_calls, len(trace)) == (sum(calls), sum(calls) + 6)
    assert (summary.calls["openat"], summary.errors["openat"]) == openat
    (call,) = trace.where(path="/no/such")
    assert (call.name, call.errno, call.strings) == ("openat", "ENOENT", {1: "/no/such/file"})
    item, *_ = payload_items(trace.payload.data, int(trace.events["payload"][call_index(trace)]))
    assert (item.text, item.address) == ("/no/such/file", call.raw_args[1])


def test_the_second_version_has_what_calls_have_written() -> None:
    trace = fasttrace.load(Path(__file__).parent / "version_2.fst")
    waits = trace.events[(trace.events["nr"] == 61) & (trace.events["ret"] > 0)]
    (item,) = payload_items(trace.payload.data, int(waits["payload"][0]))
    assert (item.arg, item.flags, item.data) == (1, PayloadFlag.EXIT, bytes([0, 1, 0, 0]))


def test_what_is_saved_loads_the_same(tmp_path: Path) -> None:
    trace = example()
    trace.save(tmp_path / "x.fst")
    back = fasttrace.load(tmp_path / "x.fst")
    assert back.events.tobytes() == trace.events.tobytes()
    assert back.payload.tobytes() == trace.payload.tobytes()
    assert back.processes == trace.processes
    for name in ("argv", "exit_status", "engine", "wall_ns", "lost", "realtime_offset_ns"):
        assert getattr(back, name) == getattr(trace, name)
    assert back.finished
    assert list(back) == list(trace)
    back.where(pid=100).save(tmp_path / "y.fst")
    assert Trace.load(tmp_path / "y.fst")[0].strings == {1: "/etc/passwd"}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(traces())
def test_any_trace_comes_back(tmp_path: Path, trace: Trace) -> None:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.fst"
    trace.save(path)
    back = Trace.load(path)
    assert back.events.tobytes() == trace.events.tobytes()
    assert content(back.summary()) == content(trace.summary())


def test_numpy_opens_it_without_us(tmp_path: Path) -> None:
    trace = example()
    trace.save(tmp_path / "x.fst")
    events = np.load(tmp_path / "x.fst/events.npy")
    assert events.dtype == EVENT_DTYPE
    assert events.tobytes() == trace.events.tobytes()
    assert np.load(tmp_path / "x.fst/payload.npy").tobytes() == trace.payload.tobytes()


def test_events_are_mapped_and_read_only(tmp_path: Path) -> None:
    example().save(tmp_path / "x.fst")
    events = Trace.load(tmp_path / "x.fst").events
    with pytest.raises(ValueError, match="read-only"):
        events["pid"] = 1
    assert not events.flags.owndata


def test_events_rewritten_by_numpy_are_accepted(tmp_path: Path) -> None:
    trace = example()
    trace.save(tmp_path / "x.fst")
    np.save(tmp_path / "x.fst/events.npy", trace.events[:1])
    assert Trace.load(tmp_path / "x.fst").events.tobytes() == trace.events[:1].tobytes()


def test_readable_at_every_moment(tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    trace = example()
    payload = trace.payload.tobytes()
    with Writer(path, argv=["a"], engine="ptrace") as writer:
        assert len(Trace.load(path)) == 0
        for i in range(3):
            writer.append(Block(trace.events[i : i + 1], payload if i == 0 else b""))
            assert len(np.load(path / "events.npy")) == i + 1
            growing = Trace.load(path)
            assert len(growing) == i + 1
            assert growing[0].strings == {1: "/etc/passwd"}
            assert (growing.finished, growing.argv, growing.exit_status) == (False, ["a"], None)
    back = Trace.load(path)
    assert back.wall_ns == 25
    assert [(p.pid, p.calls, p.exit_status) for p in back.processes] == [
        (101, 1, 1), (100, 1, None),
    ]  # fmt: skip


def test_recorder_killed_in_the_middle_of_a_record(tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    code = (
        "import os, signal, sys\n"
        "from fasttrace.data.storage import Writer\n"
        "writer = Writer(sys.argv[1], argv=['a'])\n"
        "writer.put(memoryview(bytes(96 * 1000)), memoryview(b''))\n"
        "with open(sys.argv[1] + '/events.npy', 'ab') as f: f.write(bytes(96 + 50))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    status = subprocess.call([sys.executable, "-c", code, str(path)])
    assert status == -signal.SIGKILL
    assert len(Trace.load(path)) == 1001
    assert len(np.load(path / "events.npy")) == 1000


def test_payload_goes_where_it_belongs_in_the_stream(tmp_path: Path) -> None:
    with Writer(tmp_path / "x.fst") as writer:
        writer.append(Block(make_events({}), b"b" * 8, payload_base=8))
        writer.append(Block(make_events({}), b"a" * 8, payload_base=0))
        writer.finish()
    assert Trace.load(tmp_path / "x.fst").payload.tobytes() == b"a" * 8 + b"b" * 8


def test_existing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="exists already") as caught:
        Writer(tmp_path)
    assert caught.value.errno == errno.EEXIST
    with pytest.raises(OutputError, match="no folder") as caught:
        Writer(tmp_path / "no/x.fst")
    assert caught.value.errno == errno.ENOENT


def test_what_is_discarded_leaves_nothing(tmp_path: Path) -> None:
    Writer(tmp_path / "x.fst").discard()
    assert list(tmp_path.iterdir()) == []


def full_disk() -> None:
    """Files may grow to 100 records and a half: as a full disk, but for root too."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 + 96 * 100 + 48, resource.RLIM_INFINITY))


def test_a_full_disk_leaves_a_readable_trace(tmp_path: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "x.fst"
    events = np.tile(make_events({"nr": READ, "pid": 100}), 60)
    try:
        with Writer(path, argv=["a"]) as writer:
            full_disk()
            writer.append(Block(events))
            with pytest.raises(OutputError, match="ulimit -f") as caught:
                writer.append(Block(events))
            assert caught.value.errno == errno.EFBIG
            assert writer.unstored == 20
            assert (path / "events.npy").stat().st_size == 512 + 96 * 100
            assert len(Trace.load(path)) == 100
            writer.append(Block(events))
            assert writer.unstored == 80
            writer.finish(exit_status=0, lost=writer.unstored, processes=PROCESSES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    back = Trace.load(path)
    assert (len(back), back.lost, back.exit_status) == (100, 80, 0)
    assert np.load(path / "events.npy").shape == (100,)


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="needs /dev/full")
def test_no_room_for_meta(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(tmp_path / "x.fst")
    writer.append(Block(make_events({"nr": READ, "pid": 100})))
    monkeypatch.setattr(Folder, "create", lambda self, name: os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(OutputError, match="disk is full"):
        writer.finish()
    back = Trace.load(tmp_path / "x.fst")
    assert (len(back), back.finished) == (1, False)


def test_foreign_folders_are_refused_in_words(tmp_path: Path) -> None:
    for make, message in [
        (lambda p: None, "does not exist"),
        (lambda p: p.mkdir(), "holds no trace"),
        (lambda p: p.write_text("x"), "not the folder of a trace"),
        (lambda p: (p.mkdir(), (p / "meta.json").write_text("{}")), "something else"),
        (lambda p: (p.mkdir(), (p / "meta.json").write_text("[" * 100_000)), "damaged"),
        (
            lambda p: (p.mkdir(), (p / "meta.json").write_text('{"format": "fasttrace"}')),
            "format version .None.",
        ),
    ]:
        path = tmp_path / message.replace(" ", "_")
        make(path)
        with pytest.raises(TraceError, match=message) as caught:
            Trace.load(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["events.npy", "payload.npy"])
def test_cut_files_are_an_error(tmp_path: Path, name: str) -> None:
    example().save(tmp_path / "x.fst")
    file = tmp_path / "x.fst" / name
    size = file.stat().st_size
    for length in [size - 1, 513, 512, 511, 100, 9, 0]:
        os.truncate(file, length)
        with pytest.raises(TraceError, match=r"^(?!cannot read).* (cut|damaged)"):
            Trace.load(tmp_path / "x.fst")
    file.unlink()
    with pytest.raises(TraceError, match="cannot read"):
        Trace.load(tmp_path / "x.fst")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("finished", 1), ("argv", "a"), ("argv", [1]), ("exit_status", "0"), ("wall_ns", 1.5),
        ("wall_ns", 1 << 70), ("processes", {}), ("processes", [3]), ("processes", [{"pid": "x"}]),
        ("processes", [{"status": 1 << 40}]),
        ("clock", 3), ("engine", None), ("version", 3),
    ],
)  # fmt: skip
def test_meta_of_wrong_types(tmp_path: Path, key: str, value: object) -> None:
    example().save(tmp_path / "x.fst")
    file = tmp_path / "x.fst/meta.json"
    meta = json.loads(file.read_text())
    meta[key] = value
    file.write_text(json.dumps(meta))
    with pytest.raises(TraceError):
        Trace.load(tmp_path / "x.fst")


def use_all(trace: Trace) -> None:
    """Everything that reads events must take any that a file can hold."""
    str(trace.summary())
    trace.summary().to_json()
    list(trace)
    trace.paths()
    for key in ("pid", "tid", "syscall", "comm"):
        trace.by(key)  # type: ignore[call-overload]
    len(trace.where("%file,!stat", failed=True, comm="cc", path="x", min_duration_ns=1))
    trace.summary().by("comm")
    assert sum(p.calls for p in trace.processes) <= len(trace)


flips = st.lists(
    st.tuples(
        st.sampled_from(["events.npy", "payload.npy", "meta.json"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flips,
    st.booleans(),
    st.sampled_from([None, "events.npy", "payload.npy", "meta.json"]),
    st.floats(0, 1),
)
def test_damaged_folders(
    tmp_path: Path,
    damage: list[tuple[str, float, int]],
    finished: bool,
    cut: str | None,
    length: float,
) -> None:
    """Flipped and missing bytes: a TraceError, or a trace that can be used in every way."""
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.fst"
    trace = example()
    if finished:
        trace.save(path)
    else:
        with Writer(path, argv=["a"]) as writer:
            writer.append(Block(trace.events, trace.payload.tobytes()))
    for name, place, byte in damage:
        data = bytearray((path / name).read_bytes())
        # Mostly behind the header, which has little to say.
        start = 512 if name != "meta.json" and byte % 4 else 0
        data[start + int(place * (len(data) - start))] = byte
        (path / name).write_bytes(data)
    if cut is not None:
        os.truncate(path / cut, int(length * (path / cut).stat().st_size))
    try:
        loaded = Trace.load(path)
    except TraceError:
        return
    use_all(loaded)


def test_wild_processes(tmp_path: Path) -> None:
    """Numbers that C cannot hold, one serial for two processes."""
    example().save(tmp_path / "x.fst")
    file = tmp_path / "x.fst/meta.json"
    meta = json.loads(file.read_text())
    for wild in (-1, 1 << 40, (1 << 63) - 1):
        for key in ("pid", "ppid", "serial", "start_ns", "end_ns", "calls"):
            for process in meta["processes"]:
                process[key] = wild
            file.write_text(json.dumps(meta))
            use_all(Trace.load(tmp_path / "x.fst"))


def test_random_events_can_be_used(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    for seed in range(20):
        events = random_events(rng, near=bool(seed % 2))
        use_all(Trace(events, stream(rng.bytes(2000))))
        use_all(Trace(events, stream(rng.bytes(2000)), processes=PROCESSES))


def test_a_trace_is_written_without_numpy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from fasttrace.data.storage import Writer\n"
        "with Writer(sys.argv[1]) as w: w.put(memoryview(bytes(96)), memoryview(b'')); w.finish()\n"
        "assert 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.fst")], check=True)
    assert len(Trace.load(tmp_path / "x.fst")) == 1
