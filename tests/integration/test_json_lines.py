"""Promise: what traced programs do is JSON as the schema has it: live, recorded, from Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import cli
from json_schema import Schema
from support import ENGINES

import fasttrace

PROGRAMS = {
    "ls": ["ls", "-lR", "/etc/default"],
    "sh": ["sh", "-c", "cat /etc/passwd | grep root; cat /nowhere; kill -TERM $$"],
    "bytes": [sys.executable, "-c", "import os; os.chdir(b'/') or os.path.exists(b'/\\xff')"],
    "threads": [
        sys.executable,
        "-c",
        "import threading, os\nfor _ in range(9): threading.Thread(target=os.getppid).start()",
    ],
}


@pytest.fixture(scope="module")
def schema() -> Schema:
    done = cli("trace", "--json-schema")
    assert done.returncode == 0
    return Schema(json.loads(done.stdout))


def events_of(text: str, schema: Schema) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    assert [one for one in found if not schema.fits(one)] == []
    return found


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_lines_fit_the_schema_and_know_the_program(
    engine: str, program: str, schema: Schema, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    cli("trace", "--json", "--engine", engine, "-o", str(out), *PROGRAMS[program])
    events = events_of(out.read_text(), schema)
    assert {"syscall", "exec", "exit"} <= {event["kind"] for event in events}
    program_file = Path(PROGRAMS[program][0])
    # What is told before its exec is the launcher's.
    first = next(i for i, event in enumerate(events) if event["kind"] == "exec")
    assert None not in {event["comm"] for event in events[first:]}
    assert events[first]["comm"] in (program_file.name[:15], program_file.resolve().name[:15])
    if program == "bytes":
        paths = [e["args"]["pathname"] for e in events if "pathname" in e.get("args", ())]
        assert {"text": "/\ufffd", "hex": "2fff"} in paths
    if program == "sh":
        ended = [event for event in events if event["kind"] == "exit"]
        assert ended[-1]["signal"] == "SIGTERM"
        assert {event["comm"] for event in ended} >= {"cat", "grep"}
    if program == "threads":
        assert sum(event.get("how") == "thread" for event in events) == 9


@pytest.mark.parametrize("engine", ENGINES)
def test_a_recording_gives_the_same_as_python(engine: str, schema: Schema, tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    command = ["sh", "-c", "cat /etc/passwd >/dev/null; cat /nowhere; :"]
    cli("record", "--engine", engine, "-o", str(folder), *command)
    told = events_of(cli("report", "--calls", "--json", str(folder)).stdout, schema)
    trace = fasttrace.load(folder)
    assert told == trace.to_records()
    assert len(told) == len(trace)
    lines = cli("report", "--calls", str(folder)).stdout.splitlines()
    calls = [(one, line) for one, line in zip(told, lines, strict=True) if one["kind"] == "syscall"]
    assert [one["text"] for one, line in calls if one["text"] not in line] == []
    chosen = events_of(
        cli("report", "--calls", "--json", "-e", "openat", str(folder)).stdout, schema
    )
    assert {one["name"] for one in chosen} == {"openat"}
    assert {one["comm"] for one in chosen} == {"sh", "cat"}
