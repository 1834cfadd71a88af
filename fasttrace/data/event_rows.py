"""Copies of events, row by row.

numpy copies a structured array field by field, which takes several times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fasttrace.data.events import EVENT_DTYPE

_ROW = np.dtype(("V", EVENT_DTYPE.itemsize))


def in_order_of_ends(
    events: npt.NDArray[np.void], places: npt.NDArray[np.intp] | None = None
) -> npt.NDArray[np.intp]:
    """The places, or all: what ended first comes first, and what never returned where it began."""
    if places is None:
        order: npt.NDArray[np.intp] = np.argsort(
            events["time_ns"] + events["duration_ns"], kind="stable"
        )
        return order
    ends = events["time_ns"][places] + events["duration_ns"][places]
    return places[np.argsort(ends, kind="stable")]


def copied(events: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """All of them; contiguous."""
    copy: npt.NDArray[np.void] = events.view(_ROW).copy().view(EVENT_DTYPE)
    return copy


def copied_into(room: npt.NDArray[np.void], events: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """The first of `room`, which are a copy of `events` now. ValueError: there are not so many."""
    part = room[: len(events)]
    part.view(_ROW)[:] = events.view(_ROW)
    return part


def taken(events: npt.NDArray[np.void], which: npt.NDArray[Any]) -> npt.NDArray[np.void]:
    """A copy of some. which: a mask, or places."""
    copy: npt.NDArray[np.void] = events.view(_ROW)[which].view(EVENT_DTYPE)
    return copy
