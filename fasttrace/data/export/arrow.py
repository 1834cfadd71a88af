"""Columns as Arrow: a table, or batches that are made while they are read.

A trace has a row for each event (see `fasttrace.data.export.columns`), a summary one for each
syscall. What has words is dictionary-encoded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fasttrace._version import __version__
from fasttrace.data.export.columns import FORMS, Column, Columns, Recorded, chosen
from fasttrace.data.export.extras import extra
from fasttrace.data.export.words import utf8
from fasttrace.data.run_info import RunInfo

if TYPE_CHECKING:
    import pyarrow

T = TypeVar("T")

BATCH = 1 << 17  # rows
_TYPES = {"u8": "uint64", "i8": "int64", "i4": "int32", "u2": "uint16"}


def schema(names: Sequence[str] | None, info: RunInfo) -> pyarrow.Schema:
    """The types of these columns; what is known of the run stands in the metadata."""
    pa = extra("pyarrow", "arrow")
    fields = [
        pa.field(name, type_of(pa, name), nullable=FORMS[name].nullable) for name in chosen(names)
    ]
    made: pyarrow.Schema = pa.schema(fields, metadata=metadata(info))
    return made


def metadata(info: RunInfo) -> dict[str, str]:
    return {
        "fasttrace.version": __version__,
        "fasttrace.argv": json.dumps(list(info.argv)),
        "fasttrace.engine": info.engine,
        "fasttrace.host": utf8(info.host),
        "fasttrace.clock": "CLOCK_MONOTONIC",
        "fasttrace.realtime_offset_ns": json.dumps(info.realtime_offset_ns),
        "fasttrace.exit_status": json.dumps(info.exit_status),
        "fasttrace.lost": json.dumps(info.lost),
        "fasttrace.finished": json.dumps(info.finished),
    }


def type_of(pa: Any, name: str) -> Any:
    if name == "time":
        return pa.timestamp("ns", "UTC")
    if name == "data":
        return pa.large_binary()
    if name == "args":
        return pa.large_string()
    if FORMS[name].has_words:
        return pa.dictionary(pa.int32(), pa.large_string())
    return getattr(pa, _TYPES[FORMS[name].dtype])()


def array(pa: Any, column: Column, type: Any) -> Any:
    """A column of ours as an Arrow array, in the same memory."""
    count = len(column.values)
    bits, nulls = None, 0
    if column.valid is not None:
        nulls = count - int(np.count_nonzero(column.valid))
        if nulls:
            bits = pa.py_buffer(np.packbits(column.valid, bitorder="little"))
    if column.data is not None:
        ends = np.concatenate([np.zeros(1, np.int64), column.values])
        buffers = [bits, pa.py_buffer(ends), pa.py_buffer(column.data)]
        return pa.Array.from_buffers(type, count, buffers, nulls)
    buffers = [bits, pa.py_buffer(column.values)]
    if column.words is None:
        return pa.Array.from_buffers(type, count, buffers, nulls)
    ends = np.concatenate([np.zeros(1, np.int64), column.words.ends])
    words = pa.Array.from_buffers(
        type.value_type, len(ends) - 1, [None, pa.py_buffer(ends), pa.py_buffer(column.words.text)]
    )
    return pa.DictionaryArray.from_buffers(type, count, buffers, words, nulls)


def batch(pa: Any, columns: Mapping[str, Column], wanted: Any) -> Any:
    arrays = [array(pa, columns[field.name], field.type) for field in wanted]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


def table(trace: Recorded, names: Sequence[str] | None) -> pyarrow.Table:
    pa = extra("pyarrow", "arrow")
    wanted = schema(names, trace.info)
    columns = Columns(trace, names).take(0, len(trace.events))
    made: pyarrow.Table = pa.Table.from_batches([batch(pa, columns, wanted)])
    return made


def batches(trace: Recorded, names: Sequence[str] | None, size: int) -> Iterator[Any]:
    """Record batches, one at a time in memory."""
    pa = extra("pyarrow", "arrow")
    wanted = schema(names, trace.info)
    for columns in Columns(trace, names).batches(size):
        yield batch(pa, columns, wanted)


def reader(
    trace: Recorded, names: Sequence[str] | None, size: int = BATCH
) -> pyarrow.RecordBatchReader:
    """The same as a stream, whose schema is known at once."""
    pa = extra("pyarrow", "arrow")
    wanted = schema(names, trace.info)
    made: pyarrow.RecordBatchReader = pa.RecordBatchReader.from_batches(
        wanted, batches(trace, names, size)
    )
    return made


def write_to(
    file: Any,
    trace: Recorded,
    names: Sequence[str] | None,
    progress: Callable[[int], object],
    *,
    in_one_go: bool,
) -> None:
    """Write Arrow's file format, which most tools open, or in_one_go its format for streams, into
    what has `write`. OSError: what that raises."""
    pa, ipc = extra("pyarrow", "arrow"), extra("pyarrow.ipc", "arrow")
    wanted = schema(names, trace.info)
    # A file has each dictionary once, and in it all words that will come.
    columns = Columns(trace, names, keep_words=not in_one_go)
    if not in_one_go:
        columns.learn(BATCH)
    new = ipc.new_stream if in_one_go else ipc.new_file
    with new(sink_of(pa, file), wanted) as writer:
        for some in one_ahead(columns.batches(BATCH)):
            made = batch(pa, some, wanted)
            writer.write_batch(made)
            progress(made.num_rows)


def one_ahead(batches: Iterator[T]) -> Iterator[T]:
    """The next one is made while this one is compressed: neither needs the interpreter for long."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, batches, None)
        while (some := coming.result()) is not None:
            coming = worker.submit(next, batches, None)
            yield some


def sink_of(pa: Any, file: Any) -> Any:
    """What has `write` as Arrow wants it."""
    return pa.PythonFile(_Sink(file), mode="w")


class _Sink:
    """As much of a file as Arrow wants of one; closing it closes nothing."""

    closed = False

    def __init__(self, file: Any) -> None:
        self._file = file
        self._at = 0

    def write(self, data: bytes | memoryview) -> int:
        count: int = self._file.write(data)
        self._at += count
        return count

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        return

    def close(self) -> None:
        self.closed = True
