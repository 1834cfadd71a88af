"""Promise: what a program, a file or a folder is called never steers the terminal, nor does a
foreign trace or profile: every text that we show holds line ends and colours of ours, and nothing
else that a terminal would obey."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import item, make_events, stream

import fasttrace
from fasttrace import cli, errors
from fasttrace._core import ProcessRow
from fasttrace.bench.peers import UNTRACED, Contender, LeftOut
from fasttrace.bench.results import Machine, Measurement, Report
from fasttrace.bench.table import bench_table
from fasttrace.data.events import Flag, Kind
from fasttrace.data.processes import Process
from fasttrace.data.summary_table import summary_table
from fasttrace.data.trace import Trace
from fasttrace.report.call_line import CallLines
from fasttrace.report.refused_table import refused_table
from fasttrace.report.tables_by import tables_by
from fasttrace.system import diagnosis
from fasttrace.system.procfs import comm as comm_of
from fasttrace.text import color
from fasttrace.text.terminal import printable
from fasttrace.tracing.fallbacks import log_fallbacks
from fasttrace.tracing.unread import log_unread_pythons

# A title, a colour, a cleared screen, C1's escape, a line of its own, text turned around, no UTF-8.
EVIL = "a\x1b]0;b\x07\x1b[31m\x1b[2J\x9b1mc\nd\r\t\u202ee\u2028\udc9b"
# No NUL, slash, and no more than a file system takes.
EVIL_COMM = "\x1b[31m\x9b\n\u202e"
OURS = re.compile(r"\x1b\[(0|1|2|31|32|33|36)m")


def is_safe(text: str, *, color: bool = False) -> bool:
    return all(line.isprintable() for line in (OURS.sub("", text) if color else text).split("\n"))


@given(st.text())
def test_any_text_becomes_printable_once(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown
    shown.encode()
    if text.isprintable():
        assert shown == text


@given(st.text())
def test_an_error_is_one_safe_line(text: str) -> None:
    assert str(errors.SelectionError(text)).isprintable()
    assert str(errors.TraceError(5, text)).isprintable()
    assert str(diagnosis.spawn_error(text.replace("\0", ""), 2, "exec")).isprintable()


def hostile_processes() -> list[Process]:
    return [
        Process(100, 1, EVIL, ["make", EVIL], start_ns=10, serial=1),
        Process(101, 100, EVIL + "2", [], start_ns=20, serial=2),
    ]


def hostile_trace() -> Trace:
    payload = item(EVIL.encode("utf-8", "surrogateescape"), arg=0)
    argv = item((EVIL + "\0" + EVIL + "\0").encode("utf-8", "surrogateescape"), type=3)
    events = make_events(
        {"pid": 100, "tid": 100, "nr": 2, "flags": Flag.PAYLOAD, "payload": 0, "ret": -2},
        {"pid": 101, "tid": 101, "nr": 0x1B9B, "abi": 77, "ret": -900},
        {"pid": 101, "tid": 101, "kind": 200},
        {"pid": 101, "tid": 101, "kind": Kind.SIGNAL, "nr": 9999},
        *(
            {"pid": 1, "tid": 1, "kind": kind, "flags": Flag.PAYLOAD, "payload": len(payload)}
            for kind in (Kind.EXEC, Kind.ATTACH)
        ),
    )
    return Trace(
        events,
        stream(payload + argv),
        argv=[EVIL],
        engine=EVIL,
        processes=hostile_processes(),
    )


def hostile_report() -> Report:
    machine = Machine(EVIL, EVIL, EVIL, 8, 8, True, EVIL, (9.0, 9.0, 9.0))
    peer = Contender("slow", lambda argv, output: [EVIL, *argv], version=EVIL)
    ones = [Measurement(UNTRACED, [EVIL]), Measurement(peer, [EVIL], statuses=[3])]
    began = datetime(2026, 1, 2, tzinfo=timezone.utc)
    return Report([EVIL], 1, machine, began, ones, [LeftOut("x", EVIL, a) for a in (True, False)])


def audit_rows() -> str:
    from fasttrace.seccomp.ask.audit import Refused
    from fasttrace.seccomp.filter.interpret import Verdict

    row = Refused("socket", "x86_64", ((0, 16),), Verdict.of(0x50001), EVIL, 1)
    return refused_table([row], 2)


def call_lines(color: bool) -> str:
    trace = hostile_trace()
    return CallLines(color=color).text(np.ascontiguousarray(trace.events).data, trace.payload.data)


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        lambda color: summary_table(hostile_trace().summary(), color=color),
        lambda color: tables_by(hostile_trace().summary(), "comm", color=color),
        lambda color: tables_by(hostile_trace().summary(), "pid", color=color),
        lambda color: bench_table(hostile_report(), color=color),
        lambda color: audit_rows(),
        call_lines,
        lambda color: str(hostile_trace().summary()),
    ],
)
def test_tables_and_lines_are_safe_to_show(text: Callable[[bool], str], color: bool) -> None:
    shown = text(color)
    assert is_safe(shown, color=color)
    assert "\\x1b" in shown  # it was there to be shown


def test_names_of_processes_in_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fasttrace.system.procfs.read", lambda path: EVIL)
    assert comm_of(1).isprintable()


def test_the_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """`engine inline` tells in the log who fell back."""
    comm = EVIL.encode("utf-8", "surrogateescape")
    evil = ProcessRow(1, 0, 1, -1, 0, 0, 0, comm, b"", "ptrace", "it runs 32-bit code")
    monkeypatch.setattr("fasttrace.tracing.fallbacks.process_rows", lambda *_, left: [evil])
    with fasttrace.Tracer(["true"], engine="ptrace", events=False) as tracer:
        tracer.wait()
    with caplog.at_level(logging.INFO, "fasttrace"):
        log_fallbacks(tracer.snapshot, spawned=True)
    assert any("32-bit" in message for message in caplog.messages)
    assert all(message.isprintable() for message in caplog.messages)


def test_pythons_whose_lines_cannot_be_read(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for each version, whatever the process says that it is."""
    comm = EVIL.encode("utf-8", "surrogateescape")
    rows = [
        (7, comm, 1),
        (8, b"python3.16", 0x031000A2),
        (9, b"python3.10", 1),
        (10, b"", 2**32 - 1),
    ]
    monkeypatch.setattr("fasttrace.tracing.unread.unread_pythons", lambda _: rows)
    with fasttrace.Tracer(["true"], engine="ptrace", events=False) as tracer:
        tracer.wait()
        log_unread_pythons(tracer.snapshot)
    first, second, third = caplog.messages[:3]
    assert first.endswith(
        "(7) and 1 more: no lines of Python, cannot read those of CPython before 3.11"
    )
    assert second.startswith("python3.16 (8): ")
    assert second.endswith(" CPython 3.16.0a2")
    assert third.startswith("a process (10): ")
    rows += [(pid, b"", pid) for pid in range(100, 200)]
    caplog.clear()
    log_unread_pythons(tracer.snapshot)
    assert len(caplog.messages) == 9
    assert caplog.messages[-1] == "nor those of 95 other versions"
    assert all(message.isprintable() for message in caplog.messages)


class Shown:
    """What a command line has written, on both streams."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def of(self, *args: str) -> str:
        cli.main(args)
        captured = self._capfd.readouterr()
        text = captured.out + captured.err
        assert is_safe(text), text
        return text


@pytest.fixture
def shown(capfd: pytest.CaptureFixture[str]) -> Shown:
    return Shown(capfd)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder that somebody else has made up, under a name of the same kind."""
    folder = tmp_path / EVIL
    hostile_trace().save(folder)
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["engine"] == EVIL
    return folder


@pytest.mark.parametrize(
    "options",
    [[], ["--calls"], ["--by", "pid"], ["--by", "comm"], ["--json"], ["--calls", "--json"]],
)
def test_report_of_a_foreign_folder(foreign: Path, shown: Shown, options: list[str]) -> None:
    assert "1b" in shown.of("report", str(foreign), *options)


@pytest.mark.parametrize("spoil", ["meta.json", "events.npy", "payload.npy", ""])
@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_what_is_said_of_a_damaged_folder(
    foreign: Path, shown: Shown, spoil: str, how: str
) -> None:
    if not spoil:
        shutil.rmtree(foreign)
    elif how == "gone":
        (foreign / spoil).unlink()
    else:
        (foreign / spoil).write_bytes(b"\x1b[31m")
    assert shown.of("report", str(foreign)).startswith("fasttrace: ")


@pytest.mark.parametrize(
    "args",
    [
        ["summary", EVIL],
        ["summary", "./" + EVIL],
        ["summary", "-o", f"/nowhere/{EVIL}", "true"],
        ["record", "-o", f"/nowhere/{EVIL}", "true"],
        ["summary", "-e", EVIL, "true"],
        ["summary", "-e", "/(" + EVIL, "true"],
        ["summary", "-p", EVIL],
        ["summary", "-p", "1", "--duration", EVIL],
        ["summary", "--engine", EVIL, "true"],
        ["summary", f"--{EVIL}", "true"],
        ["report", EVIL],
        ["report", "x", "--sort", EVIL],
        ["run", "--deny", EVIL, "true"],
        ["run", "--deny", f"openat={EVIL}", "true"],
        ["run", "--inject", EVIL, "true"],
        ["run", "--inject", f"openat:error={EVIL}", "true"],
        ["run", "--inject", f"openat:{EVIL}=1", "true"],
        ["bench", "--against", EVIL, "true"],
        ["bench", "-n", EVIL, "true"],
        ["bench", EVIL],
        ["seccomp", EVIL],
        ["seccomp", "run", "--profile", EVIL, "true"],
        ["seccomp", "generate", "-o", f"/nowhere/{EVIL}", "true"],
        ["seccomp", "generate", "--from", EVIL],
        ["seccomp", "generate", "--default", EVIL, "--from", "x"],
        [EVIL],
        [f"--{EVIL}"],
    ],
    ids=lambda args: " ".join(args).replace(EVIL, "EVIL"),
)
def test_mistakes_that_name_what_was_given(shown: Shown, args: list[str]) -> None:
    text = shown.of(*args)
    assert text.startswith("fasttrace: ")
    assert text.count("\n") == 1


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    pytest.importorskip("pyseccomp")
    allowed = {"names": ["read", "execve", EVIL], "action": "SCMP_ACT_ALLOW", "comment": EVIL}
    made: dict[str, Any] = {"defaultAction": "SCMP_ACT_ERRNO", EVIL: 1, "syscalls": [allowed]}
    path = tmp_path / f"{EVIL}.json"
    path.write_text(json.dumps(made))
    return path


def test_a_foreign_profile_is_safe_to_show(
    foreign: Path, profile: Path, shown: Shown, tmp_path: Path
) -> None:
    other = tmp_path / f"{EVIL}2"
    other.write_text(
        json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86"]})
    )
    name = str(profile)
    checked = shown.of("seccomp", "check", name, "--trace", str(foreign))
    assert checked.count("1b") > 2
    shown.of("seccomp", "explain", name, "read")
    shown.of("seccomp", "explain", name, EVIL)
    assert "1b" in shown.of("seccomp", "diff", name, str(other))
    other.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW"}))
    assert "1b" in shown.of("seccomp", "merge", name, str(other))
    for format in ("text", "oci"):
        args = ("--from", str(foreign), "--update", name, "--format", format)
        assert "1b" in shown.of("seccomp", "generate", *args)
    shown.of("seccomp", "generate", "--from", str(foreign), "--format", "systemd")
    profile.write_text(json.dumps({"defaultAction": EVIL}))
    shown.of("seccomp", "check", name)


def test_names_in_a_unit() -> None:
    """A line of a systemd unit stays one: a name cannot add another directive."""
    from fasttrace.seccomp.generation.generated import generate
    from fasttrace.seccomp.generation.systemd import systemd_lines
    from fasttrace.seccomp.profile.values import Profile, Rule

    rule = Rule(("read", "x\nExecStart=/bin/evil", EVIL), "SCMP_ACT_ALLOW")
    base = Profile("SCMP_ACT_ERRNO", 1, rules=(rule,))
    made = generate(Trace(make_events({"pid": 1, "tid": 1, "nr": 0})), update=base)
    lines = systemd_lines(made)
    assert is_safe(lines)
    assert "\nExecStart" not in lines


def test_what_doctor_finds_is_safe_to_show(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("container", EVIL)
    monkeypatch.setattr("fasttrace.tracing.health.shutil.which", lambda name: EVIL)
    assert "1b" in shown.of("doctor")


def test_a_program_that_names_itself(tmp_path: Path, shown: Shown, engine: str) -> None:
    """Its comm, its arguments and the paths that it asks for, live and recorded."""
    code = (
        "import os, sys\n"
        f"open('/proc/self/comm', 'w').write({EVIL_COMM!r})\n"
        "os.path.exists(sys.argv[1])\n"
        "os.execv('/bin/sh', [sys.argv[1], '-c', 'true'])\n"
    )
    import sys

    script = tmp_path / f"x{EVIL_COMM}"
    script.symlink_to(shutil.which("sh") or "/bin/sh")
    command = ["--engine", engine, sys.executable, "-c", code, EVIL]
    text = shown.of("trace", *command)
    assert "\\x1b" in text
    assert "\\x1b" in shown.of(
        "summary", "--by", "comm", "--engine", engine, str(script), "-c", ":"
    )
    assert "\\x1b" in shown.of("summary", "--by", "pid", "--engine", engine, str(script), "-c", ":")


@pytest.mark.parametrize(
    ("environment", "on_terminal", "elsewhere"),
    [
        ({"TERM": "xterm"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({}, False, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_only_who_wants_colours_gets_them(
    environment: dict[str, str],
    on_terminal: bool,
    elsewhere: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (color.is_color_wanted(True), color.is_color_wanted(False)) == (on_terminal, elsewhere)
