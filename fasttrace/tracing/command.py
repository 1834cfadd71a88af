"""What to run: an argument list, where it is found, and what it starts with."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO, TypeAlias

Text: TypeAlias = "str | bytes | os.PathLike[str] | os.PathLike[bytes]"
Stdio: TypeAlias = "int | IO[bytes] | IO[str] | None"

# CPython ignores these for itself at its start; a program must not inherit that (as subprocess's
# restore_signals). What they were before is not to be known.
_DEFAULT_SIGNALS = sum(1 << (s - 1) for s in (signal.SIGPIPE, signal.SIGXFSZ))

_DEVNULL = -3  # subprocess.DEVNULL, without importing subprocess
_PIPE = -1


class Command:
    """A command ready to be spawned.

    Args:
        argv: the program and its arguments; a single str or path is a program without arguments.
        executable: the file to run instead of looking up ``argv[0]``.
        cwd: the directory to start in.
        env: the whole environment; None: ours.
        stdin, stdout, stderr: None (as ours), a descriptor, an object with ``fileno()``, or
            ``subprocess.DEVNULL``.
    """

    def __init__(
        self,
        argv: Sequence[Text] | Text,
        *,
        executable: Text | None = None,
        cwd: Text | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stdio = None,
        stdout: Stdio = None,
        stderr: Stdio = None,
    ) -> None:
        words = [argv] if isinstance(argv, (str, bytes, os.PathLike)) else list(argv)
        if not words:
            raise ValueError("no command: argv is empty")
        self.argv = [_fsencode(word) for word in words]
        environ = os.environb if env is None else _environ(env)
        self.env = [name + b"=" + value for name, value in environ.items()]
        self.cwd = None if cwd is None else _fsencode(cwd)
        self.stdio = (stdin, stdout, stderr)
        if executable is not None:
            self.path = _fsencode(executable)
        else:
            self.path = _find(self.argv[0], environ.get(b"PATH"))

    @property
    def names(self) -> list[str]:
        """argv as text."""
        return [os.fsdecode(word) for word in self.argv]

    @property
    def default_signals(self) -> int:
        return _DEFAULT_SIGNALS

    def descriptors(self, stack: ExitStack) -> tuple[int, int, int]:
        """What shall become 0, 1 and 2 (-1: as ours); `stack` closes what had to be opened."""
        fds = [_descriptor(which, stack) for which in self.stdio]
        return fds[0], fds[1], fds[2]

    def keep_descriptors(self, stack: ExitStack) -> None:
        """Copy them: what they were given as may be closed before the command starts."""
        kept: list[Stdio] = []
        for fd in self.descriptors(stack):
            copy = fd if fd < 0 else os.dup(fd)
            if copy >= 0:
                stack.callback(os.close, copy)
            kept.append(None if copy < 0 else copy)
        self.stdio = (kept[0], kept[1], kept[2])


def _fsencode(text: Text) -> bytes:
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise ValueError(f"embedded null byte in {text!r}")
    return encoded


def _environ(env: Mapping[str, str]) -> dict[bytes, bytes]:
    environ = {_fsencode(name): _fsencode(value) for name, value in env.items()}
    for name in environ:
        if not name or b"=" in name:
            raise ValueError(f"an environment has no variable of the name {os.fsdecode(name)!r}")
    return environ


def _descriptor(which: Stdio, stack: ExitStack) -> int:
    if which is None:
        return -1
    if not isinstance(which, int):
        return which.fileno()
    if which == _DEVNULL:
        fd = os.open(os.devnull, os.O_RDWR)
        stack.callback(os.close, fd)
        return fd
    if which == _PIPE:
        raise ValueError("PIPE is not supported: make a pipe with os.pipe() and pass its end")
    if which < 0:
        raise ValueError(f"not a descriptor: {which}")
    return which


def _find(name: bytes, search: bytes | None) -> bytes:
    """Look a program up as execvp(3) does; a file that may not be executed is taken last."""
    if b"/" in name:
        return name
    denied = None
    for folder in (os.defpath.encode() if search is None else search).split(b":"):
        path = (folder or b".") + b"/" + name
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116 - Path takes no bytes
        except OSError:
            continue
        if stat.S_ISDIR(mode):
            continue
        if os.access(path, os.X_OK):
            return path
        denied = denied or path
    if denied is None:
        from fasttrace.system.diagnosis import command_not_found

        raise command_not_found(os.fsdecode(name))
    return denied
