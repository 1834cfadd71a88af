"""The table of -c: strace's columns of a Summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from fasttrace._tables import ABIS
from fasttrace.cli.strace.options import Options
from fasttrace.data.event_layout import EVENT
from fasttrace.data.summary import Summary
from fasttrace.syscalls.sets import EVERYTHING, Selection

if TYPE_CHECKING:
    from fasttrace._core import Block

_DEFAULT = ("time-percent", "total-time", "avg-time", "calls", "errors", "name")


class Row(NamedTuple):
    """Of one system call; times in nanoseconds."""

    name: str
    calls: int
    errors: int
    total_ns: int
    min_ns: int
    max_ns: int

    def plus(self, other: Row) -> Row:
        """Both together, of the same name."""
        return Row(
            self.name,
            self.calls + other.calls,
            self.errors + other.errors,
            self.total_ns + other.total_ns,
            min(self.min_ns, other.min_ns),
            max(self.max_ns, other.max_ns),
        )


class _Column(NamedTuple):
    title: str
    width: int
    text: Callable[[Row, int], str]  # the row, and the time of all


def _seconds(ns: float) -> str:
    return f"{ns / 1e9:.6f}"


_COLUMNS = {
    "time-percent": _Column(
        "% time", 6, lambda row, all_ns: f"{100 * row.total_ns / all_ns if all_ns else 0.0:.2f}"
    ),
    "total-time": _Column("seconds", 11, lambda row, _: _seconds(row.total_ns)),
    "min-time": _Column("shortest", 8, lambda row, _: _seconds(row.min_ns)),
    "max-time": _Column("longest", 8, lambda row, _: _seconds(row.max_ns)),
    "avg-time": _Column(
        "usecs/call", 11, lambda row, _: str(row.total_ns // row.calls // 1000 if row.calls else 0)
    ),
    "calls": _Column("calls", 9, lambda row, _: str(row.calls)),
    "errors": _Column("errors", 9, lambda row, _: str(row.errors) if row.errors else ""),
    "name": _Column("syscall", 16, lambda row, _: row.name),
}
_KEYS: dict[str, Callable[[Row], tuple[float, ...]]] = {
    "time": lambda row: (-row.total_ns, -row.calls),
    "min-time": lambda row: (-row.min_ns,),
    "max-time": lambda row: (-row.max_ns,),
    "avg-time": lambda row: (-row.total_ns / row.calls if row.calls else 0,),
    "calls": lambda row: (-row.calls,),
    "errors": lambda row: (-row.errors, -row.calls),
}


class Chosen:
    """Counts those calls that are given some paths, or descriptors of them, or some descriptors:
    -P and --trace-fds with -c and -C."""

    def __init__(self, paths: bytes, options: Options) -> None:
        """paths: each ended by NUL."""
        from fasttrace._decode import OpenFiles
        from fasttrace._tally import Tally

        self._paths, self._fds = paths, options.trace_fds
        self._leaders = not options.follow
        self._files = OpenFiles()
        self._tally = Tally()

    def counted(self, blocks: Iterator[Block | None]) -> Iterator[Block | None]:
        """The same blocks."""
        for block in blocks:
            if block is not None:
                self._count(block)
            yield block

    def _count(self, block: Block) -> None:
        found = self._files.touching(
            block, block.payload, block.payload_base, self._paths, self._fds
        )
        view = memoryview(block).cast("B")
        size = EVENT.size
        places = [size * i for i, is_chosen in enumerate(found) if is_chosen]
        if self._leaders:
            places = [at for at in places if _is_leaders(EVENT.unpack_from(view, at))]
        self._tally.add(b"".join(view[at : at + size] for at in places))

    def summary(self) -> Summary:
        return Summary.from_tally(self._tally)


def _is_leaders(event: tuple[int, ...]) -> bool:
    pid, tid = event[10:12]
    return pid == tid


def table(summaries: list[Summary], options: Options) -> str:
    """The table of all together, or nothing where there was no call."""
    rows = _rows(summaries, options.overhead_ns)
    if options.trace is not None:  # others may be recorded for what they tell of descriptors
        known, wanted = _names(EVERYTHING), _names(options.trace)
        rows = [row for row in rows if row.name in wanted or row.name not in known]
    if not rows:
        return ""
    key = options.sort or "time"
    if key == "name":
        rows.sort(key=lambda row: row.name)
    elif key in _KEYS:
        rows.sort(key=_KEYS[key])
    total = reduce(Row.plus, rows)._replace(name="total")
    names = list(options.columns or _DEFAULT)
    if "name" not in names:
        names.append("name")
    columns = [_COLUMNS[name] for name in names]
    rule = " ".join("-" * column.width for column in columns)
    lines = [
        _line(columns, [column.title for column in columns]),
        rule,
        *(_line(columns, [c.text(row, total.total_ns) for c in columns]) for row in rows),
        rule,
        _line(columns, [_of_total(name, total) for name in names]),
    ]
    return "".join(f"{line}\n" for line in lines)


def _names(calls: Selection) -> set[str]:
    return {name for abi in ABIS for name in calls.names(abi)}


def _of_total(name: str, total: Row) -> str:
    if name == "time-percent":
        return "100.00"
    return _COLUMNS[name].text(total, total.total_ns)


def _line(columns: list[_Column], texts: list[str]) -> str:
    """Numbers stand to the right, names to the left."""
    aligned = [
        text.ljust(column.width) if column.title == "syscall" else text.rjust(column.width)
        for column, text in zip(columns, texts, strict=True)
    ]
    return " ".join(aligned).rstrip()


def _rows(summaries: list[Summary], overhead_ns: int) -> list[Row]:
    """strace counts a call when it ends. overhead_ns: what each took because it was traced."""
    rows: dict[str, Row] = {}
    for summary in summaries:
        for entry in summary.syscalls:
            if not entry.finished:
                continue
            row = Row(
                entry.name,
                entry.finished,
                entry.errors or 0,
                max(0, (entry.total_ns or 0) - entry.finished * overhead_ns),
                max(0, (entry.min_ns or 0) - overhead_ns),
                max(0, (entry.max_ns or 0) - overhead_ns),
            )
            rows[row.name] = row.plus(rows[row.name]) if row.name in rows else row
    return list(rows.values())
