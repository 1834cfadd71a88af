"""Several processes that are attached to, each by a tracer of its own, as one stream of blocks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from fasttrace._core import Block
from fasttrace.cli.traced import Run
from fasttrace.tracing.tracer import Tracer

_WAITING_MAX = 16  # blocks, of all; then the tracers wait, and with them their tracees


def beats_of_several(
    run: Run, more: list[Tracer], every_s: float, is_unwanted: Callable[[], bool] | None
) -> Iterator[Block | None]:
    """As `Run.beats`, until all have ended. What lets go of the first lets go of the others."""
    blocks: queue.Queue[Block | Tracer] = queue.Queue(_WAITING_MAX)  # a tracer: it has ended

    def take(tracer: Tracer) -> None:
        try:
            for block in tracer.blocks():
                blocks.put(block)
        finally:
            blocks.put(tracer)

    tracers = [run.tracer, *more]
    for tracer in tracers:
        threading.Thread(target=take, args=(tracer,), name="blocks", daemon=True).start()
    left, let_go = len(tracers), False
    while left:
        try:
            taken = blocks.get(timeout=every_s)
        except queue.Empty:
            yield None
        else:
            if isinstance(taken, Tracer):
                left -= 1
                if taken is run.tracer:
                    run.ended()
            else:
                yield taken
        if is_unwanted is not None and is_unwanted():
            is_unwanted = None
            run.let_go = True
            run.tracer.detach()
        if not let_go and (run.let_go or run.over_by is not None):
            let_go = True
            for tracer in more:
                tracer.detach()
