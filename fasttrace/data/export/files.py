"""Files in the formats that other tools read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Protocol

from fasttrace.data.export import arrow, parquet, rows
from fasttrace.data.export.columns import WHOLE, Recorded

Format = Literal["parquet", "arrow", "csv", "jsonl"]
SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
TEXT: tuple[Format, ...] = ("csv", "jsonl")


class Sink(Protocol):
    """What is written to: all that it is given, or an OSError."""

    def write(self, data: bytes | memoryview, /) -> int: ...


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

    names: of columns; None: those that are meant to be read, and in Parquet all. progress: is told
    how many rows have been written more. in_one_go: for who reads a pipe (Arrow has two formats).
    for_terminal: control characters are escaped. OSError: that of the sink. ValueError: a column
    that there is not, or not in this format. MissingExtra: pyarrow is not installed.
    """
    if format == "parquet":
        parquet.write_to(sink, trace, WHOLE if names is None else names, progress)
    elif format == "arrow":
        arrow.write_to(sink, trace, names, progress, in_one_go=in_one_go)
    else:
        for data, count in _blocks(trace, format, names, for_terminal):
            sink.write(data)
            progress(count)


def _blocks(
    trace: Recorded, format: Format, names: Sequence[str] | None, for_terminal: bool
) -> Iterator[tuple[bytes, int]]:
    if format == "csv":
        return rows.csv_blocks(trace, names, for_terminal=for_terminal)
    return rows.json_blocks(trace, names)
