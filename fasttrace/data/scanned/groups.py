"""What was counted over many traces: a row for each group, as a table for people and for tools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fasttrace._tally import Row as TallyRow
from fasttrace._tally import Tally
from fasttrace.data.export.extras import extra
from fasttrace.data.scanned.counting import NUMBERS, Row
from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas
    import polars
    import pyarrow

_SHOWN = 60  # rows of a repr
_FIGURES = 8  # of a Row behind the keys


class GroupedSummary:
    """Calls, errors and times by what `Scan.summary` was asked for, the most time first.

    by: the names of the keys. quantiles: as they were asked for. files: how many were read.
    """

    def __init__(
        self, by: Sequence[str], quantiles: Sequence[float], rows: Iterable[Row], files: int
    ) -> None:
        """rows: as `Question.answer` gives them, of one group maybe several."""
        self.by = tuple(by)
        self.quantiles = tuple(quantiles)
        self.files = files
        self._groups: dict[Row, int] = {}
        self._tally = Tally()
        for row in rows:
            keys, figures = row[:-_FIGURES], row[-_FIGURES:]
            calls, finished, errors, total, least, most, buckets, counts = figures
            place = self._groups.setdefault(keys, len(self._groups))
            told = {0: errors} if errors else {}
            self._tally.put(
                TallyRow(place, 0, 0, 0, calls, finished, errors, total, least, most, told),
                dict(zip(buckets or (), counts or (), strict=True)),
            )

    def __len__(self) -> int:
        return len(self._groups)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """The names of what was counted, as columns have them."""
        times = [f"p{100 * q:g}_ns" for q in self.quantiles]
        return ("calls", "finished", "errors", "total_ns", "min_ns", "avg_ns", *times, "max_ns")

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A dict for each group: the keys, None where there is no value, and the figures; errors
        and times are None where no call has finished."""
        keys = list(self._groups)
        found = []
        for i, row in enumerate(self._tally.rows()):
            known = row.finished > 0
            times = [self._tally.percentile(i, q) for q in self.quantiles]
            average = row.total_ns // max(row.finished, 1)
            figures = [row.errors, row.total_ns, row.min_ns, average, *times, row.max_ns]
            values = [row.calls, row.finished, *(n if known else None for n in figures)]
            named = dict(zip(self.by, keys[row.pid], strict=True))
            found.append(named | dict(zip(self.figures, values, strict=True)))
        found.sort(
            key=lambda row: (
                -(row["total_ns"] or 0),
                -row["calls"],
                *((row[key] is not None, row[key] or 0) for key in self.by if key in NUMBERS),
                *(row[key] or "" for key in self.by if key not in NUMBERS),
            )
        )
        return found

    @property
    def total_calls(self) -> int:
        return sum(row["calls"] for row in self.rows)

    @cached_property
    def table(self) -> npt.NDArray[np.void]:
        """One row for each of `rows`: text as objects, "" for none; pid, tid and fd <i8, -1 for
        none; the figures <u8, those that are None 0."""
        import numpy as np

        types = [(key, "<i8" if key in NUMBERS else "O") for key in self.by]
        types += [(name, "<u8") for name in self.figures]
        nothing = [-1 if key in NUMBERS else "" for key in self.by] + [0] * len(self.figures)
        names = [*self.by, *self.figures]
        return np.array(
            [
                tuple(
                    none if row[name] is None else row[name]
                    for name, none in zip(names, nothing, strict=True)
                )
                for row in self.rows
            ],
            dtype=types,
        )

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow.Table; null where a value is None."""
        pa = extra("pyarrow", "arrow")
        fields = [(key, pa.int64() if key in NUMBERS else pa.string()) for key in self.by]
        fields += [(name, pa.uint64()) for name in self.figures]
        made: pyarrow.Table = pa.Table.from_pylist(self.rows, schema=pa.schema(fields))
        return made

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """The Arrow PyCapsule protocol."""
        stream: Any = self.to_arrow().__arrow_c_stream__(requested_schema)
        return stream

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas.DataFrame: numbers stay whole where some are missing (Int64, UInt64)."""
        pd = extra("pandas", "pandas")
        columns = {}
        for name in (*self.by, *self.figures):
            values = [row[name] for row in self.rows]
            if name in self.by and name not in NUMBERS:
                columns[name] = pd.Series(values, dtype=object)
            else:
                columns[name] = pd.array(values, dtype="Int64" if name in NUMBERS else "UInt64")
        frame: pandas.DataFrame = pd.DataFrame(columns)
        return frame

    def to_polars(self) -> polars.DataFrame:
        """A polars.DataFrame."""
        frame: polars.DataFrame = extra("polars", "polars").DataFrame(self.to_arrow())
        return frame

    def __repr__(self) -> str:
        return self.text(top=_SHOWN)

    def _repr_html_(self) -> str:
        from fasttrace.text.html import html_table

        headings = self._headings()
        return html_table(
            headings,
            map(self._cells, self.rows[:_SHOWN]),
            ">" * (len(headings) - len(self.by)) + "<" * len(self.by),
            "\n".join([*self._more(_SHOWN), self._about()]),
        )

    def text(self, *, top: int | None = None, width: int | None = None) -> str:
        """The table without a final newline. top: so many rows. width: of the terminal."""
        headings = self._headings()
        rows = [self._cells(row) for row in self.rows[:top]]
        align = ">" * (len(headings) - len(self.by)) + "<" * len(self.by)
        columns = Columns([headings, *rows], align, width=width)
        lines = [columns.line(headings), columns.rule(), *map(columns.line, rows)]
        return "\n".join([*lines, *self._more(top), "", self._about()])

    def _headings(self) -> list[str]:
        times = [name.removesuffix("_ns") for name in self.figures[6:-1]]
        return ["total", "calls", "errors", "min", *times, "max", *self.by]

    def _cells(self, row: dict[str, Any]) -> list[str]:
        def time(name: str) -> str:
            return "-  " if row[name] is None else duration(row[name])

        errors = "-" if row["errors"] is None else str(row["errors"] or "")
        times = [time(name) for name in (*self.figures[6:-1], "max_ns")]
        keys = ["-" if row[key] is None else printable(str(row[key])) for key in self.by]
        return [time("total_ns"), str(row["calls"]), errors, time("min_ns"), *times, *keys]

    def _more(self, top: int | None) -> list[str]:
        left = len(self.rows) - top if top else 0
        return [f"... and {left} more"] if left > 0 else []

    def _about(self) -> str:
        traces = "1 trace" if self.files == 1 else f"{self.files} traces"
        if not self.rows:
            return f"no calls in {traces}"
        failed = sum(row["errors"] or 0 for row in self.rows)
        return f"{self.total_calls} calls, {failed} failed, {traces}"
