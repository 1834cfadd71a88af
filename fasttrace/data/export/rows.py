"""Columns as lines of text: CSV, and JSON with an object on each line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from fasttrace.data.export.columns import Column, Columns, Recorded, chosen, pieces
from fasttrace.text.terminal import printable

_ROWS = 1 << 15  # at a time


def csv_blocks(
    trace: Recorded, names: Sequence[str] | None, *, for_terminal: bool = False
) -> Iterator[tuple[bytes, int]]:
    """The text, a heading before all, and of how many rows each piece is.

    What has no value is empty; text that has a comma, a quote or a line end in it stands between
    quotes (RFC 4180), as does an empty one. for_terminal: control characters are escaped.
    ValueError: a column is no text.
    """
    names = _textual(names)

    def word(text: str) -> str:
        return _quoted(printable(text) if for_terminal else text)

    yield (",".join(names) + "\n").encode(), 0
    for columns in Columns(trace, names).batches(_ROWS):
        rows = zip(*_cells(columns, word, ""), strict=True)
        text = "\n".join(map(",".join, rows))
        yield (text + "\n").encode(), len(columns[names[0]].values)


def _quoted(text: str) -> str:
    if text and not any(c in text for c in ',"\n\r'):
        return text
    return '"' + text.replace('"', '""') + '"'


def json_blocks(trace: Recorded, names: Sequence[str] | None) -> Iterator[tuple[bytes, int]]:
    """The same with keys; what has no value is null. All is ASCII."""
    names = _textual(names)
    template = "{" + ", ".join(f'"{name}": %s' for name in names) + "}\n"
    for columns in Columns(trace, names).batches(_ROWS):
        rows = zip(*_cells(columns, json.dumps, "null", '"'), strict=True)
        yield "".join([template % row for row in rows]).encode(), len(columns[names[0]].values)


def _textual(names: Sequence[str] | None) -> tuple[str, ...]:
    wanted = chosen(names)
    if "data" in wanted:
        raise ValueError("data is bytes, which text cannot hold: Arrow and Parquet can")
    if not wanted:
        raise ValueError("there is no row without a column: name one")
    return wanted


def _cells(
    columns: Mapping[str, Column], word: Callable[[str], str], missing: str, quote: str = ""
) -> list[list[str]]:
    return [_texts(name, column, word, missing, quote) for name, column in columns.items()]


def _texts(
    name: str, column: Column, word: Callable[[str], str], missing: str, quote: str
) -> list[str]:
    if column.words is not None:
        words = [word(text) for text in column.words.strings()] or [missing]
        found = [words[code] for code in column.values.tolist()]
    elif name == "args":
        # JSON already, and text for CSV.
        as_is = quote != ""
        found = [piece.decode() if as_is else word(piece.decode()) for piece in pieces(column)]
    elif name == "time":
        times = np.datetime_as_string(column.values.view("datetime64[ns]"))
        found = [f"{quote}{text}Z{quote}" for text in times.tolist()]
    else:
        found = list(map(str, column.values.tolist()))
    if column.valid is None or column.valid.all():
        return found
    valid = column.valid.tolist()
    return [text if ok else missing for text, ok in zip(found, valid, strict=True)]
