"""Promise: `fasttrace top` shows the calls of a program while it runs, by syscall, by process and
by file, and leaves the terminal and the program as it should."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import ENGINES, FASTTRACE

import fasttrace
from fasttrace.analysis.rates import (
    Moment,
    by_file,
    by_process,
    by_syscall,
    of_file,
    of_file_and_syscall,
    of_process,
    of_syscall,
    rates,
)
from fasttrace.data.followed_files import OTHERS, FileRows, FollowedFiles
from fasttrace.data.summary import Summary

SCRIPT = "for i in 1 2 3; do cat /nonexistent 2>/dev/null; done; exit 3"


def summary(script: str = SCRIPT) -> Summary:
    return fasttrace.summary(["sh", "-c", script], by="pid")


@pytest.mark.parametrize("engine", ENGINES)
def test_rates_are_what_came_between_two_summaries(engine: str) -> None:
    (reading, into), (out, writing) = os.pipe(), os.pipe()
    with fasttrace.Tracer(
        ["sh", "-c", "echo; read x; cat /nonexistent 2>/dev/null; exit 0"],
        events=False, tally=True, by_process=True, engine=engine, stdin=reading, stdout=writing,
    ) as tracer:  # fmt: skip
        assert os.read(out, 1) == b"\n"
        before = tracer.summary()
        os.write(into, b"\n")
        tracer.wait()
        after = tracer.summary()
    for fd in (reading, into, out, writing):
        os.close(fd)
    found = {rate.key: rate for rate in rates(Moment(before), Moment(after), 2.0, by_syscall)}
    for name, calls in after.calls.items():
        assert found[name].calls_per_s == (calls - before.calls[name]) / 2
        assert found[name].errors_per_s == (after.errors[name] - before.errors[name]) / 2
    assert found["openat"].errors_per_s > 0
    assert found["execve"].totals.calls == after.calls["execve"]
    everything = rates(None, Moment(after), 1.0, by_process)
    assert sum(rate.calls_per_s for rate in everything) == after.total_calls


def test_a_process_and_a_syscall_are_parts_of_the_whole() -> None:
    whole = summary()
    moment = Moment(whole)
    parts = by_process(moment)
    assert {part.label for part in parts.values()} == {"sh", "cat"}
    assert sorted(part.ended for part in parts.values()) == ["exit status 1"] * 3 + [
        "exit status 3"
    ]
    for pid, part in parts.items():
        calls = of_process(int(pid))(moment)
        assert sum(one.calls for one in calls.values()) == part.calls
        assert sum(one.total_ns for one in calls.values()) == part.total_ns
        assert max(one.max_ns or 0 for one in calls.values()) == part.max_ns
    opened = of_syscall("openat")(moment)
    assert sum(one.calls for one in opened.values()) == whole.calls["openat"]
    nothing = Moment(Summary())
    assert rates(nothing, nothing, 0.0, by_syscall) == rates(None, nothing, 0.0, by_file) == []


FILES = """
printf abc > {0}/written
exec 5< {0}/written
echo; read x
cat <&5
for i in 1 2 3; do cat {0}/written; done
cd {0}; cat written nothing 2>&1
exit 0
"""


def followed(tmp_path: Path, engine: str, **room: int) -> tuple[Moment, fasttrace.Trace]:
    """What was counted while it ran, and the trace of the same run."""
    files, blocks = FollowedFiles(**room), []
    (reading, into), (out, writing) = os.pipe(), os.pipe()
    with fasttrace.Tracer(
        ["sh", "-c", FILES.format(tmp_path)], events=True, tally=True, by_process=True,
        capture="paths", engine=engine, stdin=reading, stdout=writing,
    ) as tracer:  # fmt: skip
        tracer.start()
        assert os.read(out, 1) == b"\n"
        first = tracer.read()  # so that there are two at least
        os.write(into, b"\n")
        assert first is not None
        for block in (first, *tracer.blocks()):
            files.add(block)
            blocks.append(block)
        summary = tracer.summary()
    for fd in (reading, into, out, writing):
        os.close(fd)
    assert len(blocks) > 1
    events = np.concatenate([np.frombuffer(memoryview(b), fasttrace.EVENT_DTYPE) for b in blocks])
    payload = np.concatenate([np.frombuffer(b.payload, np.uint8) for b in blocks])
    assert blocks[0].payload_base == 0
    return Moment(summary, files.rows()), fasttrace.Trace(events, payload, engine=engine)


@pytest.mark.parametrize("names_max", [1 << 16, 0])
@pytest.mark.parametrize("engine", ENGINES)
def test_files_are_followed_as_in_a_whole_trace(
    engine: str, names_max: int, tmp_path: Path
) -> None:
    """With names_max=0 the names of one block are forgotten before the next."""
    moment, trace = followed(tmp_path, engine, names_max=names_max)
    written = f"{tmp_path}/written"
    found = {total.label: (place, total) for place, total in by_file(moment).items()}
    told = {file.path: file for file in trace.files().files}
    assert {name for name in found if name.startswith("/")} == {
        name for name in told if name.startswith("/")
    }
    for path, file in told.items():
        if path.startswith("/"):
            one = found[path][1]
            assert (one.calls, one.errors, one.total_ns) == (file.calls, file.errors, file.total_ns)
    place, total = found[written]
    calls = of_file(int(place))(moment)
    assert sum(one.calls for one in calls.values()) == total.calls
    assert max(one.max_ns or 0 for one in calls.values()) == total.max_ns
    assert calls["write"].calls == 1
    readers = of_file_and_syscall(int(place), "read")(moment)
    assert {one.label for one in readers.values()} == {"cat"}
    assert len(readers) == 5
    assert sum(one.calls for one in readers.values()) == calls["read"].calls


def test_tables_of_files_have_a_bound(tmp_path: Path) -> None:
    few, _ = followed(tmp_path, "ptrace", rows_max=8, names_max=4)
    assert len(few.files.path) <= 8 + len(np.unique(few.files.call))
    assert len(few.files.paths) == 8
    assert by_file(few)[str(OTHERS)].calls > 0


class Made:
    """What the screen asks, told by the test."""

    def __init__(self) -> None:
        self.counted = Summary()
        self.files: FileRows | None = None
        self.ended: str | None = None
        self.lines: list[str] = []

    def moment(self) -> Moment:
        return Moment(self.counted, self.files)

    def end(self) -> str | None:
        return self.ended

    def said(self) -> Sequence[str]:
        taken, self.lines = self.lines, []
        return taken

    def is_unwanted(self) -> bool:
        return False


def on_screen(made: Made, use: Callable[[Any, Any], Awaitable[None]], **size: Any) -> None:
    app = pytest.importorskip("fasttrace.cli.top.app", exc_type=ImportError)

    async def drive() -> None:
        shown = app.TopApp(made, "make -j2", 3600.0)
        async with shown.run_test(**size) as pilot:
            await use(shown, pilot)

    asyncio.run(drive())


def cells(app: Any) -> list[list[str]]:
    table = app.query_one("DataTable")
    return [[str(cell) for cell in table.get_row_at(i)] for i in range(table.row_count)]


def head(app: Any) -> str:
    return str(app.query_one("#head").render())


def test_keys_sort_choose_drill_down_and_come_back() -> None:
    made = Made()
    made.counted = summary()
    calls = made.counted.calls

    async def use(app: Any, pilot: Any) -> None:
        await pilot.press("r")
        assert sorted(row[0] for row in cells(app)) == sorted(calls)
        assert {row[0]: int(row[7].replace(",", "")) for row in cells(app)} == calls
        await pilot.press("S")  # by the column before calls/s: names
        assert [row[0] for row in cells(app)] == sorted(calls)
        await pilot.press("slash", *"openat", "enter")
        assert [row[0] for row in cells(app)] == ["openat"]
        assert "with 'openat'" in head(app)
        await pilot.press("slash", "escape", "2")
        assert {row[1] for row in cells(app)} == {"sh", "cat"}
        await pilot.press("s", "s", "s")
        pid = cells(app)[0][0]
        await pilot.press("enter")
        of_it = made.counted.where(pid=int(pid)).calls
        assert {row[0] for row in cells(app)} == set(of_it)
        assert f"syscalls of {pid}" in head(app)
        await pilot.press("escape", "1", "enter")
        assert "processes that call" in head(app)
        await pilot.press("escape")
        assert len(cells(app)) == len(calls)

    on_screen(made, use)


def test_files_sort_filter_and_lead_to_their_calls(tmp_path: Path) -> None:
    made = Made()

    async def use(app: Any, pilot: Any) -> None:
        await pilot.press("3")
        assert "not followed: fasttrace top --files" in head(app)
        moment, _ = followed(tmp_path, "ptrace")
        made.counted, made.files = moment.summary, moment.files
        await pilot.press("r")
        assert len(cells(app)) == len(by_file(moment))
        await pilot.press("slash", *"/writ", "enter")
        [row] = cells(app)
        assert row[0].endswith("/written")
        assert len(row[0]) <= 60
        await pilot.press("slash", "escape", "S")  # by the column before calls/s: names
        names = [row[0] for row in cells(app)]
        assert names[0] == "(not known)"
        await pilot.press("slash", *"/writ", "enter", "enter", "slash", "escape")
        assert "syscalls that have to do with" in head(app)
        assert {"openat", "read", "write", "close"} <= {row[0] for row in cells(app)}
        await pilot.press("slash", *"read", "enter", "enter", "slash", "escape")
        assert "the latest processes that call read with" in head(app)
        assert [row[1] for row in cells(app)] == ["cat"] * 5
        await pilot.press("escape", "escape")
        assert len(cells(app)) == len(by_file(moment))

    on_screen(made, use)


def test_pause_holds_and_the_end_shows_the_whole() -> None:
    made = Made()

    async def use(app: Any, pilot: Any) -> None:
        assert "no calls yet" in head(app)
        await pilot.press("p")
        made.counted = summary()
        await pilot.press("r")
        assert cells(app) == []
        assert "paused" in head(app)
        await pilot.press("space")
        made.ended = "exit status 3"
        await pilot.press("r")
        assert len(cells(app)) == len(made.counted.calls)
        assert "exit status 3" in head(app)

    on_screen(made, use, size=(40, 10))


def test_what_the_program_writes_is_text_on_a_page_of_its_own() -> None:
    made = Made()
    made.lines = ["[bold]not markup[/bold]", "second"]

    async def use(app: Any, pilot: Any) -> None:
        await pilot.press("r", "o")
        await pilot.pause()
        said = app.query_one("#said")
        assert [line.text.rstrip() for line in said.lines] == ["[bold]not markup[/bold]", "second"]
        assert not app.query_one("DataTable").display

    on_screen(made, use)


def on_a_terminal(*words: str, keys: bytes = b"", sent: int = 0) -> tuple[int, str]:
    """Status and what came on the terminal, whose modes are as before."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    modes = termios.tcgetattr(other)
    run = subprocess.Popen(
        [*FASTTRACE, "top", *words], stdin=other, stdout=other, stderr=other,
        env=os.environ | {"TERM": "xterm-256color"}, start_new_session=True,
    )  # fmt: skip
    seen = b""
    try:
        while b"engine" not in seen:
            seen += os.read(main, 1 << 16)
        os.write(main, keys)
        if sent:
            run.send_signal(sent)
        os.set_blocking(main, False)
        while run.poll() is None:
            try:
                seen += os.read(main, 1 << 16)
            except BlockingIOError:
                os.sched_yield()
        while True:
            try:
                seen += os.read(main, 1 << 16)
            except (BlockingIOError, OSError):
                break
        assert termios.tcgetattr(other) == modes
    finally:
        run.kill()
        run.wait()
        os.close(main)
        os.close(other)
    return run.returncode, seen.decode(errors="replace")


def test_it_ends_with_its_terminal_and_so_does_the_command(tmp_path: Path) -> None:
    pytest.importorskip("textual")
    main, other = pty.openpty()
    run = subprocess.Popen(
        [*FASTTRACE, "top", "sh", "-c", 'echo $$ >"$0"; exec sleep 1000', tmp_path / "pid"],
        stdin=other, stdout=other, stderr=other,
        env=os.environ | {"TERM": "xterm-256color"}, start_new_session=True,
    )  # fmt: skip
    seen = b""
    while b"engine" not in seen:
        seen += os.read(main, 1 << 16)
    pid = tmp_path / "pid"
    while not pid.exists() or not pid.read_text():
        assert run.poll() is None
    os.close(other)
    os.close(main)
    # Whoever runs the tests may have had it ignored.
    assert run.wait() in (-signal.SIGHUP, 128 + signal.SIGHUP)
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()


@pytest.mark.parametrize(
    ("number", "more"), [(signal.SIGTERM, []), (signal.SIGTERM, ["--files"]), (signal.SIGHUP, [])]
)
def test_a_signal_to_it_is_for_the_command_and_ends_both(number: int, more: list[str]) -> None:
    pytest.importorskip("textual")
    status, seen = on_a_terminal("--interval", "0.1", *more, "sleep", "1000", sent=number)
    assert status == -number
    assert f"killed by signal {int(number)}" in seen.rpartition("\x1b[?1049l")[2]


def test_who_leaves_ends_the_command_and_has_the_table() -> None:
    pytest.importorskip("textual")
    status, seen = on_a_terminal("sleep", "1000", keys=b"q")
    assert status == -signal.SIGTERM
    assert "\x1b[?1049l" in seen  # the screen that was there before
    assert "killed by signal 15" in seen.rpartition("\x1b[?1049l")[2]


def test_files_of_a_command_are_followed_on_the_screen() -> None:
    pytest.importorskip("textual")
    script = "echo x > /dev/null; exec sleep 1000"
    status, seen = on_a_terminal("--files", "sh", "-c", script, keys=b"3q")
    assert status == -signal.SIGTERM
    assert "not followed" not in seen


def test_a_process_that_was_attached_to_runs_on() -> None:
    pytest.importorskip("textual")
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            status, _ = on_a_terminal("-p", str(other.pid), keys=b"q")
            assert (status, other.poll()) == (0, None)
        finally:
            other.kill()


def test_without_a_terminal_or_its_extra_it_says_what_to_do(tmp_path: Path) -> None:
    run = subprocess.run([*FASTTRACE, "top", "true"], capture_output=True, text=True, timeout=60)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "top needs a terminal" in run.stderr
    (tmp_path / "textual.py").write_text("raise ModuleNotFoundError(name='textual')")
    main, other = pty.openpty()
    run = subprocess.run(
        [*FASTTRACE, "top", "true"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        stdin=other, stdout=other, stderr=other, timeout=60,
    )  # fmt: skip
    told = os.read(main, 4096).decode()
    os.close(main)
    os.close(other)
    assert (run.returncode, len(told.splitlines())) == (1, 1)
    assert "pip install 'fasttrace[top]'" in told
