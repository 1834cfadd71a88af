"""What looking at ten million recorded calls costs."""

from __future__ import annotations

import numpy as np
import pytest

import fasttrace

EVENTS = 10_000_000


@pytest.fixture(scope="module")
def trace():
    rng = np.random.default_rng(1)
    events = np.zeros(EVENTS, fasttrace.EVENT_DTYPE)
    events["kind"] = fasttrace.Kind.SYSCALL
    events["nr"] = rng.choice([0, 1, 3, 9, 257, 262], EVENTS)
    events["duration_ns"] = rng.lognormal(7, 1, EVENTS)
    events["time_ns"] = np.arange(EVENTS) * 1000
    failed = rng.random(EVENTS) < 0.05
    events["ret"][failed] = -2
    events["flags"][failed] = fasttrace.Flag.ERROR
    events["pid"] = events["tid"] = 1
    return fasttrace.Trace(events)


def test_summary_of_ten_million(in_turn, trace):
    assert trace.summary().total_calls == EVENTS
    # A Trace counts once: each turn gets a new one.
    in_turn({"Trace.summary() (<= 0.3 s)": lambda: fasttrace.Trace(trace.events).summary()})


def test_text_of_two_million(in_turn, trace):
    """As `report --calls` makes it; 2 M lines a second are asked."""
    from fasttrace.report.call_line import CallLines

    events = trace.events[: EVENTS // 5]
    chunks = [np.ascontiguousarray(events[i : i + 16384]) for i in range(0, len(events), 16384)]

    def text():
        lines = CallLines(origin_ns=0)
        return sum(len(lines.text(chunk.data, memoryview(b""))) for chunk in chunks)

    assert text() > 40 * len(events)
    in_turn({"2 M lines of text (<= 1 s)": text})


@pytest.fixture(scope="module")
def looked_up(tmp_path_factory):
    """Real calls with what their arguments point to: half of them stat(2)."""
    path = tmp_path_factory.mktemp("bench") / "x.fst"
    return fasttrace.record(["find", "/usr", "-size", "+1"], path=path, stdout=-3)


def test_calls_as_python_values(in_turn, looked_up):
    """300,000 a second are asked, with args."""
    count = sum(len(call.args) > 0 for call in looked_up.calls())
    assert count > 100_000

    def values():
        for call in looked_up.calls():
            call.args  # noqa: B018

    in_turn(
        {
            f"{count:,} calls with args (<= {count / 300_000:.1f} s)": values,
            "as lines": lambda: [str(call) for call in looked_up.calls()],
        }
    )


def test_lines_of_json(in_turn, looked_up):
    """300,000 a second are asked, a million is the aim."""
    events, payload = looked_up.events, looked_up.payload.data
    chunks = [np.ascontiguousarray(events[i : i + 16384]) for i in range(0, len(events), 16384)]

    def text():
        lines = looked_up.json_events()
        return sum(len(lines.text(chunk.data, payload)) for chunk in chunks)

    assert text() > 300 * len(events)
    in_turn({f"{len(events):,} lines of JSON (<= {len(events) / 300_000:.1f} s)": text})
