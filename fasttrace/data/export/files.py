"""Files in the formats that other tools read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Literal, get_args

from fasttrace.data.export import arrow, chrome, parquet, perfetto, rows, speedscope, strace_lines
from fasttrace.data.export.columns import WHOLE, Recorded
from fasttrace.system.files import Text
from fasttrace.system.new_file import Sink, write_new

Table = Literal["parquet", "arrow", "csv", "jsonl"]
View = Literal["chrome", "perfetto", "speedscope", "strace"]
Format = Literal[Table, View]
TABLES: tuple[Format, ...] = get_args(Table)
"""Those that have columns."""
FORMATS: tuple[Format, ...] = (*TABLES, *get_args(View))
SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".pftrace": "perfetto",
    ".perfetto-trace": "perfetto",
    ".speedscope.json": "speedscope",
    ".strace": "strace",
}
"""Of chrome's there is none: .json may be anything."""
_VIEWS: dict[Format, Callable[[Recorded], Iterator[tuple[bytes, int]]]] = {
    "chrome": chrome.blocks,
    "perfetto": perfetto.blocks,
    "speedscope": speedscope.blocks,
    "strace": strace_lines.blocks,
}
TEXT: tuple[Format, ...] = ("csv", "jsonl", "chrome", "speedscope", "strace")


def format_of(path: Text) -> Format | None:
    """What its name says; None: nothing."""
    name = PurePath(path).name.lower()
    return next((format for end, format in SUFFIXES.items() if name.endswith(end)), None)


def write(
    sink: Sink,
    trace: Recorded,
    format: Format,
    names: Sequence[str] | None = None,
    *,
    progress: Callable[[int], object] = lambda rows: None,
    in_one_go: bool = False,
    for_terminal: bool = False,
) -> None:
    """Write a trace, some rows at a time.

    names: of columns, for `TABLES`; None: those that are meant to be read, and in Parquet all.
    progress: is told how many rows have been written more. in_one_go: for who reads a pipe (Arrow
    has two formats). for_terminal: control characters are escaped. OSError: that of the sink.
    ValueError: a column that there is not, or not in this format. MissingExtra: a package of the
    format's is not installed.
    """
    if format == "parquet":
        parquet.write_to(sink, trace, WHOLE if names is None else names, progress)
    elif format == "arrow":
        arrow.write_to(sink, trace, names, progress, in_one_go=in_one_go)
    else:
        for data, count in _blocks(trace, format, names, for_terminal):
            sink.write(data)
            progress(count)


def write_file(
    path: Text,
    trace: Recorded,
    format: Format,
    names: Sequence[str] | None = None,
    *,
    progress: Callable[[int], object] = lambda rows: None,
) -> int:
    """The same into a file, which has its name once it is whole. Returns its bytes.

    OutputError: it cannot be written. BrokenPipeError: it is a pipe that nobody reads any more.
    """
    return write_new(path, lambda file: write(file, trace, format, names, progress=progress))


def _blocks(
    trace: Recorded, format: Format, names: Sequence[str] | None, for_terminal: bool
) -> Iterator[tuple[bytes, int]]:
    if format == "csv":
        return rows.csv_blocks(trace, names, for_terminal=for_terminal)
    if format == "jsonl":
        return rows.json_blocks(trace, names)
    return _VIEWS[format](trace)
