"""Promise: a trace recorded compressed, or straight into Parquet, is the one that the plain folder
has, and what a recorder leaves that is killed is as the documentation says."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ENGINES, FASTTRACE

import fasttrace
from fasttrace.data.export import arrow
from fasttrace.data.trace import Trace
from fasttrace.errors import OutputError
from fasttrace.tracing.runs import Recorder
from fasttrace.tracing.tracer import Tracer

PROGRAM = (
    "import os, threading\n"
    "threads = [threading.Thread(target=os.listdir, args=('/',)) for _ in range(4)]\n"
    "[t.start() for t in threads]; [t.join() for t in threads]\n"
    "os.path.exists(b'/no/\\xff'); os.system('true')\n"
    "[os.stat('/etc') for _ in range(3000)]\n"
)


def run(*args: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FASTTRACE, *map(str, args)], capture_output=True, text=True, **options)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_run_is_the_same_in_every_format(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(arrow, "BATCH", 1000)  # so that there are several row groups
    tracer = Tracer([sys.executable, "-c", PROGRAM], engine=engine)
    recorders = [
        Recorder(tracer, tmp_path / name, host="here", compress=name == "z.fst")
        for name in ("x.fst", "z.fst", "x.parquet")
    ]
    with tracer:
        for block in tracer.blocks():
            for recorder in recorders:
                recorder.append(block)
        for recorder in recorders:
            recorder.finish()
    plain, *others = (Trace.of_stored(recorder.stored()) for recorder in recorders)
    assert len(plain) > 3000
    for recorder in recorders:
        recorder._writer.close()
    rows = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "x.parquet")
    assert rows["comm"].to_pylist() == [call.comm for call in plain]
    assert len(set(rows["comm"].to_pylist())) == 2  # the interpreter's, and sh
    for other in others:
        assert other.events.tobytes() == plain.events.tobytes()
        assert other.payload.tobytes() == plain.payload.tobytes()
        assert other.processes == plain.processes
        # Each said by itself when it began, and how long it took until it was asked.
        apart = {"realtime_offset_ns": 0, "wall_ns": 0}
        assert other.info._replace(**apart) == plain.info._replace(**apart)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.fst", "x.parquet", "z.fst"]


@pytest.mark.parametrize("options", [["-o", "x.fst", "--compress"], ["-o", "x.parquet"]], ids=str)
def test_what_record_makes_is_shown_as_any_recording(options: list[str], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    done = run("record", *options, "sh", "-c", "cat /no/such; exit 3", cwd=tmp_path)
    assert done.returncode == 3
    assert "fasttrace" not in done.stderr
    shown = run("report", options[1], "--calls", "--failed", "--path", "/no/such", cwd=tmp_path)
    assert "/no/such" in shown.stdout
    assert shown.stderr == ""
    trace = fasttrace.load(tmp_path / options[1])
    assert (trace.finished, trace.exit_status, trace.lost) == (True, 3, 0)
    if trace.host:
        assert trace.host == os.uname().nodename


READY = "import sys, time; print('ready', flush=True)\nwhile True: time.sleep(0.001)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("name", ["x.fst", "x.parquet"])
def test_a_recorder_that_is_ended_leaves_what_is_said(
    name: str, number: signal.Signals, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    options = ["--compress"] if name == "x.fst" else []
    command = [*FASTTRACE, "record", *options, "-o", name, sys.executable, "-c", READY]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=tmp_path, start_new_session=True
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == b"ready\n"
        if name == "x.fst":  # something is there before the end comes
            while not (tmp_path / name / "blocks.z").stat().st_size:
                pass
        recorder.send_signal(number) if number == signal.SIGKILL else os.killpg(
            recorder.pid, number
        )
    left = sorted(path.name for path in tmp_path.iterdir())
    if name == "x.parquet" and number == signal.SIGKILL:
        assert len(left) == 1
        assert left[0].startswith(".x.parquet.")
        assert run("scan", ".", cwd=tmp_path).stderr.startswith("fasttrace: no file is there")
        return
    assert left == [name]
    trace = fasttrace.load(tmp_path / name)
    assert len(trace) > 0
    assert trace.finished == (number == signal.SIGINT)


def test_a_full_disk_leaves_no_half_of_a_parquet_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(arrow, "BATCH", 1000)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
        with pytest.raises(OutputError, match="ulimit -f"):
            fasttrace.record([sys.executable, "-c", PROGRAM], path=tmp_path / "x.parquet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_is_not_there_leaves_no_file(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    for options in (["-o", "x.parquet"], ["--compress", "-o", "x.fst"]):
        assert run("record", *options, "/no/such/program", cwd=tmp_path).returncode == 127
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_together_is_said(tmp_path: Path) -> None:
    for options in (["-o", "x.parquet"], ["--format", "parquet", "-o", "x"]):
        done = run("record", "--compress", *options, "true", cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "Parquet is compressed anyhow" in done.stderr
    assert run("record", "--format", "fst", "-o", "y.parquet", "true", cwd=tmp_path).returncode == 0
    assert (tmp_path / "y.parquet/events.npy").is_file()
    with pytest.raises(ValueError, match="compressed anyhow"):
        fasttrace.record(["true"], path=tmp_path / "x.parquet", compress=True)
