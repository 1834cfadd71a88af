"""Which files are meant, and whether each holds what can be asked for."""

from __future__ import annotations

import glob
import os
import stat
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from fasttrace.data.export.extras import extra
from fasttrace.data.scanned.urls import (
    PARQUET,
    found_at,
    line_of,
    prepare,
    scheme_of,
    without_file_scheme,
)
from fasttrace.data.stored import FORMAT, checked, parsed
from fasttrace.errors import TraceError
from fasttrace.system.files import look
from fasttrace.text.terminal import printable, quoted

T = TypeVar("T")

# What cannot be counted without.
NEEDED = ("name", "kind", "abi", "nr", "duration_ns", "flags")
_REMEDY = "give a folder, a pattern such as 'runs/*.parquet', or a list"


def connect(files: Iterable[str] = ()) -> Any:
    """A DuckDB of one's own that can read these, and looks at no variables of Python.

    MissingExtra: none is there, or nothing that reads such URLs. TraceError: a file in a store
    cannot be read.
    """
    connection = _connection()
    if prepare(connection, files) and extra("duckdb", "duckdb").__version__.startswith("1."):
        connection.execute("set threads = 1")  # as in `one_thread`, whatever is made of relations
    return connection


def _connection() -> Any:
    config = {"python_enable_replacements": False, "autoinstall_known_extensions": False}
    return extra("duckdb", "duckdb").connect(config=config)


def answer_of(files: Sequence[str], ask: Callable[[Any], T]) -> T:
    """What `ask` gets of a DuckDB that can read these.

    In a thread of its own: DuckDB would look for signals now and then, lose what their handlers
    raise, and go on with what its threads have begun.
    """
    connection = _connection()
    stores = prepare(connection, files)
    answers: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with connection:
                answers.append(ask(connection))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        with suppress(extra("duckdb", "duckdb").ConnectionException):  # closed: it has its answer
            connection.interrupt()
        for store in stores:
            store.give_up()
        thread.join()
        raise
    if errors:
        raise errors[0]
    return answers[0]


def found(where: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    """The files that are meant, in order: of a folder all *.parquet in it, however deep.

    A file has its name before a pattern is one. TraceError: there is none.
    """
    texts = [where] if isinstance(where, (str, os.PathLike)) else list(where)
    files: dict[str, None] = {}
    for one in texts:
        text = os.fspath(one)
        if not isinstance(text, str):
            text = os.fsdecode(text)
        if "\0" in text:
            raise TraceError(f"{printable(text)}: no file has such a name; {_REMEDY}")
        text = without_file_scheme(text)
        some = _of_url(text) if scheme_of(text) else _of_path(text)
        if not some:
            raise TraceError(f"no file is there for {printable(text)}; {_REMEDY}")
        files.update(dict.fromkeys(some))
    if not files:
        raise TraceError(f"no files are given; {_REMEDY}")
    return list(files)


def _of_path(text: str) -> list[str]:
    here = look(text)
    if here is None:
        paths = glob.glob(text, recursive=True)  # noqa: PTH207 - "**" of any path
        return sorted(path for path in paths if _is_file(path))
    if stat.S_ISDIR(here.st_mode):
        paths = [f"{top}/{name}" for top, _, names in os.walk(text) for name in names]
        return sorted(path for path in paths if PARQUET.search(path) and _is_file(path))
    if not stat.S_ISREG(here.st_mode):  # a pipe might never end
        raise TraceError(f"{printable(text)} is no file; {_REMEDY}")
    return [text]


def _is_file(path: str) -> bool:
    found = look(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def _of_url(text: str) -> list[str]:
    with connect() as connection:
        return found_at(connection, text)


def literal(path: str) -> str:
    """A file's name as DuckDB takes it, which takes names for patterns."""
    return path if scheme_of(path) else glob.escape(path)


def columns_of(files: Sequence[str], *, check: bool) -> set[str]:
    """The columns that the files have, of some maybe not all.

    check: that each is a trace of ours with what counting needs. TraceError: one is not, or cannot
    be read.
    """
    duckdb = extra("duckdb", "duckdb")

    def columns(connection: Any) -> set[str]:
        try:
            return _columns(connection, files, check)
        except duckdb.Error as error:
            for one in files if len(files) > 1 else ():
                try:
                    _columns(connection, [one], check)
                except duckdb.Error as its:
                    raise _unreadable(one, its) from None
            raise _unreadable(files[0], error) from None

    return answer_of(files, columns)


def _unreadable(path: str, error: BaseException) -> TraceError:
    return TraceError(
        f"{printable(path)} cannot be read, it is cut or no Parquet file: {line_of(error)}"
    )


def _columns(connection: Any, files: Sequence[str], check: bool) -> set[str]:
    names = [literal(path) for path in files]
    rows = connection.execute("select file_name, name from parquet_schema(?)", [names]).fetchall()
    columns: dict[str, set[str]] = {}
    for path, name in rows:
        columns.setdefault(path, set()).add(name)
    if check:
        _check(connection, names, columns)
    return set().union(*columns.values())


def _check(connection: Any, names: Sequence[str], columns: dict[str, set[str]]) -> None:
    told = connection.execute(
        "select file_name, decode(key), decode(value) from parquet_kv_metadata(?)"
        " where key in ('fasttrace'::blob, 'fasttrace.version'::blob)",
        [names],
    ).fetchall()
    metadata: dict[str, dict[str, str]] = {}
    for path, key, value in told:
        metadata.setdefault(path, {})[key] = value
    for path, its in columns.items():
        name = printable(path)
        if path not in metadata:
            raise TraceError(f"{name} holds something else than a trace of fasttrace")
        if FORMAT in metadata[path]:
            try:
                checked(name, parsed(metadata[path][FORMAT].encode()))
            except (ValueError, RecursionError):
                raise TraceError(f"{name} is damaged: its metadata cannot be read") from None
        missing = [column for column in NEEDED if column not in its]
        if missing:
            raise TraceError(
                f"{name} lacks the columns {', '.join(missing)}: export it without --columns"
            )


def no_such(what: str, word: object, known: Iterable[str]) -> ValueError:
    return ValueError(f"no {what} {quoted(str(word))}: one of {', '.join(known)}")
