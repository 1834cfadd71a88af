"""Promise: `fasttrace why` tells where the time of a recording or a command went, and by whose
doing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ENGINES, FASTTRACE

import fasttrace

STORM = """
import os
for i in range(4000):
    try:
        os.stat(f"/nowhere/of/mine/{i % 5}.py")
    except FileNotFoundError:
        pass
"""


def why(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FASTTRACE, "why", *words], capture_output=True, text=True, timeout=60, cwd=cwd
    )


def findings(engine: str, tmp_path: Path, *command: str) -> list[dict[str, Any]]:
    file = tmp_path / "why.json"
    run = why("--engine", engine, "--json", "-o", file, *command)
    assert run.returncode == 0, run.stderr
    found: list[dict[str, Any]] = json.loads(file.read_text())["findings"]
    return found


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in found if one["kind"] == kind]


@pytest.mark.parametrize("engine", ENGINES)
def test_who_waits_for_which_child(engine: str, tmp_path: Path) -> None:
    script = "sleep 0.1; (sleep 0.05; exit 3) & wait $!; true"
    folder = tmp_path / "x.fst"
    record = [*FASTTRACE, "record", "--engine", engine, "-o", folder, "sh", "-c", script]
    subprocess.run(record, timeout=60, check=True)
    shown = why(folder, "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    found = of_kind(json.loads(shown.stdout)["findings"], "children")
    t = fasttrace.load(folder)
    sh, subshell = sorted(found, key=lambda one: one["processes"][0]["pid"])
    assert "for 2 children" in sh["title"]
    assert "sleep" in sh["text"]
    assert "exited with 0" in sh["text"]
    assert {t[row].name for row in sh["rows"]} == {"wait4"}
    assert "exited with 3" in sh["text"]
    assert "for its child sleep" in subshell["title"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_search_in_vain_names_what_was_looked_for(engine: str, tmp_path: Path) -> None:
    found = findings(engine, tmp_path, sys.executable, "-c", STORM)
    (one,) = of_kind(found, "missing files")
    assert one["count"] >= 4000
    assert "0.py (800 times, 1 place)" in one["text"]
    assert "/nowhere/of/mine/ (4,000)" in one["text"]


@pytest.mark.parametrize("engine", ENGINES)
def test_of_a_clean_program_only_its_own_is_told(engine: str, tmp_path: Path) -> None:
    for command in (["true"], ["cat", "/etc/hostname"]):
        kinds = {one["kind"] for one in findings(engine, tmp_path, *command)}
        assert not kinds & {"children", "missing files"}


def test_the_command_keeps_its_output_and_its_status(tmp_path: Path) -> None:
    run = why("sh", "-c", "echo out; exit 7", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (7, "out\n")
    assert "from the first call to the last" in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x.fst"], "x.fst does not exist; give the folder that `record -o` wrote"),
        (["."], ". holds no trace (no meta.json); give the folder that `record -o` wrote"),
        ([".", "--bad"], "unrecognized arguments: --bad; see fasttrace why --help"),
        ([".", "--pid", "1"], "unrecognized arguments: --pid 1; see fasttrace why --help"),
        ([".", "-p", "1"], "give a recording, or what to run or attach to, not both"),
        ([], "no command: what shall be traced?; see fasttrace why --help"),
        (["nosuchprogram"], "nosuchprogram: command not found; check the spelling and PATH"),
    ],
)
def test_a_mistake_is_told_in_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    run = why(*words, cwd=tmp_path)
    assert run.returncode in (1, 2, 127)
    assert run.stderr.startswith(f"fasttrace: {said}"), run.stderr
    assert run.stderr.count("\n") == 1
