"""What can go wrong: every message is one line that says what to do about it.

Each error is built on the built-in one that a caller would look for (FileNotFoundError, ValueError,
...), with its errno where there is one, and knows the exit status of a command line that it ends.
"""

from __future__ import annotations

from typing import Any


class FasttraceError(Exception):
    """The base of all errors of fasttrace (but `Interrupted`).

    Takes what its built-in base takes: a message, or errno and message (and a file name).
    """

    exit_status = 1

    def __str__(self) -> str:
        # OSError would put "[Errno 2]" before and the file name after it.
        message = getattr(self, "strerror", None)
        return message if isinstance(message, str) else super().__str__()


class FilterError(FasttraceError, ValueError):
    """A syscall set that cannot be read: an unknown name or class, a bad regular expression."""

    exit_status = 2


class TraceError(FasttraceError, OSError):
    """Tracing failed, or a trace cannot be read."""


class OutputError(FasttraceError, OSError):
    """What was recorded cannot be written where it should go."""


class CommandNotFound(FasttraceError, FileNotFoundError):
    """There is no such program."""

    exit_status = 127

    @classmethod
    def of(cls, name: str) -> CommandNotFound:
        """The error for a name that is not in PATH, with names that look like it."""
        from fasttrace.diagnosis import command_not_found

        return command_not_found(name)


class CommandNotExecutable(FasttraceError, PermissionError):
    """There is such a file, but the kernel does not run it; errno says how execve(2) put it."""

    exit_status = 126


class NoSuchProcess(FasttraceError, ProcessLookupError):
    """There is no process with this pid, or it has ended."""


class TraceNotPermitted(FasttraceError, PermissionError):
    """The kernel, or what stands before it, does not let us trace."""


class EngineUnavailable(FasttraceError, NotImplementedError):
    """The engine asked for does not work here."""

    @classmethod
    def of(cls, name: str) -> EngineUnavailable:
        return cls(f"engine {name!r} comes with a later release; use --engine ptrace, or auto")


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


def spawn_error(path: str, error: int, stage: str, cwd: str | None = None) -> FasttraceError:
    """Why a command could not be started.

    Args:
        path: the file given to execve(2).
        error: the errno (positive).
        stage: where it failed: one of `fasttrace._core.STAGES`.
        cwd: the directory it should have started in; None: ours.
    """
    from fasttrace.diagnosis import diagnose_spawn

    return diagnose_spawn(path, error, stage, cwd)


def attach_error(pid: int, error: int) -> FasttraceError:
    """Why a process could not be attached to; `error` is the errno (positive)."""
    from fasttrace.diagnosis import diagnose_attach

    return diagnose_attach(pid, error)
