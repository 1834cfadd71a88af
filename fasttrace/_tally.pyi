"""The C tally, what is counted between marks, and the layout of the event record.

A tally has one row per syscall, or one per syscall and process. Reading it never blocks; `add`
counts with the GIL released.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from _typeshed import ReadableBuffer

class Row(NamedTuple):
    """pid and serial are 0 in a tally that is not by process; times are over finished calls; errnos
    maps an errno to its count, 0 standing for results that are no errno."""

    pid: int
    serial: int
    abi: int
    nr: int
    calls: int
    finished: int
    errors: int
    total_ns: int
    min_ns: int
    max_ns: int
    errnos: dict[int, int]

SHARED_NR: int
"""The row that calls share which have none of their own: see src_c/tally.h."""
STRANGERS_MAX: int
"""So many numbers above that one, or below 0, have rows; with all of them there it is shared."""
EVENT_SIZE: int
EVENT_FIELDS: tuple[tuple[str, str, int, int], ...]
"""Of each field of an event: name, numpy format of one element, offset, size in bytes."""
KINDS: dict[str, int]
FLAGS: dict[str, int]
PAYLOAD_TYPES: dict[str, int]
PAYLOAD_FLAGS: dict[str, int]

def event_dtype() -> np.dtype[np.void]:
    """Of one event, as numpy, which is imported for it, has it: the same object each time."""

def hist_bucket(ns: int) -> int:
    """The histogram bucket of a duration: relative width below 1/32."""

def hist_low(bucket: int) -> int:
    """The smallest duration in ns of a bucket. IndexError: there is no such bucket."""

def restored(rows: list[tuple[tuple[object, ...], dict[int, int]]]) -> Tally:
    """What a pickled Tally is made of again."""

class Tally:
    """Can be pickled and copied."""

    def __init__(self) -> None: ...
    def __len__(self) -> int:
        """Number of rows."""

    def add(self, events: ReadableBuffer, by_pid: bool = False, serial: int = 0) -> None:
        """Count a buffer of event records; other kinds than syscalls are passed over.

        Rows are kept per pid with by_pid, or per pid under the given process serial. ValueError:
        the buffer is no whole number of records.
        """

    def add_row(self, source: Tally, i: int, pid: int, serial: int, abi: int, nr: int) -> None:
        """Add row i of another tally to the row with this key."""

    def put(self, row: Row, hist: dict[int, int]) -> None:
        """Add what `rows` and `hist` told of a row, under its own key. ValueError: no row tells
        that."""

    def merge(self, other: Tally) -> None:
        """Add all rows of another tally; exact, histograms included."""

    def copy(self) -> Tally: ...
    def rows(self) -> list[Row]: ...
    def errnos(self, i: int) -> dict[int, int]:
        """The errors of row i: errno to count."""

    def hist(self, i: int) -> dict[int, int]:
        """Finished calls of row i per histogram bucket, in the order of the buckets."""

    def percentile(self, i: int, q: float) -> int:
        """Nearest-rank percentile of row i in ns, 0 < q <= 1; 0 if no call of it has finished."""

class Watched:
    """A process that watched itself: see src_c/watched.h.

    talk: ABI and number of each call that belongs to its talk with the process that traces it.
    under_way: the number and arguments of the call in which another thread was, by its tid.
    """

    def __init__(
        self,
        pid: int,
        tid: int,
        fd: int,
        level: int,
        began_ns: int,
        talk: Iterable[tuple[int, int]],
        under_way: Mapping[int, list[int]],
    ) -> None: ...
    def outside(self, events: ReadableBuffer) -> bytearray:
        """A byte for each of all its events: 1: it is none of what was watched. ValueError: the
        buffer is no whole number of records."""

    def marks(self, events: ReadableBuffer) -> dict[int, int]:
        """Times in ns, by the number of the mark. ValueError: as above."""

def counted_between(
    events: ReadableBuffer, outside: ReadableBuffer, bounds: ReadableBuffer
) -> list[tuple[int, int, int, int, int, int]]:
    """Interval, ABI, number, calls, errors and ns of what was called in each interval.

    outside: a byte for each event: 1: it does not count. bounds: array("Q"), times in order;
    interval i is behind bounds[2 * i] and before bounds[2 * i + 1]. ValueError: one of them has not
    the length for that. OSError, EINVAL: an odd number of bounds.
    """
