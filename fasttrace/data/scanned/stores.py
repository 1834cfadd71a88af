"""Object stores, by fsspec: where they are, and how DuckDB reads what is in them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Lock, Thread, get_ident
from typing import Any, NamedTuple

from fasttrace.errors import TraceError
from fasttrace.text.terminal import printable

# So much of each file's end is fetched, of many files at a time: DuckDB would begin there with one
# after the other.
_TAIL = 1 << 16
_CONNECT_S, _READ_S, _ATTEMPTS = 5, 15, 3
_LONG_AGO = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)


def is_there(scheme: str) -> bool:
    """Whether fsspec is, and what it needs for these URLs."""
    try:
        from fsspec.registry import get_filesystem_class

        get_filesystem_class(scheme)
    except (ImportError, ValueError):
        return False
    return True


def place_of(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, and the name there."""
    from fsspec.core import url_to_fs

    scheme = url.partition("://")[0]
    options = _bounded(scheme)
    place, path = url_to_fs(url, **options)
    if options and scheme.startswith("s3"):
        place.retries = 1  # botocore tries again by itself
    return place, path


def _bounded(scheme: str) -> dict[str, Any]:
    """Options by which what does not answer is given up within a minute, where those of the user's
    configuration of fsspec say nothing."""
    from fsspec.config import conf

    if conf.get(scheme):
        return {}
    if scheme in ("s3", "s3a"):
        retries = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
        config = {"connect_timeout": _CONNECT_S, "read_timeout": _READ_S, "retries": retries}
        return {"config_kwargs": config}
    if scheme in ("http", "https"):
        from aiohttp import ClientTimeout

        timeout = ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_READ_S)
        return {"client_kwargs": {"timeout": timeout}}
    return {}


class _Waiting:
    """Reads that are under way, until they are given up."""

    def __init__(self) -> None:
        self._futures: set[Future[bytes]] = set()
        self._lock = Lock()
        self._is_over = False

    def for_(self, future: Future[bytes]) -> bytes:
        with self._lock:
            if self._is_over:
                future.cancel()
            self._futures.add(future)
        try:
            return future.result()
        finally:
            with self._lock:
                self._futures.discard(future)

    def give_up(self) -> None:
        with self._lock:
            self._is_over = True
            for future in self._futures:
                future.cancel()


class _File(NamedTuple):
    url: str
    place: Any
    path: str
    size: int
    tail: bytes

    def part(self, start: int, end: int, waiting: _Waiting) -> bytes:
        end = min(end, self.size)
        first = self.size - len(self.tail)
        if start >= first or start >= end:
            return self.tail[start - first : end - first]
        try:
            data = self._fetched(start, end, waiting)
        except Exception as error:
            raise _unread(self.url, error) from None
        if len(data) != end - start:
            raise TraceError(f"{printable(self.url)} has changed while it was read")
        return data

    def _fetched(self, start: int, end: int, waiting: _Waiting) -> bytes:
        """In a thread of Python's, so that DuckDB's need not wait for it to the end: an interpreter
        that ends would end those inside of C++, which that does not survive."""
        future: Future[bytes] = Future()

        def fetch() -> None:
            try:
                data = self.place.cat_file(self.path, start=start, end=end)
            except Exception as error:
                with suppress(InvalidStateError):
                    future.set_exception(error)
            else:
                with suppress(InvalidStateError):
                    future.set_result(data)

        Thread(target=fetch, daemon=True).start()
        return waiting.for_(future)


class _Reader:
    """Several threads of DuckDB's share one: each has its own place in the file.

    By its number: threading.local forgets a thread of C++ as soon as a call of Python returns.
    """

    def __init__(self, file: _File, waiting: _Waiting) -> None:
        self._file, self._waiting = file, waiting
        self._at: dict[int, int] = {}

    def seek(self, offset: int) -> int:
        self._at[get_ident()] = offset
        return offset

    def tell(self) -> int:
        return self._at.get(get_ident(), 0)

    def read(self, size: int) -> bytes:
        start = self.tell()
        data = self._file.part(start, start + size, self._waiting)
        self.seek(start + len(data))
        return data

    def close(self) -> None:
        pass


class _Files:
    """What DuckDB asks of fsspec's file systems. A name is never a pattern."""

    _files: dict[str, _File]
    _waiting: _Waiting

    def glob(self, url: str) -> list[str]:
        return [url]

    def unstrip_protocol(self, url: str) -> str:
        return url

    def exists(self, url: str) -> bool:
        return url in self._files

    def size(self, url: str) -> int:
        return self._files[url].size

    def modified(self, url: str) -> datetime.datetime:
        return _LONG_AGO  # DuckDB keeps nothing from one connection to the next

    def open(self, url: str, mode: str) -> _Reader:
        return _Reader(self._files[url], self._waiting)

    def give_up(self) -> None:
        """Let no read wait any longer."""
        self._waiting.give_up()


def files_for_duckdb(scheme: str, urls: Sequence[str]) -> Any:
    """A file system for `register_filesystem` that has these. TraceError: one cannot be read."""
    from fsspec import AbstractFileSystem

    made = type("Files", (_Files, AbstractFileSystem), {"protocol": scheme, "cachable": False})()
    made._waiting = _Waiting()
    made._files = {file.url: file for file in _opened(urls)}
    return made


def _opened(urls: Sequence[str]) -> Iterator[_File]:
    """Sizes and ends of all at once, as far as the package for the store can do that."""
    parts: dict[Any, dict[str, str]] = {}
    for url in urls:
        place, path = place_of(url)
        parts.setdefault(place, {})[path] = url
    for place, named in parts.items():
        paths = list(named)
        sizes = _sizes(place, named)
        starts = [max(0, size - _TAIL) for size in sizes]
        tails = place.cat_ranges(paths, starts, sizes, on_error="return")
        for path, size, tail in zip(paths, sizes, tails, strict=True):
            if isinstance(tail, BaseException):
                raise _unread(named[path], tail)
            yield _File(named[path], place, path, size, bytes(tail))


def _sizes(place: Any, named: Mapping[str, str]) -> list[int]:
    try:
        sizes: list[int] = place.sizes(list(named))
    except Exception:
        for path, url in named.items():  # which one it is
            try:
                place.info(path)
            except Exception as error:
                raise _unread(url, error) from None
        raise
    for url, size in zip(named.values(), sizes, strict=True):
        if size is None:
            raise TraceError(f"{printable(url)} cannot be read: its server does not tell its size")
    return sizes


def _unread(url: str, error: BaseException) -> TraceError:
    return TraceError(f"{printable(url)} cannot be read: {error or type(error).__name__}")
