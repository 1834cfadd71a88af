"""Where lines go: standard error, a file, a file for each task, or the input of a command."""

from __future__ import annotations

import errno
import os
import select
import sys
from typing import TYPE_CHECKING

from fasttrace.cli import output
from fasttrace.cli.strace.getopt import BadOption

if TYPE_CHECKING:
    import subprocess


def say(message: str) -> None:
    """One line of ours on standard error, as strace would put it."""
    output.say(message, program="strace")


class Texts:
    """Takes the text of each task; after the first error writes do nothing, and `failed` tells.

    Args:
        path: a file, or with | or ! before it a command; None: standard error.
        append: to the file.
        separately: a file for each task, PATH.TID.

    Raises BadOption where the file cannot be opened.
    """

    def __init__(self, path: str | None, *, append: bool, separately: bool) -> None:
        self.failed: OSError | None = None
        self._path = path or ""
        self._append = append
        self._command: subprocess.Popen[bytes] | None = None
        self._files: dict[int, int] = {}
        self._shared = 2
        if path is None:
            if sys.stderr is None:
                self.failed = OSError(errno.EBADF, os.strerror(errno.EBADF))  # closed before us
        elif path[:1] in ("|", "!"):
            self._command, self._shared = _started(path[1:])
        elif separately:
            self._shared = -1
        else:
            self._shared = self._open(path)

    def _open(self, path: str) -> int:
        flags = os.O_APPEND if self._append else os.O_TRUNC
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o666)
        except OSError as error:
            raise BadOption(f"Can't fopen '{path}': {error.strerror}", hint=False) from None

    def write(self, tid: int, text: bytes) -> None:
        """Text of a task, or of all."""
        if self.failed:
            return
        fd = self._shared if self._shared >= 0 else self._file_of(tid)
        try:
            output.write_all(fd, text)
        except OSError as error:
            self._fail(error)

    def _file_of(self, tid: int) -> int:
        if tid not in self._files:
            if len(self._files) >= 256:  # the task goes on in the same file if it comes again
                os.close(self._files.pop(next(iter(self._files))))
            self._files[tid] = self._open(f"{self._path}.{tid}")
            self._append = True
        return self._files[tid]

    def _fail(self, error: OSError) -> None:
        self.failed = error
        if not isinstance(error, BrokenPipeError):
            say(f"{self._path or 'standard error'}: {error.strerror}")

    def is_unread(self) -> bool:
        """Whether it is a pipe that nobody has open to read from any more."""
        if not self.failed and self._shared >= 0:
            waits = select.poll()
            waits.register(self._shared, 0)
            # poll(2): POLLERR is also set for the writing end of a pipe without a reading one.
            if any(event & select.POLLERR for _, event in waits.poll(0)):
                self._fail(BrokenPipeError())
        return isinstance(self.failed, BrokenPipeError)

    def close(self) -> None:
        """All that was written has been read by the command, if there is one."""
        for fd in self._files.values():
            os.close(fd)
        self._files.clear()
        if self._command is not None:
            assert self._command.stdin is not None
            self._command.stdin.close()
            self._command.wait()
        elif self._shared > 2:
            os.close(self._shared)
            self._shared = -1


def _started(command: str) -> tuple[subprocess.Popen[bytes], int]:
    """A command of the shell, and where it reads."""
    import subprocess

    process = subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.PIPE, bufsize=0)
    assert process.stdin is not None
    return process, process.stdin.fileno()
