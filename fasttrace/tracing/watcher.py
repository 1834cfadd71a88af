"""The process that traces another which asks for it: the other end of `fasttrace.watch`.

It is started by `watching`, detaches itself from its starter, and then serves one request after the
other, each a JSON object in a packet of a socket, until nobody has the other end any more.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
from pathlib import Path
from typing import Any

from fasttrace.errors import FasttraceError
from fasttrace.tracing.runs import Recorder
from fasttrace.tracing.tracer import Tracer
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

    def end(self) -> None:
        """Raises OutputError if something of it could not be stored."""
        with self.recorder, self.tracer:
            self.tracer.detach()
            self.drain.join()
            self.recorder.finish()
        if self.recorder.failed is not None:
            raise self.recorder.failed


def serve(asked: socket.socket) -> None:
    """Until the other end is closed. What is recorded then nobody will read: it goes."""
    recording: _Recording | None = None
    while packet := asked.recv(PACKET_MAX):
        request = json.loads(packet)
        try:
            if request["do"] == "start":
                recording = _Recording(request["pid"], request["folder"], request["options"])
            elif recording is not None:
                ending, recording = recording, None
                ending.end()
            answer = {}
        except (FasttraceError, ValueError, OSError) as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        try:
            asked.send(json.dumps(answer).encode())
        except BrokenPipeError:
            break
    if recording is not None:
        recording.end()
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
