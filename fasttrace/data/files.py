"""What the calls of each file add up to, and which calls failed on which path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fasttrace._tables import ERRNO_MAX
from fasttrace.data.conditions import failed, is_call, of_syscall
from fasttrace.data.events import Flag
from fasttrace.data.touches import Touches
from fasttrace.syscalls.errnos import errno_name
from fasttrace.syscalls.names import call_name

Numbers = npt.NDArray[Any]

# Their results are bytes that came from one descriptor, or went there.
_READING = "read,pread64,readv,preadv,preadv2,recvfrom,recvmsg"
_WRITING = "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg"
_NO_PATH = -1
_AT_ONCE = 1 << 17  # events
_NOTHING, _GIVEN, _WHOLE = 0, 1, 2  # kinds of paths


class FileStats(NamedTuple):
    """The calls that name a file, or have a descriptor of it.

    path: from the root as far as that is known; as /proc has it for what has no path, such as
    "pipe:[12]". total_ns: of calls that finished. read, written: bytes. A call that has to do with
    several files counts for each of them.
    """

    path: str
    calls: int
    errors: int
    total_ns: int
    read: int
    written: int


class PathErrors(NamedTuple):
    """So many calls that failed alike. path: the first that the call has to do with; None: it has
    none, or what its descriptor is is not known."""

    name: str
    errno: str
    path: str | None
    calls: int


class Names:
    """The names of files that rows of `Touches` refer to."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        # The last one is for what is not known: -1.
        self._kinds = np.full(1, _GIVEN, np.uint8)

    def learn(self, paths: Sequence[str]) -> None:
        """The next ones."""
        kinds = [_WHOLE if path.startswith("/") else _GIVEN if path else _NOTHING for path in paths]
        self.paths += paths
        self._kinds = np.concatenate([self._kinds[:-1], np.array([*kinds, _GIVEN], np.uint8)])

    def once(self, rows: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
        """Rows in the order of their events, without empty paths, which say that a call is about
        its descriptor, and without those that are there once more as a path from the root."""
        rows = rows[self._kinds[rows["name"]] != _NOTHING]
        rows = rows[np.argsort(rows["event"], kind="stable")]
        if len(rows) < 2:
            return rows
        given, whole = rows[:-1], rows[1:]
        twice = (given["event"] == whole["event"]) & (given["fd"] == -1) & (whole["fd"] == -1)
        twice &= self._kinds[given["name"]] == _GIVEN
        twice &= self._kinds[whole["name"]] == _WHOLE
        places = np.flatnonzero(twice)
        pairs = given["name"][places].astype(np.int64) << 32 | whole["name"][places]
        values, which = np.unique(pairs, return_inverse=True)
        same = [self._is_end(pair >> 32, pair & 0xFFFFFFFF) for pair in values.tolist()]
        keep = np.ones(len(rows), np.bool_)
        keep[places] = ~np.array(same, np.bool_)[which]
        return rows[keep]

    def _is_end(self, given: int, whole: int) -> bool:
        return self.paths[whole].endswith(self.paths[given].rpartition("/")[2])


class Figures(NamedTuple):
    """Of events: bool and uint64 arrays, shape (n,)."""

    calls: npt.NDArray[np.bool_]
    done: npt.NDArray[np.bool_]
    """Calls that have ended."""
    errors: npt.NDArray[np.bool_]
    ns: npt.NDArray[np.uint64]
    """That such a call took."""


def figures_of(events: npt.NDArray[np.void]) -> Figures:
    calls = is_call(events)
    done = calls & (events["flags"] & np.uint16(Flag.UNFINISHED) == 0)
    took = np.where(done, events["duration_ns"], np.uint64(0))
    return Figures(calls, done, done & failed(events, True), took)


def each_once(rows: npt.NDArray[np.void]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Events, and the names that they have to do with; openat has to do with a path, and with the
    descriptor that it makes of it."""
    pairs = np.unique(rows["event"].astype(np.int64) << 32 | rows["name"])
    return pairs >> 32, pairs & 0xFFFFFFFF


class FileCounts:
    """Counts the events of a part of a trace, or of all of it.

    Args:
        touches: of the whole trace.
        progress: is told how many events have been looked at more.
    """

    def __init__(
        self,
        touches: Touches,
        part: npt.NDArray[np.void],
        *,
        progress: Callable[[int], object] = lambda events: None,
    ) -> None:
        rows, self._paths = touches.named(part)
        names = ("calls", "errors", "ns", "read", "written")
        self._sums = {name: np.zeros(len(self._paths), np.uint64) for name in names}
        self._failed: Counter[tuple[int, int, int]] = Counter()
        told = Names()
        told.learn(self._paths)
        rows = told.once(rows)
        for start in range(0, len(part), _AT_ONCE):
            events = part[start : start + _AT_ONCE]
            first, last = np.searchsorted(rows["event"], (start, start + len(events)))
            some = rows[first:last].copy()
            some["event"] -= start
            self._add(events, some)
            progress(len(events))

    def _add(self, events: npt.NDArray[np.void], rows: npt.NDArray[np.void]) -> None:
        own = figures_of(events)
        moved = np.where(own.done & ~own.errors, np.maximum(events["ret"], 0), 0).astype(np.uint64)
        figures = {
            "calls": own.calls,
            "errors": own.errors,
            "ns": own.ns,
            "read": np.where(of_syscall(events, _READING), moved, 0),
            "written": np.where(of_syscall(events, _WRITING), moved, 0),
        }
        which, names = each_once(rows[rows["name"] >= 0])
        for name, figure in figures.items():
            np.add.at(self._sums[name], names, figure[which].astype(np.uint64))
        first = np.full(len(events), _NO_PATH, np.int64)
        for some in (rows[rows["fd"] >= 0], rows[rows["fd"] < 0]):  # a path goes before
            first[some["event"][::-1]] = some["name"][::-1]
        bad = events[own.errors]
        calls = bad["abi"].astype(np.int64) << 32 | bad["nr"].astype(np.uint32)
        self._failed.update(
            zip(calls.tolist(), bad["ret"].tolist(), first[own.errors].tolist(), strict=True)
        )

    @property
    def files(self) -> list[FileStats]:
        """Those that calls took longest on first."""
        columns = (sums.tolist() for sums in self._sums.values())
        found: dict[str, FileStats] = {}
        for path, *figures in zip(self._paths, *columns, strict=True):
            if figures[0]:
                same = found.get(path)
                both = figures if same is None else map(sum, zip(same[1:], figures, strict=True))
                found[path] = FileStats(path, *both)
        return sorted(found.values(), key=lambda file: (-file.total_ns, -file.calls, file.path))

    @property
    def errors(self) -> list[PathErrors]:
        """The most frequent first."""
        found: Counter[tuple[str, str, str | None]] = Counter()
        for (call, ret, name), count in self._failed.items():
            error = errno_name(-ret if -ERRNO_MAX <= ret < 0 else 0)
            path = self._paths[name] if name >= 0 else None
            found[call_name(call & 0xFFFFFFFF, call >> 32), error, path] += count
        return sorted(
            (PathErrors(*alike, count) for alike, count in found.items()),
            key=lambda one: (-one.calls, one.name, one.errno, one.path or ""),
        )
