"""What the fixture `syscalls` gives: blocks of code that are watched, and answers that explain
themselves when an assertion on them fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING

from fasttrace.errors import FasttraceError
from fasttrace.testing.told import line_of, told
from fasttrace.tracing.watching import watch

if TYPE_CHECKING:
    from fasttrace.data.calls import Call
    from fasttrace.data.summary import Summary
    from fasttrace.data.trace import Trace
    from fasttrace.syscalls.sets import Calls, Capture
    from fasttrace.testing.whole_run import WholeRun
    from fasttrace.tracing.sessions import Engine
    from fasttrace.tracing.watching import Watch

_SHORT = 100
"""Characters of a repr: pytest cuts what is longer than 240 in the middle."""


class Used:
    """The calls of a set that were made: false if there are none, `len`, iteration of `Call`."""

    def __init__(self, trace: Trace, calls: Calls) -> None:
        self.trace = trace
        self.set = calls

    def __len__(self) -> int:
        return len(self.trace)

    def __iter__(self) -> Iterator[Call]:
        return self.trace.calls()

    def told(self, most: int) -> list[str]:
        """See `fasttrace.testing.told.told`."""
        return told(self, os.getpid(), most)

    def __repr__(self) -> str:
        if not self:
            return f"<no calls of {self.set!r}>"
        first = line_of(next(iter(self)), os.getpid())
        short = first if len(first) <= _SHORT else first[: _SHORT - 3] + "..."
        calls = "1 call" if len(self) == 1 else f"{len(self)} calls"
        return f"<{calls} of {self.set!r}, the first: {short}>"


class Count(int):
    """A number of calls that knows which; `used` has them."""

    used: Used

    @classmethod
    def of(cls, used: Used) -> Count:
        count = cls(len(used))
        count.used = used
        return count


class Counts(Mapping[str, Count]):
    """Numbers of calls by the name of the syscall, or by a set: ``calls["%network"]``.

    Iteration gives the names of those that were called. SelectionError: there is no such call.
    """

    def __init__(self, ask: Callable[[str], Used], names: Iterator[str]) -> None:
        self._ask = ask
        self._names = list(names)

    def __getitem__(self, name: str) -> Count:
        __tracebackhide__ = True
        return Count.of(self._ask(name))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<calls of {', '.join(self._names) or 'nothing'}>"


class WatchedBlock:
    """A `with` block that `syscalls()` watches, and what is known of it when it has been left.

    SelectionError: a set cannot be read, or has a call that does not exist. ValueError: the block
    has not been left yet.
    """

    def __init__(self, watched: Watch, run: WholeRun | None, note: Callable[[Used], None]) -> None:
        self._watched = watched
        self._run = run
        self._note = note

    def __enter__(self) -> WatchedBlock:
        if self._run is not None:
            self._run.pause()
        try:
            self._watched.__enter__()
        except BaseException:
            if self._run is not None:
                self._run.resume(None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watched.__exit__(kind, value, traceback)
        if self._run is not None and self._run.is_ours:
            from fasttrace.data.intervals import Counted

            entries = self.summary().syscalls
            self._run.resume(
                Counted({s.name: [s.calls, s.errors or 0, s.total_ns or 0] for s in entries})
            )

    @property
    def trace(self) -> Trace:
        """All events of the block."""
        return self._watched.trace

    def summary(self) -> Summary:
        """Calls, errors and times per syscall; also by process."""
        return self.trace.summary()

    def used(self, calls: Calls) -> Used:
        """The calls of a set in strace's language: ``used("%network,openat")``."""
        __tracebackhide__ = True  # a mistake is the test's: pytest shows that line, none of ours
        try:
            found = Used(self.trace.where(syscall=calls), calls)
        except ValueError as error:
            raise error.with_traceback(None) from None
        if found:
            self._note(found)
        return found

    @property
    def calls(self) -> Counts:
        """How many: ``calls["openat"]``, ``calls["%file"]``, ``sum(calls.values())``."""
        return Counts(self.used, iter(self.summary().calls))

    @property
    def total_calls(self) -> int:
        return self.summary().total_calls

    def __repr__(self) -> str:
        return repr(self._watched).replace("Watch", "block watched by syscalls()")


_HAS_LINES = os.uname().machine == "x86_64"


@lru_cache(maxsize=1)
def _why_not() -> str:
    try:
        with watch("getsockopt", capture="none"):
            return ""
    except (FasttraceError, OSError) as error:
        return str(error)


class Syscalls:
    """The fixture: each call of it gives a block of code to watch.

    asked: the last calls that an assertion has asked for, and found.
    """

    def __init__(self, run: WholeRun | None = None) -> None:
        self._run = run
        self.asked: Used | None = None

    def why_not(self) -> str:
        """Why nothing can be watched here; "" if it can."""
        if self._run is not None:
            return self._run.untraced
        return _why_not()

    def __call__(
        self,
        trace: str | None = None,
        *,
        follow: bool = True,
        engine: Engine = "auto",
        capture: Capture = "all",
        string_limit: int = 32,
        python: bool | int | None = None,
    ) -> WatchedBlock:
        """Arguments as for `fasttrace.watch`; python: None: 16 frames, where they can be found."""
        if python is None:
            python = _HAS_LINES
        watched = watch(
            trace,
            follow=follow,
            engine=engine,
            capture=capture,
            string_limit=string_limit,
            python=python,
        )
        return WatchedBlock(watched, self._run, self._note)

    def _note(self, used: Used) -> None:
        self.asked = used

    def __repr__(self) -> str:
        return "<syscalls>"
