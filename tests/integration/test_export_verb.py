"""Promise: `fasttrace export` writes what was recorded as other tools read it, whole or not at all,
and says in one line what it wrote or why it could not."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import LIMIT_S, cli, one_line, running
from support import FASTTRACE

import fasttrace
from fasttrace.data.storage import Writer

TABLES = ("parquet", "arrow", "csv", "jsonl")
FORMATS = (*TABLES, "chrome", "perfetto", "speedscope", "strace")
NEEDS = {"parquet": "pyarrow", "arrow": "pyarrow", "perfetto": "perfetto"}


def needs(format: str) -> None:
    if format in NEEDS:
        pytest.importorskip(NEEDS[format])


def read(path: Path) -> list[dict[str, object]]:
    """The rows of a file, by who reads this kind."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".parquet":
        table = pytest.importorskip("pyarrow.parquet").read_table(path)
    else:
        table = pytest.importorskip("pyarrow.ipc").open_file(path).read_all()
    rows: list[dict[str, object]] = table.to_pylist()
    return rows


@pytest.mark.parametrize("format", TABLES)
def test_each_format_has_the_calls(recorded: Path, tmp_path: Path, format: str) -> None:
    needs(format)
    out = tmp_path / f"x.{format}"
    done = cli("export", str(recorded), "-o", str(out))
    trace = fasttrace.load(recorded)
    size = out.stat().st_size
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        f"fasttrace: {len(trace):,} events written to {out} as {format}, {size:,} bytes\n"
    )
    rows = read(out)
    assert [row["name"] for row in rows] == [call.name for call in trace]
    assert [int(str(row["pid"])) for row in rows] == trace.events["pid"].tolist()
    assert {row["path"] for row in rows} >= set(trace.paths())
    assert "ENOENT" in {row["errno"] for row in rows}
    assert list(tmp_path.iterdir()) == [out]


def test_a_parquet_file_is_the_trace_again(recorded: Path, tmp_path: Path) -> None:
    needs("parquet")
    out = tmp_path / "x.parquet"
    assert cli("export", str(recorded), "-o", str(out)).returncode == 0
    back, trace = fasttrace.read_parquet(out), fasttrace.load(recorded)
    assert (back.events == trace.events).all()
    assert back.payload.tobytes() == trace.payload.tobytes()
    assert back.processes == trace.processes
    assert back.info == trace.info
    assert back.summary().to_dict() == trace.summary().to_dict()


@pytest.mark.parametrize("format", FORMATS)
def test_standard_output_takes_every_format(recorded: Path, format: str) -> None:
    needs(format)
    command = [*FASTTRACE, "export", str(recorded), "--format", format, "-o", "-"]
    done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=True)
    size = f"as {format}, {len(done.stdout):,} bytes"
    assert done.stderr.decode().endswith(f"events written to standard output {size}\n")
    if format == "arrow":
        pa = pytest.importorskip("pyarrow")
        rows = pa.ipc.open_stream(done.stdout).read_all().num_rows
        assert rows == len(fasttrace.load(recorded))


def test_conditions_and_columns_choose(recorded: Path) -> None:
    done = cli(
        *("export", str(recorded), "--format", "jsonl", "-o", "-", "-e", "execve", "--failed"),
        *("--columns", "path,errno,name", "--path", "such"),
    )
    assert json.loads(done.stdout.splitlines()[0]) == {
        "path": "/no/such/program",
        "errno": "ENOENT",
        "name": "execve",
    }
    shown = cli("export", str(recorded), "--format", "csv", "-o", "-", "-e", "none")
    assert (shown.stdout.count("\n"), shown.returncode) == (1, 0)
    assert "0 events written" in shown.stderr


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["-o", "x"], 2, "which format? --format parquet, arrow, csv, jsonl, chrome"),
        (["-o", "-"], 2, "which format?"),
        (["-o", "x.csv", "--columns", "pid,nmae"], 2, "no column is called 'nmae'"),
        (["-o", "x.csv", "--columns", "data"], 2, "bytes are for parquet and arrow"),
        (["-o", "x.json"], 2, "which format?"),
        (["-o", "x.strace", "--columns", "pid"], 2, "strace has none"),
        (["-o", "x.csv", "-e", "nosuchcall"], 2, "nosuchcall"),
        (["-o", "no/x.csv"], 1, "cannot write no/x.csv: No such file or directory"),
        (["-o", "/proc/x.csv"], 1, "cannot write /proc/x.csv"),
        ([], 2, "-o"),
    ],
)
def test_mistakes_are_one_line(
    recorded: Path, tmp_path: Path, words: list[str], status: int, text: str
) -> None:
    assert text in one_line(cli("export", str(recorded), *words, cwd=tmp_path), status)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_trace_is_one_line(tmp_path: Path) -> None:
    for path, text in ((tmp_path / "no", "does not exist"), (tmp_path, "holds no trace")):
        told = one_line(cli("export", str(path), "--format", "csv", "-o", "-"), 1)
        assert text in told


def test_a_missing_package_is_one_line(recorded: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = sys.modules['perfetto'] = None\n"
        "from fasttrace.cli import main; sys.exit(main())"
    )
    for name in ("x.parquet", "x.arrow", "x.pftrace"):
        done = subprocess.run(
            [sys.executable, "-c", code, "export", str(recorded), "-o", str(tmp_path / name)],
            capture_output=True,
            text=True,
        )
        assert "pip install 'fasttrace[" in one_line(done, 1)
    assert list(tmp_path.iterdir()) == []


def test_what_an_unfinished_trace_has_is_written(tmp_path: Path) -> None:
    with Writer(tmp_path / "x.fst", argv=["a"]) as writer:
        writer.put(memoryview(bytes(96 * 3)), memoryview(b""))
    done = cli("export", str(tmp_path / "x.fst"), "--format", "csv", "-o", "-")
    assert (done.returncode, done.stdout.count("\n")) == (0, 4)
    assert "is not finished" in done.stderr


def test_a_trace_without_events_is_written(tmp_path: Path) -> None:
    with Writer(tmp_path / "x.fst") as writer:
        writer.finish()
    done = cli("export", str(tmp_path / "x.fst"), "-o", str(tmp_path / "x.csv"))
    assert (done.returncode, done.stderr[:29]) == (0, "fasttrace: 0 events written t")
    if fasttrace_has_pyarrow():
        assert cli("export", str(tmp_path / "x.fst"), "-o", str(tmp_path / "x.parquet")).stderr
        assert len(fasttrace.read_parquet(tmp_path / "x.parquet")) == 0


def fasttrace_has_pyarrow() -> bool:
    import importlib.util

    return importlib.util.find_spec("pyarrow") is not None


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than pipes and short limits hold, in any format."""
    folder = tmp_path_factory.mktemp("long") / "x.fst"
    events = np.zeros(300_000, fasttrace.EVENT_DTYPE)
    events["kind"] = fasttrace.Kind.SYSCALL
    events["args"] = np.random.default_rng(1).integers(0, 1 << 63, (len(events), 6))
    with Writer(folder, argv=["a"]) as writer:
        writer.put(memoryview(events.view(np.uint8)), memoryview(b""))
        writer.finish()
    return folder


@pytest.mark.parametrize("format", FORMATS)
def test_a_closed_pipe_ends_it_as_others(long: Path, format: str) -> None:
    needs(format)
    with running(*FASTTRACE, "export", str(long), "--format", format, "-o", "-") as export:
        assert export.stdout is not None
        export.stdout.close()
        assert export.wait(LIMIT_S) == -signal.SIGPIPE
        assert export.stderr is not None
        assert export.stderr.read() == b""


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_leaves_what_was_there(long: Path, tmp_path: Path, format: str) -> None:
    needs(format)
    out = tmp_path / f"x.{format}"
    out.write_text("before")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    command = ["export", str(long), "--format", format, "-o", str(out)]
    done = cli(*command, preexec_fn=small_files)
    assert "ulimit -f" in one_line(done, 1)
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="needs /dev/full")
@pytest.mark.parametrize("format", FORMATS)
def test_full_standard_output_is_one_line(recorded: Path, format: str) -> None:
    needs(format)
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        command = [*FASTTRACE, "export", str(recorded), "--format", format, "-o", "-"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "the disk is full" in done.stderr


@pytest.mark.parametrize("format", ["parquet", "jsonl", "chrome", "perfetto", "strace"])
def test_ctrl_c_leaves_nothing(long: Path, tmp_path: Path, format: str) -> None:
    """It waits in its output, a pipe that nobody reads, which it takes for the file."""
    needs(format)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with running(*FASTTRACE, "export", str(long), "--format", format, "-o", str(pipe)) as export:
        reader = os.open(pipe, os.O_RDONLY)
        assert os.read(reader, 1)
        export.send_signal(signal.SIGINT)
        while os.read(reader, 1 << 20):
            continue
        os.close(reader)
        assert export.wait(LIMIT_S) == -signal.SIGINT
    assert list(tmp_path.iterdir()) == [pipe]


def test_bytes_do_not_go_to_a_terminal(recorded: Path) -> None:
    needs("parquet")
    control, terminal = os.openpty()
    command = [*FASTTRACE, "export", str(recorded), "--format", "parquet", "-o", "-"]
    done = subprocess.run(command, stdout=terminal, stderr=subprocess.PIPE, text=True)
    os.close(terminal)
    os.close(control)
    assert done.returncode == 2
    assert "parquet is no text: give -o FILE, or a pipe" in done.stderr
