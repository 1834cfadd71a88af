"""Promise: Arrow, pandas, polars and DuckDB take a Trace as it is, and see what its calls say."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from exported import example, rows
from hypothesis import given, settings
from synthetic import traces

from fasttrace.data.export.columns import FOR_READERS, WHOLE
from fasttrace.data.trace import Trace
from fasttrace.errors import FasttraceError, MissingExtra

pa = pytest.importorskip("pyarrow")


def agree(table: Any, trace: Trace) -> None:
    table.validate(full=True)
    assert table.column_names == list(FOR_READERS)
    for row, expected in zip(table.to_pylist(), rows(trace), strict=True):
        assert row | expected == row


def test_a_table_says_what_the_calls_say() -> None:
    agree(example().to_arrow(), example())


def test_a_trace_is_a_stream_of_batches() -> None:
    agree(pa.table(example()), example())
    assert pa.schema(example()) == example().to_arrow().schema


@settings(max_examples=40)
@given(traces())
def test_drawn_traces_as_tables_and_streams(trace: Trace) -> None:
    agree(trace.to_arrow(), trace)
    assert pa.table(trace).equals(trace.to_arrow())


def test_words_are_dictionaries_and_metadata_tell_of_the_run() -> None:
    table = example().to_arrow()
    for name in ("name", "kind", "abi", "comm", "errno", "path"):
        assert pa.types.is_dictionary(table.schema.field(name).type), name
    assert str(table.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    told = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert json.loads(told["fasttrace.argv"]) == example().argv
    assert told["fasttrace.clock"] == "CLOCK_MONOTONIC"
    assert told["fasttrace.exit_status"] == "-9"


def test_numbers_of_a_table_are_not_copied_again() -> None:
    """A column of numbers lies in the array that was made of the events, and so do the codes."""
    from fasttrace.data.export.arrow import array, schema
    from fasttrace.data.export.columns import Columns

    trace = example()
    made = Columns(trace._recorded()).take(0, len(trace))
    for field in schema(None, trace.info):
        column = made[field.name]
        found = array(pa, column, field.type)
        found = found.indices if column.words is not None else found
        assert found.buffers()[1].address == column.values.ctypes.data, field.name


def test_columns_are_chosen_in_every_form() -> None:
    assert example().to_arrow(["pid", "name"]).column_names == ["pid", "name"]
    data = example().to_arrow(["data"]).column("data").to_pylist()
    assert [bool(value) for value in data] == [bool(e["flags"] & 8) for e in example().events]
    assert len(example().to_arrow(WHOLE).columns) == len(WHOLE)
    args = example().to_arrow(["args"])
    args.validate(full=True)
    assert json.loads(args.column("args")[1].as_py())["pathname"] == "/etc/hosts"
    assert json.loads(args.column("args")[0].as_py())["argv"] == ["make", "-j2"]
    with pytest.raises(ValueError, match="no column is called 'x'"):
        example().to_arrow(["x"])


@pytest.mark.parametrize("trace", [Trace(), example()[:0], Trace(example().events[:3])])
def test_without_events_or_clock_there_are_still_columns(trace: Trace) -> None:
    table = pa.table(trace)
    table.validate(full=True)
    assert (table.num_rows, table.column_names) == (len(trace), list(FOR_READERS))
    if trace.realtime_offset_ns is None:
        assert table.column("time").null_count == len(trace)


def test_a_frame_of_pandas_has_whole_numbers_and_categories() -> None:
    pd = pytest.importorskip("pandas")
    frame = example().to_pandas()
    assert list(frame.columns) == list(FOR_READERS)
    for i, expected in enumerate(rows(example())):
        for name, value in expected.items():
            found = frame[name].iloc[i]
            assert pd.isna(found) if value is None else found == value, (name, i)
    assert frame["arg5"].max() == (1 << 64) - 1
    assert [str(frame[name].dtype) for name in ("ret", "duration_ns", "fd", "pid", "arg0")] == [
        *("Int64", "UInt64", "Int32", "int32", "uint64"),
    ]
    assert str(frame["time"].dtype) == "datetime64[ns, UTC]"
    assert isinstance(frame["path"].dtype, pd.CategoricalDtype)
    assert example().to_pandas(["data"])["data"].map(len).sum() == len(example().payload)
    args = example().to_pandas(["args"])["args"]
    assert json.loads(args[1])["pathname"] == "/etc/hosts"
    assert json.loads(args[0])["argv"] == ["make", "-j2"]
    assert Trace().to_pandas().shape == (0, len(FOR_READERS))
    assert Trace(example().events).to_pandas()["time"].isna().all()


def test_a_frame_of_pandas_needs_no_pyarrow() -> None:
    pytest.importorskip("pandas")
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from exported import example\n"
        "print(len(example().to_pandas()))"
    )
    folder = str(__import__("pathlib").Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", code, folder], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{len(example())}\n"


def test_a_frame_of_polars_says_the_same() -> None:
    pl = pytest.importorskip("polars")
    for frame in (example().to_polars(), pl.DataFrame(example())):
        assert frame.columns == list(FOR_READERS)
        for row, expected in zip(frame.to_dicts(), rows(example()), strict=True):
            assert row | expected == row
    assert pl.DataFrame(Trace()).shape == (0, len(FOR_READERS))


def test_duckdb_asks_a_trace_by_its_name() -> None:
    duckdb = pytest.importorskip("duckdb")
    t = example()
    found = duckdb.sql("select name, count(*) from t where errno is null group by 1").fetchall()
    assert dict(found)["read"] == 2
    twice = duckdb.sql("select count(*) from t a join t b using (time_ns)").fetchall()
    assert twice == [(len(t),)]


@pytest.mark.parametrize(
    ("use", "package", "extra"),
    [
        (lambda t: t.to_arrow(), "pyarrow", "arrow"),
        (lambda t: t.__arrow_c_stream__(), "pyarrow", "arrow"),
        (lambda t: t.__arrow_c_schema__(), "pyarrow", "arrow"),
        (lambda t: t.to_pandas(), "pandas", "pandas"),
        (lambda t: t.to_polars(), "polars", "polars"),
        (lambda t: t.to_parquet("/nowhere/x"), "pyarrow", "parquet"),
        (lambda t: Trace.from_parquet("/nowhere/x"), "pyarrow", "parquet"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    use: Any, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'fasttrace\[{extra}\]'") as caught:
        use(example())
    assert isinstance(caught.value, FasttraceError)
    assert isinstance(caught.value, ImportError)
    assert package in str(caught.value)
