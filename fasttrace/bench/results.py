"""What `fasttrace.bench.measure` has measured, and the figures that follow from it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from fasttrace.bench.peers import Contender, LeftOut

_SPREAD_LIMIT = 0.10  # of the median
_FEW_ROUNDS = 3
_UNSEEN_SHARE, _UNSEEN_CALLS = 0.01, 50  # fewer are the calls of exec and exit, or chance


# The mean distance from the median is this part of a normal distribution's standard deviation, and
# the median's standard error this many times the mean's.
_NORMAL = math.sqrt(math.pi / 2)


class Count(NamedTuple):
    """What a run in this process has counted; it was not timed.

    fallbacks: why the inline engine left a process to ptrace, for each such process.
    """

    calls: int
    stops: int
    processes: int = 1
    fallbacks: tuple[str, ...] = ()


class Spread(NamedTuple):
    """Of several wall times, ns."""

    median: float
    min: float
    max: float


def standard_error(values: Sequence[float]) -> float | None:
    """Of the median, in the unit of the values; None: one value does not tell.

    By the mean distance from the median, which one run that was disturbed does not dominate.

    >>> standard_error([5, 5, 5, 5]), standard_error([7])
    (0.0, None)
    """
    n = len(values)
    if n < 2:
        return None
    middle = statistics.median(values)
    deviation = _NORMAL * sum(abs(value - middle) for value in values) / (n - 1)
    return _NORMAL * deviation / math.sqrt(n)


class Machine(NamedTuple):
    """Where it was measured. load: of 1, 5 and 15 minutes when it began, getloadavg(3)."""

    kernel: str
    architecture: str
    cpu: str
    processors: int
    usable_processors: int
    virtual: bool
    governor: str | None
    load: tuple[float, float, float]


@dataclass
class Measurement:
    """What was measured of one contender; lists have one item for each round.

    walls_ns: of the command. nothing_walls_ns: of `true`. statuses: of the command, those of runs
    that were not timed too. counted: calls that the contender itself says it saw.
    """

    contender: Contender
    command: list[str]
    count: Count | None = None
    counted: int | None = None
    walls_ns: list[int] = field(default_factory=list)
    nothing_walls_ns: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@dataclass
class Report:
    """The measurements, untraced first, and what is to be said of them.

    rounds: how many were asked for; after Ctrl-C there are fewer in the lists. others_running: how
    many tasks of other programs wanted a processor, on average of looks between the runs.
    """

    argv: list[str]
    rounds: int
    machine: Machine
    started: datetime
    measurements: list[Measurement] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    calls: int | None = None
    others_running: float = 0.0
    interrupted: bool = False

    @property
    def untraced(self) -> Measurement:
        return self.measurements[0]

    def wall(self, of: Measurement) -> Spread | None:
        """Wall time of the command, ns, with start-up; None: not measured."""
        walls = of.walls_ns
        return Spread(statistics.median(walls), min(walls), max(walls)) if walls else None

    def startup_ns(self, of: Measurement) -> float:
        """Median wall time of `true` less that of it untraced; 0 if it was not measured."""
        if not of.nothing_walls_ns:
            return 0.0
        alone = statistics.median(self.untraced.nothing_walls_ns)
        return statistics.median(of.nothing_walls_ns) - alone

    def ratio(self, of: Measurement, *, startup: bool) -> float | None:
        """Median wall time, with or without start-up, by the untraced median."""
        if not of.walls_ns or not self.untraced.walls_ns:
            return None
        wall = statistics.median(of.walls_ns) - (0 if startup else self.startup_ns(of))
        return wall / statistics.median(self.untraced.walls_ns)

    def calls_per_second(self, of: Measurement) -> float | None:
        """Calls of the command by its median wall time without start-up."""
        if not of.walls_ns or self.calls is None:
            return None
        net_ns = statistics.median(of.walls_ns) - self.startup_ns(of)
        return self.calls * 1e9 / net_ns if net_ns > 0 else None

    def stops_per_call(self, of: Measurement) -> float | None:
        """ptrace stops of the tracer; None: not known (peers), or there are none (untraced)."""
        return of.count.stops / of.count.calls if of.count and of.count.calls else None

    def cost_ns(self, of: Measurement) -> float | None:
        """(median wall - start-up - median untraced wall) / calls, ns; below 0 it is noise."""
        if of is self.untraced or not self.calls or not of.walls_ns:
            return None
        alone = statistics.median(self.untraced.walls_ns)
        return (statistics.median(of.walls_ns) - self.startup_ns(of) - alone) / self.calls

    @property
    def processes(self) -> int | None:
        """That the command runs, itself one; None: not counted."""
        counts = [one.count for one in self.measurements if one.count]
        return counts[0].processes if counts else None

    def processes_per_second(self, of: Measurement) -> float | None:
        """As `calls_per_second`."""
        calls, each = self.calls_per_second(of), self._calls_per_process()
        return calls / each if calls and each else None

    def stops_per_process(self, of: Measurement) -> float | None:
        """As `stops_per_call`."""
        return of.count.stops / of.count.processes if of.count else None

    def process_cost_ns(self, of: Measurement) -> float | None:
        """As `cost_ns`, but all of it put down to the processes."""
        cost, each = self.cost_ns(of), self._calls_per_process()
        return cost * each if cost and each else None

    def _calls_per_process(self) -> float | None:
        return self.calls / self.processes if self.calls and self.processes else None

    def cost_error_ns(self, of: Measurement) -> float | None:
        """Two standard errors of `cost_ns`; None: one round does not tell."""
        if of is self.untraced or not self.calls:
            return None
        samples = (of, self.untraced)
        errors = [standard_error(one.walls_ns) for one in samples]
        errors += [standard_error(one.nothing_walls_ns) for one in samples]
        known = [error for error in errors if error is not None]
        return 2 * math.hypot(*known) / self.calls if len(known) == len(errors) else None

    def cost_is_noise(self, of: Measurement) -> bool:
        """Whether the cost per call may as well be 0."""
        cost, error = self.cost_ns(of), self.cost_error_ns(of)
        return cost is not None and cost <= (error or 0)

    @property
    def errors(self) -> list[str]:
        """What makes a comparison invalid; one line each."""
        expected = set(self.untraced.statuses)
        lines = []
        for one in self.measurements[1:]:
            # What does not pass the status on ends with 0 if all is well.
            fine = expected if one.contender.passes_status else expected | {0}
            other = set(one.statuses) - fine
            if other and expected:
                lines.append(
                    f"under {one.contender.name} the command ended with {_statuses(other)},"
                    f" untraced with {_statuses(expected)}: the figures are not of the same work"
                )
        return lines

    @property
    def warnings(self) -> list[str]:
        """What makes the figures doubtful, and the remedy; one line each."""
        return [*self._of_the_machine(), *self._of_the_command(), *self._of_contenders()]

    def _of_the_machine(self) -> list[str]:
        machine, lines = self.machine, []
        if machine.load[0] >= machine.processors / 2:
            lines.append(
                f"the load average was {machine.load[0]:.2f} on {machine.processors} processors"
                " when it began: wait until the machine is quiet"
            )
        if self.others_running > machine.processors / 8:
            lines.append(
                f"other programs ran meanwhile ({self.others_running:.1f} tasks on average between"
                " the runs): end them"
            )
        return lines

    def _of_the_command(self) -> list[str]:
        lines = []
        done = min(len(one.walls_ns) for one in self.measurements)
        if self.interrupted:
            lines.append(f"interrupted: {done} of {self.rounds} rounds are complete")
        elif self.rounds < _FEW_ROUNDS:
            lines.append(
                f"too few rounds ({self.rounds}) to tell the spread: take 5 or more (-n 5)"
            )
        wall = self.wall(self.untraced)
        if wall and wall.max - wall.min > _SPREAD_LIMIT * wall.median:
            share = 100 * (wall.max - wall.min) / wall.median
            lines.append(
                f"untraced runs differ by {share:.0f} % of their median: take a longer command,"
                " more rounds, or a quieter machine"
            )
        if len(set(self.untraced.statuses)) > 1:
            lines.append(
                "untraced the command does not always end with the same status:"
                f" {_statuses(set(self.untraced.statuses))}"
            )
        return lines

    def _of_contenders(self) -> list[str]:
        noisy, lines = [], []
        calls = self.calls or 0
        for one in self.measurements[1:]:
            name = one.contender.name
            if self.cost_is_noise(one):
                noisy.append(name)
            missed = 0 if one.counted is None else calls - one.counted
            if missed > max(_UNSEEN_CALLS, _UNSEEN_SHARE * calls):
                lines.append(
                    f"{name} counted {one.counted} of {calls} calls: it drops some,"
                    " or the command does not make the same ones each time"
                )
            if one.count and one.count.fallbacks:
                lines.append(
                    f"{name}: {len(one.count.fallbacks)} of {one.count.processes} processes were"
                    f" traced by ptrace: {'; '.join(dict.fromkeys(one.count.fallbacks))}"
                )
        if noisy:
            lines.append(
                f"the cost per call of {', '.join(noisy)} is not above the noise: take a command"
                " that makes more calls, or more rounds"
            )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Everything, each single wall time too, with the unit in the name, ready for JSON."""
        from fasttrace._version import __version__

        return {
            "fasttrace": __version__,
            "started": self.started.isoformat(timespec="seconds"),
            "argv": self.argv,
            "rounds": self.rounds,
            "interrupted": self.interrupted,
            "calls": self.calls,
            "processes": self.processes,
            "machine": self.machine._asdict(),
            "others_running": self.others_running,
            "contenders": [self._dict_of(one) for one in self.measurements],
            "left_out": [one._asdict() for one in self.left_out],
            "warnings": self.warnings,
            "errors": self.errors,
        }

    def _dict_of(self, one: Measurement) -> dict[str, Any]:
        wall = self.wall(one)
        return {
            "name": one.contender.name,
            "engine": one.contender.engine,
            "version": one.contender.version,
            "command": one.command,
            "wall_ns": wall and wall._asdict(),
            "walls_ns": one.walls_ns,
            "true_walls_ns": one.nothing_walls_ns,
            "startup_ns": self.startup_ns(one),
            "ratio": self.ratio(one, startup=True),
            "ratio_without_startup": self.ratio(one, startup=False),
            "calls_per_second": self.calls_per_second(one),
            "calls_counted": one.counted,
            "stops_per_call": self.stops_per_call(one),
            "cost_per_call_ns": self.cost_ns(one),
            "processes_per_second": self.processes_per_second(one),
            "stops_per_process": self.stops_per_process(one),
            "cost_per_process_ns": self.process_cost_ns(one),
            "cost_per_call_error_ns": self.cost_error_ns(one),
            "cost_is_noise": self.cost_is_noise(one),
            "fallbacks": list(one.count.fallbacks) if one.count else [],
            "exit_statuses": sorted(set(one.statuses)),
        }


def _statuses(statuses: set[int]) -> str:
    return " or ".join(
        f"signal {-status}" if status < 0 else f"exit status {status}"
        for status in sorted(statuses)
    )
