"""Promise: the summary table is aligned, sorted as asked, and honest about what has no time."""

from __future__ import annotations

import doctest

import pytest
from synthetic import GETPID, OPENAT, READ, make_events

from fasttrace.data.events import Flag
from fasttrace.data.processes import Process
from fasttrace.data.summary import Summary
from fasttrace.data.summary_table import SORT_KEYS, summary_table
from fasttrace.data.trace import Trace
from fasttrace.report.tables_by import tables_by
from fasttrace.text import units
from fasttrace.text.units import duration


def summary() -> Summary:
    return Trace(
        make_events(
            *({"nr": READ, "pid": 5, "duration_ns": 1000} for _ in range(6)),
            {"nr": OPENAT, "pid": 5, "duration_ns": 2_000_000, "ret": -2},
            {"nr": OPENAT, "pid": 6, "duration_ns": 2_000_000, "ret": -13},
            {"nr": OPENAT, "pid": 6, "duration_ns": 2_000_000, "ret": -2},
            {"nr": GETPID, "pid": 6, "flags": Flag.UNFINISHED},
        ),
        processes=[
            Process(5, comm="cat", argv=["cat", "a\x1b[2J\n"], serial=1),
            Process(6, comm="ls", serial=2),
        ],
        engine="ptrace",
        exit_status=-9,
        wall_ns=1_500_000_000,
    ).summary()


def test_the_table_is_aligned_and_whole() -> None:
    assert summary_table(summary()).splitlines() == [
        "% time    total  calls  errors      min      p50      p99      max  syscall",
        "------  -------  -----  ------  -------  -------  -------  -------  ----------------",
        " 99.90  6.00 ms      3       3  2.00 ms  2.00 ms  2.00 ms  2.00 ms  openat"
        "  ENOENT:2 EACCES:1",
        "  0.10  6.00 us      6          1.00 us  1.00 us  1.00 us  1.00 us  read",
        "     -      -        1       -      -        -        -        -    getpid",
        "------  -------  -----  ------  -------  -------  -------  -------  ----------------",
        "100.00  6.01 ms     10       3                                      total",
        "",
        "10 calls, 3 failed, 2 processes, 1.50 s wall, engine ptrace, killed by signal 9",
    ]
    assert str(summary()) == summary_table(summary())


@pytest.mark.parametrize(
    ("key", "order"),
    [
        ("time", ["openat", "read", "getpid"]),
        ("calls", ["read", "openat", "getpid"]),
        ("errors", ["openat", "read", "getpid"]),
        ("name", ["getpid", "openat", "read"]),
        *((key, ["openat", "read", "getpid"]) for key in ("min", "max", "avg", "p50", "p99")),
    ],
)
def test_each_key_sorts_the_greatest_first(key: str, order: list[str]) -> None:
    lines = summary_table(summary(), sort=key).splitlines()[2:5]
    assert [name for line in lines for name in order if f"  {name}" in line] == order


def test_every_sort_key_is_tested_and_others_refused() -> None:
    assert set(SORT_KEYS) == {
        "time", "calls", "errors", "name", "min", "max", "avg", "p50", "p99",
    }  # fmt: skip
    with pytest.raises(ValueError, match="one of time, calls"):
        summary_table(summary(), sort="colour")


def test_escapes_only_when_told() -> None:
    assert "\x1b" not in summary_table(summary())
    coloured = summary_table(summary(), color=True)
    assert "\x1b[31m  ENOENT:2" in coloured
    plain = coloured.replace("\x1b[31m", "").replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert plain == summary_table(summary())


def test_each_group_has_a_table() -> None:
    text = tables_by(summary(), "pid")
    assert text.startswith("pid 6: ls\n% time")
    assert "pid 5: cat 'a\\x1b[2J\\n'\n" in text
    assert "pid 5: cat …\n" in tables_by(summary(), "pid", width=12)
    assert text.count("wall") == 1
    assert tables_by(summary(), "comm").count("comm ") == 2


def test_no_calls_make_an_empty_table() -> None:
    text = summary_table(Summary(exit_status=0))
    assert text.endswith("no calls, 0 ns wall, exit status 0")
    assert len(text.splitlines()) == 6
    assert tables_by(Summary(), "pid") == "no calls, 0 ns wall"


def test_what_is_not_known_is_no_number() -> None:
    only = Trace(make_events({"nr": READ, "flags": Flag.UNFINISHED}), results=False).summary()
    text = summary_table(only)
    assert text.splitlines()[2].split() == ["-", "-", "1", *"-----", "read"]
    assert text.splitlines()[4].split() == ["-", "-", "1", "-", "total"]
    assert "1 calls, - failed" in text


def test_who_fell_back_is_told() -> None:
    def told(*fallbacks: str) -> list[str]:
        processes = [Process(n, fallback=why) for n, why in enumerate(fallbacks, 1)]
        return str(Summary(engine="inline", processes=processes)).splitlines()[-2:]

    assert told("", "")[1].endswith("2 processes, 0 ns wall, engine inline")
    assert told("a", "", "b", "a") == [
        "no calls, 4 processes, 0 ns wall, engine inline, ptrace for 3 of 4 processes",
        "not inline: a (2 processes); b (1 process)",
    ]
    assert told("a")[0].endswith("wall, engine ptrace")


def test_lost_events_are_shouted() -> None:
    assert "7 events LOST" in str(Summary(lost=7))
    assert str(Summary(finished=False)).endswith(", NOT FINISHED")


def test_durations_have_three_digits_and_a_unit() -> None:
    assert doctest.testmod(units).failed == 0
    for ns, text in [
        (0, "0 ns"), (999, "999 ns"), (1000, "1.00 us"), (9994, "9.99 us"), (9996, "10.0 us"),
        (99_960, "100 us"), (999_499, "999 us"), (999_999, "1.00 ms"), (59_000_000_000, "59.0 s "),
        (7_200_000_000_000, "7200 s "),
    ]:  # fmt: skip
        assert duration(ns) == text
