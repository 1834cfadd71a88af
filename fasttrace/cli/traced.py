"""One traced run of the command line, from its start to the exit status that it calls for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fasttrace._core import Block
from fasttrace.cli.output import say
from fasttrace.cli.signals import Relay
from fasttrace.system import log as library
from fasttrace.tracing.tracer import Tracer

if TYPE_CHECKING:
    import argparse

_ASK_S = 0.5


def run_of(args: argparse.Namespace, **options: Any) -> Run:
    """A Run as the options of a verb say it, of which not every verb has all; options: more of
    Tracer's, or others."""
    given = vars(args)
    said: dict[str, Any] = {
        "pid": _one_or_several(given.get("pid")),
        "duration": given.get("duration"),
        "verbose": args.verbose,
        "trace": given.get("expression"),
        "inject": given.get("inject"),
        "deny": given.get("deny"),
        "follow": not args.no_follow,
        "engine": args.engine,
    }
    if given.get("descriptors") or given.get("path"):
        said["descriptors"] = True
    if "string_limit" in given:
        said["string_limit"] = args.string_limit
    return Run(args.command or None, **said | options)


def _one_or_several(pids: list[int] | None) -> int | list[int] | None:
    """One alone may be traced by any engine."""
    return pids[0] if pids and len(set(pids)) == 1 else pids


def _say_log(*, verbose: bool = False) -> None:
    from fasttrace.cli.log import say_log  # which loads `logging`

    say_log(verbose=verbose)


class Run:
    """A Tracer for a verb's options, with signals relayed while it runs.

    Entering it starts the command or attaches. Take all of `blocks`, or `wait`; then show the
    result and leave.
    """

    def __init__(
        self,
        command: list[str] | None,
        *,
        pid: int | list[int] | None = None,
        duration: float | None = None,
        verbose: bool = False,
        **options: Any,
    ) -> None:
        """duration: seconds, then it is detached from. options: of Tracer."""
        if verbose:
            _say_log(verbose=True)
        else:
            library.on_load = _say_log
        self._attached = pid is not None
        self._duration = duration
        self.tracer = Tracer(command, pid=pid, **options)
        self._relay = Relay(self.tracer, attached=self._attached)
        self._started = False
        self.let_go = False  # for nobody looks on any more

    def start(self) -> None:
        """Start the command or attach; entering does so if it was not done."""
        self._started = True
        unblocked = self._relay.start()
        try:
            self.tracer.start(unblocked=unblocked)
        except BaseException:
            self._relay.stop()
            raise
        self._relay.serve()

    def __enter__(self) -> Run:
        if not self._started:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._relay.end()
        self.tracer.close()
        self._relay.stop()

    def blocks(self, is_unwanted: Callable[[], bool] | None = None) -> Iterator[Block]:
        """All events to the end, or to the end of the duration.

        is_unwanted: whether nobody looks at them any more; then the program goes on without us, as
        under a tracer that dies of SIGPIPE, unless our filter forbids that.
        """
        until = None if self._duration is None else monotonic() + self._duration
        while True:
            left = None if until is None else max(0.0, until - monotonic())
            if is_unwanted is not None:
                left = _ASK_S if left is None else min(left, _ASK_S)
            try:
                block = self.tracer.read(left)
            except EOFError:
                break
            if block is not None:
                yield block
            if until is not None and monotonic() >= until:
                until = None
                self.tracer.detach()
            if is_unwanted is not None and is_unwanted():
                is_unwanted = None
                self._let_go()
        self.ended()

    def beats(
        self, every_s: float, is_unwanted: Callable[[], bool] | None = None
    ) -> Iterator[Block | None]:
        """The same, and None where nothing has come for so long."""
        while True:
            try:
                block = self.tracer.read(every_s)
            except EOFError:
                break
            yield block
            if is_unwanted is not None and is_unwanted():
                is_unwanted = None
                self._let_go()
        self.ended()

    def _let_go(self) -> None:
        try:
            self.tracer.detach()
        except ValueError:  # it runs under a filter of ours, and would fail without us
            return
        self.let_go = True

    def wait(self) -> None:
        """Until the end, without events."""
        if not self.tracer.wait(self._duration):
            self.tracer.detach()
            self.tracer.wait()
        self.ended()

    def ended(self) -> None:
        """All has been taken: signals to us are no longer for the program; says what went wrong."""
        self._relay.end()
        error = self.tracer.stats["error"]
        if error:
            say(f"tracing ended early: {os.strerror(-error)}; the counts are those up to then")

    @property
    def over_by(self) -> int | None:
        """The signal to us that asked for the end, if the program has ended or was let go."""
        if self._relay.detached_by is not None or self.tracer.exit_status is None:
            return self._relay.detached_by
        return self._relay.asked_by

    @property
    def detached_by(self) -> int | None:
        """The signal to us upon which a process that we were attached to was let go."""
        return self._relay.detached_by

    @property
    def status(self) -> int:
        """The exit status, or -n: to die of signal n; as the program did."""
        if self.tracer.stats["error"]:
            return 1
        if self._attached:
            return 0
        if self._relay.killed_by is not None:
            return -self._relay.killed_by
        return self.tracer.exit_status or 0
