"""The files of a run that is looked at, followed by a thread that takes its events."""

from __future__ import annotations

import threading
from types import TracebackType

from fasttrace.data.followed_files import FileRows, FollowedFiles
from fasttrace.tracing.tracer import Tracer


class Following(threading.Thread):
    """Takes all events to the end. Leaving it ends the run, if that was not done."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__(daemon=True)
        self._tracer = tracer
        self._files = FollowedFiles()

    def __enter__(self) -> Following:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._tracer.wait(0):
            self._tracer.stop()
        self.join()

    def run(self) -> None:
        try:
            for block in self._tracer.blocks():
                self._files.add(block)
        finally:
            for _ in self._tracer.blocks():  # the program would wait for who takes its events
                pass

    def rows(self) -> FileRows:
        """Of all so far."""
        return self._files.rows()
