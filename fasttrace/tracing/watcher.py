"""The process that traces another which asks for it: the other end of `fasttrace.watch`.

It is started by `watching`, detaches itself from its starter, and then serves one request after the
other, each a JSON object in a packet of a socket, until nobody has the other end any more.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import socket
import threading
from pathlib import Path
from typing import Any

from fasttrace.errors import FasttraceError
from fasttrace.tracing.counting import COUNTS
from fasttrace.tracing.runs import Recorder
from fasttrace.tracing.tracer import Tracer
from fasttrace.tracing.watched_part import WatchedPart
from fasttrace.tracing.watching import PACKET_MAX


class _Recording:
    """One block of code that is watched, from its start to its end."""

    def __init__(self, pid: int, folder: str, options: dict[str, Any]) -> None:
        self.folder = folder
        self.tracer = Tracer(pid=pid, **options)
        self.recorder = Recorder(self.tracer, folder)
        self.recorder.start(self.tracer.start)
        self.drain = threading.Thread(target=self._drain, daemon=True)
        self.drain.start()

    def _drain(self) -> None:
        for block in self.tracer.blocks():
            self.recorder.append(block)

    def end(self, counted: WatchedPart | None) -> None:
        """Raises OutputError if something of it could not be stored. counted: what lies between the
        marks of this shall be counted, instead of kept."""
        with self.recorder, self.tracer:
            self.tracer.detach()
            self.drain.join()
            self.recorder.finish()
        if self.recorder.failed is not None:
            raise self.recorder.failed
        if counted is not None:
            self._count(counted)

    def _count(self, part: WatchedPart) -> None:
        """Writes what is between marks 2 * i and 2 * i + 1, by i, and leaves nothing else."""
        from fasttrace.data.intervals import counted_between
        from fasttrace.data.trace import load

        trace = load(self.folder)
        shutil.rmtree(self.folder)
        marks = part.marks(trace.events)
        # A stretch in which the process has ended, or closed all that is open, has no end.
        whole = [n // 2 for n in sorted(marks) if not n % 2 and n + 1 in marks]
        bounds = [marks[n] for i in whole for n in (2 * i, 2 * i + 1)]
        counted = counted_between(trace.events, bounds, part.is_outside(trace.events))
        told = {
            "engine": trace.engine,
            "counts": {i: one.names for i, one in zip(whole, counted, strict=True)},
        }
        Path(self.folder).with_name(COUNTS).write_text(json.dumps(told))


def _part(told: list[Any]) -> WatchedPart:
    """JSON has texts for keys."""
    pid, tid, fd, began_ns, under_way = told
    return WatchedPart(pid, tid, fd, began_ns, {int(tid): call for tid, call in under_way.items()})


def serve(asked: socket.socket) -> None:
    """Until the other end is closed. What is recorded then nobody will read: it goes."""
    recording: _Recording | None = None
    while packet := asked.recv(PACKET_MAX):
        request = json.loads(packet)
        try:
            if request["do"] == "start":
                recording = _Recording(request["pid"], request["folder"], request["options"])
                if "counts" in request:
                    # To count by, later: it is loaded while the tests run.
                    threading.Thread(target=importlib.import_module, args=["numpy"]).start()
            elif recording is not None:
                ending, recording = recording, None
                ending.end(_part(request["counts"]) if "counts" in request else None)
            answer = {}
        except (FasttraceError, ValueError, OSError) as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        try:
            asked.send(json.dumps(answer).encode())
        except BrokenPipeError:
            break
    if recording is not None:
        recording.end(None)
        shutil.rmtree(Path(recording.folder).parent, ignore_errors=True)


def main(fd: int) -> None:
    """In a process of its own that is nobody's child, so that nobody waits for it."""
    asked = socket.socket(fileno=fd)
    if os.fork():
        os._exit(0)
    os.dup2(1, 2)  # its starter reads our standard error to the end
    # Ctrl-C and a terminal that hangs up are for who is watched, whose end we hear of.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked.send(json.dumps({"pid": os.getpid()}).encode())
    serve(asked)
