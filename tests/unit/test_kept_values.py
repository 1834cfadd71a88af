"""Promise: what is public can be pickled, copied and compared, and a notebook shows it as a table
in which no name of a hostile program is more than text."""

from __future__ import annotations

import copy
import html.parser
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from exported import example
from hypothesis import given, settings
from synthetic import PROCESSES, READ, make_events, traces

import fasttrace
from fasttrace import errors
from fasttrace._tally import Tally, restored
from fasttrace.data.difference import Difference
from fasttrace.data.processes import Process
from fasttrace.data.run_info import RunInfo
from fasttrace.data.summary import Summary
from fasttrace.data.trace import Trace
from fasttrace.syscalls.sets import parse_selection
from fasttrace.tracing.altering import Completed

Way = Callable[[Any], Any]
WAYS: list[Way] = [lambda value: pickle.loads(pickle.dumps(value)), copy.copy, copy.deepcopy]


def used(trace: Trace) -> Trace:
    """It has counted, and keeps what it has counted."""
    str(trace.summary())
    list(trace)
    return trace


def same_trace(a: Trace, b: Trace) -> bool:
    return (
        a.events.tobytes() == b.events.tobytes()
        and a.payload.tobytes() == b.payload.tobytes()
        and (a.info, a.processes) == (b.info, b.processes)
        and list(a) == list(b)
        and not a.events.flags.writeable
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_trace_comes_back_from_every_way(way: Way) -> None:
    for trace in (example(), used(example()), used(example()).where(failed=True), Trace()):
        back = way(trace)
        assert same_trace(back, trace)
        assert back.summary() == trace.summary()
        assert repr(back) == repr(trace)


@pytest.mark.parametrize("way", WAYS)
def test_a_summary_comes_back_with_its_histograms(way: Way) -> None:
    summary = example().summary()
    back = way(summary)
    assert back == summary
    assert hash(back) == hash(summary)
    assert str(back) == str(summary)
    assert back.to_dict() == summary.to_dict()
    assert back.histogram("openat") == summary.histogram("openat")
    assert back.by("pid").keys() == summary.by("pid").keys()
    assert (back + summary).total_calls == 2 * summary.total_calls


@pytest.mark.parametrize("way", WAYS)
def test_a_trace_that_came_back_can_be_asked(way: Way) -> None:
    trace = example()
    assert trace.where(fd=3).to_records() == way(trace).where(fd=3).to_records() != []
    part = trace.where(kind="syscall")
    assert len(way(part).where(path="/")) == len(part.where(path="/"))


@settings(max_examples=60)
@given(traces())
def test_drawn_summaries_come_back(trace: Trace) -> None:
    summary = trace.summary()
    assert pickle.loads(pickle.dumps(summary)) == summary
    nothing = (summary + Summary()) - summary
    assert (not nothing, nothing.total_calls, nothing.syscalls) == (True, 0, ())
    twice = (summary + summary) - summary
    assert twice.calls == {s.name: s.calls for s in summary.syscalls}
    assert twice.total_errors == summary.total_errors


def test_processes_of_a_summary_may_be_made_late() -> None:
    summary = Summary(example().summary()._tally, processes=lambda: PROCESSES)
    assert pickle.loads(pickle.dumps(summary)).processes == PROCESSES


@pytest.mark.parametrize("way", WAYS)
def test_small_values_and_errors_come_back(way: Way) -> None:
    trace = example()
    values = [
        *(trace.processes[0], trace[1], trace.info, trace.summary().syscalls[0]),
        *(parse_selection("%file,!stat"), fasttrace.Kind.EXIT, fasttrace.Flag.ERROR),
        *(fasttrace.Answer(reply=3), trace.summary() - Summary()),
    ]
    for value in values:
        assert way(value) == value
    done = Completed(["a"], 0, trace, trace.processes)
    assert repr(way(done)) == repr(done)
    assert same_trace(way(done).altered, trace)
    raised: list[BaseException] = [
        *(errors.TraceError(2, "no"), errors.UsageError("no"), errors.ForkedError()),
        *(errors.MissingExtra.of("a", "b"), errors.NoSuchProcess.of(7)),
        errors.EngineUnavailable.of("x", "y"),
    ]
    for error in raised:
        back = way(error)
        assert (type(back), str(back), getattr(back, "errno", 0)) == (
            *(type(error), str(error)),
            getattr(error, "errno", 0),
        )
    assert way(fasttrace.Interrupted(trace.summary())).result == trace.summary()


def test_a_tally_is_made_again_only_of_what_a_tally_tells() -> None:
    tally = example().summary()._tally
    made = restored([(tuple(row), tally.hist(i)) for i, row in enumerate(tally.rows())])
    assert made.rows() == tally.rows()
    row, hist = tally.rows()[0], tally.hist(0)
    for odd in (
        (row._replace(finished=row.finished + 1), hist),
        (row._replace(calls=0), hist),
        (row._replace(min_ns=5, max_ns=4), hist),
        (row, {1 << 40: 1}),
        (row, {-1: 1}),
        (row._replace(errnos=dict.fromkeys(range(5000), 1)), hist),
    ):
        with pytest.raises(ValueError, match="no row of a tally"):
            Tally().put(*odd)
    for negative in (row._replace(calls=-1), row._replace(nr=1 << 40)):
        with pytest.raises(OverflowError):
            Tally().put(negative, hist)


def test_equal_summaries_are_of_the_same_run_and_count_the_same() -> None:
    trace = example()
    summary = trace.summary()
    assert summary == example().summary()
    others = [
        trace[1:-1].where(failed=True).summary(),
        Trace(trace.events, trace.payload, trace.info, processes=[], wall_ns=3).summary(),
        Summary(summary._tally, summary.info._replace(exit_status=0), processes=trace.processes),
    ]
    events = trace.events.copy()
    events["duration_ns"][1] += 1
    others.append(Trace(events, trace.payload, trace.info, processes=PROCESSES).summary())
    for other in others:
        assert summary != other
    assert summary != "a summary"
    assert Summary(argv=["a"]) == Summary(argv=("a",))


def runs() -> tuple[Summary, Summary]:
    before = make_events(
        *[{"nr": READ, "pid": 100, "duration_ns": 10}] * 3,
        {"nr": 1, "pid": 100, "ret": -11, "duration_ns": 5},
    )
    after = make_events(
        *[{"nr": READ, "pid": 100, "duration_ns": 10}] * 5,
        {"nr": 1, "pid": 100, "ret": -32, "duration_ns": 7},
        {"nr": 39, "pid": 100, "duration_ns": 2},
    )
    return Trace(before, wall_ns=50).summary(), Trace(after, wall_ns=40).summary()


def test_a_difference_says_what_there_is_more_and_less() -> None:
    before, after = runs()
    difference = after - before
    assert difference.calls == {"read": 2, "getpid": 1}
    assert difference.errors == {}
    assert {c.name: c.errnos for c in difference.syscalls}["write"] == {"EPIPE": 1, "EAGAIN": -1}
    assert (difference.total_calls, difference.total_errors) == (3, 0)
    assert (difference.total_ns, difference.wall_ns) == (24, -10)
    assert [c.name for c in difference.syscalls] == ["read", "getpid", "write"]
    assert bool(difference)
    back = before - after
    assert back.calls == {"read": -2, "getpid": -1}
    assert "write EAGAIN:+1 EPIPE:-1" in str(back)
    assert "-2" in str(back)
    assert repr(difference) == (
        "<Difference: +3 calls, +0 failed, -10 ns wall, 3 kinds of calls differ>"
    )
    assert difference.to_dict()["syscalls"][0]["calls"] == 2


def test_runs_that_differ_in_times_alone_do_not_differ() -> None:
    before, _ = runs()
    slower = before.to_dict() and Summary(before._tally, before.info, wall_ns=99)
    assert not slower - before
    assert str(slower - before) == "the same calls and errors, +49 ns wall"


def test_without_results_errors_and_times_are_not_known() -> None:
    before, after = runs()
    counted = Summary(after._tally, after.info, results=False)
    difference = counted - before
    assert difference.calls == {"read": 2, "getpid": 1}
    assert (difference.total_errors, difference.total_ns) == (None, None)
    assert all(c.errors is c.total_ns is None and not c.errnos for c in difference.syscalls)
    assert "- failed" in difference.title
    assert isinstance(difference, Difference)


def test_only_summaries_are_subtracted() -> None:
    with pytest.raises(TypeError):
        Summary() - 3  # type: ignore[operator]


class Text(html.parser.HTMLParser):
    """What a browser would show, and which tags it would meet."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert all(name == "style" and str(value).startswith("text-align") for name, value in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e&amp;"
TAGS = {"table", "thead", "tbody", "tr", "th", "td", "p"}


def test_notebooks_show_names_as_text() -> None:
    trace = example()
    process = Process(100, 1, HOSTILE, [HOSTILE, "-x"], engine=HOSTILE, fallback=HOSTILE, serial=1)
    hostile = Trace(trace.events, trace.payload, RunInfo([HOSTILE]), processes=[process])
    done = Completed([HOSTILE], 0, hostile, [process])
    for value in (process, hostile, hostile[0], hostile.summary(), done):
        shown = Text(value._repr_html_())
        assert shown.tags <= TAGS, value
        assert "\x1b" not in shown.text
        if value is not hostile[0]:
            assert "script" not in shown.tags
    assert "<script>alert(1)</script>\\x1b[2J" in Text(process._repr_html_()).text
    assert "<script>" in Text(hostile._repr_html_()).text


def test_notebooks_show_the_calls_and_counts() -> None:
    trace = example()
    assert 'openat(AT_FDCWD, "/etc/hosts"' in Text(trace._repr_html_()).text
    assert "openat" in Text(trace.summary()._repr_html_()).text
    many = Trace(np.tile(trace.events, 10), trace.payload, trace.info, processes=PROCESSES)
    shown = many._repr_html_()
    assert shown.count("<tr>") == 21
    assert "and 110 more" in shown
    before, after = runs()
    assert "getpid" in Text((after - before)._repr_html_()).text
    assert "stat" in Text(parse_selection("%stat")._repr_html_()).text
    assert "no calls" in Text(Summary()._repr_html_()).text
    assert "0 events" in Text(Trace()._repr_html_()).text
