"""Columns as Arrow: a table, or batches that are made while they are read.

A trace has a row for each event (see `fasttrace.data.export.columns`), a summary one for each
syscall. What has words is dictionary-encoded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fasttrace._version import __version__
from fasttrace.data.export.columns import FORMS, Column, Columns, Recorded, chosen
from fasttrace.data.export.extras import extra
from fasttrace.data.run_info import RunInfo

if TYPE_CHECKING:
    import pyarrow

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
    if FORMS[name].has_words:
        return pa.dictionary(pa.int32(), pa.large_string())
    return getattr(pa, _TYPES[FORMS[name].dtype])()


def array(pa: Any, column: Column, type: Any) -> Any:
    """A column of ours as an Arrow array, in the same memory."""
    count = len(column.values)
    if column.data is not None:
        ends = np.concatenate([np.zeros(1, np.int64), column.values])
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(column.data)]
        return pa.Array.from_buffers(type, count, buffers)
    bits, nulls = None, 0
    if column.valid is not None:
        nulls = count - int(np.count_nonzero(column.valid))
        if nulls:
            bits = pa.py_buffer(np.packbits(column.valid, bitorder="little"))
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
