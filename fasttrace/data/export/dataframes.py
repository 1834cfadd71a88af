"""Columns as data frames of pandas and polars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fasttrace.data.export import arrow
from fasttrace.data.export.columns import Column, Columns, Recorded, pieces
from fasttrace.data.export.extras import extra

if TYPE_CHECKING:
    import pandas
    import polars


def to_pandas(trace: Recorded, names: Sequence[str] | None) -> pandas.DataFrame:
    pd = extra("pandas", "pandas")
    columns = Columns(trace, names).take(0, len(trace.events))
    series = {name: _series(pd, name, column) for name, column in columns.items()}
    frame: pandas.DataFrame = pd.DataFrame(series, copy=False)
    return frame


def _series(pd: Any, name: str, column: Column) -> Any:
    """Numbers stay whole where some are missing: pandas would make floats of them by itself."""
    values, valid = column.values, column.valid
    if column.words is not None:
        codes = values if valid is None else np.where(valid, values, -1)
        return pd.Categorical.from_codes(codes, column.words.strings())
    if column.data is not None:
        made = pieces(column)
        if name == "args":
            return pd.Series([piece.decode() or None for piece in made], dtype=object)
        return pd.Series(made, dtype=object)
    if name == "time":
        times = values.view("datetime64[ns]")
        if valid is not None and not valid.all():
            times = np.where(valid, times, np.datetime64("NaT"))
        return pd.Series(times).dt.tz_localize("UTC")
    if valid is None:
        return pd.Series(values, copy=False)
    return pd.Series(pd.arrays.IntegerArray(values, ~valid), copy=False)


def to_polars(trace: Recorded, names: Sequence[str] | None) -> polars.DataFrame:
    pl = extra("polars", "polars")
    frame: polars.DataFrame = pl.DataFrame(arrow.table(trace, names))
    return frame
