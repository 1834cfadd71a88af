"""Promise: no program makes the tracer wait without a limit, for itself or for others' sake."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from arena import apart
from support import FASTTRACE

if TYPE_CHECKING:
    from support import Builder

LIMIT_S = 30


def summary(engine: str, *command: str) -> subprocess.CompletedProcess[str]:
    tool = [*FASTTRACE, "summary", "--engine", engine, "-o", "/dev/null"]
    return subprocess.run(
        [*tool, *command], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def test_one_that_spins_in_our_code_is_given_up_and_the_others_go_on(tracees: Builder) -> None:
    (enemy,) = tracees.command("spins_in_recorder")
    # The sibling is asked for something only once the enemy's end is known, which waits for nobody.
    script = f"{enemy} & for i in 1 2 3 4 5; do /bin/echo $i; done; wait $!; echo ended $?"
    done = summary("inline", "sh", "-c", script)
    assert done.stdout.split("\n") == ["1", "2", "3", "4", "5", "ended 137", ""]
    assert "did not come back from code that it was made to run" in done.stderr
    assert "was killed" in done.stderr
    assert done.returncode == 0


def test_many_of_them_at_once(tracees: Builder) -> None:
    (enemy,) = tracees.command("spins_in_recorder")
    script = f"for i in 1 2 3 4 5 6 7 8; do {enemy} & done; /bin/echo served; wait; exit 4"
    done = summary("inline", "sh", "-c", script)
    assert done.stdout == "served\n"
    assert done.stderr.count("did not come back") == 8
    assert done.returncode == 4


@pytest.mark.parametrize(("makers", "status"), [("stays", 5), ("goes", 0), ("alone", 5)])
def test_nobody_tells_of_one_whose_place_an_untraced_thread_takes(
    tracees: Builder, engine: str, makers: str, status: int
) -> None:
    assert summary(engine, *tracees.command("executes_untraced", makers)).returncode == status


def test_nor_of_one_that_was_attached_to_with_another(tracees: Builder) -> None:
    """Which has ended by then."""
    program = tracees.command("executes_untraced", "alone")
    with subprocess.Popen(["sleep", "1"]) as other, subprocess.Popen(program) as lost:
        done = summary("ptrace", "-p", f"{other.pid},{lost.pid}")
    assert done.returncode == 0


@pytest.mark.parametrize("how", ["stop", "kill", "fault", "trace"])
def test_who_wakes_the_tracer_cannot_be_taken_from_it(
    tracees: Builder, engine: str, how: str
) -> None:
    done = summary(engine, *tracees.command("disturbs_helper", how))
    assert done.stdout == "found\n"
    assert done.returncode == 5


@pytest.mark.parametrize("what", [[], ["filter"]], ids=["path", "filter"])
def test_what_another_thread_must_fill_in(
    tracees: Builder, engine: str, what: list[str], tmp_path: Path
) -> None:
    """A path, a seccomp filter. The one that fills it in is traced too: its calls go on while it is
    waited for."""
    tool = [*FASTTRACE, "record", "--engine", engine, "-o"]
    command = [*tracees.command("userfault_path"), *what]
    if subprocess.run(command, capture_output=True, check=False).returncode == 77:
        pytest.skip("userfaultfd(2) is not allowed here")
    done = subprocess.run(
        [*tool, str(tmp_path / "trace.fst"), *command],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stdout == "opened\n"
    assert done.returncode == 0


def test_nobody_escapes_where_the_tracer_has_no_descriptor_left(
    tracees: Builder, engine: str, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    done = summary(engine, *tracees.command("lowers_limits", str(told)))
    # Python may need one for itself meanwhile; then the whole tree is killed.
    assert done.returncode in (0, 1)
    if done.returncode:
        assert done.stderr.startswith("fasttrace: Too many open files: the trace is cut short;")
    assert done.stderr.count("\n") == done.returncode
    assert set(told.read_text().split()) <= {"traced"}


@pytest.mark.parametrize("engine", ["ptrace", "inline"])
def test_who_is_killed_at_a_birth_makes_nobody_else_ours(tracees: Builder, engine: str) -> None:
    """Its status, the number of a signal, stands in the place of the child's: here a stranger's."""
    strangers = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 60 & done; "$@"; exit $?'
    program = tracees.command("killed_at_birth")
    for _ in range(3):
        done = subprocess.run(
            [
                *apart(),
                "sh",
                "-c",
                strangers,
                "sh",
                *FASTTRACE,
                "summary",
                "--engine",
                engine,
                *program,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "all killed" in done.stdout
