"""Promise: `fasttrace.watch` tells what a block of code of the process itself did, and no more."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from support import ENGINES, FASTTRACE

import fasttrace
from fasttrace.errors import FasttraceError, ForkedError, SelectionError, TraceNotPermitted

pytestmark = pytest.mark.usefixtures("watch_works")


def left_behind() -> list[str]:
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    return [str(one) for one in folder.glob("fasttrace-*") if one.stat().st_uid == os.getuid()]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_block_has_its_calls_and_none_of_ours(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for _ in range(3):
        with fasttrace.watch("getppid,openat,write,read,sendto,recvfrom", engine=engine) as w:
            for _ in range(10):
                os.getppid()
            fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            os.write(fd, b"hello")
            os.close(fd)
        assert dict(w.calls) == {"getppid": 10, "openat": 1, "write": 1}
        opened = next(call for call in w.trace.calls() if call.name == "openat")
        assert opened.args["pathname"] == str(path)
        assert w.used("openat")
        assert not w.used("%network")


def test_threads_and_children_are_in_it() -> None:
    """Those that are there before, and those that come."""
    before, go = threading.Event(), threading.Event()

    def body() -> None:
        before.set()
        go.wait()
        os.getppid()

    thread = threading.Thread(target=body)
    thread.start()
    before.wait()
    with fasttrace.watch("getppid,execve,exit_group") as w:
        go.set()
        thread.join()
        other = threading.Thread(target=os.getppid)
        other.start()
        other.join()
        subprocess.run([sys.executable, "-Sc", "import os; os.getppid()"], check=True)
    assert w.calls["getppid"] == 3
    assert len({call.tid for call in w.trace.calls() if call.name == "getppid"}) == 3
    assert [p.exit_status for p in w.trace.processes if p.pid != os.getpid()] == [0]


def test_a_fork_inside_is_safe() -> None:
    """The child leaves the block, too: for it that does nothing."""
    with fasttrace.watch("getppid,getpgrp") as w:
        pid = os.fork()
        if not pid:
            os.getpgrp()
    if not pid:
        status = 1
        try:
            w.summary()
        except ForkedError:
            with fasttrace.watch("getppid") as own:
                os.getppid()
            status = 0 if own.calls["getppid"] == 1 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert w.calls["getpgrp"] <= 1  # the child may be late
    with fasttrace.watch("getppid") as again:
        os.getppid()
    assert again.calls["getppid"] == 1


def test_an_exception_ends_the_block_and_goes_on() -> None:
    w = fasttrace.watch("getppid")

    def fails() -> None:
        with w:
            os.getppid()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert w.calls["getppid"] == 1


def test_a_block_in_a_block_is_told_of() -> None:
    with fasttrace.watch("getppid") as w:
        with pytest.raises(ValueError, match="is watched already"), fasttrace.watch():
            pass
        with pytest.raises(ValueError, match="known when the block has been left"):
            _ = w.trace
        os.getppid()
    assert w.calls["getppid"] == 1
    with pytest.raises(ValueError, match="call watch\\(\\) for each"):
        w.__enter__()


def test_a_mistake_is_the_errors_own_and_leaves_nothing() -> None:
    known = left_behind()
    with pytest.raises(SelectionError, match="unknown system call 'nosuch'"):
        fasttrace.watch("nosuch").__enter__()
    with pytest.raises(ValueError, match="a string limit is 1 to 32768 bytes"):
        fasttrace.watch(string_limit=0).__enter__()
    assert left_behind() == known
    with fasttrace.watch("getppid") as w:
        os.getppid()
    assert w.calls["getppid"] == 1
    assert left_behind() == known


def test_who_is_traced_already_is_told_so() -> None:
    code = """
import fasttrace
try:
    with fasttrace.watch():
        pass
except fasttrace.FasttraceError as error:
    print(type(error).__name__)
"""
    run = subprocess.run(
        [*FASTTRACE, "summary", "-o", os.devnull, sys.executable, "-c", code],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.stdout.strip() == TraceNotPermitted.__name__


def test_who_dies_inside_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    code = """
import fasttrace, json, os, signal, sys
from fasttrace.tracing import watching
with fasttrace.watch():
    print(json.dumps([watching._watcher.pid, os.listdir(os.environ["TMPDIR"])]), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL
    pid, folders = json.loads(run.stdout)
    assert len(folders) == 1
    until = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_watcher_is_told_of_and_the_program_goes_on() -> None:
    code = """
import fasttrace, os, signal
from fasttrace.tracing import watching
try:
    with fasttrace.watch():
        os.kill(watching._watcher.pid, signal.SIGKILL)
except fasttrace.FasttraceError as error:
    print(error)
with fasttrace.watch("getppid") as w:
    os.getppid()
print(dict(w.calls))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        "the process that watches this one has ended; watch() again",
        "{'getppid': 1}",
    ]


def test_nothing_of_the_process_is_changed() -> None:
    """Descriptors but one, children to wait for, signals."""

    def state() -> tuple[set[str], str]:
        status = Path("/proc/self/status").read_text()
        signals = "".join(re.findall(r"^Sig(?:Blk|Ign|Cgt):.*\n", status, re.M))
        return {one.name for one in Path("/proc/self/fd").iterdir()}, signals

    with fasttrace.watch():
        pass
    before = state()
    for _ in range(5):
        with fasttrace.watch():
            pass
    assert state() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_many_blocks_stay_flat() -> None:
    def descriptors() -> tuple[int, int]:
        from fasttrace.tracing import watching

        assert watching._watcher is not None
        folder = Path(f"/proc/{watching._watcher.pid}")
        rss = re.search(r"VmRSS:\s+(\d+)", (folder / "status").read_text())
        assert rss is not None
        return len(list((folder / "fd").iterdir())), int(rss[1])

    def some(count: int) -> None:
        for _ in range(count):
            with fasttrace.watch("getppid") as w:
                os.getppid()
            assert w.calls["getppid"] == 1

    some(10)
    open_before, rss_before = descriptors()
    some(100)
    open_after, rss_after = descriptors()
    assert open_after == open_before
    assert rss_after < rss_before + 8192


def test_an_answer_that_is_not_waited_for_is_not_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A handler of a signal may raise at any moment, as a timeout's does."""
    from fasttrace.tracing import watching

    def struck(self: object) -> dict[str, Any]:
        raise KeyboardInterrupt

    with fasttrace.watch("getppid"):
        pass
    with monkeypatch.context() as patched:
        patched.setattr(watching._Watcher, "_answer", struck)
        with pytest.raises(KeyboardInterrupt):
            fasttrace.watch().__enter__()
    with fasttrace.watch("getppid") as w:
        os.getppid()
    assert w.calls["getppid"] == 1
    w = fasttrace.watch("getppid")
    w.__enter__()
    with monkeypatch.context() as patched:
        patched.setattr(watching._Watcher, "_answer", struck)
        with pytest.raises(KeyboardInterrupt):
            w.__exit__(None, None, None)
    with pytest.raises(FasttraceError, match="has not been recorded to its end"):
        _ = w.trace
    with fasttrace.watch("getppid") as w:
        os.getppid()
    assert w.calls["getppid"] == 1


def test_marks_tell_when_and_are_not_in_the_trace() -> None:
    with fasttrace.watch() as w:
        os.getppid()
        w.mark(7)
        os.getpgrp()
        w.mark(2**31 - 1)
        os.getppid()
    # The thread that faulthandler has for this very test may be about to begin its wait.
    calls = list(w.trace.where(tid=os.getpid()).calls())
    assert [call.name for call in calls] == ["getppid", "getpgrp", "getppid"]
    times = [call.time_ns for call in calls]
    assert list(w.marks) == [7, 2**31 - 1]
    assert times[0] < w.marks[7] < times[1] < w.marks[2**31 - 1] < times[2]
    w.mark(3)  # it has ended
    assert len(w.marks) == 2


def test_what_cannot_be_started_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from fasttrace.tracing import watching

    watching._forget()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FasttraceError, match="no second process of Python could be started"):
        fasttrace.watch().__enter__()
