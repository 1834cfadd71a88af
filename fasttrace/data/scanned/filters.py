"""The conditions of `Trace.where`, as expressions of DuckDB's over the columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fasttrace._tables import ABIS, NR_MAX
from fasttrace.data.calls import kind_name
from fasttrace.data.conditions import SETS
from fasttrace.data.events import Flag, Kind
from fasttrace.data.export.extras import extra
from fasttrace.data.export.words import utf8
from fasttrace.syscalls.errnos import errno_number
from fasttrace.syscalls.names import abi_index, abi_name
from fasttrace.syscalls.sets import selection_of

Expression = Any


class Filters:
    """Each condition by its name; what they are given is never part of a text of SQL."""

    def __init__(self) -> None:
        duckdb = extra("duckdb", "duckdb")
        self._column: Callable[[str], Expression] = duckdb.ColumnExpression
        self._value: Callable[[object], Expression] = duckdb.ConstantExpression
        self._call: Callable[..., Expression] = duckdb.FunctionExpression
        self._either: Callable[..., Expression] = duckdb.CoalesceOperator

    def all(self, conditions: Mapping[str, Any]) -> list[Expression]:
        return [self.one(name, wanted) for name, wanted in conditions.items()]

    def one(self, name: str, wanted: Any) -> Expression:
        """ValueError, SelectionError: it makes no sense."""
        made: Expression = getattr(self, f"_{name}")(wanted)
        return made

    def _text(self, name: str) -> Expression:
        """A column of words, of which null is none."""
        return self._either(self._column(name), self._value(""))

    def _among(self, column: Expression, values: Iterable[object]) -> Expression:
        some = [self._value(value) for value in values]
        return column.isin(*some) if some else self._value(False)

    def _has(self, flags: int) -> Expression:
        masked = self._call("&", self._column("flags"), self._value(flags))
        return masked != self._value(0)

    @property
    def _is_call(self) -> Expression:
        return self._column("kind") == self._value(kind_name(Kind.SYSCALL))

    def _syscall(self, calls: Any) -> Expression:
        selection = selection_of(calls)
        nr, abi = self._column("nr"), self._column("abi")
        known = [abi_name(i) for i in range(len(ABIS))]
        default = self._value(selection.default)
        chosen = ~self._among(abi, known) & default
        for i, name in enumerate(known):
            numbers = sorted(selection.numbers(i))
            beyond = self._value(selection.contains(NR_MAX - 1, i))
            inside = self._among(nr, numbers)
            if len(numbers) > NR_MAX // 2:
                left_out = sorted({*range(NR_MAX - 1)} - {*numbers})
                inside = ~self._among(nr, left_out)
            below, above = nr < self._value(0), nr >= self._value(NR_MAX - 1)
            wanted = (below & default) | (above & beyond) | (~below & ~above & inside)
            chosen = chosen | ((abi == self._value(name)) & wanted)
        return self._is_call & chosen

    def _failed(self, wanted: bool) -> Expression:
        if wanted:
            return self._is_call & self._has(Flag.ERROR)
        return self._is_call & ~self._has(Flag.ERROR | Flag.UNFINISHED)

    def _errno(self, error: str | int) -> Expression:
        number = errno_number(error) if isinstance(error, str) else error
        if not 0 <= number < 1 << 31:
            raise ValueError(f"{error} is no errno: give a name such as ENOENT, or its number")
        return self._failed(True) & (self._column("ret") == self._value(-number))

    def _pid(self, pids: Iterable[int]) -> Expression:
        return self._among(self._column("pid"), pids)

    def _tid(self, tids: Iterable[int]) -> Expression:
        return self._among(self._column("tid"), tids)

    def _fd(self, fds: Iterable[int]) -> Expression:
        return self._column("fd").isnotnull() & self._among(self._column("fd"), fds)

    def _comm(self, comms: Iterable[str]) -> Expression:
        return self._among(self._text("comm"), map(utf8, comms))

    def _host(self, hosts: Iterable[str]) -> Expression:
        return self._among(self._text("host"), map(utf8, hosts))

    def _kind(self, kinds: Any) -> Expression:
        names = []
        for kind in [kinds] if isinstance(kinds, (Kind, str)) else kinds:
            if isinstance(kind, str) and kind.upper() not in Kind.__members__:
                known = ", ".join(name.lower() for name in Kind.__members__)
                raise ValueError(f"no events of kind {kind!r}: one of {known}")
            names.append(kind_name(Kind[kind.upper()] if isinstance(kind, str) else Kind(kind)))
        return self._among(self._column("kind"), names)

    def _abi(self, abi: str | int) -> Expression:
        return self._column("abi") == self._value(abi_name(abi_index(abi)))

    def _min_duration_ns(self, ns: int) -> Expression:
        finished = self._is_call & ~self._has(Flag.UNFINISHED)
        return finished & (self._column("duration_ns") >= self._value(_u64(ns)))

    def _after(self, ns: int) -> Expression:
        return self._column("time_ns") >= self._value(_u64(ns))

    def _before(self, ns: int) -> Expression:
        return self._column("time_ns") < self._value(_u64(ns))

    def _path(self, path: str | re.Pattern[str]) -> Expression:
        column = self._text("path")
        if isinstance(path, re.Pattern):
            options = "".join(
                letter
                for letter, flag in (("i", re.I), ("m", re.M), ("s", re.S))
                if path.flags & flag
            )
            found = self._call(
                "regexp_matches", column, self._value(path.pattern), self._value(options or "c")
            )
        elif any(char in path for char in "*?["):
            pattern = self._value(shell_pattern(utf8(path)))
            found = self._call("regexp_full_match", column, pattern, self._value("s"))
        else:
            found = self._call("contains", column, self._value(utf8(path)))
        return found & self._column("path").isnotnull()


def shell_pattern(pattern: str) -> str:
    r"""A pattern of the shell, as `fnmatch` reads it, as a regular expression of RE2's.

    >>> shell_pattern("/etc/[!a]?*.so")
    '/etc/[^a]..*\\.so'
    """
    made, i = "", 0
    while i < len(pattern):
        char, i = pattern[i], i + 1
        end = pattern.find("]", i + 1 + (pattern[i : i + 1] == "!")) if char == "[" else -1
        if char == "*":
            made += ".*"
        elif char == "?":
            made += "."
        elif end >= 0:
            made += _one_of(pattern[i:end])
            i = end + 1
        else:
            made += re.escape(char)
    return made


def _one_of(inside: str) -> str:
    """What stands in brackets: characters and ranges, of which those that run down hold nothing."""
    other = inside.startswith("!")
    text, parts, i = inside[other:], [], 0
    while i < len(text):
        if text[i + 1 : i + 2] == "-" and i + 2 < len(text):
            first, last = text[i], text[i + 2]
            if first <= last:
                parts.append(f"{re.escape(first)}-{re.escape(last)}")
            i += 3
        else:
            parts.append(re.escape(text[i]))
            i += 1
    if not parts:
        return "." if other else r"[^\x{0}-\x{10FFFF}]"
    return f"[{'^' if other else ''}{''.join(parts)}]"


CONDITIONS = (
    *("syscall", "failed", "errno", "host", "pid", "tid", "comm", "kind", "abi"),
    *("min_duration_ns", "after", "before", "path", "fd"),
)
_SETS = {*SETS, "host"}


def asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are given. TypeError: there is no such condition. ValueError: `mask`."""
    wanted = {name: value for name, value in given.items() if value is not None}
    if "mask" in wanted:
        raise ValueError("a mask is for the events of one trace: Trace.where takes it")
    for name in wanted:
        if name not in CONDITIONS:
            known = ", ".join(sorted(CONDITIONS))
            raise TypeError(f"where() has no condition {name!r}: there are {known}")
    return {
        name: sorted({value} if isinstance(value, (int, str)) else set(value))
        if name in _SETS
        else value
        for name, value in wanted.items()
    }


def _u64(number: int) -> int:
    return min(max(number, 0), (1 << 64) - 1)
