"""Promise: recordings of many machines say where they were made, and one question is answered over
all of them as over each alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE

import fasttrace


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FASTTRACE, *map(str, args)], capture_output=True, text=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_recording_keeps_the_label_of_its_host(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    done = run("record", "--engine", engine, "--host-label", "db 'ü'", "-o", path, "true")
    assert done.returncode == 0, done.stderr
    trace = fasttrace.load(path)
    assert trace.host == "db 'ü'"
    assert fasttrace.record(["true"], path=tmp_path / "y.fst", host_label="a").host == "a"
    assert fasttrace.record(["true"], path=tmp_path / "z.fst").host == os.uname().nodename
    assert fasttrace.trace(["true"]).host == os.uname().nodename
    pytest.importorskip("pyarrow")
    trace.to_parquet(tmp_path / "x.parquet")
    back = fasttrace.read_parquet(tmp_path / "x.parquet")
    assert back.host == "db 'ü'"
    assert back.to_arrow(["host"])["host"].unique().to_pylist() == ["db 'ü'"]
