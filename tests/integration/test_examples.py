"""Promise: the programs in docs/examples do what their pages say, on both engines."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from typing import IO

import pytest

from fasttrace._core import inline_unusable

ENGINES = ["ptrace"] + (["inline"] if inline_unusable() is None else [])
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="structures of x86-64")


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def output(run: Callable[[IO[bytes]], int | None], path: Path) -> str:
    with (path / "out").open("w+b") as out:
        assert run(out) == 0
        out.seek(0)
        return out.read().decode()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_with_a_clock_of_its_own(engine: str, tmp_path: Path) -> None:
    """All ways to ask for the date, by C's library and by Python's; the monotonic clock is the
    machine's."""
    clock = example("fake_clock")
    begin = datetime(2001, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
    code = "from time import *; print(time(), time_ns() / 1e9, clock_gettime(5), monotonic())"
    command = ["sh", "-c", f"date -u +%s; {sys.executable} -ISc '{code}'"]
    before = time.monotonic()
    told = output(lambda out: clock.run(begin, command, engine, out), tmp_path)
    date, *python, monotonic = told.split()
    for text in (date, *python):
        since = datetime.fromtimestamp(float(text), timezone.utc) - begin
        assert timedelta() <= since < timedelta(days=1)
    assert before < float(monotonic) < time.monotonic()


@pytest.mark.parametrize("engine", ENGINES)
def test_hosts_that_are_only_in_memory(engine: str, tmp_path: Path) -> None:
    if shutil.which("getent") is None:
        pytest.skip("getent is not installed")
    hosts = example("hosts_in_memory")
    command = ["getent", "-s", "files", "hosts", "fasttrace.example", "localhost"]
    told = output(lambda out: hosts.run(hosts.HOSTS, command, engine, out), tmp_path)
    assert told.split() == ["192.0.2.7", "fasttrace.example", "127.0.0.1", "localhost"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_in_memory_is_like_any_other(engine: str, tmp_path: Path) -> None:
    """As a program reads it that does more than getent; and two open files do not mix."""
    hosts = example("hosts_in_memory")
    content = bytes(range(256)) * 40
    code = (
        "import os\n"
        "a, b = open('/in/memory', 'rb', 0), open('/in/memory', 'rb')\n"
        "print(len(a.read()), a.seek(-1, 2), a.read(), b.read(3), os.pread(b.fileno(), 2, 9))\n"
        "print(os.fstat(a.fileno()).st_size, a.seek(0), len(a.read(5)), a.tell())\n"
        "a.close(); b.close()\n"
        "for path, mode in (('/in/memory', 'w'), ('/in/memory/no', 'r')):\n"
        "    try: open(path, mode)\n"
        "    except OSError as error: print(error.errno)\n"
        "try: os.lseek(a_closed := 1 << 20, 0, 0)\n"
        "except OSError as error: print(error.errno)\n"
    )
    command = [sys.executable, "-ISc", code]
    files = {b"/in/memory": content}
    told = output(lambda out: hosts.run(files, command, engine, out), tmp_path)
    assert told.splitlines() == [
        f"{len(content)} {len(content) - 1} b'\\xff' b'\\x00\\x01\\x02' b'\\t\\n'",
        f"{len(content)} 0 5 5",
        "30",
        "2",
        "9",
    ]


@pytest.mark.parametrize("name", [path.stem for path in sorted(EXAMPLES.glob("*.py"))])
def test_the_command_in_its_docstring(name: str) -> None:
    """As a reader would try it."""
    text = (EXAMPLES / f"{name}.py").read_text()
    (words,) = re.findall(r"^    python (docs/.*)$", text, re.M)
    done = subprocess.run(
        [sys.executable, *words.split()],
        cwd=EXAMPLES.parents[1],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    expected = {"fake_clock": "2001", "hosts_in_memory": "192.0.2.7"}[name]
    assert expected in done.stdout
