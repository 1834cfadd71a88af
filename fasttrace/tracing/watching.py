"""`fasttrace.watch`: a block of code of this very process, with all its threads and children.

No process can trace itself (ptrace(2)), so another one of ours does it, which is started at the
first use and serves until we end.
"""

from __future__ import annotations

import atexit
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from fasttrace.errors import (
    EngineUnavailable,
    FasttraceError,
    ForkedError,
    NoSuchProcess,
    OutputError,
    SelectionError,
    TraceError,
    TraceNotPermitted,
)
from fasttrace.system.procfs import ptrace_scope
from fasttrace.tracing.watched_part import (
    MARK_LEVEL,
    PACKET_MAX,
    PAUSE_LEVEL,
    WatchedPart,
    calls_under_way,
)

if TYPE_CHECKING:
    from fasttrace.data.summary import Summary
    from fasttrace.data.trace import Trace
    from fasttrace.syscalls.sets import Calls, Capture
    from fasttrace.tracing.sessions import Engine

_PR_SET_PTRACER = 0x59616D61  # include/uapi/linux/prctl.h
_CODE = "import sys; sys.path[:] = {path!r}; from fasttrace.tracing.watcher import main; main({fd})"
# What may go wrong over there, by name.
_KINDS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        *(EngineUnavailable, NoSuchProcess, OutputError, SelectionError, TraceError),
        *(TraceNotPermitted, ValueError),
    )
}


class _Watcher:
    """The process that traces us."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # of who watches
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            code = _CODE.format(path=sys.path, fd=theirs.fileno())
            null = subprocess.DEVNULL
            # It goes on as a child of nobody, and this one ends at once.
            self._starter = subprocess.Popen(
                [sys.executable, "-S", "-c", code],
                stdin=null,
                stdout=null,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        self.socket = ours
        self._pid: int | None = None

    def is_up(self) -> None:
        """Wait until it is. FasttraceError: it is not to be."""
        if self._pid is not None:
            return
        said = self._started()
        if self._starter.returncode:
            self._pid = 0
            _forget()
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            raise FasttraceError(f"no second process of Python could be started: {last}")
        self._pid = int(self._answer()["pid"])
        if ptrace_scope() == 1:  # only a process that we name may trace us
            import ctypes

            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, self._pid, 0, 0, 0)

    @property
    def pid(self) -> int:
        assert self._pid is not None
        return self._pid

    def _started(self) -> bytes:
        """Wait for the one that starts it, and what that has said."""
        with self._starter as starter:
            assert starter.stderr is not None
            return starter.stderr.read()

    def close(self, *, forked: bool) -> None:
        """forked: this is but a copy, in a child."""
        self.socket.close()
        if forked:
            self._starter.returncode = 0  # not our child: nothing to wait for, or to warn of
        elif self._pid is None:
            self._started()

    @property
    def fd(self) -> int:
        return self.socket.fileno()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer. Raises the error that the watcher had."""
        try:
            with suppress(BrokenPipeError):  # then there is no answer either
                self._sent(json.dumps(request).encode())
            answer = self._answer()
        except FasttraceError:
            raise
        except BaseException:
            # A handler of a signal has raised: the answer to come would be taken for the next one.
            _forget()
            raise
        if "error" in answer:
            raise _KINDS.get(answer["error"], FasttraceError)(answer["message"])
        return answer

    def mark(self, number: int) -> None:
        """A call that does nothing, and is recorded. FasttraceError: nobody listens any more."""
        self._mark(MARK_LEVEL, number)

    def pause(self, number: int) -> None:
        """The same, and this thread is not traced until it sends itself SIGWINCH, which it does not
        get, and which is a mark with the number after this one."""
        self._mark(PAUSE_LEVEL, number)

    def _mark(self, level: int, number: int) -> None:
        try:
            self.socket.getsockopt(level, number)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:  # as unix(7) sockets answer
                self._lost()

    def _sent(self, packet: bytes) -> None:
        try:
            self.socket.send(packet)
        except OSError as error:
            if error.errno in (errno.EBADF, errno.ENOTSOCK):
                self._lost()
            raise

    def _lost(self) -> NoReturn:
        """Somebody has closed the descriptor; what it is by now is not ours to close."""
        self.socket.detach()
        _forget()
        raise FasttraceError(
            "the connection to the process that watches this one has been closed; watch() again"
        )

    def _answer(self) -> dict[str, Any]:
        packet = b""
        with suppress(ConnectionResetError):  # it has died with our question unread
            packet = self.socket.recv(PACKET_MAX)
        if not packet:
            _forget()
            raise FasttraceError("the process that watches this one has ended; watch() again")
        answer: dict[str, Any] = json.loads(packet)
        return answer


_watcher: _Watcher | None = None
_starting = threading.Lock()


def _forget(*, forked: bool = False) -> None:
    """forked: in a child, which has but a copy; else it has ended, or is to end."""
    global _watcher, _starting
    watcher, _watcher = _watcher, None
    if forked:
        _starting = threading.Lock()
    if watcher is not None:
        watcher.close(forked=forked)


def prepare() -> None:
    """Start the process that watches, which takes 0.1 s, and do not wait for it."""
    global _watcher
    with _starting:
        if _watcher is None:
            _watcher = _Watcher()


def _the_watcher() -> _Watcher:
    prepare()
    watcher = _watcher
    with _starting:
        if watcher is None or watcher is not _watcher:
            raise FasttraceError("the process that watches this one has ended; watch() again")
        watcher.is_up()
        return watcher


os.register_at_fork(after_in_child=partial(_forget, forked=True))
atexit.register(_forget)  # so that nobody warns of an open socket


class Watch:
    """What was done while the ``with`` block of `watch` ran.

    `trace` has all of it, `summary` the counts. In a process that was forked inside the block
    leaving it does nothing, and it tells nothing (ForkedError): all is in that of the parent.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._watcher: _Watcher | None = None
        self._folder: str | None = None
        self._trace: Trace | None = None
        self._stored: Trace | None = None
        self._part = WatchedPart(0, 0, 0, 0, {})
        self._entered = self._cut = False

    def __enter__(self) -> Watch:
        if self._entered:
            raise ValueError("this has watched a block already: call watch() for each")
        watcher = _the_watcher()
        if not watcher.lock.acquire(blocking=False):
            raise ValueError("this process is watched already, and one watches all of it")
        try:
            tid = threading.get_native_id()
            part = WatchedPart(os.getpid(), tid, watcher.fd, 0, calls_under_way(tid))
            self._folder = tempfile.mkdtemp(prefix="fasttrace-")
            self._started(watcher.ask(self._start(part.pid)))
            self._part = part._replace(began_ns=time.monotonic_ns())
        except BaseException:
            self._discard()
            watcher.lock.release()
            raise
        self._watcher = watcher
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        watcher = self._watcher
        if watcher is None or not self._is_ours:
            return
        self._watcher = None
        try:
            watcher.ask(self._end())
        except FasttraceError:
            raise
        except BaseException:
            self._cut = True
            raise
        finally:
            watcher.lock.release()

    @property
    def _is_ours(self) -> bool:
        """Whether it runs, and this is no forked child: to ask for our pid would be a call more."""
        return self._watcher is not None and self._watcher is _watcher

    def _start(self, pid: int) -> dict[str, Any]:
        """What is asked of the watcher."""
        folder = str(Path(self._folder or "", "x.fst"))
        return {"do": "start", "pid": pid, "folder": folder, "options": self._options}

    def _end(self) -> dict[str, Any]:
        return {"do": "end"}

    def _started(self, told: dict[str, Any]) -> None:
        """What the watcher has answered to that."""

    def _discard(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def mark(self, number: int) -> None:
        """Note, while the block runs, that the calls of this thread up to here were made before
        this, for `marks`. number: 0 to 2^31 - 1.

        It is one system call, getsockopt(2), which does nothing, and which `trace` does not hold;
        a set of calls to watch has to name it. In a process
        that was forked inside the block: nothing. FasttraceError: nobody watches any more, because
        that process has been killed, or all descriptors have been closed.
        """
        if self._watcher is not None and self._is_ours:
            self._watcher.mark(number)

    @property
    def marks(self) -> dict[int, int]:
        """The numbers given to `mark`, and when that was: CLOCK_MONOTONIC, in ns."""
        return self._part.marks(self.recorded.events.data)

    @property
    def recorded(self) -> Trace:
        """All events, with the talk with the process that watches.

        ValueError: the block has not been left, or not entered.
        """
        if self._stored is not None:
            return self._stored
        if self._watcher is not None and self._watcher is not _watcher:
            raise ForkedError()
        if self._cut:
            raise FasttraceError("the block has not been recorded to its end")
        if self._watcher is not None or self._folder is None:
            raise ValueError("what was watched is known when the block has been left")
        from fasttrace.data.trace import load

        self._stored = load(Path(self._folder, "x.fst"))
        self._discard()  # it is mapped, and lives as long as somebody has it
        return self._stored

    @property
    def trace(self) -> Trace:
        """The events of the block.

        ValueError: the block has not been left, or not entered.
        """
        if self._trace is None:
            whole = self.recorded
            self._trace = whole.where(mask=~self._part.is_outside(whole.events))
        return self._trace

    def summary(self) -> Summary:
        """Calls, errors and times per syscall; also by process."""
        return self.trace.summary()

    @property
    def calls(self) -> Counter[str]:
        """Calls by the name of the syscall; 0 for what was never called."""
        return self.summary().calls

    def used(self, calls: Calls) -> Trace:
        """The calls of a set, in strace's language ("%network", "open,openat"); false if there are
        none. SelectionError: it cannot be read."""
        return self.trace.where(syscall=calls)

    def __del__(self) -> None:
        if self._watcher is None and self._trace is None:
            self._discard()

    def __repr__(self) -> str:
        if self._watcher is not None:
            return "<Watch of what runs now>"
        return "<Watch>" if self._trace is None else f"<Watch: {len(self._trace)} events>"


def watch(
    trace: str | None = None,
    *,
    follow: bool = True,
    engine: Engine = "auto",
    capture: Capture = "all",
    string_limit: int = 32,
    python: bool | int = False,
) -> Watch:
    """Trace what this process does in a ``with`` block, in all its threads, and its children.

    Args: as for `Tracer`. trace: strace's set language; None: every call.

        >>> import fasttrace, os
        >>> with fasttrace.watch() as w:
        ...     parent = os.getppid()
        >>> w.calls["getppid"], bool(w.used("%network"))
        (1, False)

    The first one starts a process that traces this one, and takes about 0.1 s; it ends with us. A
    block ends for threads and children, too, at its end: they go on untraced. One block at a time
    (ValueError). TraceNotPermitted: something else traces this process, or the kernel forbids it.
    """
    return Watch(
        {
            "trace": trace,
            "follow": follow,
            "engine": engine,
            "capture": capture,
            "string_limit": string_limit,
            "python": python,
        }
    )
