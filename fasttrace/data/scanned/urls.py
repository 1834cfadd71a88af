"""Files that have URLs, as those in object stores have: found by fsspec, or by DuckDB's httpfs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from fasttrace.data.export.extras import extra
from fasttrace.data.scanned.stores import files_for_duckdb, is_there, place_of
from fasttrace.errors import FasttraceError, MissingExtra, TraceError
from fasttrace.text.terminal import printable

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_FILE = re.compile(r"file://(?:localhost)?(?=/)", re.IGNORECASE)
# Where a file is being written it has a name that begins with a dot.
PARQUET = re.compile(r"/[^./][^/]*\.parquet\Z")
_HTTPFS = ("s3", "s3a", "s3n", "http", "https", "gs", "gcs", "r2", "hf")
_PACKAGES = {
    **{"gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"},
    **{"http": "fsspec[http]", "https": "fsspec[http]"},
}


def scheme_of(text: str) -> str | None:
    """That of a URL, in small letters; None: it is none."""
    match = _URL.match(text)
    return match[1].lower() if match else None


def without_file_scheme(text: str) -> str:
    """The path of a ``file://`` URL; all else as it is."""
    match = _FILE.match(text)
    if not match:
        return text
    from urllib.parse import unquote

    return unquote(text[match.end() :], errors="surrogateescape")


def prepare(connection: Any, files: Iterable[str]) -> list[Any]:
    """Make a DuckDB able to read these; the file systems that do, which can `give_up`.

    MissingExtra: for that a package is missing. TraceError: one is not there, or may not be read.
    """
    made = []
    remote: dict[str, list[str]] = {}
    for one in files:
        scheme = scheme_of(one)
        if scheme is not None:
            remote.setdefault(scheme, []).append(one)
    for scheme, urls in remote.items():
        if is_there(scheme):
            made.append(files_for_duckdb(scheme, urls))
            connection.register_filesystem(made[-1])
        else:
            _load_httpfs(connection, scheme)
    return made


def found_at(connection: Any, url: str) -> list[str]:
    """The files that are meant by a URL, in order: of a folder all *.parquet in it, however deep.

    A file has its name before a pattern is one. TraceError: one cannot look there.
    """
    scheme = scheme_of(url) or ""
    url = scheme + url[len(scheme) :]
    with told(f"cannot look for {printable(url)}"):
        if is_there(scheme):
            return _found_by_fsspec(url)
        _load_httpfs(connection, scheme)
        rows = connection.execute("select file from glob(?)", [url]).fetchall()
        return sorted(row[0] for row in rows)


def _found_by_fsspec(url: str) -> list[str]:
    place, path = place_of(url)
    place.invalidate_cache()
    try:
        kind = place.info(path)["type"]
    except FileNotFoundError as error:
        names = place.glob(path)
        if not names and path.rstrip("/") not in str(error):
            raise  # it says more than the name: there is no such bucket
    else:
        names = [path]
        if kind == "directory":
            names = [name for name in place.find(path) if PARQUET.search(f"/{name}")]
    return sorted(place.unstrip_protocol(name) for name in names)


def _load_httpfs(connection: Any, scheme: str) -> None:
    """MissingExtra: it is not installed. It is not fetched by itself: that may take minutes."""
    if scheme in _HTTPFS:
        try:
            connection.load_extension("httpfs")
        except extra("duckdb", "duckdb").Error:
            pass
        else:
            return
    if scheme in ("s3", "s3a"):
        raise MissingExtra.of("s3fs", "s3")
    _say_what_is_missing(scheme)


def _say_what_is_missing(scheme: str) -> NoReturn:
    package = _PACKAGES.get(scheme)
    if package is None:
        raise TraceError(
            f"nothing here reads {printable(scheme)}:// URLs: install what fsspec needs for them"
        )
    quoted = f"'{package}'" if "[" in package else package
    raise MissingExtra(f"this needs {package}, which is missing: pip install {quoted}")


def line_of(error: BaseException) -> str:
    """What DuckDB or a store says, on one line."""
    text = str(error).partition("\n\n")[0].partition("\nLINE ")[0]
    if text.startswith("Traceback "):  # of a read that failed
        text = text.strip().rpartition("\n")[2].partition(": ")[2]
    return printable(" ".join(text.split())) or type(error).__name__


@contextmanager
def told(what: str) -> Iterator[None]:
    """Whatever is raised is a TraceError: each store's package has errors of its own."""
    try:
        yield
    except FasttraceError:
        raise
    except Exception as error:
        raise TraceError(f"{what}: {line_of(error)}") from None
