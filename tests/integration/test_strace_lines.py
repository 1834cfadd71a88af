"""Promise: fasttrace strace writes the lines that the installed strace writes, and ends as it does.

Per task, since tasks run as they like; whole texts where sleeps make sure of an order. Deliberate
differences: DIFFERENCES of strace_text.py.
"""

from __future__ import annotations

import functools
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from command_line import run
from strace_text import differences, plain
from strace_together import TELLING, Together
from support import ENGINES, FASTTRACE, Builder

STRACE = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not installed")
LIMIT_S = 120


def ours(*words: str | Path, engine: str = "auto") -> subprocess.CompletedProcess[str]:
    return run([*FASTTRACE, "strace", "--engine", engine], *words, timeout=LIMIT_S)


def theirs(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return run([STRACE], *words, timeout=LIMIT_S)


@functools.cache
def told_by_strace(*words: str) -> tuple[int, str, str]:
    """Of -f -o FILE, once for all engines: the exit status, what the program says, the lines."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "theirs")
        done = theirs("-f", "-o", file, *words)
        return done.returncode, done.stdout, file.read_text()


def files_of(folder: Path, engine: str, *words: str) -> tuple[str, str]:
    """-f -o FILE: our lines and strace's; both end alike, and the program says the same."""
    status, said, lines = told_by_strace(*words)
    mine = ours("-f", "-o", folder / "ours", *words, engine=engine)
    assert (mine.returncode, mine.stdout) == (status, said), mine.stderr
    return (folder / "ours").read_text(), lines


COMMANDS = {
    "true": ["true"],
    "false": ["false"],
    "ls": ["ls", "/etc"],
    "cat": ["cat", "/etc/hostname", "/nowhere"],
    "pipe": ["sh", "-c", "sleep 0.1 | sleep 0.3"],
    "kills itself": ["sh", "-c", "kill -TERM $$"],
    "signal handled": ["sh", "-c", "trap 'exit 4' USR1; kill -USR1 $$; sleep 5"],
    "exec": ["sh", "-c", "exec true"],
    "find": ["find", "/usr/include/linux", "-name", "s*.h"],
    "tar": ["tar", "cf", "/dev/null", "/usr/include/linux"],
    "wc": ["wc", "-c", "/etc/passwd"],
    "sort": ["sort", "/etc/passwd"],
    "head": ["head", "-n2", "/etc/passwd"],
    "dd": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=100", "status=none"],
    "sed": ["sed", "-n", "s/root/x/p", "/etc/passwd"],
    "awk": ["awk", "-F:", "{print $1}", "/etc/passwd"],
    "id": ["id"],
    "env": ["env", "-i", "true"],
    "expr": ["expr", "1", "+", "2"],
    "sleep": ["sleep", "0.01"],
    "stat": ["stat", "/etc/passwd"],
    "du": ["du", "-s", "/usr/include/asm-generic"],
    # Without children: whether the handler for their ends waits for them is a matter of time.
    "bash": ["bash", "-c", "for i in 1 2; do echo $i; done; cd /; test -e etc >/dev/null"],
    "od": ["od", "-c", "/etc/hostname"],
    "seq": ["seq", "3"],
    "git": ["git", "--version"],
    "status": ["sh", "-c", "(exit 3)"],
}
TRACEES = [
    "exit_status",
    "vfork_exec",
    "segfault",
    "sigaltstack",
    "siglongjmp",
    "sigsuspend",
    "sigpipe",
    "clone_vm",
    "closed_stdio",
    "closes_all",
    "daemon",
    "exec_chain",
    "exec_matrix",
    "getppid_loop",
    "many_places",
    "orphan",
    "int80",
    "sigqueue",
    "static_hello",
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_straces_lines(name: str, engine: str, tmp_path: Path) -> None:
    mine, its = files_of(tmp_path, engine, *COMMANDS[name])
    assert differences(mine, its) == []


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TRACEES)
def test_a_tracee_has_straces_lines(
    name: str, engine: str, tmp_path: Path, tracees: Builder
) -> None:
    mine, its = files_of(tmp_path, engine, *tracees.command(name))
    assert differences(mine, its) == []


@pytest.fixture(scope="module")
def together(tracees: Builder, tmp_path_factory: pytest.TempPathFactory) -> Together:
    """They run one after the other under one tracer, for each that is asked for."""
    folder = tmp_path_factory.mktemp("together")
    return Together([tracees.command(name) for name in TELLING], folder)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("place", range(len(TELLING)), ids=TELLING)
def test_calls_with_odd_arguments_have_straces_lines(
    place: int, engine: str, together: Together
) -> None:
    """NULL, nowhere, the end of a page, unknown flags, cut structures, success and failure."""
    assert differences(together.texts(engine)[place], together.texts(None)[place]) == []


def test_flags_of_a_mounted_file_system_have_straces_order(tmp_path: Path) -> None:
    """Which of them /proc has differs from machine to machine: of one that we mount."""
    apart = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec"]
    mount = f"mount -t tmpfs -o ro,nosuid,nodev,noexec,sync,noatime,nodiratime x {tmp_path}"
    if not shutil.which("unshare") or run(apart, mount).returncode:
        pytest.skip("nobody may mount anything here")
    asked = f"-e trace=statfs stat -f {tmp_path} 2>&1 | grep f_flags"
    script = f"{mount}; {' '.join(FASTTRACE)} strace {asked}; {STRACE} {asked}"
    mine, its = run(apart, script, timeout=LIMIT_S).stdout.splitlines()
    assert mine == its
    assert "f_flags=ST_VALID|ST_RDONLY|ST_NOSUID|" in mine


@pytest.mark.parametrize("engine", ENGINES)
def test_a_call_that_others_fall_into_is_told_in_two_lines(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """Those that wait while another task makes a call, in strace's order and words."""
    mine, its = files_of(tmp_path, engine, *tracees.command("split_lines"))

    def waits(text: str) -> list[str]:
        found = re.findall(r"^\d+ +(?:<\.\.\. )?((?:wait4|futex).*)", text, re.M)
        return [re.sub(r"0x\w+|\d+| +", "", line) for line in found]

    assert waits(mine) == waits(its)
    assert "wait(-,<unfinished...>" in waits(mine)


@pytest.mark.skipif("inline" not in ENGINES, reason="half a million stops")
def test_what_waits_is_told_before_what_a_child_does_in_a_flood(tmp_path: Path) -> None:
    """Its call is handed over when it has ended, behind hundreds of thousands of others."""
    flood = "dd if=/dev/zero of=/dev/null bs=1 count=250000 status=none; true"
    assert ours("-f", "-o", tmp_path / "x", "sh", "-c", flood, engine="inline").returncode == 0
    lines = (tmp_path / "x").read_text().splitlines()
    assert len(lines) > 500000
    begun = next(i for i, line in enumerate(lines) if line.endswith(" wait4(-1,  <unfinished ...>"))
    reads = next(i for i, line in enumerate(lines) if " read(0, " in line)
    assert begun < reads


@pytest.mark.parametrize("engine", ENGINES)
def test_an_execve_by_a_thread_supersedes_its_process(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """Where the first thread is at that moment is chance."""
    mine, its = files_of(tmp_path, engine, *tracees.command("exec_from_thread"))

    def told(text: str) -> list[tuple[str, str]]:
        lines = [(task, line) for task, lines in plain(text).items() for line in lines]
        return [(task, line) for task, line in lines if "exec" in line or "exited" in line]

    assert told(mine) == told(its)
    assert ("P0", "+++ superseded by execve in pid P1 +++") in told(mine)


@pytest.mark.parametrize("engine", ENGINES)
def test_signals_and_ends_are_told_as_strace_tells_them(
    engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """Of a timer, of children that die in each way, of faults; whether one interrupts a call is
    chance."""
    mine, its = files_of(tmp_path, engine, *tracees.command("told_signals"))

    def told(text: str) -> dict[str, list[str]]:
        return {
            task: sorted({line for line in lines if re.match(r"---|\+\+\+", line)})
            for task, lines in plain(text).items()
        }

    assert told(mine) == told(its)
    assert len(told(mine)["P0"]) >= 8


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGSEGV])
def test_it_dies_of_the_signal_that_the_command_dies_of(signal_: int) -> None:
    code = f"import os; os.kill(os.getpid(), {int(signal_)})"
    assert ours("-o", "/dev/null", sys.executable, "-c", code).returncode == -signal_
