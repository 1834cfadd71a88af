"""Where our own output goes: standard error or a file, never among what the program prints."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from fasttrace.errors import OutputError
from fasttrace.terminal import printable


class Output:
    """A text sink that outlives its reader.

    A closed pipe or a full disk must not end the traced program: after the first error writes do
    nothing, and `failed` tells.

    Args:
        path: a file to write instead; it is emptied first. OutputError: it cannot be opened.
        fd: 1 or 2.
    """

    def __init__(self, path: str | None = None, *, fd: int = 2) -> None:
        self.failed: OSError | None = None
        self._path = path
        self._own = path is not None
        if path is None:
            self._fd = fd
            if (sys.stdout if fd == 1 else sys.stderr) is None:
                self.failed = BrokenPipeError()  # closed when we started; the number may be reused
        else:
            self._fd = _open(path)
        self.is_terminal = not self.failed and os.isatty(self._fd)
        self.color = (
            self.is_terminal
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM", "dumb") != "dumb"
        )

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, text: str) -> None:
        if self.failed or not text:
            return
        try:
            write_all(self._fd, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        if not self._own:
            return
        self._own = False
        try:
            os.close(self._fd)
        except OSError as error:  # a quota, a network file system
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        first, self.failed = not self.failed, error
        if first and not isinstance(error, BrokenPipeError):
            say(
                f"cannot write {self._path or 'the output'}: {error.strerror}; the rest is left out"
            )

    @property
    def status(self) -> int:
        """1: something could not be written and somebody would have read it."""
        return int(self.failed is not None and not isinstance(self.failed, BrokenPipeError))


def _open(path: str) -> int:
    if path == "-":
        raise OutputError(22, "-o -: to write to standard output give /dev/stdout")
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}; choose another -o"
        raise OutputError(error.errno, message, path) from None


def write_all(fd: int, data: bytes) -> None:
    """Write everything, also where the program has made the descriptor we share non-blocking."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            import select

            select.select([], [fd], [])


def say(message: str) -> None:
    """One line on standard error, if there is one."""
    if sys.stderr is None:
        return
    try:
        write_all(2, f"fasttrace: {printable(message)}\n".encode())
    except OSError:
        return  # nobody is there to be told
