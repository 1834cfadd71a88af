"""Promise: what docs/export.md shows works as it stands there, on real traces of both engines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support import ENGINES

import fasttrace
from fasttrace.data.export.columns import FOR_READERS, WHOLE

PAGE = Path(__file__).parents[2] / "docs" / "export.md"


def test_the_python_of_the_page_runs(tmp_path: Path) -> None:
    for package in ("pyarrow", "pandas", "polars", "duckdb"):
        pytest.importorskip(package)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len(blocks) >= 2
    names: dict[str, Any] = {}
    for block in blocks:
        assert "/tmp/" not in block.replace("/tmp/ls.parquet", "")
        exec(block.replace("/tmp/ls.parquet", str(tmp_path / "ls.parquet")), names)
    assert len(names["back"]) == len(names["t"]) > 20


def test_the_table_of_columns_is_whole() -> None:
    table = re.findall(r"^\| (`.*?) \| .* \| .* \|$", PAGE.read_text(), re.M)
    named = re.findall(r"`(\w+)`", " ".join(table))
    assert set(named) | {f"arg{i}" for i in range(6)} == {*FOR_READERS, "args", "host"}
    for name in set(WHOLE) - set(FOR_READERS):
        assert f"`{name}`" in PAGE.read_text()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_real_trace_with_children_and_threads_comes_back(engine: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    code = (
        "import os, threading\n"
        "threads = [threading.Thread(target=os.listdir, args=('/',)) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "os.path.exists(b'/no/\\xff'); os.system('true')\n"
    )
    trace = fasttrace.trace(["python3", "-ISc", code], engine=engine)
    trace.to_parquet(tmp_path / "x.parquet")
    back = fasttrace.read_parquet(tmp_path / "x.parquet")
    assert (back.events == trace.events).all()
    assert back.payload.tobytes() == trace.payload.tobytes()
    assert (back.processes, back.info) == (trace.processes, trace.info)
    assert back.summary() == trace.summary()
    table = trace.to_arrow()
    table.validate(full=True)
    assert "/no/\\xff" in table.column("path").to_pylist()
    assert table.column("name").to_pylist() == [call.name for call in trace]
    assert table.column("comm").to_pylist() == [call.comm or None for call in trace]
