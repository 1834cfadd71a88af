"""Run a command, or attach to a running process, and trace it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from fasttrace._core import Block, Session
from fasttrace.errors import ForkedError
from fasttrace.tracing import sessions, starting
from fasttrace.tracing.answering import CANNOT_DETACH, Answering
from fasttrace.tracing.command import Command, Stdio, Text
from fasttrace.tracing.fallbacks import log_fallbacks
from fasttrace.tracing.state import Snapshot
from fasttrace.tracing.unread import log_unread_pythons

if TYPE_CHECKING:
    from fasttrace.alter.handlers import Handlers
    from fasttrace.alter.language import AlterRules, Denial
    from fasttrace.data.calls import Call
    from fasttrace.syscalls.sets import Capture, Selection
    from fasttrace.tracing.sessions import Engine, Seccomp


class Tracer(Answering):
    """A traced command tree, or a traced process: a context manager.

    Entering it starts the command (or attaches); leaving it kills what was started (or detaches).
    A forked child has a copy that only forgets: leaving it does nothing there, and all else raises
    ForkedError.
    A command whose events are delivered starts when they, or anything of it (`pid`, `wait`, `run`,
    ...), are first asked for, so that `on_entry` and `on_exit` may come before; `start` starts it
    at once.

        >>> import fasttrace
        >>> with fasttrace.Tracer(["true"]) as tracer:
        ...     calls = sum(len(block) for block in tracer.blocks())
        >>> tracer.exit_status
        0

    Args:
        argv: the command; see `Command`.
        pid: a running process to attach to instead, with all its threads, or several, which need
            ``follow`` and are traced by ptrace; all or none (NoSuchProcess, TraceNotPermitted).
        trace: strace's set language (``"%file,!stat"``), or a Selection; None: every call. For a
            command the kernel selects (seccomp(2) RET_TRACE, Linux 4.8): other calls cost next to
            nothing, but without CAP_SYS_ADMIN the program runs with no_new_privs.
        follow: trace children too; threads always are.
        engine: "ptrace": two stops a call, right for every program. "inline": the program records
            its own calls (docs/inline.md), at a small part of the cost; processes with which that
            cannot work are traced by ptrace, see `Process.fallback`. Needs ``follow`` and Linux 6.1
            on x86-64, else EngineUnavailable; with `pid` see docs/inline.md first. "auto": inline
            for commands where it works.
        events: deliver events through `blocks` or `read`. What is not taken makes the program wait.
        tally: count in C, for `summary`.
        by_process: keep the tally per process.
        capture: what is copied of what arguments point to, with events: "all" (paths whole, other
            data up to `string_limit`, structures), "environments" (those of execve(2) too, which
            may have secrets), "paths" or "none".
        string_limit: bytes of data that are kept, 1 to 32768; not of paths and structures.
        strings: False: as ``capture="none"``.
        results: False: for a command, only what is called, without results and durations: one stop
            a call instead of two.
        seccomp: a wall for the command: a `fasttrace.seccomp` Profile, the path of one, or a BPF
            program (struct sock_filter[], 8 bytes each), installed just before its execve. Engine
            ptrace only, which sees each call before the wall does; a call that is answered by a
            signal is UNFINISHED. Without CAP_SYS_ADMIN the program runs with no_new_privs.
            ProfileError: the profile cannot be read or compiled.
        inject: what to alter, in strace's language (``"openat:error=ENOENT:when=3+2"``), one rule
            or several; see `fasttrace.alter.language`. The calls altered are recorded, if `trace`
            holds them, with Flag.ALTERED.
        deny: calls that shall fail each time: ``{"socket": errno.EACCES, "%process": "EPERM"}`` or
            ``"socket=EACCES,%process"``. For tests: a wall against hostile code is seccomp(2).
        python: with events: which lines of Python made each call, read from the memory of CPython
            3.11 and later: so many frames (1 to 64), the innermost first; True: 16. See
            docs/python.md.
        instruction_pointer: with events: keep the address that each call was made at, for
            `Call.instruction_pointer`. Each call stops for that, with both engines.
        descriptors: look up in /proc what descriptors are when they are made, paths and addresses
            of sockets: one stop for each such call, which is recorded whatever `trace` says. See
            docs/capture.md.
        vcpu_exits: keep with each KVM_RUN why it ended: one stop for each.
        until_exec: let go of each process when it executes another program, which then runs on
            untraced; the command, or the process that was attached to, only after so many of them.
            That execve is UNFINISHED.
    """

    _pause_level = 0

    def __init__(
        self,
        argv: Sequence[Text] | Text | None = None,
        *,
        pid: int | Sequence[int] | None = None,
        trace: str | Selection | None = None,
        follow: bool = True,
        engine: Engine = "auto",
        cwd: Text | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stdio = None,
        stdout: Stdio = None,
        stderr: Stdio = None,
        executable: Text | None = None,
        events: bool = True,
        tally: bool = False,
        by_process: bool = False,
        capture: Capture = "all",
        string_limit: int = 32,
        strings: bool = True,
        results: bool = True,
        seccomp: Seccomp = None,
        inject: AlterRules | None = None,
        deny: Denial | None = None,
        python: bool | int = False,
        instruction_pointer: bool = False,
        descriptors: bool = False,
        vcpu_exits: bool = False,
        until_exec: int | None = None,
    ) -> None:
        if (argv is None) == (pid is None):
            raise ValueError("give a command or a pid, one of them")
        if pid is not None:
            given = (executable, cwd, env, stdin, stdout, stderr)
            if any(one is not None for one in given) or not results:
                raise ValueError(
                    "executable, cwd, env, stdin, stdout, stderr and results=False are for a"
                    " command, not for a running process"
                )
            if seccomp is not None:
                raise ValueError(
                    "seccomp is for a command: a running process can only wall itself in"
                )
        if python and not events:
            raise ValueError("python goes with events: lines are told with each, not counted")
        if instruction_pointer and not events:
            raise ValueError("instruction_pointer goes with events")
        self._wall = sessions.wall(seccomp)
        several = pid is not None and not isinstance(pid, int)
        self._pids = list(dict.fromkeys(pid)) if several else []  # type: ignore[arg-type]
        self._pid: int | None = self._pids[0] if self._pids else pid  # type: ignore[assignment]
        if several:
            if not self._pids:
                raise ValueError("no pid: the list is empty")
            if not follow or engine == "inline":
                raise ValueError("several processes are traced with follow and engine ptrace")
            engine = "ptrace"
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
        injections = []
        if inject is not None or deny is not None:
            from fasttrace.alter.language import plan

            injections = plan(inject, deny)
        self._options = sessions.SessionOptions(
            attach=pid is not None,
            walled=self._wall is not None,
            follow=follow,
            events=events,
            tally=tally,
            by_process=by_process,
            capture=sessions.capture_of(capture if strings else "none"),
            string_limit=sessions.string_limit(string_limit),
            results=results,
            selection=sessions.selection(trace),
            injections=injections,
            python_frames=sessions.python_frames(python),
            places=instruction_pointer,
            descriptors=descriptors,
            vcpu_exits=vcpu_exits,
            until_exec=until_exec,
            pause_level=self._pause_level,
        )
        self._options.check()
        self._session: Session | None
        self.engine, self._session = sessions.open_session(self._options, engine)
        self._handlers: Handlers | None = None
        self._last: Snapshot | None = None
        self._started = False
        self._tried = False  # to start it
        self._entered = False  # and to be started when it is first used
        self._let_go = False  # detach() was called
        self._kept = ExitStack()  # until then
        self._starting = threading.Lock()

    def __enter__(self) -> Tracer:
        self._must_be_ours()
        if not self._started:
            if self._command is not None and self._options.events:
                self._command.keep_descriptors(self._kept)
                self._entered = True
            else:
                self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "not started" if not self._started else "closed" if self.closed else "started"
        of = self.argv if self._command else self._pids or self._pid
        return f"<Tracer of {of}: {state}>"

    @property
    def argv(self) -> list[str]:
        """The command; empty for a process that was attached to."""
        return self._command.names if self._command else []

    @property
    def pid(self) -> int | None:
        """Of the command, or of the (first) process attached to; None before the start."""
        self._begin()
        return self._pid

    @property
    def started(self) -> bool:
        return self._started

    @property
    def closed(self) -> bool:
        return self._session is None

    @property
    def forked(self) -> bool:
        """Whether we are a forked child, which has but a copy of a tracer that was in use."""
        return self._session is not None and self._session.forked

    def _must_be_ours(self) -> None:
        if self.forked:
            raise ForkedError

    def _open(self) -> Session:
        self._begin()
        if self._session is None:
            raise ValueError("the tracer is closed")
        return self._session

    def _under_way(self) -> Session:
        """For who waits for what comes of it, be it that it could not be started."""
        session = self._open()
        if not self._tried:
            raise ValueError("the tracer is not started: use it in a with statement, or start() it")
        return session

    def _begin(self) -> None:
        self._must_be_ours()
        if not self._entered:
            return
        with self._starting:
            if self._entered:
                self._start()

    def start(self, *, unblocked: Iterable[int] = ()) -> None:
        """Spawn or attach. Raises an error of `fasttrace.errors` that says what to do.

        unblocked: signals that a command takes though the calling thread blocks them; of all others
        it inherits whether they are blocked.
        """
        self._must_be_ours()
        with self._starting:
            self._start(unblocked)

    def _start(self, unblocked: Iterable[int] = ()) -> None:
        session = self._session
        if session is None:
            raise ValueError("the tracer is closed")
        self._tried = True
        if self._handlers and not self._started:
            # Only now is it known what they handle.
            session.close()
            session = self._session = self._options.open(self.engine, self._handlers)
        try:
            if self._command is not None:
                self._pid = starting.spawn(session, self._command, self._wall, unblocked)
            else:
                assert self._pid is not None
                self._pid = starting.attach(session, self._pid, self._pids)
        finally:
            self._entered = False
            self._kept.close()
        self._started = True

    @property
    def has_results(self) -> bool:
        """Where an engine cannot save anything by leaving them out it does not."""
        return self._options.results or (self.engine == "ptrace" and not self._is_filtered)

    @property
    def _is_filtered(self) -> bool:
        return self._options.is_filtered and self.engine == "ptrace"

    def read(self, timeout: float | None = None) -> Block | None:
        """The next block of events, full or what has come within 50 ms.

        None: nothing came within `timeout` seconds. Raises EOFError at the end.
        """
        return self._under_way().take(timeout)

    def blocks(self) -> Iterator[Block]:
        """All blocks to the end. `np.frombuffer(block, fasttrace.EVENT_DTYPE)` shows the events."""
        session = self._under_way()
        while True:
            try:
                block = session.take()
            except EOFError:
                return
            if block is not None:
                yield block

    def calls(self) -> Iterator[Call]:
        """System calls to the end, as they come: what ended in the same 50 ms in the order of ends.

        Their `comm` is not known yet: `Trace.calls` of a whole run has it. With
        ``descriptors=True`` each descriptor is a `fasttrace.decode.values.Descriptor`.
        """
        from fasttrace._decode import OpenFiles
        from fasttrace.data.calls import calls_of

        files = OpenFiles() if self._options.descriptors else None
        for block in self.blocks():
            yield from calls_of(block, block.payload, block.payload_base, files=files)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the last task; False after `timeout` seconds."""
        return self._session is None or self._under_way().wait(timeout)

    def kill(self) -> None:
        """SIGKILL the whole tree."""
        self._open().kill()

    def detach(self) -> None:
        """Leave every task as it was found: running, or stopped if it was stopped.

        This only asks for it; `wait` and `close` wait until it is done. Not for a command with
        `trace` under ptrace: its filter cannot be taken back (ValueError).
        """
        try:
            self._open().detach()
        except OSError:
            raise ValueError(CANNOT_DETACH) from None
        self._let_go = True

    def stop(self) -> None:
        """The end that suits: kill what was spawned and not let go, detach from all else."""
        if self._command is None or self._let_go:
            self.detach()
        else:
            self.kill()

    def send_signal(self, sig: int) -> None:
        """Send a signal to the spawned command; ProcessLookupError once it has gone."""
        self._open().signal(sig)

    def close(self) -> None:
        """Stop what still runs, drop the events nobody took, and keep the figures."""
        self._entered = False
        self._kept.close()
        session = self._session
        if session is None:
            return
        if session.forked:
            self._session = None
            return
        try:
            if self._started and not session.wait(0):
                self.stop()
                self._drain(session)
            self._last = Snapshot(session, self._options.tally)
            if self.engine == "inline":
                log_fallbacks(self._last, spawned=self._command is not None)
            log_unread_pythons(self._last)
        finally:
            self._session = None
            session.close()

    @staticmethod
    def _drain(session: Session) -> None:
        while True:
            try:
                session.take()
            except EOFError:
                break
        session.wait()
