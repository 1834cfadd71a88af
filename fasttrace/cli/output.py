"""Where our own output goes: standard error or a file, never among what the program prints."""

from __future__ import annotations

import os
import select
import signal
import sys
from types import TracebackType
from typing import TYPE_CHECKING

from fasttrace.errors import OutputError
from fasttrace.system.files import Place
from fasttrace.text.color import is_color_wanted
from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from fasttrace.system.new_file import Sink


def columns_of(fd: int) -> int | None:
    """Of a terminal; COLUMNS goes before what it says, as for shutil.get_terminal_size. None: it
    says nothing, is none, or has hung up."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size(fd).columns or None
    except OSError:
        return None


class Output:
    """A text sink that outlives its reader.

    A closed pipe or a full disk must not end the traced program: after the first error writes do
    nothing, and `failed` tells.

    Args:
        path: a file to write instead; it is emptied first. "-": standard output. OutputError: it
            cannot be opened.
        fd: 1 or 2.
    """

    def __init__(self, path: str | OutputFile | None = None, *, fd: int = 2) -> None:
        self.failed: OSError | None = None
        self._unread = False
        if path == "-":  # it was asked for, though the program may write there too
            path, fd = None, 1
        self._name = "the output" if path is None else str(path)
        self._own = path is not None
        if path is None:
            self._fd = fd
            if (sys.stdout if fd == 1 else sys.stderr) is None:
                self.failed = BrokenPipeError()  # closed when we started; the number may be reused
        else:
            file = path if isinstance(path, OutputFile) else OutputFile(path)
            self._fd = file.open()
        self.is_terminal = not self.failed and os.isatty(self._fd)
        self.color = is_color_wanted(self.is_terminal)

    @property
    def width(self) -> int | None:
        """How long a line may be; None: as long as it likes, for it is no terminal, or says nothing
        of its size."""
        return columns_of(self._fd) if self.is_terminal else None

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
        self._unread |= isinstance(error, BrokenPipeError)
        if first and not self._unread:
            say(f"cannot write {self._name}: {error.strerror}; the rest is left out")

    def is_unread(self) -> bool:
        """Whether it is a pipe that nobody has open to read from any more."""
        if not self.failed:
            waits = select.poll()
            waits.register(self._fd, 0)
            # poll(2): POLLERR is also set for the writing end of a pipe without a reading one.
            if any(event & select.POLLERR for _, event in waits.poll(0)):
                self._fail(BrokenPipeError())
        return self._unread

    @property
    def status(self) -> int:
        """1: something could not be written and somebody would have read it."""
        return int(self.failed is not None and not isinstance(self.failed, BrokenPipeError))


class OutputFile:
    """What -o names, in a folder that is held from now on; nothing is written yet.

    OutputError: it cannot be written, as far as can be told without doing it.
    """

    def __init__(self, path: str) -> None:
        if path == "-":
            raise OutputError(22, "-o -: to write to standard output give /dev/stdout")
        self._path = path
        self._place: Place | None = None
        try:
            self._place = Place(path, is_file=True)
            self._place.check_file()
        except OSError as error:
            self.close()
            raise self._error(error) from None

    def __str__(self) -> str:
        return self._path

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> int:
        """Once: an empty file, open for writing."""
        assert self._place is not None
        try:
            return self._place.open_file()
        except OSError as error:
            raise self._error(error) from None
        finally:
            self.close()

    def close(self) -> None:
        if self._place is not None:
            self._place.close()
            self._place = None

    def _error(self, error: OSError) -> OutputError:
        message = f"cannot write {self._path}: {error.strerror}; choose another -o"
        return OutputError(error.errno, message, self._path)


def write_all(fd: int, data: bytes) -> None:
    """Write everything, also where the program has made the descriptor we share non-blocking."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            select.select([], [fd], [])


class _CountedStdout:
    """Standard output, for what writes to a file, and how many bytes of it."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, data: bytes | memoryview, /) -> int:
        count = memoryview(data).nbytes
        write_all(1, bytes(data))
        self.written += count
        return count


def write_to_stdout(write: Callable[[Sink], None]) -> int:
    """What `write` writes, on standard output; returns its bytes.

    OutputError: it cannot be written. BrokenPipeError: nobody reads any more, or it was closed.
    """
    from fasttrace.system.new_file import writing

    if sys.stdout is None:
        raise BrokenPipeError
    stdout = _CountedStdout()
    with writing("the output"):
        write(stdout)
    return stdout.written


def show(text: str) -> int:
    """Write to standard output; returns the exit status that this calls for."""
    output = Output(fd=1)
    output.write(text)
    return -signal.SIGPIPE if output.is_unread() else output.status


def say(message: str, program: str = "fasttrace") -> None:
    """One line on standard error, if there is one, by the name that we run under."""
    if sys.stderr is None:
        return
    try:
        write_all(2, f"{program}: {printable(message)}\n".encode())
    except OSError:
        return  # nobody is there to be told
