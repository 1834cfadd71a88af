"""Promise: several running processes are attached to in one session, all of them or none, and each
is left as it was found."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from support import FASTTRACE, Target, running

import fasttrace

ASKS = [
    sys.executable,
    "-Suc",
    "import os, sys\n"
    "print('ready')\n"
    "for line in sys.stdin:\n"
    "    for _ in range(int(line)): os.getppid()\n"
    "    print('done')\n",
]
NOBODY = 4194303  # the greatest pid that there can be, and hardly is


def ask(target: Target, count: int) -> None:
    """So many calls, and a sign that they have been made."""
    target.stdin.write(f"{count}\n")
    target.stdin.flush()
    assert target.stdout.readline() == "done\n"


@pytest.fixture
def three() -> AbstractContextManager[list[Target]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running(ASKS)) for _ in range(3)]  # type: ignore[misc]


def tracer_of(target: Target) -> int:
    status = Path(f"/proc/{target.pid}/status").read_text()
    return int(status.partition("TracerPid:")[2].split()[0])


def test_each_has_its_own_counts(three: list[Target]) -> None:
    """A pid that is named twice, too; afterwards they go on untraced."""
    pids = [target.pid for target in three]
    options = {"trace": "getppid", "events": False, "tally": True, "by_process": True}
    with fasttrace.Tracer(pid=[*pids, pids[0]], **options) as tracer:  # type: ignore[arg-type]
        assert tracer.pid == pids[0]
        for count, target in enumerate(three, 1):
            ask(target, count)
        tracer.detach()
        tracer.wait()
        by_pid = tracer.summary().by("pid")
    assert {pid: one.calls["getppid"] for pid, one in by_pid.items()} == dict(
        zip(pids, (1, 2, 3), strict=True)
    )
    assert {process.pid for process in tracer.processes} == set(pids)
    for target in three:
        ask(target, 1)
        assert tracer_of(target) == 0
    assert [target.end()[1] for target in three] == ["ended 0"] * 3


def test_one_that_is_not_there_is_named_and_none_is_traced(three: list[Target]) -> None:
    with pytest.raises(fasttrace.NoSuchProcess, match=f"no process {NOBODY}"):
        fasttrace.trace(pid=[three[0].pid, NOBODY, three[1].pid])
    for target in three:
        ask(target, 1)
        assert tracer_of(target) == 0


@pytest.mark.parametrize(
    "options", [{"pid": []}, {"pid": [1, 2], "follow": False}, {"pid": [1, 2], "engine": "inline"}]
)
def test_what_cannot_be_is_an_error(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"pid|several processes"):
        fasttrace.Tracer(**options)  # type: ignore[arg-type]


def asked(file: Path) -> set[int]:
    """The processes whose calls are told so far, in whole lines."""
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    calls = map(json.loads, lines)
    return {call["pid"] for call in calls if call.get("name") == "getppid"}


def test_the_command_line_takes_several(three: list[Target], tmp_path: Path) -> None:
    first, second, third = (str(target.pid) for target in three)
    file = tmp_path / "x"
    words = ["-e", "getppid", "-p", first, "-p", f"{second},{third}", "-o", str(file), "--json"]
    with subprocess.Popen([*FASTTRACE, "trace", *words], stderr=subprocess.PIPE, text=True) as run:
        hang = threading.Timer(50, run.kill)
        hang.start()
        for target in three:
            while target.pid not in asked(file):
                assert run.poll() is None
                ask(target, 1)
        ends = [target.end()[1] for target in three]
        said = run.communicate()[1]
        hang.cancel()
    assert (run.returncode, said) == (0, "")
    assert ends == ["ended 0"] * 3
    assert asked(file) == {target.pid for target in three}
