"""A block of this process's own code of which counts are kept, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fasttrace.data.intervals import Counted
from fasttrace.tracing.watched_part import COUNTS
from fasttrace.tracing.watching import Watch

if TYPE_CHECKING:
    from fasttrace.tracing.sessions import Engine

_STATUS_MAX = 4096  # bytes; TracerPid is among the first ten lines


def _is_traced() -> bool:
    """Whether somebody traces this thread: by `TracerPid` of proc_pid_status(5)."""
    try:
        fd = os.open("/proc/thread-self/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return b"\nTracerPid:\t0\n" not in os.read(fd, _STATUS_MAX)
    except OSError:
        return False
    finally:
        os.close(fd)


class CountingWatch(Watch):
    """A watch of every call that keeps counts alone: of each stretch between two of its marks, 2 *
    i and 2 * i + 1. They are made by the process that watches: this one need not load numpy.

    What is counted is `counts`, when the block has been left: by i, a Counted for each that has
    both marks. engine: which one has traced.

    Under ptrace each call of a traced thread is two stops. So between `end` and `begin` the main
    thread is not traced, but what it starts there is.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__({"engine": engine, "capture": "none"})
        self.counts: dict[int, Counted] = {}
        self.engine = ""
        self._pauses = False  # it may be worth it
        self._paused_at: int | None = None  # the i of `end`
        self._is_paused = False  # for sure

    def begin(self, i: int) -> None:
        """Mark 2 * i. FasttraceError: as from `mark`."""
        watcher = self._watcher
        if watcher is None or not self._is_ours:
            return
        if self._paused_at is not None and not _is_traced():
            self._paused_at, self._pauses = None, False  # the signal would come to us
        if self._paused_at is None:
            watcher.mark(2 * i)
            return
        is_marked = self._is_paused and self._paused_at == i - 1
        is_marked = self._wake() and is_marked
        if not is_marked:
            watcher.mark(2 * i)

    def _wake(self) -> bool:
        """The main thread is traced again. False: it has made a call since, which is nobody's.

        A handler of a signal may raise at any call, but not before the one that is tried.
        """
        blocked = signal.SIGWINCH in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        if blocked:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGWINCH])
        try:
            signal.raise_signal(signal.SIGWINCH)
        finally:
            self._paused_at = None
            if blocked:
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
        return not blocked

    def end(self, i: int) -> None:
        """Mark 2 * i + 1. The next one is that of `begin`. FasttraceError: as from `mark`."""
        watcher = self._watcher
        if watcher is None or not self._is_ours:
            return
        if not self._pauses or threading.current_thread() is not threading.main_thread():
            watcher.mark(2 * i + 1)
            return
        self._paused_at, self._is_paused = i, False
        watcher.pause(2 * i + 1)
        self._is_paused = True

    def _start(self, pid: int) -> dict[str, Any]:
        return super()._start(pid) | {"counts": True}

    def _started(self, told: dict[str, Any]) -> None:
        self._pauses = told["engine"] == "ptrace"

    def _end(self) -> dict[str, Any]:
        return super()._end() | {"counts": self._part}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_ours:
            return
        try:
            super().__exit__(kind, value, traceback)
            assert self._folder is not None
            told = json.loads(Path(self._folder, COUNTS).read_bytes())
        finally:
            self._discard()
        self.engine = told["engine"]
        self.counts = {int(i): Counted(names) for i, names in told["counts"].items()}
