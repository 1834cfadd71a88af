"""Many traces as one table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from fasttrace.data.events import Kind
from fasttrace.data.export.extras import extra
from fasttrace.data.scanned.counting import KEYS, Question, make_table, one_thread
from fasttrace.data.scanned.files import answer_of, columns_of, connect, found, no_such
from fasttrace.data.scanned.filters import Filters, asked
from fasttrace.data.scanned.groups import GroupedSummary
from fasttrace.syscalls.sets import Calls

if TYPE_CHECKING:
    import duckdb

Where: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"


class Scan:
    """Traces in Parquet files; made by `fasttrace.scan`.

    files: their names, in order. scheduler: the address of that of a cluster, or None.
    """

    def __init__(
        self,
        files: Sequence[str],
        columns: Iterable[str],
        scheduler: str | None = None,
        conditions: Mapping[str, Any] | None = None,
    ) -> None:
        self.files = list(files)
        self.scheduler = scheduler
        self._columns = frozenset(columns)
        self._conditions = dict(conditions or {})

    def __repr__(self) -> str:
        some = "1 trace" if len(self.files) == 1 else f"{len(self.files)} traces"
        return f"<Scan of {some}{', chosen' if self._conditions else ''}>"

    def where(
        self,
        syscall: Calls | None = None,
        *,
        host: str | Iterable[str] | None = None,
        failed: bool | None = None,
        errno: str | int | None = None,
        pid: int | Iterable[int] | None = None,
        tid: int | Iterable[int] | None = None,
        comm: str | Iterable[str] | None = None,
        kind: Kind | str | Iterable[Kind | str] | None = None,
        abi: str | int | None = None,
        min_duration_ns: int | None = None,
        after: int | None = None,
        before: int | None = None,
        path: str | re.Pattern[str] | None = None,
        fd: int | Iterable[int] | None = None,
    ) -> Scan:
        """The events that meet all conditions, those given before too, as a Scan.

        They are those of `Trace.where`, and `host`: one or several names. path and fd look at the
        columns of these names alone, the first path and the first descriptor that a call was given:
        what descriptors are is not followed. A regular expression is one of RE2's. SelectionError,
        ValueError: as there.
        """
        given = asked(
            {
                "syscall": syscall, "host": host, "failed": failed, "errno": errno, "pid": pid,
                "tid": tid, "comm": comm, "kind": kind, "abi": abi, "after": after,
                "before": before, "min_duration_ns": min_duration_ns, "path": path, "fd": fd,
            }
        )  # fmt: skip
        Filters().all(given)  # what makes no sense shows here
        both = self._conditions | given
        for name in self._conditions.keys() & given.keys():
            if self._conditions[name] != given[name]:
                raise ValueError(f"where({name}=) was given before: ask for both at once")
        return Scan(self.files, self._columns, self.scheduler, both)

    def summary(
        self,
        by: str | Sequence[str] = ("host", "syscall"),
        quantiles: Sequence[float] = (0.5, 0.99),
    ) -> GroupedSummary:
        """Calls, errors and times of the system calls of each group.

        They are those that the Summary of all the traces together would have; quantiles too are
        nearest-rank ones, right to 1/32. by: "host", "syscall", "comm", "pid", "tid", "abi",
        "errno", "path", "fd", "file"; none for one group of all. ValueError: another one, or a
        quantile that is not above 0 and at most 1. TraceError: a file is damaged.
        """
        keys = (by,) if isinstance(by, str) else tuple(dict.fromkeys(by))
        for key in keys:
            if key not in KEYS:
                raise no_such("groups by", key, KEYS)
        if not all(0 < q <= 1 for q in quantiles):
            raise ValueError("a quantile is a number above 0 and at most 1")
        question = Question(keys, self._conditions, self._columns)
        if self.scheduler is None:
            rows = question.answer(self.files)
        else:
            from fasttrace.data.scanned.cluster import asked_of_all

            rows = asked_of_all(self.scheduler, question.answer, self.files)
        return GroupedSummary(keys, quantiles, rows, len(self.files))

    def sql(
        self, query: str, params: object = None, *, merge: str | None = None
    ) -> duckdb.DuckDBPyRelation:
        """What DuckDB answers about the table `traces`: a row for each event, with the columns of
        docs/export.md and `file`.

        The relation has df(), pl(), arrow(), fetchall(). params: for the ``?`` of the query. merge:
        a second query, over the table `parts` of all the answers; with a scheduler the first one is
        asked of some files at a time, wherever they are, so it must be there. ValueError: it is
        not. duckdb.Error: a query is wrong, or a file damaged.
        """
        if merge is None:
            if self.scheduler is not None:
                raise ValueError(
                    "on a cluster each worker asks its files: merge='select ... from parts' says"
                    " how their answers become one"
                )
            connection = connect(self.files)
            with one_thread(connection):
                make_table(connection, self.files, self._columns, self._conditions)
                return connection.sql(query, params=params)
        part = Part(query, params, self._columns, self._conditions)
        if self.scheduler is None:
            answers = [part.answer(self.files)]
        else:
            from fasttrace.data.scanned.cluster import answers_of_all

            answers = answers_of_all(self.scheduler, part.answer, self.files)
        pa = extra("pyarrow", "duckdb")
        connection = connect()
        connection.register("parts", pa.concat_tables(answers, promote_options="permissive"))
        return connection.sql(merge)


class Part:
    """A query that is asked of some of the files."""

    def __init__(
        self, query: str, params: object, columns: frozenset[str], conditions: Mapping[str, Any]
    ) -> None:
        self._query, self._params = query, params
        self._columns, self._conditions = columns, conditions

    def answer(self, files: Sequence[str]) -> Any:
        def rows(connection: Any) -> Any:
            with one_thread(connection):
                make_table(connection, files, self._columns, self._conditions)
                found = connection.sql(self._query, params=self._params)
            return found.arrow().read_all()

        return answer_of(files, rows)


def scan(where: Where, *, scheduler: str | None = None) -> Scan:
    """Traces in Parquet files, to be asked together; needs DuckDB: ``fasttrace[duckdb]``.

    Args:
        where: a file, a pattern of the shell (``runs/*.parquet``, ``**`` for folders), a folder, of
            which all ``*.parquet`` are taken however deep, the URL of any of these (``s3://...``
            needs ``fasttrace[s3]``; docs/many-traces.md says what others need), or several.
        scheduler: the address of a Dask scheduler, such as "tcp://head:8786": its workers read the
            files, which must have the same names there (``fasttrace[dask]``).

    TraceError: no file is there, or one of them is no trace. MissingExtra: a package is missing.
    """
    files = found(where)
    return Scan(files, columns_of(files, check=True), scheduler)
