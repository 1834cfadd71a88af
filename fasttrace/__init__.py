"""fasttrace: record, count and analyse the system calls of programs on Linux.

    >>> import fasttrace
    >>> s = fasttrace.summary(["true"])
    >>> s.exit_status, s.calls["execve"]
    (0, 1)

The names below are imported when they are first used, so that `import fasttrace` is cheap and numpy
is loaded only where arrays are wanted.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fasttrace._version import __version__ as __version__
    from fasttrace.alter.handlers import Answer, HandledCall
    from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
    from fasttrace.data.processes import Process
    from fasttrace.data.summary import Summary
    from fasttrace.data.trace import Trace, load
    from fasttrace.errors import FasttraceError, FilterError, InjectError, Interrupted, TraceError
    from fasttrace.syscalls.names import syscall_name, syscall_number
    from fasttrace.syscalls.sets import parse as parse_filter
    from fasttrace.tracing.altering import Completed, run
    from fasttrace.tracing.runs import record, stream, summary, trace
    from fasttrace.tracing.tracer import Tracer

_WHERE = {
    "Answer": "alter.handlers",
    "Completed": "tracing.altering",
    "EVENT_DTYPE": "data.events",
    "FasttraceError": "errors",
    "FilterError": "errors",
    "Flag": "data.events",
    "Interrupted": "errors",
    "Kind": "data.events",
    "HandledCall": "alter.handlers",
    "InjectError": "errors",
    "Process": "data.processes",
    "Summary": "data.summary",
    "Trace": "data.trace",
    "TraceError": "errors",
    "Tracer": "tracing.tracer",
    "load": "data.trace",
    "parse_filter": "syscalls.sets",
    "record": "tracing.runs",
    "run": "tracing.altering",
    "stream": "tracing.runs",
    "summary": "tracing.runs",
    "syscall_name": "syscalls.names",
    "syscall_number": "syscalls.names",
    "trace": "tracing.runs",
    "__version__": "_version",
}

_OTHER_NAME = {"parse_filter": "parse"}

__all__ = [
    "EVENT_DTYPE",
    "Answer",
    "Completed",
    "FasttraceError",
    "FilterError",
    "Flag",
    "HandledCall",
    "InjectError",
    "Interrupted",
    "Kind",
    "Process",
    "Summary",
    "Trace",
    "TraceError",
    "Tracer",
    "load",
    "parse_filter",
    "record",
    "run",
    "stream",
    "summary",
    "syscall_name",
    "syscall_number",
    "trace",
]


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'fasttrace' has no attribute {name!r}")
    value = getattr(import_module(f"fasttrace.{where}"), _OTHER_NAME.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
