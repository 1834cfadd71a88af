"""Whole runs: a command or a process, traced to its end, in one call."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Literal, TypeAlias

from fasttrace._core import Block
from fasttrace.errors import Interrupted, OutputError
from fasttrace.tracing.command import Text
from fasttrace.tracing.options import TracingOptions, check_names
from fasttrace.tracing.tracer import Tracer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Unpack

    from fasttrace.data.export.recording import ParquetWriter
    from fasttrace.data.run_info import RunInfo
    from fasttrace.data.storage import Writer
    from fasttrace.data.stored import Stored
    from fasttrace.data.summary import Summary
    from fasttrace.data.trace import Trace


def _check(duration: float | None) -> None:
    """Before anything is started. ValueError: it is no time."""
    if duration is not None and not duration >= 0:  # as NaN is not
        raise ValueError(f"a duration is a number of seconds, 0 or more, not {duration}")


Format: TypeAlias = Literal["fst", "parquet"]
Argv: TypeAlias = "Sequence[Text] | Text | None"


def _to_end(
    tracer: Tracer,
    noted: list[KeyboardInterrupt],
    step: Callable[[float | None], bool],
    duration: float | None,
) -> None:
    """Call `step(timeout)` until it says that the session has ended.

    After `duration` seconds, or at Ctrl-C, the tracer is stopped, and what is still on its way
    taken. noted: of `interrupts`.
    """
    deadline = None if duration is None else time.monotonic() + duration
    if noted:  # while it started
        tracer.stop()
    while True:
        try:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if step(left):
                return
            if deadline is not None and time.monotonic() >= deadline:
                deadline = None
                tracer.stop()
        except KeyboardInterrupt as error:  # raised by a handler that is not Python's own
            if tracer.forked:
                raise
            noted.append(error)
            deadline = None
            tracer.stop()


@contextmanager
def interrupts(tracer: Tracer) -> Iterator[list[KeyboardInterrupt]]:
    """Ctrl-C stops the tracer and is noted in the list; from before the start on.

    Raised, a KeyboardInterrupt could strike between the taking of a block and its use and lose it,
    or between the start and the first block, and lose the program.
    """
    noted: list[KeyboardInterrupt] = []

    def note(number: int, frame: FrameType | None) -> None:
        if tracer.forked:  # by another thread, or by what takes the blocks
            signal.default_int_handler(number, frame)
        noted.append(KeyboardInterrupt())
        if tracer.started and not tracer.closed:
            tracer.stop()

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield noted
        return
    try:
        signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread, which is the one that gets it
        yield noted
        return
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def take_all(
    tracer: Tracer,
    noted: list[KeyboardInterrupt],
    use: Callable[[Block], None],
    duration: float | None = None,
) -> None:
    """Give every block to `use` until the end; as `_to_end`."""

    def step(timeout: float | None) -> bool:
        try:
            block = tracer.read(timeout)
        except EOFError:
            return True
        if block is not None:
            use(block)
        return False

    _to_end(tracer, noted, step, duration)


def summary(
    argv: Argv = None,
    *,
    by: Literal["pid", "comm"] | None = None,
    duration: float | None = None,
    **options: Unpack[TracingOptions],
) -> Summary:
    """Run a command (or attach to `pid`) and count its calls, in constant memory.

    Args:
        argv, and the options: as for `Tracer`.
        by: keep the counts per process, for ``Summary.by("pid")`` and ``.by("comm")``.
        duration: stop after that many seconds: detach from a process, kill a command.

    Ctrl-C stops it too and raises Interrupted, whose ``result`` is the Summary so far.

        >>> import fasttrace
        >>> fasttrace.summary(["true"]).calls["execve"]
        1
    """
    check_names("summary", options, TracingOptions)
    if by not in (None, "pid", "comm"):
        raise ValueError(f'no counts by {by!r}: by "pid" or "comm"')
    _check(duration)
    tracer = Tracer(argv, events=False, tally=True, by_process=by is not None, **options)
    with interrupts(tracer) as noted, tracer:
        _to_end(tracer, noted, tracer.wait, duration)
    if noted:
        raise Interrupted(tracer.summary()) from noted[0]
    return tracer.summary()


def trace(
    argv: Argv = None, *, duration: float | None = None, **options: Unpack[TracingOptions]
) -> Trace:
    """Run a command (or attach to `pid`) and return all its events, in memory.

    Arguments, Ctrl-C: as for `summary`. 96 bytes an event, and what its arguments point to; see
    `record` for more than memory holds.
    """
    check_names("trace", options, TracingOptions)
    _check(duration)
    blocks: list[Block] = []
    tracer = Tracer(argv, **options)
    with interrupts(tracer) as noted:
        tracer.start()
        with tracer:
            take_all(tracer, noted, blocks.append, duration)
    result = _trace(tracer, blocks)
    if noted:
        raise Interrupted(result) from noted[0]
    return result


def stream(argv: Argv = None, **options: Unpack[TracingOptions]) -> Iterator[npt.NDArray[np.void]]:
    """Run a command (or attach to `pid`) and yield its events as they come.

    Arrays of EVENT_DTYPE, without a copy, each with what came in at most 50 ms; keep them as long
    as you like. The program waits for you when you are far behind. Leaving the loop stops it.
    """
    import numpy as np

    from fasttrace.data.events import EVENT_DTYPE

    check_names("stream", options, TracingOptions)
    with Tracer(argv, strings=False, **options) as tracer:
        for block in tracer.blocks():
            yield np.frombuffer(memoryview(block), EVENT_DTYPE)


def record(
    argv: Argv = None,
    *,
    path: str | os.PathLike[str],
    duration: float | None = None,
    host_label: str | None = None,
    format: Format | None = None,
    compress: bool = False,
    **options: Unpack[TracingOptions],
) -> Trace:
    """Run a command (or attach to `pid`) and keep its events in the folder `path`.

    host_label: what the trace says of where it was recorded, instead of this machine's name.
    format: "parquet" writes a Parquet file while it records (docs/export.md), as it does where path
    ends in .parquet and nothing is said; "fst" a folder.
    compress: some tenth as large on the disk, and the result is in memory instead (docs/export.md).

    Constant memory; a trace whose recorder was killed is readable. The result is mapped from the
    files. When the disk is full the program runs on, the trace so far is kept, and OutputError is
    raised at the end. Arguments, Ctrl-C: as for `summary`.
    """
    from fasttrace.data.trace import Trace

    check_names("record", options, TracingOptions)
    _check(duration)
    tracer = Tracer(argv, **options)
    recorder = Recorder(tracer, path, host=host_label, format=format, compress=compress)
    with interrupts(tracer) as noted:
        recorder.start(tracer.start)
        with recorder, tracer:
            take_all(tracer, noted, recorder.append, duration)
            recorder.finish()
            result = Trace.of_stored(recorder.stored())
    if noted:
        raise Interrupted(result) from noted[0]
    if recorder.failed is not None:
        raise recorder.failed
    return result


class Recorder:
    """Writes what a tracer delivers to a new folder, as far as the disk lets it.

    `failed` is the OutputError of the moment from which on nothing was stored any more, or None.
    Used as a context manager it leaves a readable trace whatever ends it.
    """

    def __init__(
        self,
        tracer: Tracer,
        path: str | os.PathLike[str],
        on_failure: Callable[[OutputError], None] = lambda error: None,
        *,
        host: str | None = None,
        format: Format | None = None,
        compress: bool = False,
    ) -> None:
        """host: None for the name of this machine. OutputError: the folder exists, or cannot be
        made."""
        from fasttrace._version import __version__
        from fasttrace.data.run_info import RunInfo
        from fasttrace.data.storage import Writer

        self.failed: OutputError | None = None
        self._on_failure = on_failure
        self._tracer = tracer
        info = RunInfo(
            argv=tracer.argv,
            engine=tracer.engine,
            results=tracer.has_results,
            host=os.uname().nodename if host is None else host,
        )
        self._writer: Writer | ParquetWriter
        if format == "parquet" or (format is None and os.fspath(path).endswith(".parquet")):
            if compress:
                raise ValueError("Parquet is compressed anyhow: leave it, or record a folder")
            self._writer = _parquet_writer(tracer, path, info)
        else:
            versions = {"fasttrace": __version__}
            self._writer = Writer(path, info, compressed=compress, versions=versions)

    def start(self, start: Callable[[], None]) -> None:
        """Call `start`; if that raises there is nothing to record, and the folder goes again."""
        try:
            start()
        except BaseException:
            self._writer.discard()
            raise

    def append(self, block: Block) -> None:
        try:
            self._writer.append(block)
        except OutputError as error:
            self._fail(error)

    def _fail(self, error: OutputError) -> None:
        if self.failed is None:
            self.failed = error
            self._on_failure(error)

    def finish(self) -> None:
        """The tracer has delivered all."""
        tracer = self._tracer
        tracer.wait()
        try:
            self._writer.flush()
        except OutputError as error:
            self._fail(error)
        try:
            lost = tracer.lost + self._writer.unstored
            self._writer.finish(tracer.info, processes=tracer.processes, lost=lost)
        except OutputError as error:
            self._fail(error)

    def stored(self) -> Stored:
        return self._writer.stored()

    def close(self) -> None:
        self._writer.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _parquet_writer(tracer: Tracer, path: str | os.PathLike[str], info: RunInfo) -> ParquetWriter:
    # numpy and pyarrow have threads from their import on. These must take no signal that the main
    # thread has blocked because another one waits for it, and they inherit our mask.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        from fasttrace.data.export.recording import ParquetWriter

        return ParquetWriter(path, info, lambda: tracer.processes)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _trace(tracer: Tracer, blocks: list[Block]) -> Trace:
    import numpy as np

    from fasttrace.data.events import EVENT_DTYPE

    events = [np.frombuffer(memoryview(block), EVENT_DTYPE) for block in blocks]
    payload = [np.frombuffer(block.payload, np.uint8) for block in blocks if len(block.payload)]
    return trace_of(tracer, events, payload)


def trace_of(
    tracer: Tracer, events: list[npt.NDArray[np.void]], payload: list[npt.NDArray[np.uint8]]
) -> Trace:
    """What a tracer has delivered until its end, as a Trace."""
    import numpy as np

    from fasttrace.data.events import EVENT_DTYPE
    from fasttrace.data.trace import Trace

    return Trace(
        np.concatenate(events) if events else np.empty(0, EVENT_DTYPE),
        np.concatenate(payload) if payload else np.empty(0, np.uint8),
        tracer.info,
        processes=tracer.processes,
    )
