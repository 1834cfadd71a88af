"""Promise: Arrow, pandas, polars and DuckDB take a Summary as it is, a row for each syscall."""

from __future__ import annotations

from typing import Any

import pytest
from exported import FIGURES, example
from synthetic import make_events

from fasttrace.data.summary import Summary
from fasttrace.data.trace import Trace
from fasttrace.errors import MissingExtra


def expected(summary: Summary) -> list[dict[str, Any]]:
    return [
        {"name": s.name, **{name: getattr(s, name) for name in FIGURES}} for s in summary.syscalls
    ]


def summaries() -> list[Summary]:
    """One with a call that never returned, one without results, one of nothing."""
    summary = example().summary()
    unfinished = Trace(make_events({"nr": 231, "flags": 1})).summary()
    return [summary, unfinished, Summary(summary._tally, results=False), Summary()]


def test_arrow_and_polars_say_what_the_summary_says() -> None:
    pa = pytest.importorskip("pyarrow")
    for summary in summaries():
        assert summary.to_arrow().to_pylist() == expected(summary)
        assert pa.table(summary).equals(summary.to_arrow())
        assert pa.schema(summary) == summary.to_arrow().schema
    pl = pytest.importorskip("polars")
    for summary in summaries():
        assert pl.DataFrame(summary).to_dicts() == expected(summary)
        assert summary.to_polars().to_dicts() == expected(summary)


def test_pandas_has_whole_numbers_and_none_where_nothing_is_known() -> None:
    pd = pytest.importorskip("pandas")
    for summary in summaries():
        frame = summary.to_pandas()
        assert list(frame.columns) == ["name", *FIGURES]
        assert {str(frame[name].dtype) for name in FIGURES} == {"UInt64"}
        for row, values in zip(frame.to_dict("records"), expected(summary), strict=True):
            for name, value in values.items():
                assert pd.isna(row[name]) if value is None else row[name] == value


def test_duckdb_asks_a_summary_by_its_name() -> None:
    duckdb = pytest.importorskip("duckdb")
    s = example().summary()
    found = duckdb.sql("select sum(calls)::bigint from s").fetchall()
    assert found == [(s.total_calls,)]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for package in ("pyarrow", "pandas", "polars"):
        monkeypatch.setitem(sys.modules, package, None)
    for use in (Summary.to_arrow, Summary.to_pandas, Summary.to_polars, Summary.__arrow_c_stream__):
        with pytest.raises(MissingExtra, match="pip install"):
            use(Summary())
