"""Promise: no line of a table is wider than the terminal: one column is cut for that, with an
ellipsis. Into a pipe or a file nothing is ever cut.
"""

from __future__ import annotations

import doctest
import fcntl
import os
import re
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import FASTTRACE
from synthetic import OPENAT, READ, make_events

from fasttrace.cli.output import Output
from fasttrace.data.summary_table import summary_table
from fasttrace.data.trace import Trace
from fasttrace.report.tables_by import tables_by
from fasttrace.text import table
from fasttrace.text.table import Columns

ROWS = [("name", "what", "size"), ("a", "something long", "1"), ("longer", "short", "1000")]


def lines(columns: Columns) -> list[str]:
    return [*map(columns.line, ROWS), columns.rule()]


def test_the_examples_are_true() -> None:
    assert doctest.testmod(table).failed == 0


def test_without_a_width_nothing_is_cut() -> None:
    assert lines(Columns(ROWS, "<<>")) == [
        "name    what            size",
        "a       something long     1",
        "longer  short           1000",
        "------  --------------  ----",
    ]


def test_the_last_left_aligned_column_is_cut() -> None:
    assert lines(Columns(ROWS, "<<>", width=22)) == [
        "name    what      size",
        "a       somethi…     1",
        "longer  short     1000",
        "------  --------  ----",
    ]


def test_the_caller_may_choose_the_column() -> None:
    rows = [(what, name) for name, what, _ in ROWS]
    columns = Columns(rows, "<<", width=16, flexible=0)
    assert [*map(columns.line, rows), columns.rule()] == [
        "what      name",
        "somethi…  a",
        "short     longer",
        "--------  ------",
    ]


@pytest.mark.parametrize("width", [28, 29, 1000])
def test_a_terminal_that_is_wide_enough_changes_nothing(width: int) -> None:
    assert lines(Columns(ROWS, "<<>", width=width)) == lines(Columns(ROWS, "<<>"))


@pytest.mark.parametrize("width", [0, 1, 18])
def test_too_narrow_for_the_other_columns_all_is_shown(width: int) -> None:
    assert lines(Columns(ROWS, "<<>", width=width)) == lines(Columns(ROWS, "<<>"))
    assert Columns(ROWS, "<<>", width=width).wrapped("one two three four") == ["one two three four"]


def test_numbers_alone_are_never_cut() -> None:
    assert Columns([("10", "2000")], ">>", width=7).line(("10", "2000")) == "10  2000"


def test_a_cell_that_stands_out_gives_way_too() -> None:
    """Only if the line has no room for it once the flexible column is cut."""
    columns = Columns([("x" * 20, "yes", "because of this")], "<<<", most=10, width=30)
    assert columns.line(("x" * 10, "no", "because of this")) == "xxxxxxxxxx  no   because of t…"
    assert columns.line(("x" * 20, "yes", "because of this")) == "xxxxxxxxx…  yes  because of t…"
    assert columns.line(("x", "a long note of its own")) == "x           a long no…"
    assert columns.line(("x" * 20, "yes")) == "x" * 20 + "  yes"


def test_what_may_not_be_lost_is_wrapped() -> None:
    columns = Columns([("name", "a text of some words")], "<<", width=20)
    assert columns.wrapped("give it --cap-add=SYS, or") == ["give it", "--cap-add=SYS,", "or"]
    assert columns.wrapped("") == [""]
    assert Columns([], "<<").wrapped("a text " * 50) == ["a text " * 50]


@given(
    st.lists(st.tuples(*[st.text("ab ", max_size=20)] * 3), min_size=1),
    st.sampled_from(["<<<", "<<>", "><>", ">><"]),
    st.integers(0, 80),
)
def test_no_line_is_wider_if_that_can_be(
    rows: list[tuple[str, ...]], align: str, width: int
) -> None:
    flexible = align.rfind("<")
    others = sum(max(len(row[i]) for row in rows) for i in range(3) if i != flexible)
    columns, whole = Columns(rows, align, width=width), Columns(rows, align)
    for row in rows:
        line = columns.line(row)
        assert len(line) <= width or (line == whole.line(row) and width < others + 4 + 5)


def counted() -> Trace:
    long = {"nr": OPENAT, "flags": 0, "duration_ns": 1000}
    return Trace(make_events(*({**long, "ret": -n} for n in range(1, 9)), {"nr": READ}))


@pytest.mark.parametrize("color", [False, True])
def test_a_summary_fits_into_80_columns(color: bool) -> None:
    summary = counted().summary()
    for text in (
        summary_table(summary, color=color, width=80),
        tables_by(summary, "pid", color=color, width=80),
    ):
        shown = re.sub(r"\x1b\[\d*m", "", text).splitlines()
        assert max(map(len, shown)) == 80
        assert any(re.search(r"  openat  E.*…$", line) for line in shown)
    one = Trace(make_events({"nr": OPENAT, "flags": 0, "ret": -2}, {"nr": READ})).summary()
    all_of_it = max(map(len, summary_table(one).splitlines()[:4]))
    for less, columns in [
        (0, "% time total calls errors min p50 p99 max"),
        (1, "% time total calls errors p50 p99 max"),
        (11, "% time total calls errors p50 max"),
        (18, "% time total calls errors max"),
        (25, "total calls errors max"),
    ]:
        table = summary_table(one, sort="max", width=all_of_it - less)
        heading, _, row, *_ = table.splitlines()
        assert heading.split()[:-1] == columns.split()
        assert row.endswith("  openat  ENOENT:1")
    wide = summary_table(summary, color=color)
    assert summary_table(summary, color=color, width=1000) == wide
    assert "…" not in wide


class Screen:
    """A terminal of so many columns."""

    def __init__(self, columns: int) -> None:
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def shown(self, *args: str) -> list[str]:
        """What fasttrace shows there."""
        done = subprocess.run([*FASTTRACE, *args], stdout=self.slave, check=False)
        assert done.returncode == 0
        return os.read(self.master, 1 << 16).decode().replace("\r\n", "\n").splitlines()


@pytest.fixture
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    for name in ("COLUMNS", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    made = Screen(getattr(request, "param", 80))
    yield made
    os.close(made.master)
    os.close(made.slave)


def test_a_verb_cuts_on_a_terminal_only(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path / "x.fst")
    counted().save(folder)
    narrow = screen.shown("report", folder)
    assert max(map(len, narrow)) == 80
    assert "…" in "".join(narrow)
    monkeypatch.setenv("COLUMNS", "200")
    wide = screen.shown("report", folder)
    assert max(map(len, wide)) > 80
    monkeypatch.setenv("COLUMNS", "80")
    piped = subprocess.run(
        [*FASTTRACE, "report", folder], stdout=subprocess.PIPE, text=True, check=True
    )
    assert piped.stdout.splitlines() == wide


@pytest.mark.parametrize(
    ("screen", "said", "width"),
    [(80, None, 80), (132, "", 132), (80, "100", 100), (80, "0", 80), (9, "x", 9), (0, None, None)],
    indirect=["screen"],
)
def test_columns_says_more_than_the_terminal(
    screen: Screen, said: str | None, width: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if said is not None:
        monkeypatch.setenv("COLUMNS", said)
    with Output(os.ttyname(screen.slave)) as output:
        assert output.width == width


def test_a_file_has_no_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with Output(str(tmp_path / "x")) as output:
        assert output.width is None
