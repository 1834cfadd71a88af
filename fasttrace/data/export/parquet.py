"""Traces as Parquet files: row group by row group, and with all columns such that they come back.

A file has the columns of `fasttrace.data.export.columns`; with `payload` and `data` among them it
holds all of the trace. What else is known, the processes too, is JSON in the file's metadata, under
"fasttrace", with the keys of meta.json in the folder of a trace.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fasttrace._version import __version__
from fasttrace.data.calls import kind_name
from fasttrace.data.events import EVENT_DTYPE, Flag
from fasttrace.data.export import arrow
from fasttrace.data.export.columns import WHOLE, Columns, Recorded, chosen
from fasttrace.data.export.extras import extra
from fasttrace.data.processes import Process
from fasttrace.data.run_info import RunInfo
from fasttrace.data.stored import FORMAT, VERSION, Meta, Stored, checked, parsed
from fasttrace.errors import TraceError
from fasttrace.syscalls.names import abi_name
from fasttrace.system.files import Text
from fasttrace.system.new_file import NewFile, writing

_EXTRA = "parquet"
KEY = b"fasttrace"
"""Under which the metadata has what else is known."""
AT_THE_END = "add_key_value_metadata"
"""The method of pyarrow's writer that adds some when all rows are written."""
# Needed to make the events anew; the others say the same for people.
_NEEDED = (
    *("time_ns", "duration_ns", "ret", *(f"arg{i}" for i in range(6)), "payload", "pid", "tid"),
    *("nr", "abi", "kind", "flags", "data"),
)
# What grows by little from row to row. Durations and captured data come again often enough for a
# dictionary; where it would be too large the writer gives it up.
_DELTAS = ("time_ns", "time", "payload")


def write(
    path: Text,
    trace: Recorded,
    names: Sequence[str] | None = WHOLE,
    progress: Callable[[int], object] = lambda rows: None,
) -> int:
    """Write the file, which has its name once it is whole; how many bytes it has.

    progress: is told how many rows have been written more. OutputError: it cannot be written.
    """
    extra("pyarrow.parquet", _EXTRA)
    with NewFile(path) as file:
        with writing(path, closed_pipe=True):
            write_to(file, trace, names, progress)
        file.finish()
        return file.written


def write_to(
    file: Any,
    trace: Recorded,
    names: Sequence[str] | None = WHOLE,
    progress: Callable[[int], object] = lambda rows: None,
) -> None:
    """The same into what has `write`. OSError: what that raises."""
    pa = extra("pyarrow", _EXTRA)
    extra("pyarrow.parquet", _EXTRA)
    names = chosen(names)
    schema = arrow.schema(names, trace.info)
    told = meta(trace.info, trace.processes, len(trace.payload))
    schema = schema.with_metadata({**(schema.metadata or {}), KEY: told})
    columns = Columns(trace, names)
    with opened(file, schema) as writer:
        for batch in arrow.one_ahead(columns.batches(arrow.BATCH)):
            made = arrow.batch(pa, batch, schema)
            writer.write_batch(made, row_group_size=arrow.BATCH)
            progress(made.num_rows)


def opened(file: Any, schema: Any) -> Any:
    """A writer of row groups into what has `write`."""
    pa, pq = extra("pyarrow", _EXTRA), extra("pyarrow.parquet", _EXTRA)
    names = schema.names
    return pq.ParquetWriter(
        arrow.sink_of(pa, file),
        schema,
        compression="zstd",
        compression_level=3,
        use_dictionary=[name for name in names if name not in (*_DELTAS, "args")],
        column_encoding={name: "DELTA_BINARY_PACKED" for name in names if name in _DELTAS},
    )


def meta(info: RunInfo, processes: Sequence[Process], length: int) -> bytes:
    """What else is known, as KEY has it. length: of the payload stream."""
    told = {
        "format": FORMAT,
        "version": VERSION,
        "finished": info.finished,
        "argv": list(info.argv),
        "engine": info.engine,
        "results": info.results,
        "host": info.host,
        "clock": {"name": "CLOCK_MONOTONIC", "realtime_offset_ns": info.realtime_offset_ns},
        "versions": {"fasttrace": __version__},
        "exit_status": info.exit_status,
        "wall_ns": info.wall_ns,
        "lost": info.lost,
        "payload_size": length,
        "processes": [p._asdict() for p in processes],
    }
    return json.dumps(told).encode()


def read(path: Text) -> Stored:
    """The trace in a file that `write` has made of all columns.

    TraceError: there is none, it cannot be read, it holds something else or less, or is damaged.
    """
    pa, pq = extra("pyarrow", _EXTRA), extra("pyarrow.parquet", _EXTRA)
    name = os.fspath(path)
    try:
        with open(path, "rb") as opened, pq.ParquetFile(opened) as file:  # noqa: PTH123
            return _read(name, pa, file)
    except TraceError:
        raise
    except FileNotFoundError:
        raise TraceError(f"{name} does not exist; `fasttrace export` makes such a file") from None
    except (pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
        raise TraceError(f"{name} is damaged, or no Parquet file: {_line(error)}") from None
    except OSError as error:
        raise TraceError(f"cannot read {name}: {error.strerror or _line(error)}") from None


def _line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _read(name: str, pa: Any, file: Any) -> Stored:
    metadata = file.metadata.metadata or {}
    if KEY not in metadata:
        raise TraceError(f"{name} holds something else than a trace of fasttrace")
    try:
        entries = parsed(metadata[KEY])
    except (ValueError, RecursionError):
        raise TraceError(f"{name} is damaged: its metadata cannot be read") from None
    known = Meta(name, checked(name, entries))
    missing = [column for column in _NEEDED if column not in file.schema_arrow.names]
    if missing:
        raise TraceError(f"{name} is not a whole trace: it lacks the columns {', '.join(missing)}")
    events = np.zeros(file.metadata.num_rows, EVENT_DTYPE)
    sizes = np.zeros(len(events), np.int64)
    pieces: list[npt.NDArray[np.uint8]] = []
    at = 0
    for i in range(file.num_row_groups):
        for batch in file.read_row_group(i, columns=list(_NEEDED)).to_batches():
            part = slice(at, at + batch.num_rows)
            _fill(pa, batch, events[part])
            lengths, data = _items(pa, batch.column("data"))
            sizes[part] = lengths
            pieces.append(data)
            at += batch.num_rows
    if at != len(events):
        raise TraceError(f"{name} is damaged: it has {at} rows of {len(events)}")
    payload = _placed(events, sizes, pieces, known.get("payload_size", int, 0))
    events.flags.writeable = payload.flags.writeable = False
    return Stored(events, payload, known.info(), known.processes())


def _fill(pa: Any, batch: Any, events: npt.NDArray[np.void]) -> None:
    for field in EVENT_DTYPE.names or ():
        if field == "args":
            for i in range(6):
                events["args"][:, i] = _numbers(pa, batch.column(f"arg{i}"), "arg0")
        elif field == "abi":
            events["abi"] = _of_words(pa, batch.column("abi"), _ABIS)
        elif field == "kind":
            events["kind"] = _of_words(pa, batch.column("kind"), _KINDS)
        else:
            events[field] = _numbers(pa, batch.column(field), field)


_ABIS = {abi_name(i): i for i in range(256)}
_KINDS = {kind_name(i): i for i in range(256)}


def _numbers(pa: Any, column: Any, name: str) -> npt.NDArray[Any]:
    """What is null was 0."""
    column = column.cast(arrow.type_of(pa, name))
    if column.null_count:
        column = column.fill_null(0)
    numbers: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return numbers


def _of_words(pa: Any, column: Any, numbers: dict[str, int]) -> npt.NDArray[np.uint8]:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = column.dictionary.to_pylist()
    unknown = [word for word in words if word not in numbers]
    if unknown or column.null_count:
        raise ValueError(f"it has no ABI or kind {(unknown or [None])[0]!r}")
    codes = column.indices.to_numpy(zero_copy_only=False)
    of_word = np.array([numbers[word] for word in words], np.uint8)
    found: npt.NDArray[np.uint8] = of_word[codes]
    return found


def _items(pa: Any, column: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """The length of each row's bytes, and all of them."""
    column = column.cast(pa.large_binary())
    if column.null_count:
        column = column.fill_null(b"")
    column.validate(full=True)
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    if data is None or not len(ends):
        return np.zeros(len(column), np.int64), np.empty(0, np.uint8)
    return np.diff(ends), np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].copy()


def _placed(
    events: npt.NDArray[np.void],
    sizes: npt.NDArray[np.int64],
    pieces: list[npt.NDArray[np.uint8]],
    length: int,
) -> npt.NDArray[np.uint8]:
    """The payload stream: each event's items where they were, or, where the stream would be full of
    holes, as after `Trace.where`, one behind the other."""
    data: npt.NDArray[np.uint8]
    data = np.concatenate(pieces) if pieces else np.empty(0, np.uint8)
    rows = np.flatnonzero(sizes)
    sizes = sizes[rows]
    sources = np.cumsum(sizes) - sizes
    places = events["payload"][rows].copy()
    fits = places <= np.uint64(max(length, 0))
    fits &= np.minimum(places, np.uint64(max(length, 0))).astype(np.int64) + sizes <= length
    if length > 2 * len(data) + 4096 or not fits.all():
        lost = (events["flags"] & np.uint16(Flag.PAYLOAD)) != 0
        events["payload"][lost] = len(data)
        events["payload"][rows] = sources
        return data
    targets = places.astype(np.int64)
    ends = targets + sizes
    if len(rows) and targets[0] == 0 and ends[-1] == length and (targets[1:] == ends[:-1]).all():
        return data
    stream = np.zeros(length, np.uint8)
    breaks = np.flatnonzero(targets[1:] != ends[:-1]) + 1
    for first, last in zip([0, *breaks.tolist()], [*breaks.tolist(), len(rows)], strict=True):
        if first < last:
            source = sources[first]
            stream[targets[first] : ends[last - 1]] = data[
                source : source + ends[last - 1] - targets[first]
            ]
    return stream
