"""Promise: trace -y and report --calls -y tell of each descriptor what it is, in lines, in JSON and
in Python alike, whichever calls are chosen.
"""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from json_schema import Schema
from support import ENGINES, FASTTRACE

import fasttrace
from fasttrace.data.json_events import schema
from fasttrace.decode.values import Descriptor

COMMAND = ["sh", "-c", "cd /etc; cat < passwd | cat > /dev/null"]


def output_of(*words: str | Path) -> str:
    run = subprocess.run(
        [*FASTTRACE, *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return run.stdout + run.stderr


def calls_of(text: str) -> list[str]:
    """Without tasks and times."""
    return re.findall(r"^\d+ (?:\(\d+\))? +\d+\.\d+ (\w+\(.*?)(?: <[\d.]+>)?$", text, re.M)


@pytest.mark.parametrize("engine", ENGINES)
def test_lines_tell_what_descriptors_are(engine: str) -> None:
    calls = calls_of(output_of("trace", "-y", "--engine", engine, *COMMAND))
    assert 'openat(AT_FDCWD</etc>, "passwd", O_RDONLY) = 3</etc/passwd>' in calls
    assert "dup2(3</etc/passwd>, 0) = 0</etc/passwd>" in calls
    assert any(re.match(r"read\(0</etc/passwd>, .* = [1-9]", call) for call in calls)
    assert any(re.match(r"read\(0<pipe:\[\d+\]>, .* = [1-9]", call) for call in calls)
    assert any(re.match(r"write\(1</dev/null<char 1:3>>, ", call) for call in calls)
    assert not any(re.search(r"\(\d+[,)]", call) for call in calls if call.startswith("close("))


@pytest.mark.parametrize("engine", ENGINES)
def test_only_calls_that_were_asked_for_are_shown(engine: str) -> None:
    """Though others are recorded for what they tell."""
    chosen = ["--engine", engine, "-e", "read,write", "--path", "/etc/passwd"]
    calls = calls_of(output_of("trace", "-y", *chosen, *COMMAND))
    assert calls
    assert all(call.startswith("read(0</etc/passwd>, ") for call in calls)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_recording_tells_the_same_later(engine: str, tmp_path: Path) -> None:
    output_of("record", "-y", "--engine", engine, "-o", tmp_path / "x.fst", *COMMAND)
    calls = calls_of(output_of("report", "--calls", "-y", tmp_path / "x.fst"))
    assert "dup2(3</etc/passwd>, 0) = 0</etc/passwd>" in calls
    reads = calls_of(output_of("report", "--calls", "-y", "-e", "read", tmp_path / "x.fst"))
    assert reads == [call for call in calls if call.startswith("read(")]
    plain = calls_of(output_of("report", "--calls", "-e", "close", tmp_path / "x.fst"))
    assert plain
    assert not any("<" in call for call in plain)


def test_a_recording_without_links_tells_what_its_calls_say(tmp_path: Path) -> None:
    """Paths, from the working directory once that is known."""
    output_of("record", "-o", tmp_path / "x.fst", *COMMAND)
    calls = calls_of(output_of("report", "--calls", "-y", tmp_path / "x.fst"))
    assert "close(3</etc/passwd>) = 0" in calls
    assert any(call.startswith("write(1</dev/null>, ") for call in calls)


def records_of(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    fits = Schema(json.loads(schema())).fits
    assert [one for one in found if not fits(one)] == []
    return [one for one in found if one["kind"] == "syscall"]


@pytest.mark.parametrize("engine", ENGINES)
def test_json_has_the_paths_that_its_text_has(engine: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    output_of("trace", "-y", "--json", "--engine", engine, "-o", out, *COMMAND)
    calls = records_of(out.read_text())
    passwd = {"value": 3, "text": "3</etc/passwd>", "path": "/etc/passwd"}
    (opened,) = [one for one in calls if one["args"].get("pathname") == "passwd"]
    assert opened["args"]["dirfd"] == {"value": -100, "text": "AT_FDCWD</etc>", "path": "/etc"}
    assert opened["result"] == passwd
    assert any(one["name"] == "dup2" and one["args"]["oldfd"] == passwd for one in calls)
    null = {"value": 1, "text": "1</dev/null<char 1:3>>", "path": "/dev/null"}
    assert any(one["name"] == "write" and one["args"]["fd"] == null for one in calls)
    closed = [one for one in calls if one["name"] == "close" and not one["ret"]]
    assert closed
    assert [one for one in closed if not isinstance(one["args"]["fd"], dict)] == []
    assert [one for one in closed if one["args"]["fd"]["text"] not in one["text"]] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_only_chosen_calls_are_json_though_all_are_heard(engine: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    chosen = ["--engine", engine, "-e", "read,write", "--path", "/etc/passwd", "-o", out]
    output_of("trace", "-y", "--json", *chosen, *COMMAND)
    calls = records_of(out.read_text())
    assert {one["name"] for one in calls} == {"read"}
    assert {one["args"]["fd"]["path"] for one in calls} == {"/etc/passwd"}
    assert {one["comm"] for one in calls} == {"cat"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_recording_tells_the_same_to_python(engine: str, tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    output_of("record", "-y", "--engine", engine, "-o", folder, *COMMAND)
    calls = records_of(output_of("report", "--calls", "--json", "-y", folder))
    trace = fasttrace.load(folder)
    told = [one for one in trace.to_records(descriptors=True) if one["kind"] == "syscall"]
    assert told == calls
    part = trace.where(syscall="read")
    reads = list(part.calls(descriptors=True))
    paths = [one["args"]["fd"]["path"] for one in calls if one["name"] == "read"]
    assert [call.args["fd"].path for call in reads] == paths
    assert all(isinstance(call.args["fd"], Descriptor) for call in reads)
    assert pickle.loads(pickle.dumps(reads))[0].args["fd"].path == paths[0]
    assert {type(call.args["fd"]) for call in part.calls()} == {int}
    copy = pickle.loads(pickle.dumps(trace)).where(syscall="read")
    assert [call.args["fd"].path for call in copy.calls(descriptors=True)] == paths


@pytest.mark.parametrize("engine", ENGINES)
def test_live_calls_have_paths_as_well(engine: str) -> None:
    quiet = {"stdout": subprocess.DEVNULL, "engine": engine}
    with fasttrace.Tracer(COMMAND, descriptors=True, **quiet) as tracer:
        results = [call.result for call in tracer.calls() if call.name == "openat"]
    assert "/etc/passwd" in [result.path for result in results if result is not None]


def test_a_file_that_was_removed_is_told_as_such(tmp_path: Path) -> None:
    """Also where no -y asked /proc: from the calls alone."""
    program = "import os; fd = os.open('f', 66); os.unlink('f'); os.close(fd)"
    command = [sys.executable, "-c", program]
    for descriptors in (True, False):
        trace = fasttrace.trace(command, cwd=tmp_path, descriptors=descriptors)
        calls = list(trace.calls(descriptors=True))
        at = next(i for i, call in enumerate(calls) if call.name.startswith("unlink"))
        closed = next(call.args["fd"] for call in calls[at:] if call.name == "close")
        if descriptors:
            assert (closed.path, closed.deleted) == (str(tmp_path / "f"), True)
            assert closed.text == f"{int(closed)}<{tmp_path / 'f'}>(deleted)"


POLLS = """
import os, select
r, w = os.pipe(); os.write(w, b'x')
p = select.poll(); p.register(r, select.POLLIN); p.register(w, select.POLLOUT); p.poll()
select.select([r], [w], [r], 7)
p = select.poll(); p.register(w, select.POLLIN); p.poll(0)
e = select.epoll(); e.register(r, select.EPOLLIN); e.poll()
print(r, w)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_polls_found_is_data(engine: str) -> None:
    command = [sys.executable, "-c", POLLS]
    trace = fasttrace.trace(command, engine=engine, stdout=subprocess.DEVNULL, descriptors=True)
    calls = [
        call
        for call in trace.calls(descriptors=True)
        if call.name in ("poll", "select", "pselect6")
    ]
    polled, selected, nothing = calls[-3:]
    r, w = polled.found["fds"]
    assert (str(r["revents"]), str(w["revents"])) == ("POLLIN", "POLLOUT")
    assert r["fd"].path == w["fd"].path
    assert r["fd"].path.startswith("pipe:[")
    assert list(selected.found) == ["in", "out", "left"]
    assert (selected.found["in"], selected.found["out"]) == ([r["fd"]], [w["fd"]])
    assert selected.found["left"]["tv_sec"] in (6, 7)
    assert (nothing.ret, nothing.found) == (0, None)
    waited = [call for call in trace.calls() if call.name == "epoll_wait"][-1]
    assert str(waited.args["events"][0]["events"]) == "EPOLLIN"
    assert waited.found is None
    told = [one["found"] for one in trace.to_records() if "found" in one][-2:]
    assert told[0]["fds"][0] == {"fd": int(r["fd"]), "revents": {"value": 1, "text": "POLLIN"}}
    assert told[1]["out"] == [int(w["fd"])]


MANY = """
import select
for n in 500, 600:
    p = select.poll()
    for fd in range(n): p.register(fd)
    p.poll(0)
"""


def test_a_long_list_is_data_to_its_end_or_says_that_it_is_not() -> None:
    """512 elements of poll are 4096 bytes, which is all that is copied."""
    trace = fasttrace.trace([sys.executable, "-c", MANY])
    all_of_it, cut = [call for call in trace.calls() if call.name == "poll"][-2:]
    assert [one["fd"] for one in all_of_it.args["fds"]] == list(range(500))
    assert [one["fd"] for one in cut.args["fds"][:-1]] == list(range(512))
    assert cut.args["fds"][-1] is ...
    assert trace.to_records()[-1]["kind"] == "exit"
    told = [one for one in trace.to_records() if one.get("name") == "poll"][-1]
    assert told["args"]["fds"][-1] == {"more": True}
    assert str(all_of_it).count("{") == 32 + 32  # a line has so many, and so many of what was found


def test_without_lines_of_calls_there_is_nothing_to_tell() -> None:
    words = ["report", "-y", "x.fst"]
    run = subprocess.run([*FASTTRACE, *words], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "-y is for lines" in run.stderr
