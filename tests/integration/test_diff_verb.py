"""Promise: `fasttrace diff` finds what a program did another time, and nothing else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE


def record(folder: Path, engine: str, script: str) -> Path:
    command = [*FASTTRACE, "record", "--engine", engine, "-o", folder, "sh", "-c", script]
    subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)
    return folder


def differ(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FASTTRACE, "diff", *words], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_runs_of_the_same_are_the_same(engine: str, tmp_path: Path) -> None:
    script = "cat /proc/$$/stat; mktemp -u; ls /nonexistent 2>/dev/null; true"
    a, b = (record(tmp_path / name, engine, script) for name in "ab")
    # When a child's end is heard of is a matter of time; a name may be drawn twice.
    run = differ("--exit-code", "-e", "!rt_sigreturn,getrandom", a, b)
    assert (run.returncode, run.stderr) == (0, "")
    assert "the same calls, errors, programs and paths" in run.stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_program_does_more_is_told(engine: str, tmp_path: Path) -> None:
    a = record(tmp_path / "a", engine, "cat /etc/hostname")
    b = record(
        tmp_path / "b", engine, "cat /etc/hostname /etc/passwd /nonexistent; head -c1 /etc/passwd"
    )
    run = differ("--exit-code", "--json", a, b)
    assert run.returncode == 1
    shown = json.loads(run.stdout)
    paths = {tuple(one["name"]): (one["kind"], one["after"]) for one in shown["paths"]}
    assert paths["openat", "/etc/passwd"] == ("new", [2])
    assert paths["openat", "/nonexistent"] == ("new", [1])
    assert ("openat", "/etc/hostname") not in paths
    assert ["head"] in [one["name"] for one in shown["programs"]]
    missing = [one for one in shown["errors"] if one["name"] == ["openat", "ENOENT"]]
    assert missing[0]["after"][0] > missing[0]["before"][0]
    table = differ(a, b)
    assert table.returncode == 0
    assert "openat /etc/passwd" in table.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a"], "give two folders; of several runs each: --before FOLDER ... --after FOLDER ..."),
        (["--before", "a"], "give --before FOLDER ... and --after FOLDER ..., or two folders"),
        (["a", "b"], "a does not exist; give the folder that `record -o` wrote"),
        (["-e", "nosuch", "a", "b"], "unknown system call 'nosuch'"),
        (["--top", "0", "a", "b"], "argument --top: '0' is no number of lines"),
    ],
)
def test_a_mistake_is_told_in_one_line(words: list[str], said: str) -> None:
    run = differ(*words)
    assert run.returncode in (1, 2)
    assert run.stderr.startswith(f"fasttrace: {said}")
    assert run.stderr.count("\n") == 1
