"""The question of a summary: calls, errors and a histogram of times, by what they are grouped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from fasttrace.data.calls import kind_name
from fasttrace.data.events import Flag, Kind
from fasttrace.data.export.columns import FORMS
from fasttrace.data.export.extras import extra
from fasttrace.data.scanned.files import answer_of, literal
from fasttrace.data.scanned.filters import Filters
from fasttrace.data.scanned.urls import line_of
from fasttrace.errors import TraceError
from fasttrace.text.terminal import printable

KEYS = {
    **{key: key for key in ("host", "file", "comm", "pid", "tid", "abi", "errno", "path", "fd")},
    "syscall": "name",
}
NUMBERS = ("pid", "tid", "fd")

_EXPECTED = [name for name in FORMS if name != "args"]

# As hist_bucket: exact below 64, from there on 32 steps to a power of two. All bits below the
# highest are set, and counted: log2 takes ten times as long, and is not exact.
_SHIFTS = (1, 2, 4, 8, 16, 32)
_BUCKET = (
    "case when ns < 64 then ns else (bit_count(filled)::ubigint - 6) * 32"
    " + (ns >> (bit_count(filled)::ubigint - 6)) end"
)

Row: TypeAlias = "tuple[Any, ...]"


class Question(NamedTuple):
    """What can be sent to where the files are. by: of KEYS. columns: those that the files have."""

    by: tuple[str, ...]
    conditions: Mapping[str, Any]
    columns: frozenset[str]

    def answer(self, files: Sequence[str]) -> list[Row]:
        """For each group: its keys, calls, finished, errors, total_ns, min_ns, max_ns, and the
        buckets of its histogram with their counts. TraceError: a file cannot be read."""
        try:
            return self._answer(files)
        except extra("duckdb", "duckdb").Error as error:
            if len(files) == 1:
                where = printable(files[0])
                raise TraceError(f"{where} cannot be counted: {line_of(error)}") from None
            for one in files:  # which one it is
                self.answer([one])
            raise TraceError(f"the traces cannot be counted: {line_of(error)}") from None

    def _answer(self, files: Sequence[str]) -> list[Row]:
        def rows(connection: Any) -> list[Row]:
            with one_thread(connection):
                make_table(connection, files, self.columns, self.conditions)
            # Of no rows at all there is one group, if nothing is grouped by, that has no calls.
            return [row for row in connection.execute(self.sql()).fetchall() if row[len(self.by)]]

        return answer_of(files, rows)

    def sql(self) -> str:
        keys = ", ".join(f"k{i}" for i in range(len(self.by)))
        named = ", ".join(f"{KEYS[key]} as k{i}" for i, key in enumerate(self.by))
        comma = ", " if keys else ""
        calls = (
            f"select {named}{comma}flags & {int(Flag.ERROR | Flag.UNFINISHED)} = {int(Flag.ERROR)}"
            f" as is_error, case when flags & {int(Flag.UNFINISHED)} = 0"
            f" then coalesce(duration_ns, 0)::ubigint end as ns"
            f" from traces where kind = '{kind_name(Kind.SYSCALL)}'"
        )
        filled, smeared = "ns", f"select *, ns as s0 from ({calls})"
        for i, shift in enumerate(_SHIFTS):
            smeared = f"select *, s{i} | (s{i} >> {shift}) as s{i + 1} from ({smeared})"
            filled = f"s{i + 1}"
        buckets = (
            f"select {keys}{comma}{_BUCKET.replace('filled', filled)} as bucket,"
            " count(*) as calls, count(ns) as finished, count(*) filter (is_error) as errors,"
            " sum(ns) as total, min(ns) as least, max(ns) as most"
            f" from ({smeared}) group by {keys}{comma}bucket"
        )
        return (
            f"select {keys}{comma}sum(calls)::ubigint, sum(finished)::ubigint,"
            " sum(errors)::ubigint, (coalesce(sum(total), 0) % 18446744073709551616)::ubigint,"
            " coalesce(min(least), 0), coalesce(max(most), 0),"
            " list(bucket) filter (bucket is not null),"
            " list(finished) filter (bucket is not null)"
            f" from ({buckets}) {'group by ' + keys if keys else ''}"
        )


@contextmanager
def one_thread(connection: Any) -> Iterator[None]:
    """While relations are made: DuckDB before 2.0 keeps the lock of Python then, for which its
    threads that open files of stores would wait."""
    (threads,) = connection.execute("select current_setting('threads')").fetchone()
    connection.execute("set threads = 1")
    try:
        yield
    finally:
        connection.execute(f"set threads = {threads}")


def make_table(
    connection: Any, files: Sequence[str], columns: frozenset[str], conditions: Mapping[str, Any]
) -> None:
    """The view `traces` of the rows that meet the conditions, with `file`; what a file does not
    have is null."""
    names = [literal(path) for path in files]
    rows = connection.read_parquet(names, union_by_name=True, filename=True)
    shown = [name if name in columns else f"null as {name}" for name in _EXPECTED]
    rows = rows.project(", ".join([*shown, "filename as file"]))
    for expression in Filters().all(conditions):
        rows = rows.filter(expression)
    rows.create_view("traces")
