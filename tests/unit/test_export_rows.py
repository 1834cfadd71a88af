"""Promise: CSV, JSON and Arrow files of a trace say what its columns say, whatever
names are in it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from exported import example, rows
from hypothesis import given, settings
from synthetic import traces

from fasttrace.data.export.columns import FOR_READERS
from fasttrace.data.export.files import Format, write
from fasttrace.data.export.rows import csv_blocks, json_blocks
from fasttrace.data.trace import Trace


def text(blocks: Iterator[tuple[bytes, int]], count: int) -> str:
    pieces = list(blocks)
    assert sum(rows for _, rows in pieces) == count
    return b"".join(data for data, _ in pieces).decode()


def as_csv(trace: Trace) -> list[dict[str, str]]:
    made = text(csv_blocks(trace._recorded(), None), len(trace))
    return list(csv.DictReader(io.StringIO(made, newline=""), strict=True))


def as_json(trace: Trace) -> list[dict[str, Any]]:
    made = text(json_blocks(trace._recorded(), None), len(trace))
    assert made.isascii()
    return [json.loads(line) for line in made.split("\n")[:-1]]


def agree(trace: Trace) -> None:
    for found, expected in zip(as_json(trace), rows(trace), strict=True):
        assert list(found) == list(FOR_READERS)
        assert found | expected == found
    for line, expected in zip(as_csv(trace), rows(trace), strict=True):
        for name, value in expected.items():
            assert line[name] == ("" if value is None else str(value))


def test_an_example_as_text() -> None:
    agree(example())
    time = as_json(example())[1]["time"]
    assert time == "2023-11-14T22:13:20.000000012Z"
    assert datetime.fromisoformat(time[:19]).year == 2023
    assert as_json(Trace(example().events))[1]["time"] is None


@settings(max_examples=40)
@given(traces())
def test_drawn_traces_as_text(trace: Trace) -> None:
    agree(trace)


def test_decoded_arguments_are_json_in_json_and_text_in_csv() -> None:
    names, count = ["name", "args"], len(example())
    lines = text(json_blocks(example()._recorded(), names), count).splitlines()
    assert json.loads(lines[1])["args"]["pathname"] == "/etc/hosts"
    assert json.loads(lines[0])["args"] == {"argv": ["make", "-j2"], "former_tid": 0}
    made = text(csv_blocks(example()._recorded(), names), count)
    found = list(csv.DictReader(io.StringIO(made, newline=""), strict=True))
    assert json.loads(found[1]["args"])["pathname"] == "/etc/hosts"
    assert json.loads(found[0]["args"])["argv"] == ["make", "-j2"]


def test_without_events_csv_has_a_heading_and_json_nothing() -> None:
    assert text(csv_blocks(Trace()._recorded(), ["pid", "name"]), 0) == "pid,name\n"
    assert text(json_blocks(Trace()._recorded(), None), 0) == ""


def test_what_is_shown_on_a_terminal_cannot_control_it() -> None:
    shown = text(csv_blocks(example()._recorded(), ["path"], for_terminal=True), len(example()))
    assert "\\x1b[2J" in shown
    assert all(line.isprintable() for line in shown.split("\n"))


@pytest.mark.parametrize("blocks", [csv_blocks, json_blocks])
def test_text_has_no_column_of_bytes(blocks: Callable[..., Iterator[tuple[bytes, int]]]) -> None:
    with pytest.raises(ValueError, match="data is bytes"):
        list(blocks(example()._recorded(), ["data"]))
    with pytest.raises(ValueError, match="name one"):
        list(blocks(example()._recorded(), []))


def bytes_of(trace: Trace, format: Format, **options: Any) -> bytes:
    out = io.BytesIO()
    counts: list[int] = []
    write(out, trace._recorded(), format, progress=counts.append, **options)
    assert sum(counts) == len(trace)
    return out.getvalue()


@pytest.mark.parametrize("size", [1, 3, 1 << 17])
def test_arrow_files_and_streams_hold_the_table(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that come in a later batch are in the one dictionary that a file has."""
    pa = pytest.importorskip("pyarrow")
    monkeypatch.setattr("fasttrace.data.export.arrow.BATCH", size)
    monkeypatch.setattr("fasttrace.data.export.columns._TEXT_MAX", 5)
    for in_one_go in (False, True):
        made = bytes_of(example(), "arrow", in_one_go=in_one_go)
        opened = (pa.ipc.open_stream if in_one_go else pa.ipc.open_file)(made)
        table = opened.read_all()
        table.validate(full=True)
        for row, expected in zip(table.to_pylist(), rows(example()), strict=True):
            assert row | expected == row


def test_polars_reads_every_format(tmp_path: Any) -> None:
    pl = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    names = [row["name"] for row in rows(example())]
    readers: list[tuple[Format, Any]] = [
        ("parquet", pl.read_parquet),
        ("arrow", pl.read_ipc),
        ("csv", pl.read_csv),
        ("jsonl", pl.read_ndjson),
    ]
    for format, read in readers:
        path = tmp_path / format
        path.write_bytes(bytes_of(example(), format))
        assert read(path)["name"].to_list() == names, format
