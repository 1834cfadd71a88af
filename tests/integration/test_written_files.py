"""Promise: a program that moves the folder away that it is recorded into, and puts links in its
place, has nothing of ours written over, and the recording goes on. So it is with -o FILE."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from command_line import cli

import fasttrace

KEPT = "what must stay"
NOBODY = 65534

# Runs in the folder that holds x.fst: puts links to a file of its tracer's in its place.
SWAP = """
import os, sys
precious, as_nobody = sys.argv[1], sys.argv[2] == "nobody"
if as_nobody:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
os.rename("x.fst", "old")
os.mkdir("x.fst")
for name in ("meta.json", "meta.json.new", "events.npy", "payload.npy"):
    os.symlink(precious, "x.fst/" + name)
"""
LATER = """
import os, sys
os.setgroups([]), os.setgid(65534), os.setuid(65534)
os.symlink(sys.argv[1], "p.json")
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder that nobody may write to, if we are root, on a way that nobody may go."""
    home = tmp_path / "home"
    home.mkdir()
    if os.getuid() == 0:
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(folder.stat().st_mode | 0o011)
        os.chown(home, NOBODY, NOBODY)
    return home


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text(KEPT)
    return path


def who() -> str:
    return "nobody" if os.getuid() == 0 else "ourselves"


def test_record_writes_into_its_first_folder(home: Path, precious: Path, engine: str) -> None:
    command = [sys.executable, "-c", SWAP, str(precious), who()]
    done = cli("record", "--engine", engine, "-o", "x.fst", *command, cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert precious.read_text() == KEPT
    back = fasttrace.load(home / "old")
    assert back.finished
    assert {"symlink", "rename"} <= set(back.summary().calls)


def test_record_gives_what_it_has_recorded(
    home: Path, precious: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what stands under that name by now."""
    monkeypatch.chdir(home)
    command = [sys.executable, "-c", SWAP, str(precious), who()]
    trace = fasttrace.record(command, path="x.fst", engine=engine)
    assert trace.exit_status == 0
    assert trace.argv == command
    assert precious.read_text() == KEPT


def test_generate_writes_at_the_end(home: Path, precious: Path) -> None:
    """So a link may have come meanwhile."""
    if os.getuid() != 0:
        pytest.skip("needs another user")
    command = [sys.executable, "-c", LATER, str(precious)]
    done = cli("seccomp", "generate", "-o", "p.json", *command, cwd=home)
    assert done.returncode == 1
    assert done.stderr == (
        "fasttrace: cannot write p.json: it has just been replaced by a link; choose another -o\n"
    )
    assert precious.read_text() == KEPT


@pytest.mark.parametrize("verb", ["summary", "trace", "run"])
def test_a_link_that_waits(home: Path, precious: Path, verb: str) -> None:
    if os.getuid() != 0:
        pytest.skip("needs another user")
    (home / "x").symlink_to(precious)
    os.chown(home / "x", NOBODY, NOBODY, follow_symlinks=False)
    options = ["--deny", "socket"] if verb == "run" else []
    done = cli(verb, *options, "-o", str(home / "x"), "true")
    assert done.returncode == 1
    assert "x is a link of another user's; give the path that it leads to" in done.stderr
    assert done.stderr.count("\n") == 1
    assert precious.read_text() == KEPT
