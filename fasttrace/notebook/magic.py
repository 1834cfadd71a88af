"""`%%fasttrace`: a cell of a notebook is run as usual, and what calls it made is shown below it."""

from __future__ import annotations

import ast
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fasttrace.errors import FasttraceError, ForkedError

if TYPE_CHECKING:
    from types import CodeType

    from fasttrace.data.trace import Trace

_OPTION = re.compile(r"\s*(-o|--trace|-e)(?:=|\s+|\s*$)(\S*)")
# What runs beside every cell, and is not its work.
_FRONT_ENDS = ("IPython", "ipykernel", "zmq", "tornado")
_THREADS = ("IOPub", "Heartbeat", "Control")
_NATIVE_THREADS = ("ZMQbg/",)


class _Options(NamedTuple):
    """name: of a variable that gets the trace. calls: the set that is traced; None: all."""

    name: str | None
    calls: str | None
    statement: str


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext fasttrace` calls. shell: IPython's InteractiveShell."""
    unexpanded: Callable[[Any], Any] = import_module("IPython.core.magic").no_var_expand

    def fasttrace(line: str, cell: str | None = None) -> None:
        """Run a cell, or a statement, and show the system calls that it made.

        %%fasttrace [-o NAME] [--trace SET]        before a cell
        %fasttrace [-o NAME] [--trace SET] STMT    for a statement

        -o NAME      keep the fasttrace.Trace of it in a variable
        --trace SET  (or -e) only these calls, in strace's language: %file, open,close, !read
        """
        _run(shell, line, cell)

    shell.register_magic_function(unexpanded(fasttrace), "line_cell", "fasttrace")


def unload_ipython_extension(shell: Any) -> None:
    for magics in shell.magics_manager.magics.values():
        magics.pop("fasttrace", None)


def _run(shell: Any, line: str, cell: str | None) -> None:
    usage_error = import_module("IPython.core.error").UsageError
    try:
        options = _parsed(line, is_cell=cell is not None)
        watching = _Watching(options.calls)
    except (FasttraceError, ValueError) as error:
        raise usage_error(f"%fasttrace: {error}") from None
    begin, last = _compiled(shell, options.statement if cell is None else cell)
    value, raised = None, None
    try:
        watching.begin()
    except (FasttraceError, ValueError) as error:
        raise usage_error(f"%fasttrace: {error}") from None
    try:
        exec(begin, shell.user_ns)
        if last is not None:
            value = eval(last, shell.user_ns)
    except BaseException as error:
        raised = error
    told: str | Trace | None
    try:
        told = watching.end()
    except FasttraceError as error:
        told = f"%fasttrace: {error}"
    is_quiet = (options.statement if cell is None else cell).rstrip().endswith(";")
    if value is not None and not is_quiet:
        sys.displayhook(value)
    if isinstance(told, str):
        print(told, file=sys.stderr)
    elif told is not None:
        _show(shell, told, options)
    if raised is not None:
        _shown_as_usual(shell, raised)
        raise raised


def _shown_as_usual(shell: Any, error: BaseException) -> None:
    """Its traceback begins in the cell, as without us; IPython asks the exception for it."""
    ours = error.__traceback__
    of_cell = ours.tb_next if ours is not None else None

    def rendered() -> Any:
        shown = shell.InteractiveTB
        return shown.structured_traceback(type(error), error, of_cell, tb_offset=0)

    with suppress(AttributeError):  # it has slots: then there are some lines more
        error._render_traceback_ = rendered  # type: ignore[attr-defined]


def _parsed(line: str, *, is_cell: bool) -> _Options:
    """ValueError: that means nothing."""
    given: dict[str, str] = {}
    at = 0
    while match := _OPTION.match(line, at):
        option, value = match.groups()
        if not value:
            raise ValueError(f"{option} needs a value")
        given["--trace" if option == "-e" else option] = value.strip("'\"")
        at = match.end()
    rest = line[at:].strip()
    name = given.get("-o")
    if name is not None and not name.isidentifier():
        raise ValueError(f"-o {name}: that is no name of a variable")
    if rest.startswith("-") and not rest.startswith("- ") and not rest[1:2].isdigit():
        raise ValueError(f"there is no option {rest.split()[0]}: -o NAME, --trace SET")
    if is_cell and rest:
        raise ValueError(f"{rest!r} stands before a cell: it goes into it")
    if not is_cell and not rest:
        raise ValueError("which statement? Or %%fasttrace, before a cell")
    return _Options(name, given.get("--trace"), rest)


def _compiled(shell: Any, source: str) -> tuple[CodeType, CodeType | None]:
    """All but a last expression, and that one, whose value is shown."""
    text = shell.transform_cell(source)
    name = shell.compile.cache(text, shell.execution_count, raw_code=source)
    tree = shell.transform_ast(shell.compile.ast_parse(text, filename=name))
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = shell.compile(ast.Expression(tree.body.pop().value), name, "eval")
    return shell.compile(tree, name, "exec"), last


class _Watching:
    """fasttrace.watch() around a cell."""

    def __init__(self, calls: str | None) -> None:
        from fasttrace.syscalls.sets import parse_selection
        from fasttrace.tracing.watching import watch

        if calls is not None:
            parse_selection(calls)  # a mistake shows before anything runs
        self._watch = watch(calls)
        self._before: set[int] = set()
        self._apart: set[int] = set()

    def begin(self) -> None:
        self._before = {int(name) for name in os.listdir("/proc/self/task")}  # noqa: PTH208
        self._before.discard(threading.get_native_id())
        self._apart = _front_end(self._before)
        self._watch.__enter__()

    def end(self) -> Trace | None:
        """None: this is a child that the cell has forked."""
        self._watch.__exit__(None, None, None)
        try:
            trace = self._watch.trace
        except ForkedError:
            return None
        import numpy as np

        from fasttrace.data.events import Flag

        tids = trace.events["tid"]
        waits = trace.events["flags"] & np.uint16(Flag.UNFINISHED) != 0
        # Threads that were there and did nothing but wait have no part in it either.
        waits &= np.isin(tids, np.array(sorted(self._before), np.int64))
        return trace.where(mask=~waits & ~np.isin(tids, np.array(sorted(self._apart), np.int64)))


def _front_end(tids: set[int]) -> set[int]:
    """Of these those of threads with which a kernel talks to its notebook, and of IPython's own."""
    ours = {
        thread.native_id
        for thread in threading.enumerate()
        if thread is not threading.current_thread()
        and (type(thread).__module__.partition(".")[0] in _FRONT_ENDS or thread.name in _THREADS)
    }
    return {tid for tid in tids if tid in ours or _name_of(tid).startswith(_NATIVE_THREADS)}


def _name_of(tid: int) -> str:
    try:
        return Path(f"/proc/self/task/{tid}/comm").read_text(errors="replace")
    except OSError:  # it has ended
        return ""


def _show(shell: Any, trace: Trace, options: _Options) -> None:
    from fasttrace.notebook.shown import CellCalls

    if options.name is not None:
        shell.user_ns[options.name] = trace
    import_module("IPython.display").display(CellCalls(trace.summary()))
