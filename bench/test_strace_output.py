"""What lines in a file cost: `fasttrace strace -f -o FILE`, and strace with the same options.

Walls of whole command lines, the start of Python with them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from workloads import ENVIRONMENT, Made

NULL = subprocess.DEVNULL

REDIS = """
folder=$(mktemp -d)
redis-server --port 0 --unixsocket $folder/s --save '' --dir $folder &
while [ ! -S $folder/s ]; do :; done
redis-benchmark -s $folder/s -t set,get -n 20000 -q
redis-cli -s $folder/s shutdown nosave
wait
rm -r $folder
"""

COMMANDS = {
    "dd": (["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=50000"], 3.0),
    "find": (["find", "/usr"], 1.5),
    "tar": (["tar", "-cf", "/dev/null", "/usr/include"], 1.5),
    "perl": (["perl", "-e", "stat '/etc/passwd' for 1 .. 20000"], 1.5),
    "git_log": (["git", "log", "--stat"], 1.5),
    "redis": (["sh", "-c", REDIS], 3.0),
}


def lines_in(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("name", COMMANDS)
def test_strace_output(name: str, in_turn, report, tmp_path: Path, tmp_path_factory):
    argv, limit = COMMANDS[name]
    cwd = Made(tmp_path_factory.mktemp("made")).repository if name == "git_log" else "/"
    program = "redis-benchmark" if name == "redis" else argv[0]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"

    def run(*tracer: str | Path) -> Callable[[], object]:
        command = [*tracer, *argv]
        return lambda: subprocess.run(
            command, cwd=cwd, env=ENVIRONMENT, stdin=NULL, stdout=NULL, stderr=NULL, check=False
        )

    medians = in_turn(
        {
            "fasttrace strace": run(sys.executable, "-m", "fasttrace", "strace", "-f", "-o", ours),
            "untraced": run(),
            "strace": run("strace", "-f", "-o", theirs),
        },
        limits={"untraced": limit},
    )
    report("lines", lines_in(ours), f"{lines_in(theirs)} of strace")
    report("strace / fasttrace strace", medians["strace"] / medians["fasttrace strace"], ">= 20")
