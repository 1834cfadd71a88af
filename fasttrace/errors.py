"""What can go wrong: every message is one line that says what to do about it.

Each error is built on the built-in one that a caller would look for (FileNotFoundError, ValueError,
...), with its errno where there is one, and knows the exit status of a command line that it ends.
"""

from __future__ import annotations

import errno
import warnings
from typing import TYPE_CHECKING, Any

from fasttrace.text.terminal import printable


class FasttraceError(Exception):
    """The base of all errors of fasttrace (but `Interrupted`).

    Takes what its built-in base takes: a message, or errno and message (and a file name).
    """

    exit_status = 1

    def __str__(self) -> str:
        # OSError would put "[Errno 2]" before and the file name after it.
        message = getattr(self, "strerror", None)
        # Paths and names of others stand in it, and wherever it is shown it is one line.
        return printable(message if isinstance(message, str) else super().__str__())


class UsageError(FasttraceError, ValueError):
    """A command line that cannot be understood."""

    exit_status = 2


class SelectionError(FasttraceError, ValueError):
    """A syscall set that cannot be read: an unknown name or class, a bad regular expression."""

    exit_status = 2


class InjectError(FasttraceError, ValueError):
    """A rule of what to alter that cannot be read: see `fasttrace.alter.language`."""

    exit_status = 2


class ProfileError(FasttraceError, ValueError):
    """A seccomp profile that cannot be read, compiled or merged."""

    exit_status = 2


class ForkedError(FasttraceError, RuntimeError):
    """A tracer was used in a forked child, which has but a copy of it."""

    def __init__(
        self,
        message: str = "this tracer belongs to the process that was forked, and its child cannot"
        " use it: make a tracer in the child",
    ) -> None:
        super().__init__(message)


class HandlerError(FasttraceError, TypeError):
    """A handler returned what is no answer to a call."""


class TraceError(FasttraceError, OSError):
    """Tracing failed, or a trace cannot be read."""


class MemoryFault(FasttraceError, OSError):
    """Memory of a task that is not there, EFAULT; `done`: bytes that were written before it."""

    done = 0


class OutputError(FasttraceError, OSError):
    """What was recorded cannot be written where it should go."""


class MissingExtra(FasttraceError, ImportError):
    """A package is wanted that is not installed with fasttrace by itself."""

    @classmethod
    def of(cls, package: str, extra: str) -> MissingExtra:
        return cls(f"this needs {package}, which is missing: pip install 'fasttrace[{extra}]'")


class CommandNotFound(FasttraceError, FileNotFoundError):
    """There is no such program."""

    exit_status = 127


class CommandNotExecutable(FasttraceError, PermissionError):
    """There is such a file, but the kernel does not run it; errno says how execve(2) put it."""

    exit_status = 126


class NoSuchProcess(FasttraceError, ProcessLookupError):
    """There is no process with this pid, or it has ended."""

    @classmethod
    def of(cls, pid: int) -> NoSuchProcess:
        return cls(errno.ESRCH, f"there is no process {pid}; see ps -e for those that run")


class TraceNotPermitted(FasttraceError, PermissionError):
    """The kernel, or what stands before it, does not let us trace."""


class EngineUnavailable(FasttraceError, NotImplementedError):
    """The engine asked for does not work here."""

    @classmethod
    def of(cls, name: str, why: str) -> EngineUnavailable:
        return cls(f"engine {name!r} does not work here: {why}; use --engine ptrace, or auto")


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while tracing; the tree has been killed, or the process detached from.

    Args:
        result: the Summary or Trace up to then.
    """

    exit_status = 130

    def __init__(self, result: Any = None) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        return "interrupted; .result holds what was traced so far"


if TYPE_CHECKING:
    FilterError = SelectionError
else:

    def __getattr__(name: str) -> Any:
        """The former name of `SelectionError`."""
        if name != "FilterError":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        text = "fasttrace.errors.FilterError is SelectionError now"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return SelectionError
