"""A file that has its name only once it is whole: an export is there, or what was there before."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol

from fasttrace.errors import FasttraceError, OutputError
from fasttrace.system.files import Place, Text


def cannot_write(path: Text, error: OSError) -> OutputError:
    """The same error with what to do about it."""
    remedy = {
        errno.ENOSPC: "the disk is full; free some space",
        errno.EDQUOT: "the disk quota is used up; free some space",
        errno.EFBIG: "the file would exceed the limit of file sizes; see `ulimit -f`",
    }.get(error.errno or 0, f"{error.strerror}; choose another place")
    return OutputError(error.errno, f"cannot write {os.fspath(path)}: {remedy}")


class Sink(Protocol):
    """What is written to: all that it is given, or an OSError."""

    def write(self, data: bytes | memoryview, /) -> int: ...


@contextmanager
def writing(path: Text, *, closed_pipe: bool = False) -> Iterator[None]:
    """OutputError for an OSError meanwhile. What is told already stays as it is, and so does that
    nobody reads a pipe any more, unless closed_pipe: for who asked for a file."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FasttraceError):
            raise
        if isinstance(error, BrokenPipeError) and not closed_pipe:
            raise
        raise cannot_write(path, error) from None


def write_new(path: Text, write: Callable[[Sink], None]) -> int:
    """What `write` writes, as a file that has its name once it is whole; returns its bytes.

    OutputError: it cannot be written. BrokenPipeError: it is a pipe that nobody reads any more.
    """
    with NewFile(path) as file:
        with writing(path):
            write(file)
        file.finish()
        return file.written


class NewFile:
    """Written beside its name, and put in its place by `finish`; what is left without goes away.

    What is there and is no file, such as a pipe or /dev/stdout, is written to as it is.

    Args:
        path: where it shall be. OutputError: it cannot be written there.
    """

    def __init__(self, path: Text) -> None:
        self.path = os.fspath(path)
        self.written = 0
        try:
            self._place = Place(path, is_file=True)
        except OSError as error:
            raise cannot_write(path, error) from None
        self._fd = -1
        try:
            self._place.check_file()
            self._fd = self._place.open_beside()
        except OSError as error:
            self.discard()
            raise cannot_write(path, error) from None

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.discard()

    def write(self, data: bytes | memoryview, /) -> int:
        """All of it. OSError: as write(2) gives it, that of a closed pipe too."""
        view = memoryview(data).cast("B")
        count = len(view)
        while view:
            done = os.write(self._fd, view)
            self.written += done
            view = view[done:]
        return count

    def finish(self) -> None:
        """It is whole: it gets its name. OutputError: that cannot be."""
        try:
            os.close(self._fd)  # a quota, a network file system
            self._fd = -1
            self._place.put_in_place()
        except OSError as error:
            raise cannot_write(self.path, error) from None
        finally:
            self.discard()

    def discard(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._place.remove_beside()
        self._place.close()
