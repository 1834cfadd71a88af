"""Promise: fasttrace strace stands where strace would: as a parent or a grandchild (-D), for
another user (-u), of a command and of processes (-p); the command finds what strace leaves it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import LIMIT_S, run
from support import FASTTRACE

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
OURS = [*FASTTRACE, "strace"]
BOTH = pytest.mark.parametrize("command", [OURS, ["strace"]], ids=["ours", "theirs"])
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may take another's rights")


def written_by_the_end(path: Path) -> list[str]:
    """The lines, when the tracer has written the last: it may outlive the command."""
    fifo = os.open(path, os.O_RDONLY)
    with os.fdopen(fifo) as lines:
        return lines.read().splitlines()


@BOTH
@pytest.mark.parametrize("how", ["-D", "-DD", "-DDD", "--daemonize=pgrp"])
def test_the_command_is_the_child_and_the_tracer_a_grandchild(
    how: str, command: list[str], tmp_path: Path
) -> None:
    """It has our pid, nobody's parent; its first line is its execve, and it ends as itself."""
    fifo = tmp_path / "lines"
    os.mkfifo(fifo)
    script = (
        "read -r _ tracer <<X\n$(grep TracerPid /proc/$$/status)\nX\n"
        "read -r _ tracer <<X\n$(grep Tgid /proc/$tracer/status)\nX\n"  # a thread traces
        "read -r _ _ _ parent group session _ < /proc/$tracer/stat\n"
        "echo $$ $tracer $parent $group $session; exit 5"
    )
    words = [*command, how, "-o", str(fifo), "sh", "-c", script]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:
        lines = written_by_the_end(fifo)
        assert started.stdout is not None
        pid, tracer, parent, group, session = map(int, started.stdout.read().split())
        assert started.wait(LIMIT_S) == 5
    assert (pid, parent != pid) == (started.pid, True)
    ours = (os.getpgrp(), os.getsid(0))
    expected = {"-D": ours, "-DDD": (tracer, tracer)}.get(how, (tracer, ours[1]))
    assert (group, session) == expected
    assert lines[0].startswith('execve("')
    assert lines[-2:] == ["exit_group(5)                           = ?", "+++ exited with 5 +++"]


def test_who_reads_the_output_does_not_wait_for_the_grandchild(tmp_path: Path) -> None:
    """The tracer has not the command's standard input and output open."""
    words = [*OURS, "-D", "-o", str(tmp_path / "x"), "sh", "-c", "readlink /proc/self/fd/0; cat"]
    done = subprocess.run(words, input="text", capture_output=True, text=True, timeout=LIMIT_S)
    assert done.stdout.startswith("pipe:")
    assert done.stdout.endswith("\ntext")


@pytest.mark.parametrize(
    "words",
    [
        ["-D", "nonexistentcmd"],
        ["-D", "./nonexistent"],
        ["-D", "-o", "/nonexistent/x", "true"],
        ["-DDDD", "true"],
        ["--daemonize=foo", "true"],
        ["-u", "nosuchuser", "true"],
        ["-O", "x", "true"],
        ["-O", "5xs", "true"],
        ["--summary-syscall-overhead=-1", "true"],
        ["--tips=foo", "true"],
        ["--tips=id:none", "true"],
        ["-p", "99999999", "-p", "99999998"],
    ],
    ids=" ".join,
)
def test_what_strace_refuses_to_start_is_refused_in_its_words(words: list[str]) -> None:
    mine, its = run(OURS, *words), run(["strace"], *words)
    assert (mine.returncode, mine.stdout, mine.stderr) == (1, "", its.stderr)
    assert its.returncode == 1


@AS_ROOT
@BOTH
@pytest.mark.parametrize("more", [[], ["-f"], ["-D"]], ids=" ".join)
def test_a_command_gets_the_rights_of_a_user(
    more: list[str], command: list[str], tmp_path: Path
) -> None:
    script = "id -u; id -g; id -G; echo $HOME; exit 4"
    done = run(command, *more, "-u", "nobody", "-o", "/dev/null", "sh", "-c", script)
    entry = run(["id"], "-u", "nobody").stdout, run(["id"], "-G", "nobody").stdout
    home = os.environ.get("HOME", "")
    assert done.returncode == 4
    assert done.stdout == f"{entry[0]}{entry[1].split()[0]}\n{entry[1]}{home}\n"


@AS_ROOT
@BOTH
def test_a_users_command_ends_as_it_does(command: list[str]) -> None:
    words = ["-u", "nobody", "-o", "/dev/null", "sh", "-c", "kill -TERM $$"]
    assert run(command, *words).returncode == -signal.SIGTERM


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_nobody_else_may_take_a_users_rights() -> None:
    mine, its = run(OURS, "-u", "root", "true"), run(["strace"], "-u", "root", "true")
    assert (mine.returncode, mine.stderr) == (its.returncode, its.stderr)


def told(text: str) -> list[str]:
    return sorted(re.sub(r"\d+", "N", line) for line in text.splitlines())


def test_a_command_and_processes_are_one_story() -> None:
    """Those that cannot be attached to are told and left out; the status is the command's."""

    def lines(command: list[str]) -> list[str]:
        with subprocess.Popen(["sh", "-c", "read x; exit 3"], stdin=subprocess.PIPE) as other:
            words = ["-p", str(other.pid), "-p", "99999999", "-e", "trace=exit_group"]
            words = [*command, *words, "sh", "-c", "exit 4"]
            with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as shown:
                assert shown.stderr is not None
                found = ""
                while "exited with 4" not in found:
                    found += shown.stderr.readline()
                other.communicate(b"x\n")
                found += shown.stderr.read()
                assert shown.wait(LIMIT_S) == 4
        return told(found)

    mine = lines(OURS)
    assert mine == lines(["strace"])
    assert "strace: attach: ptrace(PTRACE_SEIZE, N): No such process" in mine


@BOTH
def test_processes_are_let_go_when_the_command_has_ended_and_we_are_asked(
    command: list[str],
) -> None:
    with subprocess.Popen(["sh", "-c", "read x; exit 3"], stdin=subprocess.PIPE) as other:
        words = [*command, "-p", str(other.pid), "-e", "trace=exit_group", "sh", "-c", "exit 4"]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as shown:
            assert shown.stderr is not None
            found = ""
            while "exited with 4" not in found:
                found += shown.stderr.readline()
            shown.send_signal(signal.SIGINT)
            assert shown.stderr.read() == f"strace: Process {other.pid} detached\n"
            assert shown.wait(LIMIT_S) == -signal.SIGINT
        other.communicate(b"x\n")
        assert other.returncode == 3


def test_overhead_is_taken_off_each_call_and_a_tip_is_told() -> None:
    done = run(OURS, "-c", "-O", "1s", "--tips=1", "true")
    rows = [line.split() for line in done.stderr.splitlines()[2:-3]]
    assert len(rows) > 5
    assert {row[1] for row in rows} == {"0.000000"}
    assert done.stderr.splitlines()[-1].startswith("strace: tip: Without -f ")


def test_debug_says_which_engine_works_and_why() -> None:
    assert "fasttrace: engine ptrace, not inline: " in run(OURS, "-d", "true").stderr


INHERITED = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGWINCH])
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("more", [[], ["-f"], ["-D"]], ids=" ".join)
def test_the_command_finds_signals_as_strace_leaves_them(more: list[str], tmp_path: Path) -> None:
    """Ignored, blocked and pending ones, and no descriptor more than ours."""

    def found(command: list[str]) -> str:
        shown = [sys.executable, "-c", INHERITED, *command, *more, "-o", str(tmp_path / "x")]
        script = "grep -E 'Sig|Shd' /proc/self/status; ls /proc/self/fd | wc -l"
        return run(shown, "sh", "-c", script).stdout

    assert re.sub(r"SigQ.*", "", found(OURS)) == re.sub(r"SigQ.*", "", found(["strace"]))
