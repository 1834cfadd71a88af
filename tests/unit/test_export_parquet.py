"""Promise: a trace comes back from Parquet as it was, other tools read the same file, and no file,
whatever is in it, does more than raise a TraceError."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import example, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import PROCESSES, item, make_events, stream, traces

from fasttrace.data.events import EVENT_DTYPE, Flag, payload_items
from fasttrace.data.export.columns import FOR_READERS, WHOLE
from fasttrace.data.trace import Trace, read_parquet
from fasttrace.errors import OutputError, TraceError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def same(back: Trace, trace: Trace) -> None:
    assert back.events.tobytes() == np.ascontiguousarray(trace.events).tobytes()
    assert back.payload.tobytes() == trace.payload.tobytes()
    assert back.processes == trace.processes
    assert back.info._replace(argv=list(back.info.argv)) == trace.info._replace(argv=trace.argv)
    assert list(back) == list(trace)


def items(trace: Trace) -> list[list[Any]]:
    payload = memoryview(trace.payload.tobytes())
    return [
        list(payload_items(payload, int(event["payload"]))) if event["flags"] & 8 else []
        for event in trace.events
    ]


def test_a_trace_with_everything_in_it_comes_back(tmp_path: Path) -> None:
    example().to_parquet(tmp_path / "x.parquet")
    same(read_parquet(tmp_path / "x.parquet"), example())
    assert list(tmp_path.iterdir()) == [tmp_path / "x.parquet"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(traces())
def test_drawn_traces_come_back(tmp_path: Path, trace: Trace) -> None:
    trace.to_parquet(tmp_path / "x.parquet")
    same(Trace.from_parquet(tmp_path / "x.parquet"), trace)


def test_several_row_groups_make_one_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fasttrace.data.export.arrow.BATCH", 3)
    example().to_parquet(tmp_path / "x.parquet")
    assert pq.ParquetFile(tmp_path / "x.parquet").num_row_groups == 5
    same(Trace.from_parquet(tmp_path / "x.parquet"), example())


def test_random_events_come_back_with_their_items(tmp_path: Path) -> None:
    """Offsets that lead nowhere, items that lie on each other or are cut: as far as one stream."""
    rng = np.random.default_rng(7)
    came = 0
    for seed in range(20):
        events = np.frombuffer(rng.bytes(96 * 300), EVENT_DTYPE).copy()
        events["kind"] = rng.integers(0, 9, 300)
        if seed % 2:
            events["payload"] %= 2000
        trace = Trace(events, stream(rng.bytes(2000)), processes=PROCESSES)
        try:
            trace.to_parquet(tmp_path / "x.parquet")
        except TraceError:
            continue
        back = Trace.from_parquet(tmp_path / "x.parquet")
        assert items(back) == items(trace)
        for field in set(EVENT_DTYPE.names or ()) - {"payload"}:
            assert (back.events[field] == events[field]).all()
        came += 1
    assert came >= 10


def test_a_part_of_a_trace_does_not_bring_the_stream_of_all(tmp_path: Path) -> None:
    big = b"".join(item(b"x" * 100, arg=0) for _ in range(1000))
    calls = [{"nr": 4, "flags": Flag.PAYLOAD, "payload": 120 * i} for i in range(1000)]
    part = Trace(make_events(*calls), stream(big), processes=PROCESSES)[500:502]
    part.to_parquet(tmp_path / "x.parquet")
    back = Trace.from_parquet(tmp_path / "x.parquet")
    assert len(back.payload) == 240
    assert items(back) == items(part)
    assert back.paths() == part.paths()


def test_payload_in_another_order_comes_back_in_its_place(tmp_path: Path) -> None:
    first, second = item(b"/first", arg=0), item(b"/second", arg=0)
    events = make_events(
        {"nr": 4, "flags": Flag.PAYLOAD, "payload": len(first)},
        {"nr": 4, "flags": Flag.PAYLOAD, "payload": 0},
        {"nr": 4, "flags": Flag.PAYLOAD, "payload": len(first) + len(second)},
    )
    trace = Trace(events, stream(first + second), processes=PROCESSES)
    trace.to_parquet(tmp_path / "x.parquet")
    same(Trace.from_parquet(tmp_path / "x.parquet"), trace)


def test_parquet_and_arrow_have_the_same_columns(tmp_path: Path) -> None:
    example().to_parquet(tmp_path / "x.parquet", columns=None)
    table = pq.read_table(tmp_path / "x.parquet")
    assert table.column_names == list(FOR_READERS)
    for row, expected in zip(table.to_pylist(), rows(example()), strict=True):
        assert row | expected == row
    with pytest.raises(TraceError, match="not a whole trace: it lacks the columns payload, data"):
        Trace.from_parquet(tmp_path / "x.parquet")


def test_duckdb_and_polars_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    example().to_parquet(path)
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.sql(f"select path from '{path}' where errno = 'ENOENT'").fetchall()
    assert found == [("/tmp/\\xff\x1b[2J\n,\"'",)]
    pl = pytest.importorskip("polars")
    assert pl.read_parquet(path)["name"].to_list() == [row["name"] for row in rows(example())]


def test_files_that_hold_no_trace_are_refused_in_words(tmp_path: Path) -> None:
    table = pa.table({"a": [1]})
    for make, message in [
        (lambda p: None, "does not exist"),
        (lambda p: p.mkdir(), "cannot read"),
        (lambda p: p.write_bytes(b""), "damaged, or no Parquet file"),
        (lambda p: p.write_bytes(b"PAR1" + bytes(100)), "damaged, or no Parquet file"),
        (lambda p: pq.write_table(table, p), "something else than a trace"),
        (lambda p: pq.write_table(with_meta(table, b"{"), p), "metadata cannot be read"),
        (lambda p: pq.write_table(with_meta(table, b"[1]"), p), "something else than a trace"),
        (
            lambda p: pq.write_table(with_meta(table, b'{"format":"fasttrace","version":9}'), p),
            "format version .9.",
        ),
        (
            lambda p: pq.write_table(with_meta(table, b'{"format":"fasttrace","version":2}'), p),
            "not a whole trace: it lacks the columns time_ns",
        ),
    ]:
        path = tmp_path / message.replace(" ", "_")
        path.unlink(missing_ok=True)
        make(path)
        with pytest.raises(TraceError, match=message) as caught:
            Trace.from_parquet(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


def with_meta(table: Any, meta: bytes) -> Any:
    return table.replace_schema_metadata({b"fasttrace": meta})


@pytest.mark.parametrize(
    "column", [name for name in WHOLE if name in ("abi", "kind", "data", "pid")]
)
def test_columns_of_other_types_or_values_are_refused(tmp_path: Path, column: str) -> None:
    example().to_parquet(tmp_path / "x.parquet")
    table = pq.read_table(tmp_path / "x.parquet")
    place = table.column_names.index(column)
    for values in (pa.array(["odd"] * len(table)), pa.array([[1]] * len(table))):
        if column == "data" and pa.types.is_string(values.type):
            continue  # text is bytes, too
        odd = table.set_column(place, column, values)
        pq.write_table(odd, tmp_path / "y.parquet")
        with pytest.raises(TraceError, match="damaged"):
            Trace.from_parquet(tmp_path / "y.parquet")


def test_a_stream_said_to_be_endless_is_not_made(tmp_path: Path) -> None:
    example().to_parquet(tmp_path / "x.parquet")
    table = pq.read_table(tmp_path / "x.parquet")
    for size in (b"-5", b"3", b"9000000000000000000"):
        meta = table.schema.metadata[b"fasttrace"]
        told = b'"payload_size": ' + str(len(example().payload)).encode()
        assert told in meta
        forged = with_meta(table, meta.replace(told, b'"payload_size": ' + size))
        pq.write_table(forged, tmp_path / "y.parquet")
        assert items(Trace.from_parquet(tmp_path / "y.parquet")) == items(example())


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
    st.booleans(),
)
def test_damaged_files_are_an_error_or_a_trace(
    tmp_path: Path, damage: list[tuple[float, int]], length: float, is_cut: bool
) -> None:
    path = tmp_path / "x.parquet"
    example().to_parquet(path)
    data = bytearray(path.read_bytes())
    for place, byte in damage:
        data[int(place * len(data))] = byte
    path.write_bytes(data[: int(length * len(data))] if is_cut else data)
    try:
        back = Trace.from_parquet(path)
    except TraceError:
        return
    list(back)
    back.paths()
    str(back.summary())


def test_what_was_there_stays_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("before")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        with pytest.raises(OutputError, match="ulimit -f") as caught:
            example().to_parquet(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert caught.value.errno == errno.EFBIG
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "no/x.parquet", tmp_path, f"{tmp_path}/x/"):
        with pytest.raises(OutputError, match=r"cannot write .*choose another place"):
            example().to_parquet(path)
    if os.access("/dev/full", os.W_OK):
        with pytest.raises(OutputError, match="disk is full"):
            example().to_parquet("/dev/full")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_replaced_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    file, link = tmp_path / "x.parquet", tmp_path / "link"
    file.write_text("before")
    file.chmod(0o640)
    link.symlink_to(file)
    example().to_parquet(link)
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    same(Trace.from_parquet(file), example())
