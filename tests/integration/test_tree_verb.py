"""Promise: `fasttrace tree` shows each process of a recording under its parent, with its end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE

SCRIPT = "(sh -c 'exec env true'; exit 3) & wait $!; sh -c 'kill -9 $$'; exec sleep 0"


def tree(folder: Path, *options: str) -> str:
    command = [*FASTTRACE, "tree", *options, folder]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_who_made_whom_and_how_all_ended(engine: str, tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    record = [*FASTTRACE, "record", "--engine", engine, "-o", folder, "sh", "-c", SCRIPT]
    subprocess.run(record, check=True, timeout=60, stderr=subprocess.DEVNULL)
    shown = [json.loads(line) for line in tree(folder, "--json").splitlines()]
    programs = [[argv[0] for argv in one["programs"]] for one in shown]
    assert programs == [["sh", "sleep"], [], ["sh", "env", "true"], ["sh"]]
    assert [one["exit_status"] for one in shown] == [0, 3, 0, -9]
    serials = [one["serial"] for one in shown]
    assert [one["children"] for one in shown] == [[serials[1], serials[3]], [serials[2]], [], []]
    report = subprocess.run(
        [*FASTTRACE, "report", "--json", folder], capture_output=True, check=True, timeout=60
    )
    assert sum(one["calls"] for one in shown) == json.loads(report.stdout)["total_calls"]
    lines = tree(folder).splitlines()
    assert [line.partition("  ")[0] for line in lines[-1:]] == ["4 processes, " + lines[-1][13:]]
    assert [line.split()[-1] for line in lines[2:4]] == ["0", "(sh)"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x.fst"], "x.fst does not exist; give the folder that `record -o` wrote"),
        (["-e", "nosuch", "x.fst"], "unknown system call 'nosuch'"),
        ([], "the following arguments are required: FOLDER"),
    ],
)
def test_a_mistake_is_told_in_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [*FASTTRACE, "tree", *words], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert run.returncode in (1, 2)
    assert run.stderr.startswith(f"fasttrace: {said}")
    assert run.stderr.count("\n") == 1
