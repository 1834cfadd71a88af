"""What one summary has more than another, or less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fasttrace.text.table import Columns
from fasttrace.text.units import duration

if TYPE_CHECKING:
    from fasttrace.data.counts import Counts, SyscallStats

_HEADINGS = ("calls", "errors", "total", "syscall")


@dataclass(frozen=True)
class Changed:
    """The calls of one name: how many more there are, negative for fewer.

    errors, total_ns are None, and errnos empty, where one of the two does not know them: see
    `SyscallStats`.
    """

    name: str
    calls: int
    errors: int | None
    total_ns: int | None
    errnos: Mapping[str, int]


@dataclass(frozen=True)
class Difference:
    """``a - b`` of two summaries, name by name: what `a` has more than `b`.

    syscalls: an entry for each name whose calls, errors or errnos are not as many in both, the
    greatest difference of calls first. total_calls, total_errors, total_ns, wall_ns: of all calls
    and of the runs; None where one of the two does not know it. It is false where nothing but
    times differs.

        >>> from fasttrace.data.summary import Summary
        >>> bool(Summary() - Summary())
        False
    """

    syscalls: tuple[Changed, ...]
    total_calls: int
    total_errors: int | None
    total_ns: int | None
    wall_ns: int

    @classmethod
    def of(cls, after: Counts, before: Counts) -> Difference:
        ours = {s.name: s for s in after.syscalls}
        theirs = {s.name: s for s in before.syscalls}
        known = after.total_errors is not None and before.total_errors is not None
        changed = [
            _changed(name, ours.get(name), theirs.get(name), known)
            for name in dict.fromkeys((*ours, *theirs))
        ]
        changed = [c for c in changed if c.calls or c.errors or any(c.errnos.values())]
        changed.sort(key=lambda c: (-abs(c.calls), -abs(c.errors or 0), c.name))
        return cls(
            syscalls=tuple(changed),
            total_calls=after.total_calls - before.total_calls,
            total_errors=_less(after.total_errors, before.total_errors),
            total_ns=_less(_total_ns(after), _total_ns(before)) if known else None,
            wall_ns=after.wall_ns - before.wall_ns,
        )

    @property
    def calls(self) -> dict[str, int]:
        """By name, of those that are not as many."""
        return {c.name: c.calls for c in self.syscalls if c.calls}

    @property
    def errors(self) -> dict[str, int]:
        """The same of failed calls."""
        return {c.name: c.errors for c in self.syscalls if c.errors}

    def __bool__(self) -> bool:
        return bool(self.syscalls)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def title(self) -> str:
        failed = "-" if self.total_errors is None else f"{self.total_errors:+d}"
        return f"{self.total_calls:+d} calls, {failed} failed, {signed(self.wall_ns)} wall"

    def cells(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Headings, and the cells of each line."""
        return _HEADINGS, [
            (
                f"{c.calls:+d}" if c.calls else "",
                "-" if c.errors is None else f"{c.errors:+d}" if c.errors else "",
                signed(c.total_ns),
                " ".join([c.name, *(f"{name}:{n:+d}" for name, n in c.errnos.items() if n)]),
            )
            for c in self.syscalls
        ]

    def __str__(self) -> str:
        if not self:
            return f"the same calls and errors, {signed(self.wall_ns)} wall"
        headings, rows = self.cells()
        columns = Columns([headings, *rows], ">>><")
        return "\n".join(
            [columns.line(headings), columns.rule(16), *map(columns.line, rows), "", self.title]
        )

    def __repr__(self) -> str:
        return f"<Difference: {self.title}, {len(self.syscalls)} kinds of calls differ>"

    def _repr_html_(self) -> str:
        from fasttrace.text.html import html_table

        return html_table(*self.cells(), ">>><", self.title)


def signed(ns: int | None) -> str:
    if ns is None:
        return "-"
    return f"{'-' if ns < 0 else '+'}{duration(abs(ns)).strip()}"


def _changed(
    name: str, ours: SyscallStats | None, theirs: SyscallStats | None, known: bool
) -> Changed:
    def errors(stats: SyscallStats | None) -> Mapping[str, int]:
        return {} if stats is None else stats.errnos

    def figure(stats: SyscallStats | None, what: str) -> int:
        # None: no call of the name has finished, so none failed and none took time.
        return (getattr(stats, what) if stats is not None else 0) or 0

    names = dict.fromkeys((*errors(ours), *errors(theirs)))
    return Changed(
        name=name,
        calls=figure(ours, "calls") - figure(theirs, "calls"),
        errors=figure(ours, "errors") - figure(theirs, "errors") if known else None,
        total_ns=figure(ours, "total_ns") - figure(theirs, "total_ns") if known else None,
        errnos={n: errors(ours).get(n, 0) - errors(theirs).get(n, 0) for n in names if known},
    )


def _less(ours: int | None, theirs: int | None) -> int | None:
    return None if ours is None or theirs is None else ours - theirs


def _total_ns(counts: Counts) -> int:
    return sum(s.total_ns or 0 for s in counts.syscalls)
