"""What was counted, as columns: a row for each syscall.

`name`, `calls`, `finished`, `errors`, `total_ns`, `min_ns`, `avg_ns`, `p50_ns`, `p99_ns`, `max_ns`,
in the order and with the meaning of `Summary.syscalls`; errors and times are null where no call has
finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fasttrace.data.export.arrow import metadata
from fasttrace.data.export.extras import extra
from fasttrace.data.run_info import RunInfo

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from fasttrace.data.counts import SyscallStats

_TIMES = ("total_ns", "min_ns", "avg_ns", "p50_ns", "p99_ns", "max_ns")
_NUMBERS = ("calls", "finished", "errors", *_TIMES)


def columns(rows: Sequence[SyscallStats]) -> dict[str, list[Any]]:
    """By name; None for what is not known."""
    found: dict[str, list[Any]] = {"name": [row.name for row in rows]}
    for name in _NUMBERS:
        found[name] = [getattr(row, name) for row in rows]
    return found


def schema(info: RunInfo) -> pyarrow.Schema:
    pa = extra("pyarrow", "arrow")
    numbers = [
        pa.field(name, pa.uint64(), nullable=name in ("errors", *_TIMES)) for name in _NUMBERS
    ]
    text = pa.field("name", pa.string(), nullable=False)
    made: pyarrow.Schema = pa.schema([text, *numbers], metadata=metadata(info))
    return made


def to_arrow(rows: Sequence[SyscallStats], info: RunInfo) -> pyarrow.Table:
    pa = extra("pyarrow", "arrow")
    made: pyarrow.Table = pa.Table.from_pydict(columns(rows), schema=schema(info))
    return made


def to_pandas(rows: Sequence[SyscallStats]) -> pandas.DataFrame:
    pd = extra("pandas", "pandas")
    made = {
        name: values if name == "name" else pd.array(values, dtype="UInt64")
        for name, values in columns(rows).items()
    }
    frame: pandas.DataFrame = pd.DataFrame(made)
    return frame


def to_polars(rows: Sequence[SyscallStats]) -> polars.DataFrame:
    pl = extra("polars", "polars")
    types = {name: pl.String if name == "name" else pl.UInt64 for name in ("name", *_NUMBERS)}
    frame: polars.DataFrame = pl.DataFrame(columns(rows), schema=types)
    return frame
