"""Promise: `%%fasttrace` runs a cell of a notebook as it runs without, shows its calls below, and
says in one line what it cannot do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fasttrace

pytest.importorskip("IPython")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from IPython import version_info
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor" if version_info[0] >= 9 else "NoColor"
    found = InteractiveShell.instance(config=config)
    assert found.run_cell("%load_ext fasttrace").success
    yield found
    InteractiveShell.clear_instance()


def test_a_cell_runs_as_usual_and_its_calls_are_below(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    done = shell.run_cell("%%fasttrace -o kept\nimport os\nprint('hello')\np = os.getppid()\np")
    assert done.success
    assert shell.user_ns["p"] == os.getppid()
    out = capsys.readouterr().out
    hello, value, table = (out.index(text) for text in ("hello\n", f"{os.getppid()}\n", "% time"))
    assert hello < value < table
    kept = shell.user_ns["kept"]
    assert isinstance(kept, fasttrace.Trace)
    assert kept.summary().calls["getppid"] == 1
    assert "getppid" in out[table:]


def test_a_statement_and_a_set_of_calls(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell("import os").success
    assert shell.run_cell("%fasttrace -o t --trace %file {'a': os.getppid(), 'b': os.stat('/')};")
    assert shell.user_ns["t"].summary().calls.keys() <= {"stat", "newfstatat", "statx"}
    assert "{'a'" not in capsys.readouterr().out
    shell.run_cell("%fasttrace -e none 6 * 7")
    value, told = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Out\[\d+\]: 42", value)
    assert told == "no calls"


def test_other_threads_take_part_but_not_those_that_only_wait(shell: Any) -> None:
    code = """
import os, threading
from queue import SimpleQueue
asked, done = SimpleQueue(), SimpleQueue()
def serve():
    while asked.get():
        os.getppid()
        done.put(1)
worker = threading.Thread(target=serve)
waiter = threading.Thread(target=threading.Event().wait, daemon=True)
worker.start(), waiter.start()
"""
    assert shell.run_cell(code).success
    assert shell.run_cell("%%fasttrace -o t\nasked.put(1)\ndone.get()").success
    space = shell.user_ns
    shell.run_cell("asked.put(0)\nworker.join()")
    tids = set(space["t"].where(kind="syscall").events["tid"].tolist())
    assert space["worker"].native_id in tids
    assert space["waiter"].native_id not in tids
    assert space["t"].summary().calls["getppid"] == 1


def test_an_exception_is_shown_as_without_the_magic(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = "def f():\n    return {}['key']\nf()"
    shown = []
    for before in ("", "%%fasttrace\n"):
        done = shell.run_cell(before + cell)
        assert isinstance(done.error_in_exec, KeyError)
        out = capsys.readouterr().out
        shown.append(out[out.index("-" * 60) :])
    plain, ours = shown
    # The first line of a cell is that of the magic.
    assert ours == plain
    assert "calls, " in out or "no calls" in out
    assert "magic.py" not in out


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("%%fasttrace\n%fasttrace 1", "this process is watched already"),
        ("%%fasttrace --trace nosuch\n1", "unknown system call 'nosuch'"),
        ("%%fasttrace -x\n1", "there is no option -x"),
        ("%%fasttrace -o 1x\n1", "-o 1x: that is no name"),
        ("%%fasttrace -o\n1", "-o needs a value"),
        ("%%fasttrace print()\n1", "'print()' stands before a cell"),
        ("%fasttrace", "which statement?"),
    ],
)
def test_mistakes_are_one_line(
    shell: Any, capsys: pytest.CaptureFixture[str], cell: str, text: str
) -> None:
    assert not shell.run_cell(cell).success
    told = capsys.readouterr()
    lines = [line for line in (told.out + told.err).splitlines() if "UsageError" in line]
    assert len(lines) == 1
    assert lines[0].startswith("UsageError: %fasttrace: ")
    assert text in lines[0]
    assert "Traceback" not in told.out + told.err


def test_a_child_that_the_cell_forks_takes_part(shell: Any) -> None:
    cell = "%%fasttrace -o t\nimport os\nif not os.fork(): os._exit(0)\nos.wait()[1]"
    assert shell.run_cell(cell).success
    assert len(shell.user_ns["t"].processes) == 2


def test_it_can_be_unloaded(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell("%unload_ext fasttrace").success
    assert not shell.run_cell("%fasttrace 1").success
    assert "Line magic function `%fasttrace` not found" in capsys.readouterr().err


def test_a_notebook_sees_bars_and_a_table_in_which_nothing_is_markup() -> None:
    from fasttrace.notebook.shown import CellCalls

    summary = fasttrace.trace(["true"]).summary()
    html = CellCalls(summary)._repr_html_()
    assert html.count("<table>") == 2
    assert html.count("px; height") == min(len(summary.syscalls), 10)
    assert CellCalls(fasttrace.Trace().summary())._repr_html_() == "<p>no calls</p>"


def test_a_kernel_runs_it_and_its_own_talk_is_left_out(tmp_path: Path) -> None:
    """What a kernel's threads do to bring the output into the notebook is no work of the cell."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    cells = [
        "%load_ext fasttrace",
        "%%fasttrace -o t\nimport os\nfor i in range(20): os.getppid()\n'done'",
        "%%fasttrace\nopen('/no/such')",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(book, timeout=120, allow_errors=True, kernel_name="python3")
    client.execute(cwd=str(tmp_path))
    outputs = book.cells[1].outputs
    assert [one.data["text/plain"] for one in outputs if one.output_type == "execute_result"] == [
        "'done'"
    ]
    [html] = [one.data["text/html"] for one in outputs if one.output_type == "display_data"]
    assert "getppid" in html
    assert "epoll_wait" not in html
    failed = book.cells[2].outputs
    assert [one.output_type for one in failed] == ["display_data", "error"]
    assert failed[1].ename == "FileNotFoundError"
