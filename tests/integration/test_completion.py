"""Promise: a shell completes verbs, options, their values, files, commands and pids."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import FASTTRACE

from fasttrace.cli import VERBS

pytest.importorskip("shtab")
BASH = shutil.which("bash") or ""

# What bash itself does for complete -F: the words before the cursor, the last of them half typed.
ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shtab_fasttrace fasttrace "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell: str) -> str:
    run = subprocess.run(
        [*FASTTRACE, "completion", shell], capture_output=True, text=True, timeout=60, check=True
    )
    return run.stdout


@pytest.fixture(scope="module")
def of_bash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("completion") / "bash"
    file.write_text(script("bash"))
    return file


@pytest.mark.skipif(not BASH, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("su", {"summary"}),
        ("seccomp g", {"generate"}),
        ("summary --eng", {"--engine"}),
        ("summary --engine ", {"auto", "ptrace", "inline"}),
        ("summary --json unam", {"uname"}),
        ("report here", {"here.fst"}),
        ("seccomp generate -o here", {"here.fst", "here.json"}),
    ],
)
def test_words_that_bash_completes(
    words: str, found: set[str], of_bash: Path, tmp_path: Path
) -> None:
    (tmp_path / "here.fst").mkdir()
    (tmp_path / "here.json").touch()
    run = subprocess.run(
        [BASH, "-c", ASK, "bash", of_bash, "fasttrace", *words.split(" ")],
        env={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert set(run.stdout.split()) == found


@pytest.mark.skipif(not BASH, reason="there is no bash")
def test_pids_that_bash_completes(of_bash: Path) -> None:
    run = subprocess.run(
        [BASH, "-c", ASK, "bash", of_bash, "fasttrace", "trace", "-p", str(os.getpid())],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert str(os.getpid()) in run.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_every_verb_is_in_the_script_of_each_shell(shell: str) -> None:
    text = script(shell)
    assert [verb for verb in VERBS if verb not in text] == []


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "shtab.py").write_text("raise ModuleNotFoundError(name='shtab')")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    run = subprocess.run(
        [*FASTTRACE, "completion", "bash"],
        env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (1, "")
    assert "pip install 'fasttrace[completion]'" in run.stderr
    assert len(run.stderr.splitlines()) == 1
