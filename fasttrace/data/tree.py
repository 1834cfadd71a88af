"""The processes of a trace as a tree: what each ran, what it made, and what its calls came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fasttrace.data.conditions import owners
from fasttrace.data.events import Flag, Kind, PayloadType, payload_items
from fasttrace.data.processes import Process, split_argv

if TYPE_CHECKING:
    from fasttrace._tally import Row

Argv = Sequence[str]


class Branch(NamedTuple):
    """A process and those that it made.

    programs: the argument list of each program that it was seen to start, in their order; none for
    one that runs on as what its parent was. threads: how many it made besides its first. calls,
    errors: of all its threads. call_ns: what its finished calls took, threads side by side counted
    each. children: in the order of their starts.
    """

    process: Process
    programs: list[Argv]
    threads: int
    calls: int
    errors: int
    call_ns: int
    children: list[Branch]

    def walk(self) -> Iterator[tuple[int, Branch]]:
        """This one and all below it with their depths, a parent before its children."""
        waiting = [(0, self)]
        while waiting:
            depth, branch = waiting.pop()
            yield depth, branch
            waiting += [(depth + 1, child) for child in reversed(branch.children)]

    def to_dict(self) -> dict[str, Any]:
        """The keys of a line of `fasttrace tree --json`."""
        process = self.process
        return {
            **process.to_dict(),
            "serial": process.serial,
            "start_ns": process.start_ns or None,
            "end_ns": process.end_ns,
            "programs": [list(argv) for argv in self.programs],
            "threads": self.threads,
            "calls": self.calls,
            "errors": self.errors,
            "call_ns": self.call_ns,
            "children": [child.process.serial for child in self.children],
        }


def forest(
    processes: Sequence[Process],
    events: npt.NDArray[np.void],
    stream: memoryview,
    rows: Iterable[Row],
) -> list[Branch]:
    """Those whose parent is not known, and below them all others.

    events: with those of kind EXEC and FORK, shape (n,). rows: what is counted, by (pid, serial),
    or (pid, 0) where one process alone had the pid.
    """
    branches = [Branch(p, [], 0, 0, 0, 0, []) for p in processes]
    for place, change in _told(processes, events, stream):
        if isinstance(change, int):
            branches[place] = branches[place]._replace(threads=branches[place].threads + change)
        else:
            branches[place].programs.append(change)
    places = {(p.pid, 0): i for i, p in enumerate(processes)}
    places.update({(p.pid, p.serial): i for i, p in enumerate(processes)})
    for row in rows:
        at = places.get((row.pid, row.serial))
        if at is not None:
            known = branches[at]
            branches[at] = known._replace(
                calls=known.calls + row.calls,
                errors=known.errors + row.errors,
                call_ns=known.call_ns + row.total_ns,
            )
    return _joined(branches)


def _told(
    processes: Sequence[Process], events: npt.NDArray[np.void], stream: memoryview
) -> Iterator[tuple[int, int | Argv]]:
    """For the place of a process: a thread more, or the arguments of a program that it started."""
    is_thread = (events["kind"] == Kind.FORK) & (events["flags"] & Flag.THREAD != 0)
    chosen = events[is_thread | (events["kind"] == Kind.EXEC)]
    for place, event in zip(owners(chosen, processes).tolist(), chosen, strict=True):
        if place < 0:
            continue
        if event["kind"] == Kind.FORK:
            yield place, 1
            continue
        for item in payload_items(stream, int(event["payload"])):
            if item.type == PayloadType.ARGV:
                yield place, split_argv(item.data)


def _joined(branches: Sequence[Branch]) -> list[Branch]:
    """Each among the children of its parent; returns those that have none."""
    by_pid: dict[int, list[Branch]] = {}
    for branch in branches:
        by_pid.setdefault(branch.process.pid, []).append(branch)
    roots: list[Branch] = []
    for branch in sorted(branches, key=lambda b: (b.process.start_ns, b.process.serial)):
        parent = _parent(branch.process, by_pid.get(branch.process.ppid, ()))
        (roots if parent is None else parent.children).append(branch)
    return roots


def _parent(child: Process, candidates: Iterable[Branch]) -> Branch | None:
    """Of those that had the pid of the parent the last that had started when the child did.

    A damaged file may make a process its own ancestor: what did not start before is no parent.
    """
    born = (child.start_ns, child.serial)
    found = None
    for branch in candidates:
        own = (branch.process.start_ns, branch.process.serial)
        if own < born and (found is None or own > (found.process.start_ns, found.process.serial)):
            found = branch
    return found
