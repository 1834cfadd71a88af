"""Where the time of each task was: outside calls, waiting, and in calls by class."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fasttrace import _tables
from fasttrace._tables import ABIS, NR_MAX
from fasttrace.analysis.causes.matching import first_after
from fasttrace.analysis.causes.observed import Ints, Mask, Observed
from fasttrace.analysis.finding import TaskTime
from fasttrace.data.events import Kind
from fasttrace.data.export.call_tables import CALLS

TASKS_MAX = 4096
"""Of so many tasks, those that lasted longest, it is told."""

# The first that a call is of; the names are strace's.
_CLASSES = ("memory", "network", "signal", "process", "ipc", "file", "desc")


@lru_cache(maxsize=1)
def _class_of_calls() -> Ints:
    table = np.full(CALLS + 1, len(_CLASSES), np.int64)
    for number in range(CALLS):
        bits = _tables.classes(*divmod(number, NR_MAX))
        for i, name in enumerate(_CLASSES):
            if bits & _tables.CLASSES[name]:
                table[number] = i
                break
    assert len(ABIS) * NR_MAX == CALLS
    return table


def lives(seen: Observed) -> tuple[Ints, Ints, Ints]:
    """When each task began and ended, and the FORK event that made it, -1 where none was seen."""
    begun = np.full(seen.tasks, np.iinfo(np.int64).max)
    ended = np.full(seen.tasks, np.iinfo(np.int64).min)
    np.minimum.at(begun, seen.task, seen.start)
    np.maximum.at(ended, seen.task, seen.end)
    births = np.flatnonzero(seen.kind == Kind.FORK).astype(np.int64)
    tids = seen.tid[seen.first_of_task].astype(np.int64)
    # The birth of a task is the last FORK with its number before its first event.
    place = first_after(tids, begun, seen.ret[births], seen.start[births])
    made_by = np.full(seen.tasks, -1, np.int64)
    known = place >= 0
    order = np.argsort(seen.start[births[known]], kind="stable")
    made_by[place[known][order]] = births[known][order]
    own = (made_by >= 0) & (seen.task[made_by] == np.arange(seen.tasks))
    made_by[own] = -1
    begun = np.where(made_by >= 0, np.minimum(begun, seen.start[made_by]), begun)
    return begun, ended, made_by


def of_tasks(seen: Observed, waits: Mask) -> list[TaskTime]:
    """waits: bool, shape (n,): the calls that wait by their nature."""
    if not len(seen):
        return []
    begun, ended, _ = lives(seen)
    classes = len(_CLASSES) + 1
    kinds = np.where(waits, classes, _class_of_calls()[seen.number])
    size = seen.tasks * (classes + 1)
    is_call = seen.is_call
    keys = seen.task * (classes + 1) + kinds
    spent = np.bincount(keys[is_call], seen.took[is_call].astype(np.float64), size)
    spent = spent.reshape(seen.tasks, classes + 1).astype(np.int64)
    calls = np.bincount(seen.task[is_call], minlength=seen.tasks)
    lasted = ended - begun
    outside = np.maximum(lasted - spent.sum(axis=1), 0)
    longest = np.argsort(-lasted, kind="stable")[:TASKS_MAX]
    names = (*_CLASSES, "other")
    result = []
    for i in longest.tolist():
        row = int(seen.first_of_task[i])
        owner = int(seen.owner[row])
        by_class = {names[k]: int(spent[i, k]) for k in range(classes) if spent[i, k]}
        result.append(
            TaskTime(
                seen.processes[owner] if owner >= 0 else None,
                int(seen.events["pid"][row]),
                int(seen.tid[row]),
                int(lasted[i]),
                int(outside[i]),
                int(spent[i, classes]),
                int(spent[i, :classes].sum()),
                int(calls[i]),
                dict(sorted(by_class.items(), key=lambda one: -one[1])),
            )
        )
    return result
