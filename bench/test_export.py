"""What it costs to hand ten million recorded calls to other tools."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import fasttrace
from fasttrace.data.storage import Writer

EVENTS = 10_000_000


def make(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Calls as programs make them: some names, few descriptors, paths that come again, errors."""
    rng = np.random.default_rng(1)
    events = np.zeros(count, fasttrace.EVENT_DTYPE)
    events["kind"] = fasttrace.Kind.SYSCALL
    events["nr"] = rng.choice([0, 1, 3, 9, 257, 262], count)
    events["duration_ns"] = rng.lognormal(7, 1, count)
    events["time_ns"] = np.cumsum(rng.lognormal(8, 1, count).astype(np.uint64))
    failed = rng.random(count) < 0.05
    events["ret"][failed] = -2
    events["flags"][failed] = fasttrace.Flag.ERROR
    events["pid"] = events["tid"] = 1 + rng.integers(0, 8, count)
    events["args"][:, 0] = rng.integers(3, 20, count)
    events["args"][:, 1] = 0x7F0000000000 + 64 * rng.integers(0, 500, count)
    events["args"][:, 2] = rng.choice([1, 512, 4096, 131072], count)
    items = []
    for i in range(5000):
        name = f"/usr/lib/python3/dist-packages/package_{i}/module_{i % 97}.py".encode()
        head = len(name).to_bytes(4, "little") + bytes([1, 1, 0, 0]) + bytes(8)
        items.append(head + name + bytes(-len(name) % 8))
    starts = np.cumsum([0, *map(len, items)])[:-1]
    with_path = np.flatnonzero((events["nr"] == 257) | (events["nr"] == 262))
    lengths = np.array([len(item) for item in items])
    chosen = rng.integers(0, len(items), len(with_path))
    # Each event has an item of its own, one behind the other, as they are recorded.
    ends = np.cumsum(lengths[chosen])
    events["payload"][with_path] = ends - lengths[chosen]
    events["flags"][with_path] |= np.uint16(fasttrace.Flag.PAYLOAD)
    source = np.frombuffer(b"".join(items), np.uint8)
    payload = np.concatenate(
        [source[starts[i] : starts[i] + lengths[i]] for i in chosen] or [source[:0]]
    )
    return events, payload


@pytest.fixture(scope="module")
def trace():
    events, payload = make(EVENTS)
    return fasttrace.Trace(events, payload, realtime_offset_ns=1)


def test_columns_of_ten_million(in_turn, trace):
    """A row of 96 bytes is no column, so all is copied once: the measure is a copy of the rows."""
    pytest.importorskip("pyarrow")
    in_turn(
        {
            "to_arrow()": trace.to_arrow,
            "events.copy()": trace.events.copy,
            "to_arrow(five columns)": lambda: trace.to_arrow(
                ["name", "pid", "time_ns", "duration_ns", "ret"]
            ),
        },
    )


def test_names_of_a_million(in_turn, trace):
    pytest.importorskip("pyarrow")
    part = fasttrace.Trace(trace.events[: EVENTS // 10], trace.payload, processes=trace.processes)
    in_turn({"name, path, errno (<= 0.5 s)": lambda: part.to_arrow(["name", "path", "errno"])})


def test_parquet_of_ten_million(in_turn, report, trace, tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    in_turn({"to_parquet() (<= 8 s)": lambda: trace.to_parquet(path)})
    report("bytes an event", path.stat().st_size / EVENTS, "<= 20")


PROGRAM = """
import sys
from fasttrace.cli import main, progress
most = 0
def add(self, count):
    global most
    lines = open('/proc/self/status').read().splitlines()
    most = max(most, int(next(line.split()[1] for line in lines if line.startswith('RssAnon'))))
progress.Progress.add = add
status = main(sys.argv[1:])
print(most)
sys.exit(status)
"""


@pytest.mark.parametrize("format", ["parquet", "arrow", "csv"])
def test_memory_of_an_export(report, tmp_path, format):
    """Of the process for itself, after each batch: the mapped trace is the page cache's."""
    pytest.importorskip("pyarrow")
    for count in (500_000, 2_000_000):
        folder = tmp_path / f"{count}.fst"
        events, payload = make(count)
        with Writer(folder) as writer:
            writer.put(events.view(np.uint8).data, payload.data)
            writer.finish()
        words = ["export", str(folder), "-o", str(tmp_path / f"x.{format}")]
        command = [sys.executable, "-c", PROGRAM, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        report(f"MiB, {format}, {count:,} events", int(done.stdout) / 1024, "the same")
