"""What whole runs pass on to `Tracer`: the one place that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from fasttrace.alter.language import AlterRules, Denial
    from fasttrace.syscalls.sets import Capture, Selection
    from fasttrace.tracing.command import Stdio, Text
    from fasttrace.tracing.sessions import Engine, Seccomp


class Running(TypedDict, total=False):
    """What all of these pass on to `Tracer`."""

    follow: bool
    engine: Engine
    cwd: Text | None
    env: Mapping[str, str] | None
    stdin: Stdio
    stdout: Stdio
    stderr: Stdio
    executable: Text | None
    seccomp: Seccomp


class TracingOptions(Running, total=False):
    """What those that trace pass on too."""

    pid: int | Sequence[int] | None
    trace: str | Selection | None
    capture: Capture
    string_limit: int
    python: bool | int
    instruction_pointer: bool
    results: bool
    inject: AlterRules | None
    deny: Denial | None
    descriptors: bool
    vcpu_exits: bool
    until_exec: int | None


# What subprocess calls so, and what does it here.
_OF_SUBPROCESS = {
    "timeout": "duration=SECONDS of summary, trace and record, which ends the run",
    "input": "stdin=FILE, an open file, or the end of an os.pipe()",
    "capture_output": "stdout=FILE, stderr=FILE, open files",
    "shell": 'a command of ["sh", "-c", TEXT]',
    "check": "the exit_status of what is returned",
    "text": "stdout=FILE: output is the program's own",
    "args": "the first argument",
}


def check_names(function: str, given: Mapping[str, object], known: type) -> None:
    """TypeError: there is no such option, and what there is instead. known: the TypedDict of those
    that there are."""
    for name in given:
        if name in known.__annotations__:
            continue
        if name in _OF_SUBPROCESS:
            hint = f"here it is {_OF_SUBPROCESS[name]}"
        else:
            from difflib import get_close_matches

            near = get_close_matches(name, known.__annotations__, n=1)
            hint = f"did you mean {near[0]}?" if near else f"see help(fasttrace.{function})"
        raise TypeError(f"{function}() has no option {name!r}: {hint}")


def show_all(function: Callable[..., Any]) -> None:
    """Let help() and editors name each option of a function of a whole run."""
    import inspect

    from fasttrace.text.signatures import show_options
    from fasttrace.tracing.tracer import Tracer

    parameters = inspect.signature(Tracer).parameters
    options = Running if function.__name__ == "run" else TracingOptions
    show_options(function, options, {name: one.default for name, one in parameters.items()})
