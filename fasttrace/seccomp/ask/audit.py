"""What a profile would refuse, though nothing is refused: its filter, asked of each call seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from fasttrace import _tables
from fasttrace._tables import ABIS
from fasttrace.data.events import Kind, PayloadType, payload_items
from fasttrace.seccomp.filter.interpret import Program, Verdict
from fasttrace.seccomp.filter.reach import reach
from fasttrace.syscalls.architectures import AUDIT_ARCH
from fasttrace.syscalls.names import abi_name, call_name

Mask = tuple[int, int]
"""Index of an argument, and the bits of it that a filter looks at."""

# Of one call; more different arguments that are refused are counted together.
_ROWS_MAX = 256
_CACHE_MAX = 4096
_ALL = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True)
class Refused:
    """Calls that would be refused in the same way.

    args: (index, value) of the arguments that decide, each value under the bits that do; None: of
    many different ones. process: the name of the program that made them.
    """

    name: str
    abi: str
    args: tuple[tuple[int, int], ...] | None
    verdict: Verdict
    process: str
    count: int

    @property
    def call(self) -> str:
        """The call with the arguments that decide: "socket(domain=16, type=3)".

        >>> Refused("socket", "x86_64", ((0, 16),), Verdict.of(0x50001), "x", 1).call
        'socket(family=16)'
        """
        name = self.name if self.abi == abi_name(0) else f"{self.name}@{self.abi}"
        if self.args is None:
            return f"{name}(...)"
        if not self.args:
            return name
        parameters = _parameters(self.name, self.abi)
        shown = [
            f"{parameters[i] if i < len(parameters) else f'arg{i}'}={_number(value)}"
            for i, value in self.args
        ]
        return f"{name}({', '.join(shown)})"

    def to_dict(self) -> dict[str, Any]:
        """The keys of `fasttrace seccomp run --audit --json`."""
        return {
            "syscall": self.name,
            "abi": self.abi,
            "args": None if self.args is None else {str(i): value for i, value in self.args},
            "action": str(self.verdict),
            "process": self.process,
            "count": self.count,
        }


class Audit:
    """Counts, event by event, what a filter would not let through; memory stays constant.

    For each ABI and number the filter is asked once, unless its answer depends on arguments: then
    once for each different value of what it looks at.
    """

    def __init__(self, program: Program) -> None:
        self.calls = 0
        self._program = program
        self._asked: dict[int, _Asked] = {}
        self._comms: dict[int, str] = {}
        self._found: Counter[tuple[int, tuple[int, ...] | None, int, str]] = Counter()

    def add(self, events: npt.NDArray[np.void], payload: memoryview, payload_base: int = 0) -> None:
        """Events of EVENT_DTYPE in the order in which they came, and the items that they refer to:
        payload[0] is at payload_base."""
        # A process changes its name by execve, and a new one has its parent's.
        turns = np.flatnonzero(np.isin(events["kind"], (Kind.FORK, Kind.EXEC, Kind.ATTACH)))
        begin = 0
        for turn in turns.tolist():
            self._calls(events[begin:turn])
            self._turn(events[turn], payload, payload_base)
            begin = turn
        self._calls(events[begin:])

    def rows(self) -> list[Refused]:
        """What would have been refused, by name."""
        rows = [
            Refused(
                call_name(key & 0xFFFFFFFF, key >> 32),
                abi_name(key >> 32),
                None
                if values is None
                else tuple(
                    (index, value)
                    for (index, _), value in zip(self._asked[key].masks, values, strict=True)
                ),
                Verdict.of(verdict),
                process,
                count,
            )
            for (key, values, verdict, process), count in self._found.items()
        ]
        return sorted(rows, key=lambda row: (row.name, row.abi, row.args or (), row.process))

    def _turn(self, event: np.void, payload: memoryview, payload_base: int) -> None:
        pid = int(event["pid"])
        if event["kind"] == Kind.FORK:
            child = int(event["args"][0]) & 0x7FFFFFFF
            if child != pid:
                self._comms[child] = self._comms.get(pid, "")
            return
        for item in payload_items(payload, int(event["payload"]) - payload_base):
            if item.type == PayloadType.COMM:
                self._comms[pid] = item.text

    def _calls(self, events: npt.NDArray[np.void]) -> None:
        calls = events[events["kind"] == Kind.SYSCALL]
        if not len(calls):
            return
        self.calls += len(calls)
        keys = calls["abi"].astype(np.int64) << 32 | calls["nr"].astype(np.uint32)
        for key in np.unique(keys).tolist():
            asked = self._asked.get(key)
            if asked is None:
                asked = self._asked[key] = _Asked(self._program, key)
            if asked.constant is not None and asked.constant.lets_through:
                continue
            self._of_one(key, asked, calls[keys == key])

    def _of_one(self, key: int, asked: _Asked, calls: npt.NDArray[np.void]) -> None:
        columns = [calls["args"][:, index] & np.uint64(mask) for index, mask in asked.masks]
        rows = np.stack([calls["pid"].astype(np.uint64), *columns], axis=1)
        values, counts = np.unique(rows, axis=0, return_counts=True)
        for (pid, *args), count in zip(values.tolist(), counts.tolist(), strict=True):
            verdict = asked.verdict(tuple(args))
            if verdict.lets_through:
                continue
            shown = asked.shown(tuple(args))
            self._found[key, shown, verdict.value, self._comms.get(pid, "")] += count


class _Asked:
    """One call, and what the filter says of it."""

    def __init__(self, program: Program, key: int) -> None:
        abi, self._nr = key >> 32, key & 0xFFFFFFFF
        self._arch = AUDIT_ARCH.get(abi_name(abi), 0)
        self._program = program
        found = reach(program, self._nr, self._arch)
        self.constant = found.constant
        self.masks: list[Mask] = []
        if self.constant is None and found.opaque:
            self.masks = [(index, _ALL) for index in range(6)]
        elif self.constant is None:
            for index, tests in sorted(found.tests.items()):
                mask = 0
                for half, bits, _ in tests:
                    mask |= bits << 32 * half
                self.masks.append((index, mask))
        self._verdicts: dict[tuple[int, ...], Verdict] = {}
        self._shown: set[tuple[int, ...]] = set()

    def verdict(self, values: tuple[int, ...]) -> Verdict:
        if self.constant is not None:
            return self.constant
        known = self._verdicts.get(values)
        if known is None:
            args = [0] * 6
            for (index, _), value in zip(self.masks, values, strict=True):
                args[index] = value
            if len(self._verdicts) >= _CACHE_MAX:
                self._verdicts.clear()
            known = self._verdicts[values] = self._program.run(self._nr, self._arch, args)
        return known

    def shown(self, values: tuple[int, ...]) -> tuple[int, ...] | None:
        """The values, or None once there are too many to count each."""
        if values not in self._shown and len(self._shown) >= _ROWS_MAX:
            return None
        self._shown.add(values)
        return values


@lru_cache(maxsize=256)
def _parameters(name: str, abi: str) -> tuple[str, ...]:
    index = ABIS.index(abi) if abi in ABIS else -1
    nr = _tables.number(index, name)
    signature = None if nr is None else _tables.signature(index, nr)
    return tuple(parameter for parameter, _ in signature or ())


def _number(value: int) -> str:
    return str(value) if value < 4096 else hex(value)
