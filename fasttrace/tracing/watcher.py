"""The process that traces another which asks for it: the other end of `fasttrace.watch`.

It is started by `watching`, detaches itself from its starter, and then serves one request after the
other, each a JSON object in a packet of a socket, until nobody has the other end any more. Who asks
waits until this is loaded, so it imports little, and the rest where it is used.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from fasttrace._core import Block
from fasttrace.errors import FasttraceError, OutputError
from fasttrace.system.new_file import writing
from fasttrace.tracing.tracer import Tracer
from fasttrace.tracing.watched_part import COUNTS, PACKET_MAX, PAUSE_LEVEL, WatchedPart


class _Sink(Protocol):
    """Where events go. It raises nothing until `finish`, which raises OutputError if they could not
    be stored, and is called when the tracer has delivered all. asked: the request to end."""

    def append(self, block: Block) -> None: ...
    def finish(self, asked: dict[str, Any]) -> None: ...
    def close(self) -> None: ...


class _Kept:
    """All of them, in the folder of a trace."""

    def __init__(self, tracer: Tracer, folder: Path) -> None:
        from fasttrace.tracing.runs import Recorder

        self._recorder = Recorder(tracer, folder)

    def append(self, block: Block) -> None:
        self._recorder.append(block)

    def finish(self, asked: dict[str, Any]) -> None:
        self._recorder.finish()
        if self._recorder.failed is not None:
            raise self._recorder.failed

    def close(self) -> None:
        self._recorder.close()


class _Counted:
    """In a file until the end, and then counts of what is between marks 2 * i and 2 * i + 1, by i:
    where a mark belongs is known when all is there."""

    def __init__(self, tracer: Tracer, folder: Path) -> None:
        self._tracer = tracer
        self._path = folder.with_name("events")
        self._failed: OutputError | None = None
        with writing(self._path):
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def append(self, block: Block) -> None:
        if self._failed is not None:
            return
        try:
            with writing(self._path):
                left = memoryview(block)
                while left:
                    left = left[os.write(self._file, left) :]
        except OutputError as error:
            self._failed = error

    def finish(self, asked: dict[str, Any]) -> None:
        if self._failed is not None:
            raise self._failed
        if "counts" in asked:
            with writing(self._path.with_name(COUNTS)):
                self._count(_part(asked["counts"]))

    def close(self) -> None:
        os.close(self._file)

    def _count(self, part: WatchedPart) -> None:
        import mmap

        from fasttrace.data.intervals import counted_between

        size = os.fstat(self._file).st_size
        events = mmap.mmap(self._file, size, prot=mmap.PROT_READ) if size else b""
        marks = part.marks(events)
        # A stretch in which the process has ended, or closed all that is open, has no end.
        whole = [n // 2 for n in sorted(marks) if not n % 2 and n + 1 in marks]
        bounds = [marks[n] for i in whole for n in (2 * i, 2 * i + 1)]
        counted = counted_between(events, bounds, part.outside(events))
        told = {"engine": self._tracer.engine, "counts": dict(zip(whole, counted, strict=True))}
        self._path.with_name(COUNTS).write_text(json.dumps(told))


class _Pausing(Tracer):
    """Of who is traced only between marks."""

    _pause_level = PAUSE_LEVEL


class _Recording:
    """One block of code that is watched, from its start to its end."""

    def __init__(
        self, pid: int, folder: str, options: dict[str, Any], *, counted: bool = False
    ) -> None:
        """counted: counts are wanted, and nothing else."""
        self.folder = Path(folder)
        self.tracer = (_Pausing if counted else Tracer)(pid=pid, **options)
        self.sink: _Sink = (_Counted if counted else _Kept)(self.tracer, self.folder)
        try:
            self.tracer.start()
        except BaseException:
            self.sink.close()
            raise
        self.drain = threading.Thread(target=self._drain, daemon=True)
        self.drain.start()

    def _drain(self) -> None:
        for block in self.tracer.blocks():
            self.sink.append(block)

    def end(self, asked: dict[str, Any]) -> None:
        """Raises OutputError if something of it could not be stored."""
        with closing(self.sink), self.tracer:
            self.tracer.detach()
            self.drain.join()
            self.sink.finish(asked)


def _part(told: list[Any]) -> WatchedPart:
    """JSON has texts for keys."""
    pid, tid, fd, began_ns, under_way = told
    return WatchedPart(pid, tid, fd, began_ns, {int(tid): call for tid, call in under_way.items()})


def serve(asked: int) -> None:
    """Until the other end of this socket is closed. What is recorded then nobody will read: it
    goes."""
    recording: _Recording | None = None
    while packet := os.read(asked, PACKET_MAX):
        request = json.loads(packet)
        try:
            if request["do"] == "start":
                recording = _Recording(
                    request["pid"],
                    request["folder"],
                    request["options"],
                    counted="counts" in request,
                )
            elif recording is not None:
                ending, recording = recording, None
                ending.end(request)
            answer = {} if recording is None else {"engine": recording.tracer.engine}
        except (FasttraceError, ValueError, OSError) as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        try:
            os.write(asked, json.dumps(answer).encode())
        except BrokenPipeError:
            break
    if recording is not None:
        import shutil

        recording.end({})
        shutil.rmtree(recording.folder.parent, ignore_errors=True)


def main(fd: int) -> None:
    """In a process of its own that is nobody's child, so that nobody waits for it. fd: a socket of
    packets."""
    if os.fork():
        os._exit(0)
    os.dup2(1, 2)  # its starter reads our standard error to the end
    os.set_inheritable(fd, False)
    # Ctrl-C and a terminal that hangs up are for who is watched, whose end we hear of.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(fd, json.dumps({"pid": os.getpid()}).encode())
    serve(fd)
