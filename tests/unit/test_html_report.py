"""Promise: each section of the HTML report says what Trace and Summary say, of any trace; nothing
that a program chooses is more than text in it; what is left out or added up is said."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import example
from html_pages import Page
from hypothesis import given, settings
from synthetic import PROCESSES, item, make_events, stream, traces

from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.data.lines import has_frames
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace
from fasttrace.errors import MissingExtra, OutputError
from fasttrace.report.html import page, process_tree, sections
from fasttrace.report.html import timeline as lanes
from fasttrace.report.html.latency import bar_of, bars, latencies
from fasttrace.report.html.timeline import CLASSES, PARTS, class_of, timeline

OPENAT, READ, WRITE, CLOSE, FUTEX, GETPID, RENAME = 257, 0, 1, 3, 202, 39, 82
NASTY = "</script><script>alert(1)</script><!--\"'&amp;\x1b[2J\u202e\udcff\n<b onclick=x>"


def shown(trace: Trace) -> tuple[Page, dict[str, Any]]:
    """The page without its head and its scripts, and its data."""
    parts = page.parts_of(trace)
    return Page(parts.body), json.loads(parts.data)


def hostile() -> Trace:
    """Every name that a program can choose is NASTY."""
    name = NASTY.encode("utf-8", "surrogateescape")
    first = item(name, arg=1)
    argv = item(name[:15], type=4, flags=1) + item(name + b"\0", type=3)
    frame = np.array([7, len(name) << 16 | len(name)], "<u4").tobytes() + name + name
    python = item(frame, type=8)
    at = np.cumsum([0, len(first), len(argv)]).tolist()
    events = make_events(
        {"kind": Kind.EXEC, "pid": 9, "tid": 9, "time_ns": 5, "flags": 8, "payload": at[1]},
        {"nr": OPENAT, "time_ns": 10, "duration_ns": 5_000_000, "ret": -2, "flags": 8},
        {"nr": OPENAT, "time_ns": 6_000_000, "duration_ns": 50, "ret": 3, "flags": 8},
        {"nr": GETPID, "time_ns": 7_000_000, "duration_ns": 5, "flags": 8, "payload": at[2]},
    )
    events["pid"] = events["tid"] = 9
    processes = [Process(9, 1, NASTY, [NASTY, NASTY], start_ns=1, end_ns=8_000_000, serial=1)]
    return Trace(
        events, stream(first + argv + python), argv=[NASTY], processes=processes, engine=NASTY
    )


@given(traces())
@settings(max_examples=30)
def test_the_summary_table_is_the_summary(trace: Trace) -> None:
    summary = trace.summary()
    if not summary.syscalls:
        return
    told = shown(trace)[0]
    assert told.column("system calls", "syscall") == [s.name for s in summary.syscalls]
    calls = [int(text.replace(",", "")) for text in told.column("system calls", "calls")]
    assert calls == [s.calls for s in summary.syscalls]
    errors = told.column("system calls", "errors")
    assert errors == [
        "-" if s.errors is None else f"{s.errors:,}" if s.errors else "" for s in summary.syscalls
    ]


@given(traces())
@settings(max_examples=30)
def test_bars_of_latencies_have_all_calls_that_finished(trace: Trace) -> None:
    summary, told = trace.summary(), latencies(trace.summary())
    assert {name: sum(counts.values()) for name, counts in told.items()} == {
        s.name: s.finished for s in summary.syscalls if s.finished
    }
    for name, counts in told.items():
        fine = summary.histogram(name)
        assert list(counts) == sorted({bar_of(ns) for ns in fine})
    assert shown(trace)[1]["latency"]["bars"] == {
        name: [n for pair in counts.items() for n in pair] for name, counts in told.items()
    }


def test_bars_are_a_quarter_of_a_doubling() -> None:
    edges = [2 ** (k / 4) for k in range(40, 200)]
    assert [bar_of(round(edge * 1.01)) for edge in edges] == list(range(40, 200))
    assert bars({0: 1, 1: 2, 1024: 3, 1030: 4}) == {0: 3, 40: 7}


@given(traces())
@settings(max_examples=30)
def test_the_timeline_adds_up_to_the_calls(trace: Trace) -> None:
    line = timeline(trace)
    calls = trace.events[trace.events["kind"] == Kind.SYSCALL]
    assert line.calls.sum() == len(calls)
    assert sum(lane.events for lane in line.lanes) == len(trace)
    done = calls[calls["flags"] & int(Flag.UNFINISHED) == 0]
    for i, lane in enumerate(line.lanes):
        own = calls[(calls["pid"] == lane.pid) & (calls["tid"] == lane.tid)]
        assert line.calls[i].sum() == len(own)
        mine = done[(done["pid"] == lane.pid) & (done["tid"] == lane.tid)]
        took = Counter[int]()
        for call in mine:
            took[class_of(int(call["nr"]), int(call["abi"]))] += int(call["duration_ns"])
        never = [int(c["time_ns"]) for c in own if c["flags"] & int(Flag.UNFINISHED)]
        until = lane.last + line.origin_ns
        slack = 1e-5 * line.part_ns * PARTS
        assert line.time_ns[i].sum() == pytest.approx(
            sum(took.values()) + sum(until - at for at in never), rel=1e-6, abs=slack
        )
        if not never:
            for kind in range(len(CLASSES)):
                assert line.time_ns[i, kind].sum() == pytest.approx(took[kind], rel=1e-6, abs=slack)


def test_a_call_is_in_the_cells_that_it_lasted() -> None:
    """The run is 400 cells of 100 ns: a call from the middle of one to that of the next but one."""
    events = make_events(
        {"nr": READ, "time_ns": 1000, "duration_ns": 10, "pid": 7, "tid": 7},
        {"nr": FUTEX, "time_ns": 1250, "duration_ns": 200, "pid": 7, "tid": 7},
        {"nr": GETPID, "time_ns": 40_900, "duration_ns": 100, "pid": 7, "tid": 7},
    )
    line = timeline(Trace(events))
    assert (line.part_ns, line.origin_ns) == (100, 1000)
    kinds = list(CLASSES)
    assert line.time_ns[0, kinds.index("waiting")].tolist()[:6] == [0, 0, 50, 100, 50, 0]
    assert line.time_ns[0, kinds.index("files"), 0] == 10
    assert line.time_ns[0, kinds.index("other"), 399] == 100
    assert np.flatnonzero(line.calls[0]).tolist() == [0, 2, 399]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("futex", "waiting"), ("wait4", "waiting"), ("epoll_pwait2", "waiting")),
        *(("recvfrom", "network"), ("openat", "files"), ("read", "files"), ("mmap", "files")),
        *(("brk", "memory"), ("clone3", "processes"), ("getpid", "other")),
    ],
)
def test_calls_are_of_the_class_of_their_use(name: str, kind: str) -> None:
    from fasttrace.syscalls.names import syscall_number

    assert list(CLASSES)[class_of(syscall_number(name), 0)] == kind
    assert class_of(99_999, 0) == class_of(-1, 77) == len(CLASSES) - 1


def test_threads_beyond_the_first_hundred_are_one_line() -> None:
    events = make_events(
        *({"nr": READ, "pid": 5, "tid": 5 + i % 130, "time_ns": i, "duration_ns": 1}
          for i in range(131 + 100))
    )  # fmt: skip
    line = timeline(Trace(events))
    assert (len(line.lanes), line.left) == (lanes.LANES + 1, 30)
    assert line.lanes[-1].pid == 0
    assert sum(lane.events for lane in line.lanes) == len(events) == line.calls.sum()
    told, data = shown(Trace(events))
    assert (
        "The 100 threads with most events have a line each, the other 30 one together."
        in (told.sections["timeline"])
    )
    assert data["timeline"]["lanes"][-1] == "30 other threads"


def test_files_have_the_calls_that_where_chooses() -> None:
    trace = example()
    files = {file.path: file for file in trace.files().files}
    assert {"/etc/hosts", "/from"} <= files.keys()
    for path, file in files.items():
        chosen = trace.where(path=re.compile(f"^{re.escape(path)}$"))
        assert (file.calls, file.errors) == (len(chosen), len(chosen.where(failed=True)))
        assert file.total_ns == sum(call.duration_ns for call in chosen)


def test_a_file_has_the_bytes_that_went_through_its_descriptors() -> None:
    """By a relative path and from the root it is one file; a part has only its own calls."""
    cwd = item(b"/srv", arg=0)
    name = item(b"data.txt", arg=1)
    has, at = Flag.PAYLOAD, len(cwd)
    here = -100 & 0xFFFFFFFF
    events = make_events(
        {"nr": 80, "flags": has, "payload": 0},
        {"nr": OPENAT, "args": (here, 1, 2, 0, 0, 0), "ret": 3, "flags": has, "payload": at},
        {"nr": READ, "args": (3, 0, 100, 0, 0, 0), "ret": 70},
        {"nr": READ, "args": (3, 0, 100, 0, 0, 0), "ret": -5},
        {"nr": WRITE, "args": (3, 0, 100, 0, 0, 0), "ret": 12},
        {"nr": CLOSE, "args": (3, 0, 0, 0, 0, 0)},
        {"nr": WRITE, "args": (3, 0, 100, 0, 0, 0), "ret": -9},
    )
    events["pid"] = events["tid"] = 7
    events["time_ns"] = np.arange(10, 17)
    trace = Trace(events, stream(cwd + name))
    told = trace.files()
    (file,) = [one for one in told.files if "data" in one.path]
    assert file == ("/srv/data.txt", 5, 1, 0, 70, 12)
    assert sorted(told.errors) == [
        ("read", "EIO", "/srv/data.txt", 1),
        ("write", "EBADF", None, 1),
    ]
    part = trace.where(syscall="read")
    (file,) = part.files().files
    assert file == ("/srv/data.txt", 2, 1, 0, 70, 0)


@given(traces())
@settings(max_examples=30)
def test_errors_by_path_are_the_errors_of_the_summary(trace: Trace) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for one in trace.files().errors:
        found[one.name, one.errno] += one.calls
    assert found == {
        (s.name, errno): count
        for s in trace.summary().syscalls
        for errno, count in s.errnos.items()
    }


@given(traces())
@settings(max_examples=30)
def test_the_slowest_calls_are_those_that_took_longest(trace: Trace) -> None:
    found = sections.slowest(trace, 5)
    took = sorted((call.duration_ns for call in trace.calls()), reverse=True)
    assert [call.duration_ns for call in found] == took[:5]
    rows = shown(trace)[0].tables.get("slowest calls", [[]])[1:]
    assert len(rows) == min(len(took), sections.SLOWEST)


def test_a_slow_call_is_the_line_of_strace() -> None:
    told = shown(example())[0]
    lines = told.column("slowest calls", "call")
    assert 'openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3' in lines


def test_every_process_is_in_the_tree() -> None:
    told = shown(Trace(make_events(), processes=PROCESSES, argv=["make"]))[0]
    text = told.sections["processes"]
    for process in PROCESSES:
        assert " ".join(process.argv) in text
        assert f" {process.pid}" in text
    assert "exit 1" in text
    assert "SIGKILL" in text
    assert sum(tag == "li" for tag, _ in told.tags) == len(PROCESSES)


def test_a_tree_of_any_depth_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one of many processes says how many are not there."""
    deep = [Process(i, i - 1, start_ns=i, serial=i) for i in range(1, 200)]
    told = shown(Trace(make_events(), processes=deep))[0]
    assert sum(tag == "li" for tag, _ in told.tags) == len(deep)
    assert "Those deeper than 40 levels" in told.sections["processes"]
    monkeypatch.setattr(process_tree, "PROCESSES", 50)
    told = shown(Trace(make_events(), processes=deep))[0]
    assert sum(tag == "li" for tag, _ in told.tags) == 50
    assert "The first 50 of 199 processes." in told.sections["processes"]


def test_what_is_left_out_of_tables_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLOWEST", "ERRORS", "FILES"):
        monkeypatch.setattr(sections, name, 1)
    monkeypatch.setattr(page, "DRAWN", 2)
    trace = example()
    told, data = shown(trace)
    calls = trace.summary().total_calls
    assert f"The 1 slowest of {calls} calls" in told.sections["slowest"]
    assert "The 1 most frequent of 3 kinds of errors" in told.sections["errors"]
    assert "longest used of 3 files" in told.sections["files"]
    assert f"The 2 longest of {calls} calls are drawn one by one" in told.sections["timeline"]
    assert len(data["timeline"]["drawn"]) <= 2


def test_lines_of_python_are_a_section_where_they_are_known() -> None:
    told = shown(hostile())[0]
    assert told.column("Python lines", "calls") == ["2", "1"]
    assert told.column("Python lines", "syscalls") == ["openat:2", "getpid:1"]
    assert "lines" not in shown(example())[0].sections


def test_frames_are_found_behind_other_items() -> None:
    """However many items an event has, and whatever offsets a damaged trace tells."""
    frame = item(np.array([7, 1 << 16 | 1], "<u4").tobytes() + b"af", type=8)
    events = make_events({"nr": GETPID, "flags": 8}, {"nr": GETPID, "flags": 8, "payload": 1 << 63})
    for others in (0, 1, 5):
        before = item(b"odd", flags=1) * others
        assert has_frames(events, stream(before + frame))
        assert not has_frames(events, stream(before + item(b"odd")))
        assert not has_frames(events, stream((before + frame)[:-17]))
    assert has_frames(events, stream(item(b"odd", flags=1) * 50))
    assert not has_frames(events, stream(b""))
    assert not has_frames(make_events({"nr": GETPID}), stream(frame))


def test_many_calls_are_a_small_page() -> None:
    """120 threads, 20,000 paths, six kinds of calls; plotly.js comes on top."""
    count = 1_000_000 if os.environ.get("FASTTRACE_LONG") else 100_000
    paths = [item(b"/srv/data/%06d.bin" % i, arg=1) for i in range(20_000)]
    events = np.zeros(count, EVENT_DTYPE)
    i = np.arange(count)
    events["kind"] = Kind.SYSCALL
    events["pid"], events["tid"] = 5, 5 + i % 120
    events["time_ns"], events["duration_ns"] = i * 1000, i % 997 * 100
    events["nr"] = np.array([OPENAT, READ, CLOSE, FUTEX, GETPID, RENAME])[i % 6]
    named = events["nr"] == OPENAT
    events["payload"][named] = i[named] % len(paths) * len(paths[0])
    events["flags"][named] = Flag.PAYLOAD | Flag.ERROR
    events["ret"][named] = -2
    parts = page.parts_of(Trace(events, stream(b"".join(paths))))
    assert len(parts.body) + len(parts.data) < 3_000_000
    told = Page(parts.body)
    calls = [int(text.replace(",", "")) for text in told.column("system calls", "calls")]
    assert sum(calls) == count
    assert len(told.tables["files touched"]) == sections.FILES + 1


def test_names_of_programs_are_nothing_but_text() -> None:
    """Every tag is one of ours, no attribute holds what they chose, and JSON ends no script."""
    parts = page.parts_of(hostile())
    told = Page(parts.body)
    assert not {tag for tag, _ in told.tags} & {"script", "b"}
    for _, attributes in told.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert not any("alert" in (value or "") for value in attributes.values())
    seen = "</script><script>alert(1)</script><!--\"'&amp;\\x1b[2J\\u202e\\xff\\n<b onclick=x>"
    assert seen in told.sections["files"]
    assert seen in told.sections["errors"]
    assert seen.replace("'", "'\"'\"'") in told.sections["processes"]  # as a shell quotes it
    assert seen in told.sections["lines"]
    assert re.search(r"[<>&\x00-\x1f\x7f-\U0010ffff]", parts.data) is None
    assert not any(c in parts.title for c in "<>\x1b\u202e")
    # plotly takes tags in labels and in hover texts for tags.
    line = json.loads(parts.data)["timeline"]
    assert all("<" not in text for text in (*line["lanes"], *(d[4] for d in line["drawn"])))


def test_a_long_text_is_cut_and_says_so() -> None:
    processes = [Process(9, 1, "a", ["x" * 1_000_000], start_ns=1, serial=1)]
    parts = page.parts_of(Trace(make_events(), processes=processes, argv=["y" * 1_000_000]))
    assert len(parts.body) < 100_000
    assert "(999,760 more characters)" in parts.body


def test_an_empty_trace_says_no_calls() -> None:
    told = shown(Trace())[0]
    for name in ("summary", "timeline", "slowest", "findings"):
        assert "no calls" in told.sections[name]
    assert told.tables == {}


@given(traces())
@settings(max_examples=20)
def test_a_part_has_a_page_of_its_own(trace: Trace) -> None:
    part = trace.where(syscall="read")
    told = shown(part)[0]
    names = told.column("system calls", "syscall") if "system calls" in told.tables else []
    assert names == (["read"] if len(part) else [])


def test_calls_without_results_are_shown_without_times() -> None:
    events = make_events({"nr": READ, "time_ns": 5, "pid": 1, "tid": 1})
    told = shown(Trace(events, results=False))[0]
    assert told.column("system calls", "total") == ["-"]
    assert "It was not recorded how calls ended" in told.sections["summary"]
    assert "no call whose time is known" in told.sections["latency"]


def test_progress_counts_each_event_so_often() -> None:
    seen: list[int] = []
    trace = example()
    page.parts_of(trace, progress=seen.append)
    assert sum(seen) == page.PASSES * len(trace)


def test_without_plotly_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.delitem(sys.modules, "plotly.offline", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'fasttrace\[html\]'"):
        example().to_html(tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_a_whole_file_or_none(tmp_path: Path) -> None:
    """Its policy allows the two scripts that are in it, and nothing from anywhere."""
    pytest.importorskip("plotly")
    out = tmp_path / "x.html"
    out.write_text("what was there")
    hostile().to_html(out)
    text = out.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert text.endswith("</html>\n")
    assert "default-src 'none'; script-src 'sha256-" in text
    assert list(tmp_path.iterdir()) == [out]
    assert out.stat().st_size < 6_000_000
    with pytest.raises(OutputError, match="cannot write"):
        example().to_html(tmp_path / "no" / "x.html")
