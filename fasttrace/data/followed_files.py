"""What the calls of each file add up to while a program runs: by path, syscall and process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from fasttrace.data.files import Names, each_once, figures_of
from fasttrace.data.touches import Following, Touches, name_text

if TYPE_CHECKING:
    from fasttrace._core import Block

ROWS_MAX = 1 << 16
"""When there are more the processes so far are told as one, and then no further path by itself."""
_NAMES_MAX = 1 << 16  # that C keeps; they are numbered anew then

UNKNOWN, OTHERS = 0, 1
"""Places in `FileRows.paths` of descriptors that nothing has told of, and of what has no room."""
EARLIER = 0
"""Instead of a pid: processes that are told as one."""

Sums: TypeAlias = "tuple[int, int, int, int, int]"
"""calls, errors, finished, total_ns, max_ns."""


class FileRows(NamedTuple):
    """A row for each path, syscall and process that has calls; arrays of shape (n,).

    paths: by their places; there may be more by now than rows refer to. path: int64, such places.
    call: int64, ABI << 32 | number. pid: int64, or EARLIER. calls, errors, finished, total_ns,
    max_ns: uint64; times are those of calls that finished. A call that has to do with several
    files counts for each of them.
    """

    paths: list[str]
    path: npt.NDArray[np.int64]
    call: npt.NDArray[np.int64]
    pid: npt.NDArray[np.int64]
    calls: npt.NDArray[np.uint64]
    errors: npt.NDArray[np.uint64]
    finished: npt.NDArray[np.uint64]
    total_ns: npt.NDArray[np.uint64]
    max_ns: npt.NDArray[np.uint64]

    def label(self, place: int) -> str:
        return {UNKNOWN: "(not known)", OTHERS: "(others)"}.get(place) or self.paths[place]

    def sums(
        self,
        by: Literal["path", "call", "pid"],
        *,
        path: int | None = None,
        calls: Sequence[int] | None = None,
    ) -> dict[int, Sums]:
        """Of the rows of one path and of some calls; None: of all."""
        chosen = np.ones(len(self.path), np.bool_)
        if path is not None:
            chosen &= self.path == path
        if calls is not None:
            chosen &= np.isin(self.call, np.array(calls, np.int64))
        values, which = np.unique(getattr(self, by)[chosen], return_inverse=True)
        sums = np.zeros((5, len(values)), np.uint64)
        for total, column in zip(sums, self[4:8], strict=False):
            np.add.at(total, which, column[chosen])
        np.maximum.at(sums[4], which, self.max_ns[chosen])
        return dict(zip(values.tolist(), map(tuple, sums.T.tolist()), strict=True))


class FollowedFiles:
    """Counts blocks as they come; one thread may `add` while another one asks for the `rows`."""

    def __init__(self, rows_max: int = ROWS_MAX, names_max: int = _NAMES_MAX) -> None:
        self._rows_max, self._names_max = rows_max, names_max
        self._lock = threading.Lock()
        self._following = Following()
        self._names = Names()
        self._place_of_name = np.empty(0, np.int64)
        self._paths = ["", ""]
        self._places: dict[str, int] = {}
        self._rows: dict[tuple[int, int, int], int] = {}
        self._keys = np.zeros((3, 64), np.int64)
        self._sums = np.zeros((5, 64), np.uint64)
        self._tells_processes = True

    def add(self, block: Block) -> None:
        touches = Touches.of_block(block, self._following)
        for rows in touches.rows(self._following):
            self._learn()
            self._count(touches.events, self._names.once(rows))
            if len(self._names.paths) > self._names_max:
                self._following.touched.forget()
                self._names = Names()
                self._place_of_name = np.empty(0, np.int64)

    def _learn(self) -> None:
        more = [name_text(n) for n in self._following.touched.names(len(self._names.paths))]
        if not more:
            return
        self._names.learn(more)
        places = [self._place(path) for path in more]
        self._place_of_name = np.concatenate([self._place_of_name, np.array(places, np.int64)])

    def _place(self, path: str) -> int:
        place = self._places.get(path)
        if place is None:
            if len(self._paths) >= self._rows_max:
                return OTHERS
            place = self._places[path] = len(self._paths)
            self._paths.append(path)
        return place

    def _count(self, events: npt.NDArray[np.void], rows: npt.NDArray[np.void]) -> None:
        # What is not known has the number -1; as the last of these it is found by that, too.
        place_of = np.append(self._place_of_name, UNKNOWN)
        told = rows.copy()
        told["name"] = place_of[rows["name"]]
        which, places = each_once(told)
        own = figures_of(events)
        is_call = own.calls[which]
        which, places = which[is_call], places[is_call]
        calls = events["abi"][which].astype(np.int64) << 32 | events["nr"][which].astype(np.uint32)
        pids = events["pid"][which].astype(np.int64)
        kinds, kind_of = np.unique(calls, return_inverse=True)
        tasks, task_of = np.unique(pids, return_inverse=True)
        keys = (places * len(kinds) + kind_of) * len(tasks) + task_of
        _, first, alike = np.unique(keys, return_index=True, return_inverse=True)
        with self._lock:
            if self._tells_processes and len(self._rows) + len(first) > self._rows_max:
                self._fold()
            if not self._tells_processes:
                pids[:] = EARLIER
            found = zip(*(a[first].tolist() for a in (places, calls, pids)), strict=True)
            row_of = np.array([self._row(*key) for key in found], np.int64)[alike]
            for sums, figure in zip(
                self._sums, (own.calls, own.errors, own.done, own.ns), strict=False
            ):
                np.add.at(sums, row_of, figure[which].astype(np.uint64))
            np.maximum.at(self._sums[4], row_of, own.ns[which])

    def _row(self, place: int, call: int, pid: int) -> int:
        key = (place, call, pid)
        row = self._rows.get(key)
        if row is not None:
            return row
        if len(self._rows) >= self._rows_max and (place, pid) != (OTHERS, EARLIER):
            return self._row(OTHERS, call, EARLIER)  # as many as there are syscalls
        row = self._rows[key] = len(self._rows)
        if row == self._keys.shape[1]:
            self._keys = np.concatenate([self._keys, np.zeros_like(self._keys)], axis=1)
            self._sums = np.concatenate([self._sums, np.zeros_like(self._sums)], axis=1)
        self._keys[:, row] = key
        return row

    def _fold(self) -> None:
        """All processes so far become one, and those to come if that makes little room."""
        count = len(self._rows)
        keys, sums = self._keys[:, :count], self._sums[:, :count]
        self._rows = {}
        self._keys, self._sums = np.zeros_like(self._keys), np.zeros_like(self._sums)
        found = zip(keys[0].tolist(), keys[1].tolist(), strict=True)
        row_of = np.array([self._row(place, call, EARLIER) for place, call in found], np.int64)
        for total, column in zip(self._sums[:4], sums, strict=False):
            np.add.at(total, row_of, column)
        np.maximum.at(self._sums[4], row_of, sums[4])
        self._tells_processes = len(self._rows) < self._rows_max // 2

    def rows(self) -> FileRows:
        """Of all so far."""
        with self._lock:
            count = len(self._rows)
            keys, sums = self._keys[:, :count].copy(), self._sums[:, :count].copy()
        return FileRows(self._paths, *keys, *sums)
