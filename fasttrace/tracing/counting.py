"""A block of this process's own code of which counts are kept, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fasttrace.data.intervals import Counted
from fasttrace.tracing.watched_part import COUNTS
from fasttrace.tracing.watching import Watch

if TYPE_CHECKING:
    from fasttrace.tracing.sessions import Engine


class CountingWatch(Watch):
    """A watch of every call that keeps counts alone: of each stretch between two of its marks, 2 *
    i and 2 * i + 1. They are made by the process that watches: this one need not load numpy.

    What is counted is `counts`, when the block has been left: by i, a Counted for each that has
    both marks. engine: which one has traced.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__({"engine": engine, "capture": "none"})
        self.counts: dict[int, Counted] = {}
        self.engine = ""

    def _start(self, pid: int) -> dict[str, Any]:
        return super()._start(pid) | {"counts": True}

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
