"""What the fuzz tests share: how many inputs, how soon, and folders to be spoilt."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from synthetic import OPENAT, PROCESSES, READ, item, make_events, stream

from fasttrace.data.events import Flag, Kind
from fasttrace.data.trace import Trace
from fasttrace.errors import FasttraceError

LONG = "FASTTRACE_FUZZ" in os.environ
EXAMPLES = int(os.environ.get("FASTTRACE_FUZZ", "150"))
CPU_LIMIT_S = 20  # for one input: far more than any needs
MESSAGE_MAX = 2000

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def no_limit() -> None:
    """As long as it takes, if it was asked for."""
    if LONG:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """By the processor's clock: the machine may be busy with others."""

    def late(number: int, frame: object) -> None:
        raise AssertionError(f"it takes more than {CPU_LIMIT_S} s")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def value_or(error: type[FasttraceError], make: Callable[[], Any]) -> Any:
    """What is made; None: the error was raised, with a line that can be shown."""
    with soon():
        try:
            return make()
        except error as caught:
            message = str(caught)
            assert message.isprintable()
            assert 0 < len(message) < MESSAGE_MAX
            return None


def good() -> Trace:
    payload = item(b"/etc/passwd", arg=1) + item(b"cc\0", type=3)
    events = make_events(
        {"nr": OPENAT, "pid": 100, "tid": 100, "time_ns": 5, "duration_ns": 9, "ret": -2,
         "flags": Flag.PAYLOAD},
        {"nr": READ, "pid": 101, "tid": 101, "time_ns": 20, "duration_ns": 4},
        {"kind": Kind.EXEC, "pid": 101, "time_ns": 25, "flags": Flag.PAYLOAD, "payload": 32},
        {"kind": Kind.EXIT, "pid": 101, "time_ns": 30, "ret": 256},
    )  # fmt: skip
    return Trace(events, stream(payload), argv=["a"], engine="inline", processes=PROCESSES)


class Folders:
    """Copies of a good folder, to be spoilt one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = count()
        good().save(folder / "good")

    @contextlib.contextmanager
    def one(self) -> Iterator[Path]:
        path = self._folder / str(next(self._number))
        shutil.copytree(self._folder / "good", path)
        try:
            yield path
        finally:
            shutil.rmtree(path)
