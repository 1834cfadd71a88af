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
    from fasttrace.errors import FasttraceError, FilterError, Interrupted, TraceError
    from fasttrace.events import EVENT_DTYPE, Flag, Kind
    from fasttrace.filters import parse as parse_filter
    from fasttrace.processes import Process
    from fasttrace.summary import Summary
    from fasttrace.syscalls import syscall_name, syscall_number
    from fasttrace.trace import Trace, load
    from fasttrace.tracer import Tracer, record, stream, summary, trace

__version__ = "0.1.0"

_WHERE = {
    "EVENT_DTYPE": "events",
    "FasttraceError": "errors",
    "FilterError": "errors",
    "Flag": "events",
    "Interrupted": "errors",
    "Kind": "events",
    "Process": "processes",
    "Summary": "summary",
    "Trace": "trace",
    "TraceError": "errors",
    "Tracer": "tracer",
    "load": "trace",
    "parse_filter": "filters",
    "record": "tracer",
    "stream": "tracer",
    "summary": "tracer",
    "syscall_name": "syscalls",
    "syscall_number": "syscalls",
    "trace": "tracer",
}

__all__ = [
    "EVENT_DTYPE",
    "FasttraceError",
    "FilterError",
    "Flag",
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
    value = getattr(import_module(f"fasttrace.{where}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
