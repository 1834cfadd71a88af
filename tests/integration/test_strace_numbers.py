"""Promise: --decode-pids=pidns tells what tasks of other namespaces are numbered here, as strace.

They are read when a task is born or attached to; of those that are not traced /proc is asked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import until
from strace_text import differences
from support import ENGINES, FASTTRACE, HANG_S, Builder
from test_strace_names import lines
from test_strace_names import told as told_by

STRACE = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not installed")

# Whether a joiner waits is chance.
OTHERS = "trace=!futex,madvise,munmap,mprotect,rt_sigprocmask,/rseq,set_robust_list"
NUMBER = re.compile(r"(-?\d+)(?:<\w+>)? /\* \d+ in strace's PID NS \*/")


@pytest.fixture
def numbered(tracees: Builder) -> list[str]:
    command = tracees.command("numbered")
    if subprocess.run(command, timeout=HANG_S, check=False).returncode == 77:
        pytest.skip("no pid namespace may be made here")
    return command


def told(tracer: Sequence[str], file: Path, command: list[str], *more: str) -> str:
    return told_by(tracer, file, command, *more, "-e", OTHERS)


@pytest.mark.parametrize("what", ["pidns", "comm,pidns", "comm"])
@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_stand_where_strace_has_them(
    engine: str, what: str, tmp_path: Path, numbered: list[str]
) -> None:
    """Names are those of who has the number there, not of who has it here."""
    option = f"--decode-pids={what}"
    mine = told([*FASTTRACE, "strace", "--engine", engine], tmp_path / "ours", numbered, option)
    its = told([STRACE], tmp_path / "theirs", numbered, option)
    assert not differences(lines(mine), lines(its))
    assert bool(NUMBER.search(mine)) == ("pidns" in what)


def test_a_saved_trace_has_them(tmp_path: Path, numbered: list[str]) -> None:
    """Not one process of it runs any more."""
    folder = tmp_path / "x.fst"
    subprocess.run([*FASTTRACE, "record", "-o", folder, *numbered], timeout=HANG_S, check=False)
    argv = [*FASTTRACE, "report", "--calls", "--strace", "--decode-pids=pidns", folder]
    mine = subprocess.run(argv, timeout=HANG_S, check=True, capture_output=True, text=True).stdout
    its = told([STRACE], tmp_path / "theirs", numbered, "--decode-pids=pidns")
    for call in ("kill", "getpgid", "getsid", "fcntl", "waitid", "ioprio_get", "bind", "clone3?"):
        found = [
            [
                number
                for line in text.splitlines()
                if re.search(rf"\b{call}(\(| resumed)", line)
                for number in NUMBER.findall(line)
            ]
            for text in (mine, its)
        ]
        assert sorted(found[0]) == sorted(found[1]), call


def test_of_who_is_not_traced_proc_is_asked() -> None:
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = "sleep 1000 & while read word; do kill -0 $!; done; kill $!"
    shell = subprocess.Popen(
        ["unshare", *rights, "--pid", "--fork", "--kill-child", "sh", "-c", f"echo; {script}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert shell.stdin
    assert shell.stdout
    with shell:
        if not shell.stdout.readline():
            shell.stdin.close()
            pytest.skip("no pid namespace may be made here")
        inner = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()[0]
        argv = [*FASTTRACE, "strace", "--pidns-translation", "-e", "kill", "-p", inner]
        with subprocess.Popen(argv, stderr=subprocess.PIPE) as tracer:
            until(tracer.stderr, "attached")
            slept = Path(f"/proc/{inner}/task/{inner}/children").read_text().split()[0]
            shell.stdin.write(b"word\n")
            shell.stdin.flush()
            until(tracer.stderr, f"kill(2 /* {slept} in strace's PID NS */, 0)")
            shell.stdin.close()
            tracer.communicate(timeout=HANG_S)


@pytest.mark.parametrize(
    ("options", "has_name", "has_number"),
    [
        (["-Y", "--pidns-translation"], False, True),
        (["--pidns-translation", "-Y"], True, False),
        (["-e", "decode-pid=all"], True, True),
        (["--decode-pids=!comm"], False, True),
    ],
)
def test_the_last_one_says_what_is_told(
    options: list[str], has_name: bool, has_number: bool, tmp_path: Path, numbered: list[str]
) -> None:
    for tracer in ([*FASTTRACE, "strace"], [STRACE]):
        text = told(tracer, tmp_path / "lines", numbered, *options)
        born = re.search(r"child_tidptr=\w+\) += 2\b(.*)", text)
        assert born
        assert (born[1].startswith("<"), "PID NS" in born[1]) == (has_name, has_number), tracer
