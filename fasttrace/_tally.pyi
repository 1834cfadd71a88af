"""The C tally and the layout of the event record.

A tally has one row per syscall, or one per syscall and process. Reading it never blocks; `add`
counts with the GIL released.
"""

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
