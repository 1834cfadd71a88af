"""Promise: `fasttrace html` writes a whole page or none, and says in one line what it wrote or why
it could not."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import LIMIT_S, cli, one_line, running
from support import FASTTRACE

import fasttrace
from fasttrace.data.storage import Writer


def needs_plotly() -> None:
    pytest.importorskip("plotly")


def test_the_last_line_says_what_was_written(recorded: Path, tmp_path: Path) -> None:
    needs_plotly()
    out = tmp_path / "x.html"
    done = cli("html", str(recorded), "-o", str(out))
    assert (done.returncode, done.stdout) == (0, "")
    trace = fasttrace.load(recorded)
    assert done.stderr == (
        f"fasttrace: {len(trace):,} events written to {out} as html, {out.stat().st_size:,} bytes;"
        " open it in a browser\n"
    )
    text = out.read_text("utf-8")
    assert "/no/such/program" in text
    assert text.endswith("</html>\n")
    assert list(tmp_path.iterdir()) == [out]


def test_options_choose_the_calls_and_a_pipe_is_written(recorded: Path) -> None:
    needs_plotly()
    command = [*FASTTRACE, "html", str(recorded), "-o", "-", "-e", "%file", "--failed"]
    done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=True)
    text = done.stdout.decode()
    assert f"standard output as html, {len(done.stdout):,} bytes\n" in done.stderr.decode()
    table = re.search(r'data-name="system calls".*?</table>', text, re.DOTALL)
    assert table is not None
    assert ">read<" not in table[0]
    assert "ENOENT" in table[0]


def test_an_empty_recording_has_a_page(tmp_path: Path) -> None:
    needs_plotly()
    with Writer(tmp_path / "x.fst", fasttrace.Trace().info) as writer:
        writer.finish(fasttrace.Trace().info, processes=[])
    done = cli("html", str(tmp_path / "x.fst"), "-o", str(tmp_path / "x.html"))
    assert "0 events written" in done.stderr
    assert "no calls" in (tmp_path / "x.html").read_text("utf-8")


@pytest.mark.parametrize("spoilt", ["missing", "foreign", "newer", "cut"])
def test_what_cannot_be_read_is_one_line(recorded: Path, tmp_path: Path, spoilt: str) -> None:
    folder = tmp_path / "x.fst"
    if spoilt != "missing":
        shutil.copytree(recorded, folder)
    if spoilt == "foreign":
        (folder / "meta.json").write_text("[]")
    elif spoilt == "newer":
        meta = folder / "meta.json"
        meta.write_text(re.sub(r'"version": *\d+', '"version": 99', meta.read_text()))
    elif spoilt == "cut":
        os.truncate(folder / "events.npy", 200)
    done = cli("html", str(folder), "-o", str(tmp_path / "x.html"))
    assert str(folder) in one_line(done, 1)
    assert not (tmp_path / "x.html").exists()


def test_without_the_extra_one_line_names_it(recorded: Path, tmp_path: Path) -> None:
    words = ["html", str(recorded), "-o", str(tmp_path / "x.html")]
    command = "import sys; sys.modules['plotly'] = None\nfrom fasttrace.cli import main\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{command}sys.exit(main({words!r}))"],
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "fasttrace: this needs plotly, which is missing: pip install 'fasttrace[html]'\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        ([], 2, "required: -o"),
        (["-o", "no/folder/x.html"], 1, "cannot write no/folder/x.html"),
        (["-o", "x.html", "-e", "opne"], 2, "opne"),
    ],
)
def test_a_mistake_is_one_line(
    recorded: Path, tmp_path: Path, words: list[str], status: int, text: str
) -> None:
    needs_plotly()
    done = cli("html", str(recorded), *words, cwd=tmp_path)
    assert text in one_line(done, status)
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_is_spared_the_page(recorded: Path) -> None:
    command = [*FASTTRACE, "html", str(recorded), "-o", "-"]
    leader, terminal = os.openpty()
    try:
        done = subprocess.run(
            command, stdout=terminal, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False
        )
    finally:
        os.close(leader)
        os.close(terminal)
    assert done.returncode == 2
    assert b"nothing for a terminal" in done.stderr


def test_a_full_disk_leaves_what_was_there(recorded: Path, tmp_path: Path) -> None:
    needs_plotly()
    out = tmp_path / "x.html"
    out.write_text("what was there")

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = cli("html", str(recorded), "-o", str(out), preexec_fn=small)
    assert "ulimit -f" in one_line(done, 1)
    assert out.read_text() == "what was there"
    assert list(tmp_path.iterdir()) == [out]


def test_a_closed_pipe_ends_it_silently(recorded: Path) -> None:
    needs_plotly()
    with running(*FASTTRACE, "html", str(recorded), "-o", "-") as process:
        assert process.stdout is not None
        process.stdout.read(100)
        process.stdout.close()
        assert process.wait(LIMIT_S) == -signal.SIGPIPE
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_ctrl_c_leaves_nothing_behind(recorded: Path, tmp_path: Path) -> None:
    """While it is written: into a pipe that nobody empties."""
    needs_plotly()
    fifo = tmp_path / "x.html"
    os.mkfifo(fifo)
    with running(*FASTTRACE, "html", str(recorded), "-o", str(fifo)) as process:
        with fifo.open("rb", buffering=0) as reader:
            assert reader.read(1)
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT_S) == -signal.SIGINT
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert list(tmp_path.iterdir()) == [fifo]
