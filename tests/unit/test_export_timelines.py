"""Promise: Chrome's and Perfetto's timelines have each call as a slice with its exact times, its
arguments as the JSON of events has them, and arrows to what it led to; in constant memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import example
from hypothesis import given, settings
from synthetic import READ, WRITE, item, make_events, stream, traces
from timelines import READERS, Read, Shown, without_empty

import fasttrace
from fasttrace._tables import ABIS, NR_MAX, signature
from fasttrace.data.events import Flag, Kind
from fasttrace.data.export.files import write
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace

FORMATS = tuple(READERS)
PIPE2, CLOSE, DUP2 = 293, 3, 33


class Sink:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | memoryview) -> int:
        self.data += data
        return len(data)


def exported(trace: Trace, format: str) -> bytes:
    if format == "perfetto":
        pytest.importorskip("perfetto")
    sink = Sink()
    write(sink, trace._recorded(counted=True), format)  # type: ignore[arg-type]
    return bytes(sink.data)


def timeline(trace: Trace, format: str) -> Read:
    return READERS[format](exported(trace, format))


def records_of_calls(trace: Trace) -> Counter[str]:
    """What each call must be shown as, by the JSON of events; when it ended is not always known."""
    lines = []
    for record in trace.to_records():
        if record["kind"] != "syscall":
            continue
        args = {**(record["args"] or {}), "return": record["ret"]}
        if record["errno"] is not None:
            args["errno"] = record["errno"]
        took = None if record["unfinished"] else record["duration_ns"]
        told = (record["name"], record["tid"], record["time_ns"], took, without_empty(args))
        lines.append(json.dumps(told))
    return Counter(lines)


def shown_calls(found: Read, trace: Trace) -> Counter[str]:
    unfinished = trace.events["flags"] & np.uint16(Flag.UNFINISHED) != 0
    open_ones = {(int(event["tid"]), int(event["time_ns"])) for event in trace.events[unfinished]}
    lines = []
    for one in found.calls:
        took = None if (one.tid, one.time_ns) in open_ones else one.dur
        lines.append(json.dumps((one.name, one.tid, one.time_ns, took, without_empty(one.args))))
    return Counter(lines)


@pytest.mark.parametrize("format", FORMATS)
def test_each_call_is_a_slice_as_its_json_says(format: str) -> None:
    trace = example()
    assert shown_calls(timeline(trace, format), trace) == records_of_calls(trace)


@settings(max_examples=30, deadline=None)
@given(trace=traces())
def test_any_events_have_their_slices_in_chrome(trace: Trace) -> None:
    found = json.loads(exported(trace, "chrome"))["traceEvents"]
    calls = [event["name"] for event in found if event.get("cat") == "syscall"]
    assert Counter(calls) == trace.summary().calls


@settings(max_examples=30, deadline=None)
@given(trace=traces())
def test_any_events_have_their_slices_in_perfetto(trace: Trace) -> None:
    found = timeline(trace, "perfetto")
    assert Counter(one.name for one in found.calls) == trace.summary().calls


def test_no_argument_is_called_as_results_are() -> None:
    for abi in range(len(ABIS)):
        for nr in range(NR_MAX):
            names = [name for name, _ in signature(abi, nr) or ()]
            assert not {"return", "errno"} & set(names)


def piped() -> Trace:
    """100 makes a pipe and 101, which waits in a read until 100 writes; then there is more than it
    reads at once; 101 is killed in its last read."""
    pipe = item(bytes([3, 0, 0, 0, 4, 0, 0, 0]), arg=0, type=2, flags=8)
    one, two = {"pid": 100, "tid": 100}, {"pid": 101, "tid": 101}
    events = make_events(
        {"nr": PIPE2, **one, "time_ns": 1000, "duration_ns": 10, "flags": Flag.PAYLOAD},
        {"kind": Kind.FORK, "nr": 1, **one, "time_ns": 1100, "args": (101,) + (0,) * 5, "ret": 101},
        {"nr": DUP2, **two, "time_ns": 1200, "duration_ns": 5, "args": (3, 0) + (0,) * 4},
        {"nr": CLOSE, **two, "time_ns": 1210, "duration_ns": 5, "args": (4,) + (0,) * 5},
        {"kind": Kind.EXEC, **two, "time_ns": 1220, "ret": 101},
        {"nr": READ, **two, "time_ns": 1300, "duration_ns": 705, "ret": 5},
        {"nr": WRITE, **one, "time_ns": 2000, "duration_ns": 9, "ret": 5, "args": (4,) + (0,) * 5},
        {"nr": WRITE, **one, "time_ns": 2050, "duration_ns": 9, "ret": 8, "args": (4,) + (0,) * 5},
        {"nr": READ, **two, "time_ns": 2100, "duration_ns": 5, "ret": 4},
        {"nr": READ, **two, "time_ns": 2200, "duration_ns": 5, "ret": 4},
        {"nr": READ, **two, "time_ns": 2300, "flags": Flag.UNFINISHED},
        {"kind": Kind.SIGNAL, "nr": 17, **one, "time_ns": 2350},
        {"kind": Kind.EXIT, **two, "time_ns": 2400, "ret": 9},
    )
    processes = [
        Process(100, 1, "writer", ["w", "\x1b[2J"], start_ns=900, serial=1),
        Process(101, 100, 'a"\udcff\n', [], start_ns=1100, end_ns=2400, serial=2),
    ]
    return Trace(events, stream(pipe), processes=processes, realtime_offset_ns=10**18)


def arrows(found: Read) -> set[tuple[str, int, str, int]]:
    """By name and time of both ends."""
    begin = {number: one for one in found.shown for number in one.begins}
    end = {number: one for one in found.shown for number in one.ends}
    assert sum(len(one.begins) for one in found.shown) == len(begin)
    return {
        (begin[number].name, begin[number].time_ns, one.name, one.time_ns)
        for number, one in end.items()
    }


@pytest.mark.parametrize("format", FORMATS)
def test_arrows_lead_from_fork_exec_and_what_a_read_waited_for(format: str) -> None:
    assert arrows(timeline(piped(), format)) == {
        ("fork", 1100, "dup2", 1200),
        ("exec", 1220, "read", 1300),
        ("write", 2000, "read", 1300),
    }


@pytest.mark.parametrize("format", FORMATS)
def test_what_never_returned_ends_with_its_task(format: str) -> None:
    calls = timeline(piped(), format).calls
    assert [one.dur for one in calls if one.time_ns == 2300] == [100]
    cut = piped()[:11]
    assert [one.dur for one in timeline(cut, format).calls if one.time_ns == 2300] == [-1]


@pytest.mark.parametrize("format", FORMATS)
def test_processes_threads_and_signals_have_their_names(format: str) -> None:
    found = timeline(piped(), format)
    assert found.processes == {100: "writer", 101: 'a"\\xff\n'}
    assert found.threads == {(100, 100): "writer", (101, 101): 'a"\\xff\n'}
    signals = [one for one in found.shown if one.category == "signal"]
    assert [(one.name, one.time_ns, one.args["nr"]) for one in signals] == [("SIGCHLD", 2350, 17)]
    kinds = Counter(one.category for one in found.shown)
    assert kinds == {"syscall": 9, "fork": 1, "exec": 1, "exit": 1, "signal": 1}


@pytest.mark.parametrize("format", FORMATS)
def test_calls_per_second_add_up_to_the_calls(format: str) -> None:
    events = make_events(
        *({"nr": READ, "pid": 100, "tid": 100, "time_ns": t * 300_000_000} for t in range(50)),
        *({"nr": READ, "pid": 200, "tid": 200, "time_ns": t * 1000} for t in range(70)),
    )
    found = timeline(Trace(events), format)
    calls: Counter[int] = Counter()
    for (pid, time_ns, rate), (next_pid, until_ns, _) in zip(
        found.rates, [*found.rates[1:], (0, 0, 0.0)], strict=True
    ):
        if pid == next_pid:
            calls[pid] += round(rate * (until_ns - time_ns) / 1e9)
        else:
            assert rate == 0
    assert calls == {100: 50, 200: 70}


def test_pids_that_were_used_again_are_processes_of_their_own() -> None:
    events = make_events(
        {"nr": READ, "pid": 100, "tid": 100, "time_ns": 1000},
        {"nr": WRITE, "pid": 100, "tid": 100, "time_ns": 5000},
    )
    processes = [Process(100, comm="a", start_ns=1, serial=1)]
    processes.append(Process(100, comm="b", start_ns=3000, serial=2))
    found = timeline(Trace(events, processes=processes), "chrome")
    assert [(one.name, one.pid) for one in found.calls] == [("read", 100), ("write", 100 + 2**22)]
    assert found.processes == {100: "a", 100 + 2**22: "b"}
    data = exported(Trace(events, processes=processes), "perfetto")
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    described = [p.track_descriptor for p in protos.Trace.FromString(data).packet]
    names = {d.uuid: d.process.process_name for d in described if d.HasField("process")}
    assert sorted(names.values()) == ["a", "b"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_trace_without_events_is_a_timeline(format: str) -> None:
    assert timeline(Trace(), format) == Read([], {}, {}, [])


def test_words_begin_anew_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    from fasttrace.data.export import perfetto

    monkeypatch.setattr(perfetto, "_WORDS_MAX", 20)
    openat, name = 257, (-100 & 0xFFFFFFFF, 0x7F00, 0, 0, 0, 0)
    paths = [item(b"/some/path/%d" % i, arg=1) for i in range(200)]
    at = np.cumsum([0, *map(len, paths)]).tolist()
    events = make_events(
        *(
            {"nr": openat, "pid": 9, "time_ns": i, "flags": 8, "payload": at[i], "args": name}
            for i in range(200)
        )
    )
    trace = Trace(events, stream(b"".join(paths)))
    found = timeline(trace, "perfetto")
    assert [one.args["pathname"] for one in found.calls] == [f"/some/path/{i}" for i in range(200)]
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    packets = protos.Trace.FromString(exported(trace, "perfetto")).packet
    cleared = protos.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
    assert sum(packet.sequence_flags == cleared for packet in packets) > 5


def test_times_are_said_to_be_monotonic_and_when_that_was() -> None:
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    first = protos.Trace.FromString(exported(piped(), "perfetto")).packet[0].clock_snapshot
    monotonic = protos.BUILTIN_CLOCK_MONOTONIC
    assert first.primary_trace_clock == monotonic
    assert {clock.clock_id: clock.timestamp for clock in first.clocks} == {
        monotonic: 1000,
        protos.BUILTIN_CLOCK_REALTIME: 10**18 + 1000,
    }


def test_perfettos_own_program_counts_the_slices(tmp_path: Path) -> None:
    """Where it is: the package would download it, which tests do not."""
    import shutil

    shell = shutil.which("trace_processor_shell")
    if shell is None:
        pytest.skip("trace_processor_shell is not in PATH: read back with protobuf alone")
    api = pytest.importorskip("perfetto.trace_processor")
    path = tmp_path / "x.pftrace"
    path.write_bytes(exported(piped(), "perfetto"))
    config = api.TraceProcessorConfig(bin_path=shell)
    with api.TraceProcessor(trace=str(path), config=config) as processor:
        rows = processor.query("select name, dur from slice where category = 'syscall' order by ts")
        shown = [(row.name, row.dur) for row in rows]
        flows = next(iter(processor.query("select count(*) n from flow"))).n
    found = timeline(piped(), "perfetto")
    assert shown == [(one.name, one.dur) for one in sorted(found.calls, key=_time)]
    assert flows == 3


def _time(one: Shown) -> int:
    return one.time_ns


MEASURE = """
import re, sys
import numpy as np
import fasttrace
from fasttrace.data.export.files import write
class Sink:
    def write(self, data): return len(data)
def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1])
def most(trace):
    seen = [0]
    write(Sink(), trace._recorded(), sys.argv[2], progress=lambda n: seen.append(anonymous()))
    return max(seen)
trace = fasttrace.load(sys.argv[1])
print(most(trace[:20_000]), most(trace))
"""


@pytest.mark.parametrize("format", [*FORMATS, "speedscope", "strace"])
def test_memory_does_not_grow_with_the_events(format: str, many: Path, tmp_path: Path) -> None:
    """Memory that is no file's, for 20,000 events and for four times as many, which take 300
    bytes each in the output."""
    if format == "perfetto":
        pytest.importorskip("perfetto")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(many), format],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    small, large = map(int, done.stdout.split())
    assert large - small < 8 << 10, "KiB more for 60,000 events more"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80,000 calls of 12 tasks, 1,000 paths."""
    count = 80_000
    paths = [item(b"/usr/include/some/where/%d.h" % i, arg=1) for i in range(1000)]
    at = np.cumsum([0, *map(len, paths)])
    call: dict[str, Any] = {"nr": 257, "duration_ns": 700, "ret": 3, "flags": int(Flag.PAYLOAD)}
    call["args"] = (0, 0x7F00, 0, 0, 0, 0)
    events = np.repeat(make_events(call), count)
    numbers = np.arange(count)
    events["time_ns"] = 10**9 + numbers * 1000
    events["pid"] = events["tid"] = 100 + numbers % 12
    events["payload"] = at[numbers % 1000]
    folder = tmp_path_factory.mktemp("many") / "x.fst"
    Trace(events, stream(b"".join(paths))).save(folder)
    return folder


def test_the_text_is_ascii_whatever_names_hold() -> None:
    assert re.fullmatch(rb"[\n -~]+", exported(piped(), "chrome"))


def test_export_takes_formats_by_name_or_by_their_paths(tmp_path: Path) -> None:
    trace = piped()
    size = trace.export(tmp_path / "x.json", "chrome")
    assert (tmp_path / "x.json").stat().st_size == size
    assert (tmp_path / "x.json").read_bytes() == exported(trace, "chrome")
    trace.export(tmp_path / "X.STRACE")
    assert b" pipe2(" in (tmp_path / "X.STRACE").read_bytes()
    with pytest.raises(ValueError, match="tells no format: give one of parquet"):
        trace.export(tmp_path / "x.json")
    with pytest.raises(ValueError, match="format 'svg': one of parquet"):
        trace.export(tmp_path / "x", "svg")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="strace has no columns"):
        trace.export(tmp_path / "x", "strace", ["pid"])
    assert fasttrace.Trace().export(tmp_path / "none.csv") > 0
