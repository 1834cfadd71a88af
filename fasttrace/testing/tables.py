"""What `pytest --fasttrace` says at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fasttrace.data.intervals import Counted
from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

_PHASES = ("setup", "call", "teardown")


class Tests:
    """What was counted, by test and phase, of one process or of several."""

    def __init__(self) -> None:
        self.tests: dict[str, dict[str, Counted]] = {}
        self.problems: list[str] = []
        self.engines: set[str] = set()

    def add(self, told: Mapping[str, Any], of: str = "") -> None:
        """What `WholeRun.finish` has told; of: the worker whose that is."""
        for nodeid, phase, names in told["phases"]:
            self.tests.setdefault(nodeid, {}).setdefault(phase, Counted()).add(Counted(names))
        if told["engine"]:
            self.engines.add(told["engine"])
        if told["problem"]:
            self.problem(told["problem"], of)

    def problem(self, text: str, of: str = "") -> None:
        """The same of several workers is one."""
        line = f"{of}: {text}" if of and self.problems and text not in self.problems[0] else text
        if line not in self.problems:
            self.problems.append(line)

    def of(self, nodeid: str, phase: str) -> Counted:
        return self.tests[nodeid].get(phase, Counted())

    @property
    def total(self) -> Counted:
        """Of all tests."""
        found = Counted()
        for phases in self.tests.values():
            for counted in phases.values():
                found.add(counted)
        return found

    def to_dict(self, outcomes: Mapping[str, str]) -> dict[str, Any]:
        """What `--fasttrace-json` writes."""
        from fasttrace._version import __version__

        return {
            "v": 1,
            "fasttrace": __version__,
            "engines": sorted(self.engines),
            "problems": self.problems,
            "tests": [
                {
                    "nodeid": nodeid,
                    "outcome": outcomes.get(nodeid),
                    "phases": {
                        phase: phases[phase].to_dict() for phase in _PHASES if phase in phases
                    },
                }
                for nodeid, phases in self.tests.items()
            ],
        }


def lines(tests: Tests, top: int, width: int) -> list[str]:
    """Two tables and what they are of."""
    if not tests.tests:
        return [] if tests.problems else ["no tests were run"]
    total = tests.total
    engines = " and ".join(sorted(tests.engines))
    text = [
        f"{_counted(len(tests.tests), 'test')} made {_counted(total.calls, 'call')},"
        f" {total.errors:,} failed,"
        f" {duration(total.time_ns).strip()} in calls; engine {engines}"
    ]
    called = [nodeid for nodeid, phases in tests.tests.items() if "call" in phases]
    for title, column in (("most calls", 0), ("slowest in calls", 2)):
        by = sorted(called, key=lambda nodeid: -_figure(tests.of(nodeid, "call"), column))
        first = [nodeid for nodeid in by if _figure(tests.of(nodeid, "call"), column)][:top]
        if first:
            text += ["", *_table(tests, first, title, column, width)]
    return text


def _figure(counted: Counted, column: int) -> int:
    return sum(figures[column] for figures in counted.names.values())


def _table(tests: Tests, nodeids: list[str], title: str, column: int, width: int) -> list[str]:
    def cell(nodeid: str, phase: str) -> str:
        figure = _figure(tests.of(nodeid, phase), column)
        return duration(figure) if column == 2 else str(figure)

    rows = [("setup", "call", "teardown", "mostly", title)]
    for nodeid in nodeids:
        name, figure = tests.of(nodeid, "call").most(column)
        share = 100 * figure // (_figure(tests.of(nodeid, "call"), column) or 1)
        cells = [cell(nodeid, phase) for phase in _PHASES]
        rows.append((*cells, f"{printable(name)} {share} %", printable(nodeid)))  # type: ignore[arg-type]
    columns = Columns(rows, ">>>><")
    # The end of a node id says most.
    room = max(12, width - len(columns.line(("", "", "", "", "."))) + 1)
    shown = [(*row[:-1], _end(row[-1], room)) for row in rows]
    return [columns.line(row) for row in shown]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _end(text: str, width: int) -> str:
    return text if len(text) <= width else "…" + text[1 - width :]
