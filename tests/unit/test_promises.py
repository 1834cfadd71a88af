"""Promise: docs/promises.md lists what is promised, and the test file that holds each promise; a
test that fails shows the promise, and each test says what it holds.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from promises import KINDS, PAGE, TESTS, files, page, promise


def test_the_page_says_what_the_tests_say() -> None:
    assert PAGE.read_text() == page()


def test_each_file_promises_something() -> None:
    assert [path.name for path in files() if not promise(path)] == []


def test_each_test_is_of_a_kind_that_is_listed() -> None:
    assert {path.parent.name for path in files()} == set(KINDS)


def test_each_test_says_what_it_holds() -> None:
    """In a docstring, or by its name: four words at least make a sentence."""
    silent = [
        f"{path.name}: {node.name}"
        for path in files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if not ast.get_docstring(node) and len(node.name.split("_")) < 5
    ]
    assert silent == []


FAILING = '''"""Promise: what is shown
is this.

Not that.
"""

def test_it():
    assert not "kept"

def test_other():
    pass
'''


def test_a_test_that_fails_shows_its_promise(tmp_path: Path) -> None:
    file = tmp_path / "test_failing.py"
    file.write_text(FAILING)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "conftest", file],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout
    shown = done.stdout.split(" Promise ")
    assert len(shown) == 2
    assert shown[1].splitlines()[1] == "what is shown is this."
