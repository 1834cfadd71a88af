"""Run a command, or attach to a running process, and trace it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from fasttrace._core import (
    ENGINES as CORE_ENGINES,
)
from fasttrace._core import (
    FALLBACKS,
    Block,
    Session,
    StartError,
    inline_unusable,
    process_rows,
)
from fasttrace._tables import ABIS
from fasttrace.command import Command, Stdio, Text
from fasttrace.errors import EngineUnavailable

if TYPE_CHECKING:
    from fasttrace._core import Stats
    from fasttrace.data.processes import Process
    from fasttrace.data.summary import Summary
    from fasttrace.filters import Selection
    from fasttrace.seccomp.profile import Profile
    from fasttrace.seccomp.wall import Wall

Seccomp: TypeAlias = "Profile | str | os.PathLike[str] | bytes | None"

ENGINES = ("auto", "ptrace", "inline")

log = logging.getLogger("fasttrace")


class Tracer:
    """A traced command tree, or a traced process: a context manager.

    Entering it starts the command (or attaches); leaving it kills what was started (or detaches).

        >>> import fasttrace
        >>> with fasttrace.Tracer(["true"]) as tracer:
        ...     calls = sum(len(block) for block in tracer.blocks())
        >>> tracer.exit_status
        0

    Args:
        argv: the command; see `Command`.
        pid: a running process to attach to instead, with all its threads.
        trace: strace's set language (``"%file,!stat"``), or a Selection; None: every call. For a
            command the kernel selects (seccomp(2) RET_TRACE, Linux 4.8): other calls cost next to
            nothing, but without CAP_SYS_ADMIN the program runs with no_new_privs.
        follow: trace children too; threads always are.
        engine: "ptrace": two stops a call, right for every program. "inline": the program records
            its own calls (docs/inline.md), at a small part of the cost; processes with which that
            cannot work are traced by ptrace, see `Process.fallback`. Needs ``follow`` and Linux 6.4
            on x86-64, else EngineUnavailable; with `pid` see docs/inline.md first. "auto": inline
            for commands where it works.
        events: deliver events through `blocks` or `read`. What is not taken makes the program wait.
        tally: count in C, for `summary`.
        by_process: keep the tally per process.
        strings: capture path arguments as text.
        results: False: for a command, only what is called, without results and durations: one stop
            a call instead of two.
        seccomp: a wall for the command: a `fasttrace.seccomp` Profile, the path of one, or a BPF
            program (struct sock_filter[], 8 bytes each), installed just before its execve. Engine
            ptrace only, which sees each call before the wall does; a call that is answered by a
            signal is UNFINISHED. Without CAP_SYS_ADMIN the program runs with no_new_privs.
            ProfileError: the profile cannot be read or compiled.
    """

    def __init__(
        self,
        argv: Sequence[Text] | Text | None = None,
        *,
        pid: int | None = None,
        trace: str | Selection | None = None,
        follow: bool = True,
        engine: str = "auto",
        cwd: Text | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stdio = None,
        stdout: Stdio = None,
        stderr: Stdio = None,
        executable: Text | None = None,
        events: bool = True,
        tally: bool = False,
        by_process: bool = False,
        strings: bool = True,
        results: bool = True,
        seccomp: Seccomp = None,
    ) -> None:
        if (argv is None) == (pid is None):
            raise ValueError("give a command or a pid, one of them")
        if seccomp is not None and pid is not None:
            raise ValueError("seccomp is for a command: a running process can only wall itself in")
        self._wall = _wall(seccomp)
        self.pid = pid
        self._command: Command | None = None
        if argv is not None:
            self._command = Command(
                argv,
                executable=executable,
                cwd=cwd,
                env=env,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
            )
        selection = _selection(trace)
        # Only a process's own children inherit its filter with its tracer: with follow=False they
        # would run into RET_TRACE without one, which means ENOSYS. And what a wall answers would
        # not come to RET_TRACE: of several filters the severest has its way.
        filtered = follow and (selection is not None or not results)
        filtered = filtered and argv is not None and self._wall is None

        def session(engine: str) -> Session:
            ptrace = engine == "ptrace"
            return Session(
                engine=engine,
                follow=follow,
                events=events,
                tally=tally,
                by_process=by_process,
                strings=strings and events,
                results=results,
                policy=_policy(selection, strings and events),
                filter=_filter(selection) if filtered and ptrace else None,
            )

        self._session: Session | None
        why = _not_inline(engine, pid is not None, follow, self._wall is not None)
        self.engine, self._session = _open_session(session, engine, why)
        self._tally = tally
        self._figures: _Figures | None = None
        self._started = False

    def __enter__(self) -> Tracer:
        if not self._started:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def argv(self) -> list[str]:
        """The command; empty for a process that was attached to."""
        return self._command.names if self._command else []

    @property
    def started(self) -> bool:
        return self._started

    def _open(self) -> Session:
        if self._session is None:
            raise ValueError("the tracer is closed")
        return self._session

    def start(self) -> None:
        """Spawn or attach. Raises an error of `fasttrace.errors` that says what to do."""
        session = self._open()
        if self._command is None:
            assert self.pid is not None
            try:
                self.pid = session.attach(self.pid)
            except StartError as error:
                from fasttrace.diagnosis import attach_error

                raise attach_error(self.pid, error.errno or 0) from None
        else:
            command = self._command
            try:
                with ExitStack() as stack:
                    self.pid = session.spawn(
                        command.path,
                        command.argv,
                        command.env,
                        command.cwd,
                        command.descriptors(stack),
                        command.default_signals,
                        *(self._wall or (None, 0)),
                    )
            except StartError as error:
                from fasttrace.diagnosis import spawn_error

                path = os.fsdecode(command.path)
                cwd = None if command.cwd is None else os.fsdecode(command.cwd)
                refused = self._wall.start_error(error) if self._wall is not None else None
                raise refused or spawn_error(path, error.errno or 0, error.stage, cwd) from None
        self._started = True

    def read(self, timeout: float | None = None) -> Block | None:
        """The next block of events, full or what has come within 50 ms.

        None: nothing came within `timeout` seconds. Raises EOFError at the end.
        """
        return self._open().take(timeout)

    def blocks(self) -> Iterator[Block]:
        """All blocks to the end. `np.frombuffer(block, fasttrace.EVENT_DTYPE)` shows the events."""
        session = self._open()
        while True:
            try:
                block = session.take()
            except EOFError:
                return
            if block is not None:
                yield block

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the last task; False after `timeout` seconds."""
        return self._session is None or self._session.wait(timeout)

    def kill(self) -> None:
        """SIGKILL the whole tree."""
        self._open().kill()

    def detach(self) -> None:
        """Leave every task as it was found: running, or stopped if it was stopped.

        Not for a command with `trace` under ptrace: its filter cannot be taken back (ValueError).
        """
        try:
            self._open().detach()
        except OSError:
            raise ValueError("cannot detach from a command that runs under a filter") from None

    def stop(self) -> None:
        """The end that suits: kill what was spawned, detach from what was attached."""
        if self._command is None:
            self.detach()
        else:
            self.kill()

    def send_signal(self, sig: int) -> None:
        """Send a signal to the spawned command; ProcessLookupError once it has gone."""
        self._open().signal(sig)

    def close(self) -> None:
        """Stop what still runs, drop the events nobody took, and keep the figures."""
        session = self._session
        if session is None:
            return
        try:
            if self._started and not session.wait(0):
                self.stop()
                self._drain(session)
            self._figures = _Figures(session, self._tally)
            self._log_fallbacks()
        finally:
            self._session = None
            session.close()

    def _log_fallbacks(self) -> None:
        if self.engine != "inline" or not log.isEnabledFor(logging.INFO):
            return
        for process in self.processes:
            if process.fallback:
                name = process.comm or "a process"
                log.info("%s (%d): engine ptrace: %s", name, process.pid, process.fallback)

    @staticmethod
    def _drain(session: Session) -> None:
        while True:
            try:
                session.take()
            except EOFError:
                break
        session.wait()

    @property
    def figures(self) -> _Figures:
        """The state now; after the end, the last one."""
        if self._session is not None:
            return _Figures(self._session, self._tally)
        assert self._figures is not None
        return self._figures

    @property
    def stats(self) -> Stats:
        """Counters: events, taken, lost, calls, stops, waits_full, start_ns, end_ns, ..."""
        return self.figures.stats if self._session is None else self._session.stats()

    @property
    def lost(self) -> int:
        """Events that were written and could not be delivered: always 0."""
        return self.stats["lost"]

    @property
    def exit_status(self) -> int | None:
        """As subprocess has it: the exit code, or -n for death by signal n; None: still runs."""
        status = self.stats["root_status"]
        return None if status == -1 else os.waitstatus_to_exitcode(status)

    @property
    def wall_ns(self) -> int:
        """From the start to the end of the last task, or to now."""
        stats = self.stats
        return (stats["end_ns"] or time.monotonic_ns()) - stats["start_ns"]

    @property
    def processes(self) -> list[Process]:
        """All processes seen, in order of appearance."""
        return self._process_list(self.figures)

    @property
    def injected(self) -> dict[tuple[int, int], int]:
        """Calls that the inline engine had the program's tasks make, by (tid, syscall number).

        They are in no trace; the kernel's own counts have them. Without ``by_process`` they are
        counted together, with tid 0. Empty for other engines.
        """
        return {(row[0], row[3]): row[4] for row in self.figures.injected.rows()}

    def _process_list(self, figures: _Figures) -> list[Process]:
        from fasttrace.data.processes import from_rows

        return from_rows(process_rows(*figures.processes), CORE_ENGINES, FALLBACKS)

    def summary(self) -> Summary:
        """The counts so far; needs ``tally=True``."""
        from fasttrace.data.summary import Summary

        figures = self.figures
        if figures.tally is None:
            raise ValueError("the tracer keeps no tally: pass tally=True")
        return Summary.from_tally(
            figures.tally,
            processes=lambda: self._process_list(figures),
            argv=self.argv,
            exit_status=self.exit_status,
            engine=self.engine,
            wall_ns=self.wall_ns,
            lost=self.lost,
        )


class _Figures:
    """What a session can tell at one moment."""

    def __init__(self, session: Session, tally: bool) -> None:
        self.stats = session.stats()
        self.processes = session.processes()
        self.injected = session.injected()
        self.tally = session.tally() if tally else None


def _open_session(
    session: Callable[[str], Session], engine: str, why: str | None
) -> tuple[str, Session]:
    """The engine's name and a session with it; why: what speaks against inline.

    Raises ValueError, EngineUnavailable.
    """
    if engine not in ENGINES:
        raise ValueError(f"unknown engine {engine!r}: one of {', '.join(ENGINES)}")
    if why is None:
        try:
            return "inline", session("inline")
        except OSError as error:
            why = f"it could not be set up: {os.strerror(error.errno or 0)}"
    if engine == "inline":
        raise EngineUnavailable.of(engine, why)
    if engine == "auto":
        log.info("engine ptrace, not inline: %s", why)
    return "ptrace", session("ptrace")


def _not_inline(engine: str, attach: bool, follow: bool, wall: bool) -> str | None:
    if engine == "ptrace":
        return "ptrace was asked for"
    if attach and engine == "auto":
        return "a process that is attached to would be killed by its traps if the tracer died"
    if not follow:
        return "children that are not followed would run into what it writes into the text"
    if wall:
        return "it runs under a seccomp profile"
    return inline_unusable()


def _wall(seccomp: Seccomp) -> Wall | None:
    if seccomp is None:
        return None
    from fasttrace.seccomp.wall import wall_of

    return wall_of(seccomp)


def _selection(trace: str | Selection | None) -> Selection | None:
    if trace is None:
        return None
    if isinstance(trace, str):
        from fasttrace.filters import parse

        trace = parse(trace)
    return None if trace.is_everything else trace


def _filter(selection: Selection | None) -> bytes:
    from fasttrace.filters import EVERYTHING

    return (EVERYTHING if selection is None else selection).bpf()


def _policy(selection: Selection | None, strings: bool) -> list[bytes] | None:
    if selection is None:
        if not strings:
            return None
        from fasttrace.filters import EVERYTHING

        selection = EVERYTHING
    return [selection.policy(abi, strings=strings) for abi in range(len(ABIS))]
