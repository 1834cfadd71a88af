"""Promise: every view of a trace without calls says so, every export of one is a file of its kind,
and Ctrl-C ends the views of many calls at once, as it does exports and reports."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import cli

import fasttrace
from fasttrace.data.export.files import FORMATS

VIEWS = (
    ("report",), ("report", "--calls"), ("report", "--by", "comm"), ("report", "--by", "pid"),
    ("tree",), ("why",), ("diff", "EMPTY"),
)  # fmt: skip


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "x.fst"
    fasttrace.Trace().save(folder)
    return folder


@pytest.mark.parametrize("words", VIEWS, ids=" ".join)
def test_a_view_of_no_calls_says_so_and_no_more(words: tuple[str, ...], empty: Path) -> None:
    words = tuple(str(empty) if word == "EMPTY" else word for word in words)
    done = cli(*words, str(empty))
    assert done.returncode == 0
    assert (done.stdout + done.stderr).count("no calls") == 1
    assert len((done.stdout + done.stderr).splitlines()) < 10


def test_json_of_no_calls_is_json_alone(empty: Path) -> None:
    done = cli("report", "--calls", "--json", str(empty))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_of_no_calls_is_a_file_of_its_kind(
    format: str, empty: Path, tmp_path: Path
) -> None:
    if format in ("parquet", "arrow"):
        pytest.importorskip("pyarrow")
    if format == "perfetto":
        pytest.importorskip("perfetto")
    out = tmp_path / "x"
    done = cli("export", str(empty), "--format", format, "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert f"0 events written to {out} as {format}" in done.stderr
    assert out.exists()


# Ctrl-C comes when so much has been done: from the program itself, so that no time is asked for.
INTERRUPTED = """
import os, signal, sys
import {module} as module
from fasttrace.cli import main
before, left = module.{function}, [{times}]
def interrupted(*args, **options):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGINT)
    return before(*args, **options)
module.{function} = interrupted
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("diff", "x.fst", "x.fst"), ("fasttrace.analysis.diff", "_paths", 2)),
        (("diff", "x.fst", "x.fst"), ("fasttrace.analysis.diff", "_timings", 1)),
        (("tree", "x.fst"), ("fasttrace.data.tree", "owners", 1)),
        (("scan", "x.parquet"), ("fasttrace.data.scanned.counting", "make_table", 1)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_control_c_ends_a_comparison_and_a_scan(
    words: tuple[str, ...], where: tuple[str, str, int], tmp_path: Path
) -> None:
    events = np.zeros(1000, fasttrace.EVENT_DTYPE)
    events["kind"] = fasttrace.Kind.SYSCALL
    events["pid"] = events["tid"] = 7
    trace = fasttrace.Trace(events)
    trace.save(tmp_path / "x.fst")
    if words[0] == "scan":
        pytest.importorskip("duckdb")
        pytest.importorskip("pyarrow")
        trace.to_parquet(tmp_path / "x.parquet")
    module, function, times = where
    program = INTERRUPTED.format(module=module, function=function, times=times)
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
