"""A run of tests that is watched from its first test to its last, and whose calls are which test's.

One watch for all of it: to start one for each test would cost more than most tests do. A mark, one
call, stands at each end of a test's phases (setup, call, teardown), so that what is between is its,
whatever clock the engine has. Phases in which nothing happens have none.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from fasttrace.data.intervals import Counted
from fasttrace.errors import FasttraceError

if TYPE_CHECKING:
    from fasttrace.tracing.counting import CountingWatch
    from fasttrace.tracing.sessions import Engine

Phase: TypeAlias = tuple[str, str]
"""The node id of a test, and "setup", "call" or "teardown"."""


class WholeRun:
    """problem: what went wrong, or "". untraced: why nothing can be traced here, or ""."""

    def __init__(self, engine: Engine) -> None:
        self.problem = self.untraced = ""
        self.engine = ""
        self.phases: dict[Phase, Counted] = {}
        self._asked_engine = engine
        self._pid = os.getpid()
        self._watch: CountingWatch | None = None
        self._opened: list[Phase] = []  # the marks 2 * i and 2 * i + 1 are of the i-th
        self._open: Phase | None = None
        self._order: dict[Phase, None] = {}  # of all that have begun

    @property
    def is_ours(self) -> bool:
        """Whether this is not a child that a test has forked."""
        return os.getpid() == self._pid

    def prepare(self) -> None:
        """Tests will come."""
        from fasttrace.tracing.watching import prepare

        prepare()

    def begin(self, phase: Phase, *, may_call: bool = True) -> None:
        """may_call: whether anything may happen in it."""
        if self._watch is None and not self.problem:
            self._start()
        self._order[phase] = None
        self._open = None
        if not may_call:
            if self._watch is not None:
                self._count(phase, Counted())
            return
        self._open = phase
        self._opened.append(phase)
        if self._watch is not None:
            self._mark(self._watch.begin)

    def end(self) -> None:
        if self._open is None:
            return
        if self._watch is not None:
            self._mark(self._watch.end)
        self._open = None

    def pause(self) -> None:
        """Another watch shall have the process: a process has one tracer."""
        if self._watch is not None:
            self._mark(self._watch.end)
            self._finish_watch()

    def resume(self, meanwhile: Counted | None) -> None:
        """meanwhile: what the other watch has counted."""
        phase = self._open
        if phase is None:
            return
        if meanwhile is not None:
            self._count(phase, meanwhile)
        self.begin(phase)

    def finish(self) -> dict[str, Any]:
        """Stop watching; all of it, as JSON has it."""
        self._finish_watch()
        return {
            "problem": self.problem,
            "engine": self.engine,
            "phases": [
                [*phase, self.phases[phase].names] for phase in self._order if phase in self.phases
            ],
        }

    def _start(self) -> None:
        from fasttrace.tracing.counting import CountingWatch

        try:
            watched = CountingWatch(self._asked_engine)
            watched.__enter__()
            self._watch = watched
        except (FasttraceError, OSError) as error:
            self.untraced = str(error)
            self.problem = f"tests ran untraced: {error}"

    def _mark(self, mark: Callable[[int], None]) -> None:
        """Of the phase opened last."""
        try:
            mark(len(self._opened) - 1)
        except FasttraceError as error:
            phase = self._opened[-1]
            self.problem = f"{error}: that was in {phase[0]} ({phase[1]})"
            self._watch = None

    def _count(self, phase: Phase, counted: Counted) -> None:
        was = self.phases.setdefault(phase, counted)
        if was is not counted:
            was.add(counted)

    def _finish_watch(self) -> None:
        """Counts what it has watched."""
        watched, self._watch = self._watch, None
        opened, self._opened = self._opened, []
        if watched is None:
            return
        try:
            watched.__exit__(None, None, None)
        except (FasttraceError, OSError) as error:
            self.problem = str(error)
        self.engine = watched.engine or self.engine
        # A test that has ended the process in the middle of a phase is not among them.
        for i, counted in watched.counts.items():
            self._count(opened[i], counted)
