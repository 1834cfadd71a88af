"""What a Trace offers to other programs, as methods."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fasttrace.data.export.columns import WHOLE, Recorded
from fasttrace.data.run_info import OfRun

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from fasttrace.data.export.files import Format


class Exported(OfRun):
    """A row for each event; which columns, see `fasttrace.data.export.columns`.

    columns: names, None for all that are meant to be read. ValueError: there is none of this name.
    MissingExtra: a package is not installed.
    """

    @abstractmethod
    def _recorded(self, *, counted: bool = False) -> Recorded:
        """counted: the processes with the numbers of their calls."""

    def to_arrow(self, columns: Sequence[str] | None = None) -> pyarrow.Table:
        """A pyarrow.Table; names, paths and the like are dictionary-encoded."""
        from fasttrace.data.export.arrow import table

        return table(self._recorded(), columns)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """The Arrow PyCapsule protocol: batches that are made while they are read."""
        from fasttrace.data.export.arrow import reader

        stream: Any = reader(self._recorded(), None)
        return stream.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        from fasttrace.data.export.arrow import schema

        return schema(None, self.info).__arrow_c_schema__()

    def to_pandas(self, columns: Sequence[str] | None = None) -> pandas.DataFrame:
        """A pandas.DataFrame: categories for names, paths and the like, whole numbers (and <NA>)
        for numbers, datetime64[ns, UTC] for `time`."""
        from fasttrace.data.export.dataframes import to_pandas

        return to_pandas(self._recorded(), columns)

    def to_polars(self, columns: Sequence[str] | None = None) -> polars.DataFrame:
        """A polars.DataFrame: Categorical for names, paths and the like."""
        from fasttrace.data.export.dataframes import to_polars

        return to_polars(self._recorded(), columns)

    def to_parquet(
        self, path: str | os.PathLike[str], columns: Sequence[str] | None = WHOLE
    ) -> None:
        """Write a Parquet file, in constant memory; by default one that `from_parquet` reads.

        The file has its name once it is whole. OutputError: it cannot be written.
        """
        from fasttrace.data.export.parquet import write

        write(path, self._recorded(counted=True), columns)

    def export(
        self,
        path: str | os.PathLike[str],
        format: Format | None = None,
        columns: Sequence[str] | None = None,
    ) -> int:
        """Write a file as `fasttrace export` does, in constant memory; returns its bytes.

        format: "parquet", "arrow", "csv", "jsonl", "chrome", "perfetto", "speedscope" or "strace";
        None: as the path ends (".pftrace", ".speedscope.json", ".strace", ...). columns: of the
        first four.

        The file has its name once it is whole. OutputError: it cannot be written. ValueError: no
        such format, or column, or a format without columns.
        """
        from fasttrace.data.export.files import FORMATS, TABLES, format_of, write_file

        chosen = format_of(path) if format is None else format
        if chosen is None:
            raise ValueError(f"{path} tells no format: give one of {', '.join(FORMATS)}")
        if chosen not in FORMATS:
            raise ValueError(f"format {format!r}: one of {', '.join(FORMATS)}")
        if columns is not None and chosen not in TABLES:
            raise ValueError(f"{chosen} has no columns: {', '.join(TABLES)} have")
        return write_file(path, self._recorded(counted=True), chosen, columns)
