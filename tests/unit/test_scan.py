"""Promise: many traces asked together say what each says alone, whatever their names and contents,
and what is no trace is named."""

from __future__ import annotations

import itertools
import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import FIGURES, example
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import READ, make_events, traces

import fasttrace
from fasttrace.data.scanned.scan import scan
from fasttrace.data.summary import Summary
from fasttrace.data.trace import Trace
from fasttrace.errors import SelectionError, TraceError

duckdb = pytest.importorskip("duckdb")
pq = pytest.importorskip("pyarrow.parquet")

several = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_fresh = itertools.count()


def saved(folder: Path, *some: Trace, columns: Any = None) -> Path:
    """A folder of its own with these as 0.parquet, 1.parquet ..."""
    place = folder / f"runs-{next(_fresh)}"
    place.mkdir()
    for i, trace in enumerate(some):
        trace.to_parquet(place / f"{i}.parquet")
    return place


def told(summary: Summary) -> dict[str, tuple[Any, ...]]:
    """By name the figures."""
    return {s.name: tuple(getattr(s, name) for name in FIGURES) for s in summary.syscalls}


def figures(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        row[name] if name in ("calls", "finished") or row["finished"] else None for name in FIGURES
    )


def on(host: str, trace: Trace) -> Trace:
    return Trace(
        trace.events, trace.payload, trace.info._replace(host=host), processes=trace.processes
    )


@several
@given(traces(), traces(), traces())
def test_groups_have_the_figures_of_summaries(
    tmp_path: Path, first: Trace, second: Trace, third: Trace
) -> None:
    place = saved(tmp_path, on("a", first), on("b", second), on("b", third))
    found = scan(place).summary(by=["host", "syscall"])
    one, two = first.summary(), second.summary() + third.summary()
    expected = {("a", name): row for name, row in told(one).items()}
    expected |= {("b", name): row for name, row in told(two).items()}
    assert {(row["host"], row["syscall"]): figures(row) for row in found.rows} == expected
    assert found.total_calls == one.total_calls + two.total_calls
    assert len(found) == len(found.rows) == len(found.table) == found.to_arrow().num_rows


def test_times_fall_into_the_buckets_of_a_tally(tmp_path: Path) -> None:
    """At every power of two, and beside it: quantiles of each are those of its Summary."""
    edges = {max(0, (1 << i) + d) for i in range(64) for d in (-1, 0, 1, 1 << max(0, i - 5))}
    calls = [
        {"nr": READ, "pid": i, "tid": i, "duration_ns": min(ns, (1 << 64) - 1)}
        for i, ns in enumerate(sorted(edges | {(1 << 64) - 1}), 1)
        for ns in (ns, ns)
    ]
    trace = Trace(make_events(*calls))
    rows = scan(saved(tmp_path, trace)).summary(by="pid", quantiles=[0.25, 1]).rows
    parts = trace.by("pid")
    assert len(rows) == len(parts) > 200
    for row in rows:
        summary = parts[row["pid"]].summary()
        assert row["p25_ns"] == summary.percentile("read", 0.25)
        assert row["p100_ns"] == summary.percentile("read", 1)
    whole = scan(saved(tmp_path, trace)).summary(by=[], quantiles=[0.1, 0.5, 0.9]).rows
    assert [whole[0][f"p{p}_ns"] for p in (10, 50, 90)] == [
        trace.summary().percentile("read", p / 100) for p in (10, 50, 90)
    ]


CONDITIONS: list[dict[str, Any]] = [
    *({"syscall": text} for text in ("read", "!read", "%file", "500", "all", "none")),
    *({"failed": True}, {"failed": False}, {"errno": "ENOENT"}, {"errno": 11}, {"errno": 512}),
    *({"pid": 100}, {"pid": [101, 102]}, {"pid": []}, {"tid": 105}, {"comm": "cc"}, {"comm": ""}),
    *({"kind": "signal"}, {"kind": ["syscall", "exit"]}, {"kind": "syscall"}, {"abi": "i386"}),
    *({"min_duration_ns": 7}, {"min_duration_ns": 1 << 70}, {"after": 26}, {"before": 26}),
    *({"after": -5}, {"syscall": "!%file", "failed": False, "pid": 102}),
]


@pytest.mark.parametrize("conditions", CONDITIONS, ids=str)
def test_conditions_choose_what_where_chooses(tmp_path: Path, conditions: dict[str, Any]) -> None:
    trace = example()
    chosen = trace.where(**conditions)
    found = scan(saved(tmp_path, trace)).where(**conditions)
    times = found.sql("select time_ns from traces order by all").fetchall()
    assert [time for (time,) in times] == sorted(chosen.events["time_ns"].tolist())
    rows = {row["syscall"]: figures(row) for row in found.summary(by="syscall").rows}
    assert rows == told(chosen.summary())


@several
@given(traces(max_size=20), st.sampled_from(CONDITIONS))
def test_conditions_choose_the_same_of_drawn_traces(
    tmp_path: Path, trace: Trace, conditions: dict[str, Any]
) -> None:
    found = scan(saved(tmp_path, trace)).where(**conditions).summary(by="syscall")
    assert {row["syscall"]: figures(row) for row in found.rows} == told(
        trace.where(**conditions).summary()
    )


def test_paths_and_descriptors_are_looked_for_in_their_columns(tmp_path: Path) -> None:
    whole = scan(saved(tmp_path, example()))
    for path, wanted in [
        ("hosts", 1), ("/etc/*", 1), ("/e?c/[g-i]osts", 1), ("/etc/[!h]*", 0), ("*", 3), ("'", 1),
        ("from", 1), ("HOSTS", 0), (re.compile("^/(etc|from)"), 2), (re.compile("HOSTS", re.I), 1),
        ("\udcff", 1), ("", 3), ("x' or '1'='1", 0),
    ]:  # fmt: skip
        assert whole.where(path=path).summary(by=[]).total_calls == wanted, path
    assert whole.where(fd=5).summary(by="fd").rows[0]["calls"] == 1
    assert len(whole.where(fd=77).summary(by="fd")) == 0
    assert whole.where(host="db-1").where(failed=True).summary(by="errno").total_calls == 3
    assert whole.where(host="db-2").summary().rows == []


@several
@given(st.text("ab*?[]!-/", max_size=6), st.lists(st.text("ab!-/]", max_size=4), min_size=1))
def test_patterns_of_the_shell_mean_what_they_mean_there(pattern: str, paths: list[str]) -> None:
    from fasttrace.data.scanned.filters import shell_pattern

    query = "select p, regexp_full_match(p, ?, 's') from unnest(?::varchar[]) as t(p)"
    with duckdb.connect() as connection:
        rows = connection.execute(query, [shell_pattern(pattern), paths]).fetchall()
    assert rows == [(path, fnmatchcase(path, pattern)) for path in paths]


def test_what_makes_no_sense_is_said_at_once(tmp_path: Path) -> None:
    found = scan(saved(tmp_path, example()))
    for conditions, error, message in [
        ({"errno": "ENOPE"}, ValueError, "ENOPE"),
        ({"kind": "sygnal"}, ValueError, "no events of kind 'sygnal': one of"),
        ({"syscall": "nope"}, SelectionError, "nope"),
        ({"abi": "z80"}, ValueError, "z80"),
        ({"nope": 1}, TypeError, "nope"),
    ]:
        with pytest.raises(error, match=message):
            found.where(**conditions)
    with pytest.raises(ValueError, match="given before"):
        found.where(pid=1).where(pid=2)
    with pytest.raises(ValueError, match="no groups by 'pit': one of host, file"):
        found.summary(by=["pit"])
    for quantile in (0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="a quantile is"):
            found.summary(quantiles=[quantile])


NAMES = [
    "a'); drop table traces; --.parquet",
    "we*[i]rd?{a,b}.parquet",
    'quo"te\x1b\n.parquet',
    "[x].parquet",
    "ü .parquet",
    "back\\slash.parquet",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    example().to_parquet(tmp_path / name)
    for other in ("wexird.parquet", "x.parquet"):
        Trace().to_parquet(tmp_path / other)
    path = str(tmp_path / name)
    assert scan(path).files == [path]
    rows = scan(path).summary(by="file").rows
    assert [(row["file"], row["calls"]) for row in rows] == [(path, len(list(example().calls())))]
    assert path in scan(tmp_path).files
    text = repr(scan(path).summary(by="file"))
    assert text.isprintable() or "\x1b" not in text
    with pytest.raises(ValueError, match="no groups by"):
        scan(path).summary(by=name)


def test_folders_patterns_and_lists_mean_files(tmp_path: Path) -> None:
    place = saved(tmp_path, example(), Trace())
    (place / "deep/er").mkdir(parents=True)
    example().to_parquet(place / "deep/er/2.parquet")
    (place / "notes.txt").write_text("no trace")
    (place / ".3.parquet.abc.new").write_text("being written")
    names = ["0.parquet", "1.parquet", "deep/er/2.parquet"]
    for where, expected in [
        (place, names),
        (str(place / "*.parquet"), names[:2]),
        (str(place / "**/*.parquet"), names),
        (
            [place / "1.parquet", place / "0.parquet", place / "1.parquet"],
            ["1.parquet", "0.parquet"],
        ),
    ]:
        assert scan(where).files == [str(place / name) for name in expected]


def test_what_is_no_trace_is_named_in_one_line(tmp_path: Path) -> None:
    import pyarrow as pa

    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    example().to_parquet(good)
    whole = good.read_bytes()
    table = pq.read_table(good)
    place = table.column_names.index("duration_ns")
    text = table.set_column(place, "duration_ns", pa.array(["odd"] * len(table)))
    newer = {
        b"fasttrace.version": b"9",
        b"fasttrace": b'{"format": "fasttrace", "version": 9}',
    }
    for make, message in [
        (lambda: bad.write_bytes(whole[: len(whole) // 2]), "it is cut or no Parquet file"),
        (lambda: bad.write_bytes(b""), "it is cut or no Parquet file"),
        (lambda: pq.write_table(pa.table({"a": [1]}), bad), "something else than a trace"),
        (lambda: example().to_parquet(bad, columns=["name"]), "lacks the columns kind, abi, nr, "),
        (lambda: pq.write_table(table.replace_schema_metadata(newer), bad), "format version '9'"),
        (
            lambda: pq.write_table(
                table.replace_schema_metadata(newer | {b"fasttrace": b"{"}), bad
            ),
            "its metadata cannot be read",
        ),
        (lambda: pq.write_table(text, bad), "cannot be counted"),
        (bad.unlink, "no file is there"),
        (lambda: os.mkfifo(bad), "is no file"),
    ]:
        make()
        with pytest.raises(TraceError, match=re.escape(message)) as caught:
            scan([good, bad]).summary()
        assert str(bad) in str(caught.value)
        assert "\n" not in str(caught.value)
    for where in (tmp_path / "no*", [], "\0", tmp_path / "no"):
        with pytest.raises(TraceError, match="no file"):
            scan(where)


@settings(parent=several, max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6))
def test_damaged_files_are_counted_or_an_error(
    tmp_path: Path, damage: list[tuple[float, int]]
) -> None:
    path = tmp_path / "x.parquet"
    example().to_parquet(path)
    data = bytearray(path.read_bytes())
    for place, byte in damage:
        data[int(place * len(data))] = byte
    path.write_bytes(data)
    try:
        repr(scan(path).summary())
    except TraceError:
        return


def test_files_of_former_versions_have_no_host(tmp_path: Path) -> None:
    """What a file does not have is null there, and the others have it still."""
    columns = list(pq.read_table(saved(tmp_path, example()) / "0.parquet").column_names)
    columns.remove("host")
    place = saved(tmp_path, on("a", example()))
    example().to_parquet(place / "old.parquet", columns=columns)
    rows = scan(place).summary(by="host").rows
    assert {row["host"]: row["calls"] for row in rows} == {"a": 8, None: 8}
    only = scan(place / "old.parquet").summary(by="host")
    assert [row["host"] for row in only.rows] == [None]
    assert only.table["host"].tolist() == [""]


def test_a_question_in_sql_sees_no_variable_of_ours(tmp_path: Path) -> None:
    found = scan(saved(tmp_path, example(), example()))
    query = "select count(*) from traces where name = ?"
    assert found.sql(query, ["openat"]).fetchall() == [(4,)]
    with pytest.raises(duckdb.Error, match="CONDITIONS"):
        found.sql("select * from CONDITIONS")
    merged = found.sql(
        "select host, count(*) as n from traces group by host",
        merge="select host, sum(n)::int from parts group by host",
    )
    assert merged.fetchall() == [("db-1", 2 * len(example()))]


def test_the_result_is_a_table_for_other_tools(tmp_path: Path) -> None:
    found = scan(saved(tmp_path, example())).summary(by=["syscall", "pid", "abi"])
    rows = found.rows
    assert found.to_arrow().to_pylist() == rows
    assert duckdb.sql("select sum(calls) from found").fetchall() == [(found.total_calls,)]
    table = found.table
    assert table.dtype.names == ("syscall", "pid", "abi", *FIGURES)
    assert table["total_ns"].tolist() == [row["total_ns"] or 0 for row in rows]
    pytest.importorskip("pandas")
    assert found.to_pandas()["calls"].tolist() == [row["calls"] for row in rows]
    pytest.importorskip("polars")
    assert found.to_polars()["pid"].to_list() == [row["pid"] for row in rows]
    unfinished = next(row for row in rows if not row["finished"])
    assert unfinished["errors"] is unfinished["p50_ns"] is None
    assert repr(found).splitlines()[-1] == f"{found.total_calls} calls, 3 failed, 1 trace"
    assert "<table>" in found._repr_html_()
    assert "... and 5 more" in found.text(top=3)
    assert repr(scan(saved(tmp_path, Trace())).summary()).endswith("no calls in 1 trace")


def test_a_trace_is_loaded_from_a_parquet_file_too(tmp_path: Path) -> None:
    path = saved(tmp_path, example()) / "0.parquet"
    assert (fasttrace.load(path).events == example().events).all()
    with pytest.raises(TraceError, match=r"no\.parquet does not exist"):
        fasttrace.load(tmp_path / "no.parquet")
    assert np.array_equal(fasttrace.load(str(path)).payload, example().payload)
