"""Python programs whose calls are altered by tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from fasttrace import Tracer


class Python:
    """A traced Python program, and what it prints."""

    def __init__(self, script: str, engine: str, args: Sequence[str] = (), **options) -> None:
        self._reader, self._writer = os.pipe()
        command = [sys.executable, "-IBSc", script, *args]
        self.tracer = Tracer(command, engine=engine, stdout=self._writer, **options)

    def __enter__(self) -> Tracer:
        return self.tracer.__enter__()

    def __exit__(self, *why) -> None:
        self.tracer.__exit__(*why)
        os.close(self._writer)
        with os.fdopen(self._reader) as pipe:
            self.output = pipe.read()
