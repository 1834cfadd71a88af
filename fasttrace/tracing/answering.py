"""Calls answered by Python, tasks looked into: what a tracer has of `alter`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from fasttrace.tracing.state import Observing

if TYPE_CHECKING:
    from fasttrace._core import Block, Session
    from fasttrace.alter.handlers import AnyHandler, Handlers
    from fasttrace.alter.task import Task
    from fasttrace.syscalls.sets import Selection
    from fasttrace.tracing.command import Command

CANNOT_DETACH = "cannot detach from a command that runs under a filter"


class Answering(Observing):
    """The part of `Tracer` through which Python answers calls and looks into tasks."""

    _command: Command | None
    _handlers: Handlers | None
    _started: bool

    @property
    def _is_filtered(self) -> bool:
        raise NotImplementedError

    def _open(self) -> Session:
        raise NotImplementedError

    def _under_way(self) -> Session:
        raise NotImplementedError

    def on_entry(self, *calls: str | Selection) -> Callable[[AnyHandler], AnyHandler]:
        """A decorator: the function is called with a `HandledCall` before each of these calls.

        It returns None, and the call is made, or what ``call.reply(...)`` or ``call.change(...)``
        gave. Of several functions for one call the one registered first is asked first; the first
        that answers decides. They are called by `run`, which must be waiting: without it a program
        that makes such a call waits too.

        To be used before the start. ValueError: after it. SelectionError: calls cannot be read.

            >>> import fasttrace
            >>> with fasttrace.Tracer(["mkdir", "/nowhere/x"], stderr=-3) as tracer:
            ...     @tracer.on_entry("mkdir", "mkdirat")
            ...     def pretend(call):
            ...         return call.reply(0)
            ...     finished = tracer.run()
            >>> tracer.exit_status
            0
        """
        self._must_be_new()
        return lambda handler: self._handle(calls, handler, at_exit=False)

    def on_exit(self, *calls: str | Selection) -> Callable[[AnyHandler], AnyHandler]:
        """The same after each of these calls, which has its result in ``call.ret``.

        ``call.reply(...)`` replaces the result. Calls that do not return (exit, what a signal kills
        in the middle) are not seen; a successful execve returns in the new program.
        """
        self._must_be_new()
        return lambda handler: self._handle(calls, handler, at_exit=True)

    def _must_be_new(self) -> None:
        if self._started:
            raise ValueError("the program runs: handlers are registered before start()")

    def _handle(
        self, calls: Sequence[str | Selection], handler: AnyHandler, *, at_exit: bool
    ) -> AnyHandler:
        from fasttrace.alter.handlers import Handlers

        self._must_be_new()
        handlers = self._handlers or Handlers()
        handlers.add(calls, handler, at_exit=at_exit)
        self._handlers = handlers
        return handler

    def run(
        self,
        timeout: float | None = None,
        *,
        sink: Callable[[Block], object] | None = None,
        on_error: Literal["kill", "detach"] | None = None,
    ) -> bool:
        """Serve the handlers until the last task has ended; False after `timeout` seconds.

        Handlers are called in this thread. Events are given to `sink`, block by block, in another
        one; without it they are dropped.

        What a handler or the sink raises, and Ctrl-C, ends the run and is raised here: the whole
        tree is killed, or let go with ``on_error="detach"``, which is the default for a process
        attached to. ValueError: the command runs under a filter (`trace` with ptrace) and could
        not be let go.
        """
        from fasttrace.tracing.serving import serve

        stop: Literal["kill", "detach"] = "kill" if self._command else "detach"
        if timeout is not None and not timeout >= 0:
            raise ValueError(f"a timeout is a number of seconds, 0 or more, not {timeout}")
        if on_error not in (None, "kill", "detach"):
            raise ValueError(f'on_error is "kill" or "detach", not {on_error!r}')
        if on_error == "detach" and self._is_filtered:
            raise ValueError(CANNOT_DETACH)
        return serve(
            self._under_way(),
            self._handlers,
            timeout=timeout,
            events=self._options.events,
            sink=sink,
            stop=stop,
            on_error=on_error or stop,
        )

    def task(self, tid: int) -> Task:
        """A task of the session, to look at its registers and memory. It need not be stopped."""
        from fasttrace.alter.task import Task

        return Task(self._open, tid)
