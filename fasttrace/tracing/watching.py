"""`fasttrace.watch`: a block of code of this very process, with all its threads and children.

No process can trace itself (ptrace(2)), so another one of ours does it, which is started at the
first use and serves until we end.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

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

if TYPE_CHECKING:
    from fasttrace.data.calls import Calls
    from fasttrace.data.summary import Summary
    from fasttrace.data.trace import Trace
    from fasttrace.syscalls.sets import Capture

PACKET_MAX = 1 << 16
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
# Our own talk with the watcher: not part of what is watched.
_TALK = ("read", "write")


class _Watcher:
    """The process that traces us."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # of who watches
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            code = _CODE.format(path=sys.path, fd=theirs.fileno())
            null = subprocess.DEVNULL
            # It goes on as a child of nobody, and this one ends at once.
            started = subprocess.run(
                [sys.executable, "-S", "-c", code],
                stdin=null,
                stdout=null,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                check=False,
            )
        self.socket = ours
        if started.returncode:
            ours.close()
            said = started.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise FasttraceError(f"no second process of Python could be started: {said}")
        self.pid = int(self._answer()["pid"])

    @property
    def fd(self) -> int:
        return self.socket.fileno()

    def ask(self, request: dict[str, Any]) -> None:
        """Raises the error that the watcher had."""
        with suppress(BrokenPipeError):  # then there is no answer either
            os.write(self.fd, json.dumps(request).encode())
        answer = self._answer()
        if "error" in answer:
            raise _KINDS.get(answer["error"], FasttraceError)(answer["message"])

    def _answer(self) -> dict[str, Any]:
        packet = b""
        with suppress(ConnectionResetError):  # it has died with our question unread
            packet = os.read(self.fd, PACKET_MAX)
        if not packet:
            _forget()
            raise FasttraceError("the process that watches this one has ended; watch() again")
        answer: dict[str, Any] = json.loads(packet)
        return answer


_watcher: _Watcher | None = None
_starting = threading.Lock()


def _forget() -> None:
    """Of a forked child, which has but a copy, or when it has ended."""
    global _watcher, _starting
    if _watcher is not None:
        _watcher.socket.close()
        _watcher = None
    _starting = threading.Lock()


def _the_watcher() -> _Watcher:
    global _watcher
    with _starting:
        if _watcher is None:
            _watcher = _Watcher()
            if ptrace_scope() == 1:  # only a process that we name may trace us
                import ctypes

                ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _watcher.pid, 0, 0, 0)
        return _watcher


os.register_at_fork(after_in_child=_forget)
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
        self._fd = -1
        self._entered = False

    def __enter__(self) -> Watch:
        if self._entered:
            raise ValueError("this has watched a block already: call watch() for each")
        watcher = _the_watcher()
        if not watcher.lock.acquire(blocking=False):
            raise ValueError("this process is watched already, and one watches all of it")
        try:
            self._fd = watcher.fd
            self._folder = tempfile.mkdtemp(prefix="fasttrace-")
            request = {
                "do": "start",
                "pid": os.getpid(),
                "folder": str(Path(self._folder, "x.fst")),
                "options": self._options,
            }
            watcher.ask(request)
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
        if watcher is None or watcher is not _watcher:
            return  # a forked child; to ask for our pid would be a call more
        self._watcher = None
        try:
            watcher.ask({"do": "end"})
        finally:
            watcher.lock.release()

    def _discard(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    @property
    def trace(self) -> Trace:
        """All events, but for those of the talk with the process that watches.

        ValueError: the block has not been left, or not entered.
        """
        if self._trace is not None:
            return self._trace
        if self._watcher is not None and self._watcher is not _watcher:
            raise ForkedError()
        if self._watcher is not None or self._folder is None:
            raise ValueError("what was watched is known when the block has been left")
        import numpy as np

        from fasttrace.data.conditions import of_syscall
        from fasttrace.data.trace import load

        whole = load(Path(self._folder, "x.fst"))
        self._discard()  # it is mapped, and lives as long as somebody has it
        events = whole.events
        talk = (events["pid"] == os.getpid()) & (events["args"][:, 0] == np.uint64(self._fd))
        self._trace = whole.where(mask=~(talk & of_syscall(events, _TALK)))
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
    engine: Literal["auto", "ptrace", "inline"] = "auto",
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
