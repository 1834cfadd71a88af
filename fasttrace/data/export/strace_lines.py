"""A trace as the lines that `strace -f -ttt -T -o FILE` writes of the same calls."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from fasttrace._decode import TASKS_TOLD, Story
from fasttrace.data.event_rows import in_order_of_ends, taken
from fasttrace.data.export.columns import Recorded

_ROWS = 1 << 14  # events at a time
_EVERY = (1 << 64) - 1
_COLUMN = 40  # where strace puts the = of a result
_WITH_PIDS, _SINCE_1970 = 2, 2
_SUCCESSFUL, _FAILED, _UNFINISHED = 1, 2, 4


def blocks(
    trace: Recorded, *, string_limit: int = 32, tasks: Collection[str] = ()
) -> Iterator[tuple[bytes, int]]:
    """The text in the order of time, and of how many events each piece is. All is printable ASCII.

    Each line has the tid, seconds since 1970 (since the machine's start, where the trace does not
    know what time it was), the call, and what it took. string_limit: bytes of data that are shown.
    tasks: what stands behind their numbers, as with --decode-pids: words of TASKS_TOLD.
    """
    events, payload = trace.events, np.ascontiguousarray(trace.payload).data
    story = Story(
        signals=_EVERY,
        realtime_ns=trace.info.realtime_offset_ns or 0,
        column=_COLUMN,
        string_max=string_limit,
        who=_WITH_PIDS,
        clock=_SINCE_1970,
        clock_digits=6,
        relative=False,
        relative_digits=0,
        took=True,
        took_digits=6,
        numbers=False,
        places=False,
        hex=0,
        statuses=_SUCCESSFUL | _FAILED | _UNFINISHED,
        attaches=False,
        exits=True,
        supersedes=True,
        leaders=False,
        separately=False,
        modes=False,
        tasks_told=sum(TASKS_TOLD[word] for word in tasks),
    )
    order = in_order_of_ends(events).astype(np.uint32)
    for start in range(0, len(order), _ROWS):
        some = taken(events, order[start : start + _ROWS])
        newest_ns = story.add(some.data, payload, 0)
        yield _told(story, newest_ns), len(some)
    yield _told(story, None), 0


def _told(story: Story, sure_ns: int | None) -> bytes:
    return b"".join(text for _, text in story.tell(sure_ns))
