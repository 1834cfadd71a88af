"""The critical path: what ran, one task after the other, while the run lasted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from fasttrace.analysis.causes import observed
from fasttrace.analysis.causes.observed import Mask, Observed, groups
from fasttrace.analysis.causes.times import lives
from fasttrace.analysis.causes.waits import Waits, ns
from fasttrace.analysis.finding import Finding

STEPS_MAX = 100_000
"""A path of more is not told."""
_SHOWN = 6


def path(seen: Observed, waited: list[Waits], waits: Mask) -> Iterator[Finding]:
    """From the end of the task that ended last backwards: where it waited, on in the task that
    ended the wait; where it began, on in the one that made it. waits: as for `times.of_tasks`."""
    if not len(seen):
        return
    rows = np.concatenate([some.rows for some in waited])
    wakers = np.concatenate([some.wakers for some in waited])
    known = wakers >= 0
    rows, wakers = rows[known], wakers[known]
    until = np.minimum(seen.end[wakers], seen.end[rows])
    useful = (until > seen.start[rows]) & (seen.task[wakers] != seen.task[rows])
    rows, wakers, until = rows[useful], wakers[useful], until[useful]
    links = {}
    for task, places in groups(seen.task[rows], np.arange(len(rows))):
        ordered = places[np.argsort(seen.end[rows[places]], kind="stable")]
        links[task] = (seen.end[rows[ordered]].tolist(), ordered.tolist())
    begun, ended, made_by = lives(seen)
    task, now = int(np.argmax(ended)), int(ended.max())
    last = now
    parts: list[tuple[int, int, int]] = []
    proof: list[int] = []
    while len(parts) <= STEPS_MAX:
        ends, places = links.get(task, ([], []))
        at = bisect_right(ends, now) - 1
        if at >= 0:
            place = places[at]
            parts.append((task, ends[at], now))
            proof.append(int(rows[place]))
            task, now = int(seen.task[wakers[place]]), int(until[place])
            continue
        birth = int(made_by[task])
        if birth < 0 or seen.start[birth] >= now:
            parts.append((task, int(begun[task]), now))
            break
        parts.append((task, int(seen.start[birth]), now))
        task, now = int(seen.task[birth]), int(seen.start[birth])
    else:
        return
    if proof and last - seen.begun_ns >= seen.least_ns:
        yield from _told(seen, parts, proof, waits)


def _told(
    seen: Observed, parts: list[tuple[int, int, int]], proof: list[int], waits: Mask
) -> Iterator[Finding]:
    spent: dict[int, list[int]] = {}
    inside = _Inside(seen, waits)
    for task, start, end in parts:
        total = spent.setdefault(task, [0, 0, 0, int(seen.first_of_task[task])])
        waiting, other = inside(task, start, end)
        total[0] += end - start
        total[1] += waiting
        total[2] += other
    ordered = sorted(spent.values(), key=lambda total: -total[0])
    cost = sum(end - start for _, start, end in parts)
    if len(ordered) < 2 or ordered[1][0] < max(cost * observed.SHARE, 1):
        return  # it is the story of one task
    lines = [_line(seen, total) for total in ordered[:_SHOWN]]
    if len(ordered) > _SHOWN:
        left = ordered[_SHOWN:]
        lines.append(f"{ns(sum(total[0] for total in left))}: {len(left):,} more")
    first = ordered[0]
    rows = np.unique(np.array(proof, np.int64))
    yield Finding(
        "critical path",
        f"the run lasted for what {len(spent):,} tasks did one after the other,"
        f" {100 * first[0] // max(cost, 1)} % of it {seen.task_name(first[3])}",
        "\n".join(lines),
        cost,
        len(rows),
        seen.by_start(rows),
        seen.processes_of(np.array([total[3] for total in ordered], np.int64)),
    )


def _line(seen: Observed, total: list[int]) -> str:
    length, waiting, other, row = total
    parts = ((length - waiting - other, "not in calls"), (waiting, "waiting"), (other, "in calls"))
    told = [f"{ns(took)} {what}" for took, what in parts if took > length // 50]
    return f"{ns(length)}: {', '.join([seen.task_name(row), *told])}"


class _Inside:
    """Of the time of a task what was in calls: those that wait, and others."""

    def __init__(self, seen: Observed, waits: Mask) -> None:
        self._seen = seen
        calls = np.flatnonzero(seen.is_call & (seen.took > 0))
        self._order = calls[np.lexsort((seen.end[calls], seen.task[calls]))]
        tasks = seen.task[self._order]
        self._first = np.searchsorted(tasks, np.arange(seen.tasks + 1))
        took = seen.took[self._order]
        zero = np.zeros(1, np.int64)
        self._waiting = np.concatenate([zero, np.cumsum(np.where(waits[self._order], took, 0))])
        self._other = np.concatenate([zero, np.cumsum(np.where(waits[self._order], 0, took))])
        self._ends = seen.end[self._order]

    def __call__(self, task: int, start: int, end: int) -> tuple[int, int]:
        low, high = int(self._first[task]), int(self._first[task + 1])
        # Calls that ended within; one that was cut by either bound counts for what lies within.
        a = low + int(np.searchsorted(self._ends[low:high], start, "right"))
        b = low + int(np.searchsorted(self._ends[low:high], end, "right"))
        waiting = int(self._waiting[b] - self._waiting[a])
        other = int(self._other[b] - self._other[a])
        return min(waiting, end - start), min(other, max(end - start - waiting, 0))
