"""Promise: `fasttrace run` alters what it was told to alter, says so where it was asked to, and is
otherwise not there; the other verbs take the same options."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from command_line import cli, one_line, running, until

from fasttrace._core import inline_unusable

ENGINES = ["ptrace"] + (["inline"] if inline_unusable() is None else [])

MAKE = "mkdir x; mkdir y; exit 5"


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_said_unless_asked(engine: str, tmp_path: Path) -> None:
    rule = "mkdir:error=ENOSPC:when=1"
    done = cli("run", "--engine", engine, "--inject", rule, "sh", "-c", MAKE, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (5, "")
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["mkdir"] * 2
    assert "No space left" in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("engine", ENGINES)
def test_altered_calls_are_listed(engine: str, tmp_path: Path) -> None:
    """Those, and no others; to a file if there is one, and times that differ are no matter."""
    out = tmp_path / "calls"
    words = ["--deny", "mkdir=EDQUOT", "--deny", "socket", "--inject", "umask:retval=7:when=2+"]
    text = "umask; umask 1; mkdir x"
    done = cli("run", "--engine", engine, "-o", str(out), *words, "sh", "-c", text, cwd=tmp_path)
    assert done.returncode == 1
    lines = [re.sub(r"^\d+ +[\d.]+ (.*) <[\d.]+>$", r"\1", x) for x in out.read_text().splitlines()]
    assert "umask(001) = 007 (INJECTED)" in lines
    assert [line for line in lines if not line.startswith("umask")] == [
        'mkdir("x", 0777) = -1 EDQUOT (Disk quota exceeded) (INJECTED)'
    ]
    listed = cli("run", "-v", "--engine", engine, *words, "sh", "-c", text, cwd=tmp_path)
    assert listed.stderr.count("(INJECTED)") == len(lines)


# exit_group is a call of %process: a denied program still ends as it wants to.
@pytest.mark.parametrize("engine", ENGINES)
def test_the_example_of_a_denial(engine: str) -> None:
    done = cli("run", "--engine", engine, "--deny", "socket,%process=EPERM", "sh", "-c", "exit 4")
    assert (done.returncode, done.stdout, done.stderr) == (4, "", "")


def test_ends_as_the_program_does() -> None:
    done = cli("run", "--inject", "getppid:signal=TERM", "python3", "-c", "import os; os.getppid()")
    assert done.returncode == -signal.SIGTERM
    one_line(cli("run", "--deny", "socket", "/nowhere/at/all"), 127)


def test_ctrl_c_goes_to_the_program() -> None:
    code = "trap 'echo got it; exit 3' INT; echo ready; while :; do sleep 0.01; done"
    command = ["python3", "-m", "fasttrace", "run", "--deny", "socket", "sh", "-c", code]
    with running(*command) as process:
        until(process.stdout, "ready")
        process.send_signal(signal.SIGINT)
        until(process.stdout, "got it")
        assert process.wait() == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to alter: give --deny or --inject"),
        (["--inject", "opnat:error=1"], "did you mean openat"),
        (["--inject", "openat:eror=1"], "did you mean error="),
        (["--inject", "openat"], "alters nothing"),
        (["--deny", "socket=ENOPE"], "an errno by name"),
        (["--deny", "sokcet"], "did you mean socket"),
    ],
)
def test_what_cannot_be_read_is_one_line(words: list[str], message: str) -> None:
    assert message in one_line(cli("run", *words, "true"), 2)


def test_a_newcomer_finds_the_words_of_a_rule() -> None:
    done = cli("run", "--help")
    text = " ".join(done.stdout.split())
    for word in ("--deny SET[=ERRNO]", "error=ERRNO", "retval=N", "signal=SIG", "delay_enter=5ms"):
        assert word in text
    assert "example: fasttrace run -v --deny" in text
    assert "run " in cli("--help").stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_other_verbs_alter_too(engine: str, tmp_path: Path) -> None:
    words = ["--engine", engine, "--inject", "mkdir:error=ENOSPC"]
    command = ["sh", "-c", "mkdir x"]
    summary = cli("summary", *words, "-e", "mkdir", *command, cwd=tmp_path)
    assert re.search(r"\b1\b.*mkdir", summary.stderr)
    trace = cli("trace", *words, "-e", "mkdir", "--json", *command, cwd=tmp_path)
    calls = [json.loads(line) for line in trace.stderr.splitlines() if line.startswith("{")]
    assert [c["altered"] for c in calls if c["kind"] == "syscall"] == [True]
    record = cli("record", *words, "-o", "x.fst", *command, cwd=tmp_path)
    assert record.returncode == 1
    report = cli("report", "x.fst", "--calls", "-e", "mkdir", cwd=tmp_path)
    assert "(INJECTED)" in report.stdout
