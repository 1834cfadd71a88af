"""What `why` says: findings, each with the events that prove it, and where each task's time was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fasttrace.data.processes import Process
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

Rows = npt.NDArray[np.int64]

ROWS_TOLD = 100
"""`to_dict` names so many rows of each finding."""


@dataclass(frozen=True, eq=False, repr=False)
class Finding:
    """One thing that took time, as the events prove it.

    kind: what it is, a word of docs/why.md. title: in one line; text: the details, lines of it.
    cost_ns: what the calls behind it took, added up over tasks that may have run side by side, so
    it may be more than the run lasted. count: of these calls. rows: int64, shape (count,), their
    places: ``trace.events[finding.rows]``, in the order of their starts. processes: that paid.

    Names from the program stand in title and text as `printable` makes them.
    """

    kind: str
    title: str
    text: str
    cost_ns: int
    count: int
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    processes: tuple[Process, ...] = ()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Finding)
            and self._told() == other._told()
            and np.array_equal(self.rows, other.rows)
        )

    def __hash__(self) -> int:
        return hash(self._told()[:5])

    def _told(self) -> tuple[Any, ...]:
        return self.kind, self.title, self.text, self.cost_ns, self.count, self.processes

    def __repr__(self) -> str:
        return f"<Finding {self.kind}: {self.title}>"

    def to_dict(self) -> dict[str, Any]:
        """What `fasttrace why --json` has of it; of the rows the first ROWS_TOLD."""
        return {
            "kind": self.kind,
            "title": self.title,
            "text": self.text,
            "cost_ns": self.cost_ns,
            "count": self.count,
            "rows": self.rows[:ROWS_TOLD].tolist(),
            "processes": [
                {"pid": p.pid, "serial": p.serial, "comm": printable(p.comm)}
                for p in self.processes
            ],
        }

    def _repr_html_(self) -> str:
        return _html([self])


class TaskTime(NamedTuple):
    """Where the time of one task (a thread; most processes have one) was, in ns.

    process: its own; None where it is not known. lasted_ns: from its birth, or the first that was
    seen of it, to its end. outside_ns: of that not in a call: it ran, or was ready to run.
    waiting_ns: in calls that wait by their nature (docs/why.md). calls_ns: in all other calls.
    classes: these by class, the longest first. calls: how many, of all.
    """

    process: Process | None
    pid: int
    tid: int
    lasted_ns: int
    outside_ns: int
    waiting_ns: int
    calls_ns: int
    calls: int
    classes: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        process = self.process
        return {
            **self._asdict(),
            "process": None if process is None else process.serial,
            "comm": None if process is None else printable(process.comm),
        }


class Why(list[Finding]):
    """The findings of a trace, what cost most first; empty: nothing is worth a word.

    wall_ns: what the events span. tasks: where the time of each task was, the longest first. notes:
    what could not be told, and what to do about it, a line each.
    """

    def __init__(
        self,
        findings: Iterable[Finding] = (),
        *,
        wall_ns: int = 0,
        tasks: Sequence[TaskTime] = (),
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(findings)
        self.wall_ns = wall_ns
        self.tasks = list(tasks)
        self.notes = list(notes)

    def to_dict(self) -> dict[str, Any]:
        """What `fasttrace why --json` prints."""
        return {
            "wall_ns": self.wall_ns,
            "findings": [finding.to_dict() for finding in self],
            "tasks": [task.to_dict() for task in self.tasks],
            "notes": self.notes,
        }

    def _repr_html_(self) -> str:
        if not self:
            return "<p>nothing that the calls prove took much of the time</p>"
        return _html(self)


def _html(findings: Iterable[Finding]) -> str:
    from fasttrace.text.html import html_table

    rows = [
        (one.kind, duration(one.cost_ns), f"{one.count:,}", one.title, one.text.replace("\n", "; "))
        for one in findings
    ]
    return html_table(("kind", "cost", "calls", "finding", "details"), rows, "<>><<", "")
