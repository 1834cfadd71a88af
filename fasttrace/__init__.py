"""fasttrace: record, count and analyse the system calls of programs on Linux.

    >>> import fasttrace
    >>> s = fasttrace.summary(["true"])
    >>> s.exit_status, s.calls["execve"]
    (0, 1)

The names below are imported when they are first used, so that `import fasttrace` is cheap and numpy
is loaded only where arrays are wanted.
"""

from __future__ import annotations

import warnings
from importlib import import_module

TYPE_CHECKING = False  # as type checkers know it; typing takes longer to load than all else here
if TYPE_CHECKING:
    from typing import Any

    from fasttrace._core import Block
    from fasttrace._version import __version__ as __version__
    from fasttrace.alter.handlers import Answer, HandledCall
    from fasttrace.analysis.diff import diff
    from fasttrace.analysis.finding import Finding
    from fasttrace.analysis.why import why
    from fasttrace.data.calls import Call
    from fasttrace.data.counts import SyscallStats
    from fasttrace.data.difference import Difference
    from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
    from fasttrace.data.frames import Frame
    from fasttrace.data.histogram import Histogram
    from fasttrace.data.lines import LineStats
    from fasttrace.data.processes import Process
    from fasttrace.data.run_info import RunInfo
    from fasttrace.data.scanned.scan import Scan, scan
    from fasttrace.data.summary import Summary
    from fasttrace.data.trace import Trace, load, read_parquet
    from fasttrace.data.tree import Branch
    from fasttrace.errors import (
        CommandNotExecutable,
        CommandNotFound,
        EngineUnavailable,
        FasttraceError,
        ForkedError,
        HandlerError,
        InjectError,
        Interrupted,
        MemoryFault,
        MissingExtra,
        NoSuchProcess,
        OutputError,
        ProfileError,
        SelectionError,
        TraceError,
        TraceNotPermitted,
    )
    from fasttrace.syscalls.names import syscall_name, syscall_number
    from fasttrace.syscalls.sets import Selection, parse_selection
    from fasttrace.tracing.altering import Completed, run
    from fasttrace.tracing.runs import record, stream, summary, trace
    from fasttrace.tracing.tracer import Tracer
    from fasttrace.tracing.watching import Watch, watch

_WHERE = {
    "Block": "_core",
    "Branch": "data.tree",
    "CommandNotExecutable": "errors",
    "CommandNotFound": "errors",
    "Difference": "data.difference",
    "EngineUnavailable": "errors",
    "ForkedError": "errors",
    "Frame": "data.frames",
    "HandlerError": "errors",
    "Histogram": "data.histogram",
    "LineStats": "data.lines",
    "MemoryFault": "errors",
    "MissingExtra": "errors",
    "NoSuchProcess": "errors",
    "OutputError": "errors",
    "ProfileError": "errors",
    "RunInfo": "data.run_info",
    "Selection": "syscalls.sets",
    "SyscallStats": "data.counts",
    "TraceNotPermitted": "errors",
    "Answer": "alter.handlers",
    "Call": "data.calls",
    "Completed": "tracing.altering",
    "EVENT_DTYPE": "data.events",
    "FasttraceError": "errors",
    "Finding": "analysis.finding",
    "Flag": "data.events",
    "Interrupted": "errors",
    "Kind": "data.events",
    "HandledCall": "alter.handlers",
    "InjectError": "errors",
    "Process": "data.processes",
    "Scan": "data.scanned.scan",
    "SelectionError": "errors",
    "Summary": "data.summary",
    "Trace": "data.trace",
    "TraceError": "errors",
    "Tracer": "tracing.tracer",
    "diff": "analysis.diff",
    "load": "data.trace",
    "load_ipython_extension": "notebook.magic",
    "parse_selection": "syscalls.sets",
    "read_parquet": "data.trace",
    "record": "tracing.runs",
    "run": "tracing.altering",
    "scan": "data.scanned.scan",
    "stream": "tracing.runs",
    "summary": "tracing.runs",
    "syscall_name": "syscalls.names",
    "syscall_number": "syscalls.names",
    "trace": "tracing.runs",
    "unload_ipython_extension": "notebook.magic",
    "Watch": "tracing.watching",
    "watch": "tracing.watching",
    "why": "analysis.why",
    "__version__": "_version",
}

# These pass options on, which help() shall name.
_PASSED_ON = {
    **dict.fromkeys(("record", "run", "stream", "summary", "trace"), "tracing.options"),
    **dict.fromkeys(("Summary", "Trace"), "data.run_info"),
}

_FORMER = {"FilterError": "SelectionError", "parse_filter": "parse_selection"}

__all__ = [
    "EVENT_DTYPE",
    "Answer",
    "Block",
    "Branch",
    "Call",
    "CommandNotExecutable",
    "CommandNotFound",
    "Completed",
    "Difference",
    "EngineUnavailable",
    "FasttraceError",
    "Finding",
    "Flag",
    "ForkedError",
    "Frame",
    "HandledCall",
    "HandlerError",
    "Histogram",
    "InjectError",
    "Interrupted",
    "Kind",
    "LineStats",
    "MemoryFault",
    "MissingExtra",
    "NoSuchProcess",
    "OutputError",
    "Process",
    "ProfileError",
    "RunInfo",
    "Scan",
    "Selection",
    "SelectionError",
    "Summary",
    "SyscallStats",
    "Trace",
    "TraceError",
    "TraceNotPermitted",
    "Tracer",
    "Watch",
    "diff",
    "load",
    "parse_selection",
    "read_parquet",
    "record",
    "run",
    "scan",
    "stream",
    "summary",
    "syscall_name",
    "syscall_number",
    "trace",
    "watch",
    "why",
]


def __getattr__(name: str) -> Any:
    if name in _FORMER:
        now = _FORMER[name]
        warnings.warn(f"fasttrace.{name} is {now} now", DeprecationWarning, stacklevel=2)
        return __getattr__(now)
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'fasttrace' has no attribute {name!r}")
    value = getattr(import_module(f"fasttrace.{where}"), name)
    if name in _PASSED_ON:
        import_module(f"fasttrace.{_PASSED_ON[name]}").show_all(value)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
