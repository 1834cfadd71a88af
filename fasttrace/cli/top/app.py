"""The screen of `fasttrace top`. Textual is imported with this file, by nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from rich.cells import cell_len
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import DataTable, Footer, Input, RichLog, Static

from fasttrace.analysis.rates import (
    Moment,
    Rate,
    View,
    by_file,
    by_process,
    by_syscall,
    of_file,
    of_file_and_syscall,
    of_process,
    of_syscall,
    rates,
)
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

ROWS_SHOWN = 200  # the first: nobody reads more, and each costs time
PATH_SHOWN = 60  # characters: the last, which tell files apart

Sorted = Callable[[Rate], Any]


class Column(NamedTuple):
    title: str
    cell: Callable[[Rate], str]
    order: Sorted
    """The greatest first; of text the first of the alphabet."""


def _ns(ns: int | None) -> str:
    return "" if ns is None else duration(ns).rstrip()


def _per_s(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 or not value else f"{value:.1f}"


RATES = [
    Column("calls/s", lambda r: _per_s(r.calls_per_s), lambda r: -r.calls_per_s),
    Column("errors/s", lambda r: _per_s(r.errors_per_s), lambda r: -r.errors_per_s),
    Column("time", lambda r: f"{r.share:.1%}", lambda r: -r.share),
    Column("avg", lambda r: _ns(r.avg_ns), lambda r: -(r.avg_ns or 0)),
]
SINCE = [
    Column("calls", lambda r: f"{r.totals.calls:,}", lambda r: -r.totals.calls),
    Column("errors", lambda r: f"{r.totals.errors:,}", lambda r: -r.totals.errors),
    Column("max", lambda r: _ns(r.totals.max_ns), lambda r: -(r.totals.max_ns or 0)),
]
NAME = Column("syscall", lambda r: r.totals.label, lambda r: r.totals.label)
QUANTILES = [
    Column("p50", lambda r: _ns(r.totals.p50_ns), lambda r: -(r.totals.p50_ns or 0)),
    Column("p99", lambda r: _ns(r.totals.p99_ns), lambda r: -(r.totals.p99_ns or 0)),
]
OF_SYSCALLS = [NAME, *RATES, *QUANTILES, *SINCE]
OF_FILES = [
    Column("file", lambda r: _path(r.totals.label), lambda r: r.totals.label),
    *RATES,
    *SINCE,
]
OF_ITS_SYSCALLS = [NAME, *RATES, *SINCE]
OF_PROCESSES = [
    Column("pid", lambda r: r.key, lambda r: int(r.key)),
    Column("program", lambda r: r.totals.label, lambda r: r.totals.label),
    *RATES,
    *SINCE,
    Column("ended", lambda r: r.totals.ended, lambda r: r.totals.ended),
]


def _path(label: str) -> str:
    path = printable(label)
    return path if len(path) <= PATH_SHOWN else f"\u2026{path[1 - PATH_SHOWN :]}"


class Shown(NamedTuple):
    """What the table is of, and to what a row of it leads."""

    title: str
    view: View
    columns: list[Column]
    into: Callable[[Rate], Shown] | None


def _syscall(rate: Rate) -> Shown:
    return Shown(f"processes that call {rate.key}", of_syscall(rate.key), OF_PROCESSES, None)


def _process(rate: Rate) -> Shown:
    title = f"syscalls of {rate.key} {rate.totals.label}"
    return Shown(title, of_process(int(rate.key)), OF_SYSCALLS, None)


def _file(rate: Rate) -> Shown:
    place, name = int(rate.key), _path(rate.totals.label)

    def into(call: Rate) -> Shown:
        title = f"the latest processes that call {call.key} with {name}"
        return Shown(title, of_file_and_syscall(place, call.key), OF_PROCESSES, None)

    return Shown(f"syscalls that have to do with {name}", of_file(place), OF_ITS_SYSCALLS, into)


SYSCALLS = Shown("syscalls", by_syscall, OF_SYSCALLS, _syscall)
PROCESSES = Shown("processes", by_process, OF_PROCESSES, _process)
FILES = Shown("files", by_file, OF_FILES, _file)
VIEWS = {"syscalls": SYSCALLS, "processes": PROCESSES, "files": FILES}


class Source(Protocol):
    """What the screen asks."""

    def moment(self) -> Moment:
        """All calls so far."""

    def end(self) -> str | None:
        """How it ended; None: it goes on."""

    def said(self) -> Sequence[str]:
        """Lines that the program has written since this was asked last."""

    def is_unwanted(self) -> bool:
        """Whether a signal has asked for the end."""


class TopApp(App[None]):
    """Calls as they happen: by syscall, by process, by file, and of one of these."""

    CSS = """
    #head { height: auto; padding: 0 1; }
    #filter { display: none; height: 3; }
    #filter.asked { display: block; }
    #said { display: none; height: 1fr; }
    DataTable { height: 1fr; }
    Screen.saying DataTable { display: none; }
    Screen.saying #said { display: block; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar = [
        Binding("q,ctrl+c", "leave", "quit"),
        Binding("1", "show('syscalls')", "syscalls"),
        Binding("2", "show('processes')", "processes"),
        Binding("3", "show('files')", "files"),
        Binding("o", "output", "output"),
        Binding("s", "sort(1)", "sort"),
        Binding("S", "sort(-1)", "sort back", show=False),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("p,space", "pause", "pause"),
        Binding("enter", "into", "drill down", show=True),
        Binding("escape", "back", "back"),
        Binding("r", "take", "count now", show=False),
    ]

    def __init__(self, source: Source, title: str, every_s: float) -> None:
        super().__init__()
        self._source, self._title, self._every_s = source, title, every_s
        self._before: Moment | None = None
        self._now: Moment | None = None
        self._seconds = 0.0
        self._taken_at = self._started_at = time.monotonic()
        self._paused = False
        self._end: str | None = None
        self._way: list[Shown] = [SYSCALLS]
        self._sort = {"syscall": 1, "pid": 2, "file": 1}  # by calls/s, by the table's first column
        self._filter = ""
        self._rates: dict[str, Rate] = {}
        self._widths: dict[str, int] = {}  # of columns, by their titles

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        yield DataTable(cursor_type="row", zebra_stripes=True)
        yield RichLog(id="said", max_lines=5000, wrap=True)
        yield Input(id="filter", placeholder="part of a name; Enter takes it, Escape leaves it")
        yield Footer()

    def on_mount(self) -> None:
        self.action_take()
        self.set_interval(self._every_s, self.action_take)
        self.query_one(DataTable).focus()

    def action_take(self) -> None:
        """Ask what there is by now, and show it."""
        if self._source.is_unwanted():
            self.exit()
            return
        said = self.query_one(RichLog)
        for line in self._source.said():
            said.write(Text(line))
        if self._paused or self._end is not None:
            return
        end = self._source.end()  # before the counts: these are then the last
        now = time.monotonic()
        self._before, self._now = self._now, self._source.moment()
        self._seconds = now - self._taken_at
        self._taken_at = now
        self._end = end
        if end is not None:
            # Nothing happens any more: what is shown are the rates of the whole run.
            self._before, self._seconds = None, now - self._started_at
        self._fill()

    @property
    def _shown(self) -> Shown:
        return self._way[-1]

    def _write(self, table: DataTable[Text]) -> None:
        """The rates as the table's rows. A column never gets narrower: it would jump about."""
        columns = self._shown.columns
        rows = [[column.cell(rate) for column in columns] for rate in self._rates.values()]
        sorted_by = self._sort[columns[0].title] % len(columns)
        table.clear(columns=True)
        for i, (column, cells) in enumerate(
            zip(columns, zip(*rows, strict=True) if rows else [()] * len(columns), strict=True)
        ):
            title = f"{column.title}▼" if i == sorted_by else column.title
            needed = max(map(cell_len, (title, *cells)))
            width = self._widths[column.title] = max(needed, self._widths.get(column.title, 0))
            table.add_column(Text(title, justify=self._side(i)), width=width)
        for key, row in zip(self._rates, rows, strict=True):
            table.add_row(
                *(Text(cell, justify=self._side(i)) for i, cell in enumerate(row)), key=key
            )

    def _side(self, column: int) -> Literal["left", "right"]:
        return "left" if column < self._names else "right"

    @property
    def _names(self) -> int:
        """So many columns in front are text."""
        return 2 if self._shown.columns is OF_PROCESSES else 1

    def _fill(self) -> None:
        if self._now is None:
            return
        shown = self._shown
        found = [
            rate
            for rate in rates(self._before, self._now, self._seconds, shown.view)
            if self._filter in rate.totals.label
            or (self._filter == rate.key and shown is not FILES)
        ]
        column = shown.columns[self._sort[shown.columns[0].title] % len(shown.columns)]
        found.sort(key=lambda rate: (column.order(rate), rate.key))
        self._rates = {rate.key: rate for rate in found[:ROWS_SHOWN]}
        table = self.query_one(DataTable)
        at, top = self._key_at(table), table.scroll_offset.y
        self._write(table)
        if at in self._rates:
            table.move_cursor(row=list(self._rates).index(at), animate=False, scroll=False)
        table.scroll_to(y=top, animate=False)
        self._head(len(found))

    @staticmethod
    def _key_at(table: DataTable[Text]) -> str:
        if not table.is_valid_row_index(table.cursor_row):
            return ""
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value or ""

    def _head(self, rows: int) -> None:
        assert self._now is not None
        seconds = self._taken_at - self._started_at
        summary = self._now.summary
        total, errors = summary.total_calls, summary.total_errors or 0
        before = self._before.summary.total_calls if self._before is not None else 0
        per_s = (total - before) / self._seconds if self._seconds > 0 else 0.0
        state = self._end or ("paused" if self._paused else "running")
        head = Text(no_wrap=False)
        head.append(self._title, style="bold")
        head.append(f"  {state}  ", style="bold yellow" if state != "running" else "bold green")
        head.append(f"{seconds:.0f} s  engine {summary.engine}\n")
        head.append(f"{_per_s(per_s)} calls/s  {total:,} calls, {errors:,} failed  ")
        head.append(f"{len(summary.processes):,} processes\n")
        head.append(self._shown.title, style="bold cyan")
        if rows > ROWS_SHOWN:
            head.append(f", the first {ROWS_SHOWN:,} of {rows:,}")
        if self._filter:
            head.append(f" with {self._filter!r}")
        if self._now.files is None and self._way[0] is FILES:
            head.append("  not followed: fasttrace top --files shows them")
        elif not total:
            head.append("  no calls yet" if self._end is None else "  no calls")
        self.query_one("#head", Static).update(head)

    def _go(self, way: list[Shown]) -> None:
        self._way = way
        self.screen.remove_class("saying")
        self._fill()
        self.query_one(DataTable).focus()

    def action_show(self, what: str) -> None:
        self._go([VIEWS[what]])

    def action_sort(self, step: int) -> None:
        first = self._shown.columns[0].title
        self._sort[first] = (self._sort[first] + step) % len(self._shown.columns)
        self._fill()

    def action_pause(self) -> None:
        self._paused = not self._paused
        self._fill()

    def action_filter(self) -> None:
        asked = self.query_one("#filter", Input)
        asked.add_class("asked")
        asked.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._filter = event.value
        self._fill()

    def on_input_submitted(self) -> None:
        self._close_filter()

    def _close_filter(self) -> None:
        self.query_one("#filter", Input).remove_class("asked")
        self.query_one(DataTable).focus()

    def action_output(self) -> None:
        self.screen.toggle_class("saying")
        self.query_one(RichLog).scroll_end(animate=False)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        rate = self._rates.get(event.row_key.value or "")
        if rate is not None and self._shown.into is not None:
            self._go([*self._way, self._shown.into(rate)])

    def action_into(self) -> None:
        self.query_one(DataTable).action_select_cursor()

    def action_back(self) -> None:
        asked = self.query_one("#filter", Input)
        if asked.has_class("asked"):
            asked.value = ""
            self._close_filter()
        elif self.screen.has_class("saying"):
            self.screen.remove_class("saying")
        elif len(self._way) > 1:
            self._go(self._way[:-1])

    def action_leave(self) -> None:
        self.exit()
