"""The loop of `Tracer.run`: calls to their handlers, events out of the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from fasttrace._core import Block, Session

if TYPE_CHECKING:
    from fasttrace.alter.handlers import Handlers

End = Literal["kill", "detach"]

# How long the taker of events may need to notice that it is no longer wanted.
_NOTICE_S = 0.05


def serve(
    session: Session,
    handlers: Handlers | None,
    *,
    timeout: float | None,
    events: bool,
    sink: Callable[[Block], object] | None,
    stop: End,
    on_error: End,
) -> bool:
    """Whether the session has ended; False: `timeout` seconds have passed. See `Tracer.run`.

    Args:
        stop: what ``call.stop()`` does. on_error: what is done before an exception is raised.
    """
    until = None if timeout is None else time.monotonic() + timeout
    with _Taker(session, sink, on_error) if events else _Nothing() as taker:
        try:
            ended = _serve_calls(session, handlers, until, stop, on_error)
            taker.finish(ended)
        except BaseException:
            if not session.forked:  # in a handler, whose child now leaves
                _end(session, on_error)
                session.wait()
            raise
    return ended


def _serve_calls(
    session: Session, handlers: Handlers | None, until: float | None, stop: End, on_error: End
) -> bool:
    while True:
        left = None if until is None else max(0.0, until - time.monotonic())
        try:
            call = session.take_call(left)
        except EOFError:
            return True
        if call is not None:
            assert handlers is not None  # else nothing is handed over
            handlers.serve(session, call, stop=stop, on_error=on_error)
        elif until is not None and time.monotonic() >= until:
            return False


def _end(session: Session, how: End) -> None:
    if how == "kill":
        session.kill()
    else:
        session.detach()


class _Nothing:
    """In place of a _Taker where there are no events."""

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def finish(self, ended: bool) -> None:
        return


class _Taker:
    """A thread that takes the events, for a program that fills its blocks waits."""

    def __init__(
        self, session: Session, sink: Callable[[Block], object] | None, on_error: End
    ) -> None:
        self._session = session
        self._sink = sink
        self._on_error = on_error
        self._enough = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._take, name="fasttrace events", daemon=True)

    def __enter__(self) -> _Taker:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._enough.set()
        self._thread.join()

    def finish(self, ended: bool) -> None:
        """All is taken if the session has `ended`, else what has come. Raises what the sink did."""
        if not ended:
            self._enough.set()
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _take(self) -> None:
        while not self._enough.is_set():
            try:
                block = self._session.take(_NOTICE_S)
            except EOFError:
                return
            if block is None or self._sink is None or self._failed is not None:
                continue
            try:
                self._sink(block)
            except BaseException as error:
                self._failed = error
                _end(self._session, self._on_error)
