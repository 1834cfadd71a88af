"""Promise: who calls fasttrace strace for strace, in a script or at a terminal, sees the same.

What differs on purpose is told in docs/strace.md; lines are compared in test_strace_lines.py.
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
from support import FASTTRACE, HANG_S, Builder, running

STRACE = shutil.which("strace") or ""
needs_strace = pytest.mark.skipif(not STRACE, reason="strace is not installed")

# Each takes a good part of the time that the start may take: some 30 ms beside Python's own.
SLOW_TO_LOAD = {"argparse", "ast", "dataclasses", "inspect", "json", "logging", "numpy"}


def test_nothing_slow_is_loaded_for_a_plain_command_line() -> None:
    command = [*FASTTRACE, "strace", "-f", "-o", "/dev/null", "-e", "trace=%file", "true"]
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "fasttrace.cli.strace.run" in loaded
    assert loaded & SLOW_TO_LOAD == set()


def both(folder: Path, engine: str, script: str) -> tuple[str, str]:
    """What a shell's script says with S for strace, ours and the installed one: output, errors and
    files that it made, without numbers that differ from run to run."""

    def said(name: str, tracer: list[str]) -> str:
        place = folder / name
        place.mkdir()
        done = subprocess.run(
            ["bash", "-c", f'S() {{ {" ".join(tracer)} "$@"; }}; {script}'],
            cwd=place,
            capture_output=True,
            text=True,
            timeout=2 * HANG_S,
            stdin=subprocess.DEVNULL,
        )
        errors = done.stderr.replace(f'{" ".join(tracer)} "$@"', "S")
        files = sorted(file.name for file in place.iterdir())
        text = f"{done.returncode}|{done.stdout}|{errors}|{files}"
        text = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", text)
        # With the spaces around it: strace pads a pid to five digits behind it, bash before it.
        return re.sub(r" *\d{2,} *", " N ", text)

    ours = said("ours", [*FASTTRACE, "strace", "--engine", engine])
    return ours, said("theirs", ["strace"])


SCRIPTS = {
    "no such program": "S /nonexistent; echo st=$?; S nonexistent; echo st=$?; S ''; echo st=$?",
    "no program": "S /etc/passwd; echo st=$?; S /etc; echo garbage > g; chmod +x g; S ./g; "
    "S -qq ./g; S -f -o o ./g; cat o; S -e trace=openat -e status=successful ./g; echo st=$?",
    "no interpreter": "echo '#!/nonexistent' > g; chmod +x g; S -z ./g; S -Z -f ./g; echo st=$?",
    "no such file for the lines": "S -o /nonexistent/x true; echo st=$?",
    "no such process": "S -p 99999999; echo st=$?; S -p 0; echo st=$?",
    "no command": "S; echo st=$?; S -f; echo st=$?; S -e trace=foo true; echo st=$?",
    "a signal that is not told": "S -e signal=none -e trace=none sh -c 'kill -USR1 $$'; echo st=$?",
    "ends that are not told": "S -qq -e trace=none sh -c 'kill -9 $$'; S -qq -e trace=none true",
    "errors closed": "S -e trace=write echo hi 2>&-; echo st=$?",
    "output closed": "S -e trace=write -o o true >&-; echo st=$?; cat o",
    "status of a pipe's": "S -o o false | cat; echo ${PIPESTATUS[0]}",
    "lines in awk": "S -o '!wc -l' -f sh -c 'true; true' | awk '{print ($1 > 50)}'",
    "counts in awk": "S -c -o c true; awk 'NR==1{print $1,$2,$3} END{print $NF}' c",
    "lines to a command": "S -o '|cat >p; sleep 0.2' true; tail -n1 p",
    "few descriptors": "ulimit -n 30; S -f -o o sh -c true; echo st=$?",
    "little memory": "ulimit -v 300000; S -f -o o sh -c 'true; echo a'; echo st=$?",
    "what is inherited": "trap '' HUP; S -o o sh -c 'ulimit -c; umask; ls /proc/self/fd; "
    "grep -E ^Sig[BI] /proc/self/status'",
    "environment in the C locale": "export -n LC_ALL LANG LC_CTYPE; S -o o env | grep LC_; "
    "LC_CTYPE=C.UTF-8 S -o o env | grep LC_; LC_ALL=C S -o o env | grep LC_",
    "timeout": "timeout 0.5 sh -c 'true'; timeout 0.5 sleep 9; echo $?",
}


@needs_strace
@pytest.mark.parametrize("engine", ["auto", "ptrace"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_finds_what_strace_gives_it(name: str, engine: str, tmp_path: Path) -> None:
    ours, theirs = both(tmp_path, engine, SCRIPTS[name])
    assert ours == theirs


# In calls that begin anew once strace has stopped them: no thread has ended when it detaches.
WAITING_THREADS = """
import sys, threading
for _ in range(4):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


def attached(
    tracer: list[str], command: list[str], options: list[str], number: int
) -> tuple[int, list[str]]:
    """Attached to until it is told that it is, then ended by a signal: its status and messages."""
    with running(command) as target:
        traced = subprocess.Popen(
            [*tracer, *options, "-o", "/dev/null", "-p", str(target.pid)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert traced.stderr
        first = traced.stderr.readline()
        traced.send_signal(number)
        _, rest = traced.communicate(timeout=HANG_S)
        target.end()
    messages = [first, *rest.splitlines(keepends=True)]
    return traced.returncode, sorted(re.sub(r"Process \d+", "Process N", line) for line in messages)


@needs_strace
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("options", [[], ["-f"], ["-fc"]], ids=["leader", "all", "counted"])
def test_who_was_attached_to_is_told_as_detached_from(options: list[str], number: int) -> None:
    """Each thread with -f, the first alone without."""
    command = [sys.executable, "-ISc", WAITING_THREADS]
    ours = attached([*FASTTRACE, "strace"], command, options, number)
    assert ours == attached(["strace"], command, options, number)
    assert ours[0] == -number


def test_each_task_that_is_attached_to_has_a_file_of_its_own(
    tmp_path: Path, tracees: Builder
) -> None:
    """From the start, though it may wait in one call to the end."""
    with running(tracees.command("blocked_calls")) as target:
        tids = {path.name for path in Path(f"/proc/{target.pid}/task").iterdir()}
        command = [*FASTTRACE, "strace", "-ff", "-o", tmp_path / "o", "-p", str(target.pid)]
        traced = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert traced.stderr
        traced.stderr.readline()
        traced.send_signal(signal.SIGINT)
        traced.communicate(timeout=HANG_S)
        target.end()
    assert {path.name for path in tmp_path.iterdir()} == {f"o.{tid}" for tid in tids}
