"""Signals to the command line while it traces: they are meant for the program, or for the tracing.

- From the terminal (Ctrl-C) they reach the program too, which is in the same process group; nothing
  is to be done but to trace on until it ends.
- Sent to us alone they are passed on to the program; a second one that asks for the end kills the
  tree.
- What the program itself has sent, to us as its parent or to a group that we are in, is not for it.
- Attached to a process we detach.

Python's handlers do not tell where a signal comes from, and run only when the main thread has time.
So the signals are blocked and a thread of their own waits for them.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from fasttrace.cli.output import say
from fasttrace.tracing.tracer import Tracer

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_FOR_THE_PROGRAM = (signal.SIGUSR1, signal.SIGUSR2)
# include/uapi/asm-generic/siginfo.h: SI_USER, SI_QUEUE and SI_TKILL have si_pid.
_SI_KERNEL = 0x80
_BY_A_PROCESS = (0, -1, -6)
# timeout(1) and its like signal us and then our process group: one request, not two.
_ONE_REQUEST_S = 0.2
_GIVE_UP = 3


@contextmanager
def held_back() -> Iterator[None]:
    """Threads that start meanwhile, as numpy's do when it is imported, never take these signals."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING + _FOR_THE_PROGRAM)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class Relay:
    """Takes the signals from `start` to `stop`.

    Args:
        tracer: `serve` may be called once it has started.
        attached: the tracer is attached to a process.
    """

    def __init__(self, tracer: Tracer, *, attached: bool) -> None:
        self.killed_by: int | None = None  # the signal upon which the tree was killed
        self.detached_by: int | None = None
        self.asked_by: int | None = None  # the signal that asked for the end, not the program's own
        self._tracer = tracer
        self._attached = attached
        self._signals = [
            s
            for s in (ENDING if attached else ENDING + _FOR_THE_PROGRAM)
            # Ignored since before us, as under nohup(1): that is to stay so.
            if signal.getsignal(s) not in (signal.SIG_IGN, None)
        ]
        self._mask: set[int] = set()
        self._requests = 0
        self._last_request = (0, 0.0)
        self._passed_on = False  # a request to end
        self._warned = False
        self._thread: threading.Thread | None = None
        self._serving = threading.Event()
        self._state = threading.Lock()
        self._ended = False
        self._stopped = False

    def start(self) -> list[int]:
        """Before the tracer starts: what comes now waits for `serve`.

        Returns what the program, which inherits the mask, must not find blocked.
        """
        if not self._signals:
            return []
        self._mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, self._signals))
        self._thread = threading.Thread(target=self._wait, name="signals", daemon=True)
        self._thread.start()
        return [number for number in self._signals if number not in self._mask]

    def serve(self) -> None:
        """Once the tracer has started: do what signals ask for, at any time."""
        self._serving.set()

    def end(self) -> None:
        """All is traced: from now on signals only count towards giving up."""
        with self._state:
            self._ended = True

    def stop(self) -> None:
        """Everything as it was before `start`. What came since the end is dropped."""
        if self._thread is None or self._thread.ident is None:
            return
        self._stopped = True
        self._serving.set()
        signal.pthread_kill(self._thread.ident, self._signals[0])
        self._thread.join()
        self._thread = None
        while signal.sigtimedwait(self._signals, 0) is not None:
            continue
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _wait(self) -> None:
        while True:
            info = signal.sigwaitinfo(self._signals)
            self._serving.wait()
            if self._stopped:
                return
            if not self._is_the_programs(info):
                self.take(info.si_signo, from_terminal=info.si_code == _SI_KERNEL)

    def _is_the_programs(self, info: signal.struct_siginfo) -> bool:
        """Whether a task of the traced tree has sent it, to its parent or a group that we are in.

        It would be its own signal that it gets back. Whom we are attached to may ask us to leave,
        as the shell does of which we are a job.
        """
        if self._attached or info.si_code not in _BY_A_PROCESS:
            return False
        return self._tracer.is_of_tree(info.si_pid)

    def take(self, number: int, *, from_terminal: bool) -> None:
        """Do what one signal asks for."""
        with self._state:
            if number in _FOR_THE_PROGRAM:
                self._quietly(lambda: self._tracer.send_signal(number))
                return
            self.asked_by = number
            mine = self._attached or self._ended or not from_terminal
            if mine and not self._is_new_request(number):
                return
            self._requests += mine
            if self._requests >= _GIVE_UP:
                # Stuck, as in a write that nobody reads. The kernel kills or frees the tracees.
                os._exit(128 + number)
            if self._ended:
                return
            if self._attached:
                self.detached_by = number
                self._quietly(self._tracer.detach)
            elif self._passed_on and mine:
                self._kill(number)
            elif self._tracer.exit_status is not None:
                self._orphans(number)
            elif mine:
                self._passed_on = True
                self._quietly(lambda: self._tracer.send_signal(number))

    def _is_new_request(self, number: int) -> bool:
        before, at = self._last_request
        now = monotonic()
        if number == before and now - at < _ONE_REQUEST_S:
            return False
        self._last_request = (number, now)
        return True

    def _orphans(self, number: int) -> None:
        """The command has ended, children of it have not. Untraced they would run on; so be it."""
        if all(process.exit_status is not None for process in self._tracer.processes):
            return  # none is left, and the end is near
        if not self._warned:
            self._warned = True
            text = "the program has ended, but children of it run on; once more to let go of them"
            # Where nobody reads our lines this would wait for ever, and with it the next signal.
            threading.Thread(target=say, args=(text,), daemon=True).start()
            return
        try:
            self._tracer.detach()
        except ValueError:  # they run under our filter and could not go on without us
            self._kill(number)

    def _kill(self, number: int) -> None:
        self.killed_by = number
        self._quietly(self._tracer.kill)

    @staticmethod
    def _quietly(act: Callable[[], None]) -> None:
        try:
            act()
        except ProcessLookupError:
            return  # it has ended meanwhile
