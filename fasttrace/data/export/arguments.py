"""What each event has of its own, as JSON: a call its arguments, other kinds what json.md says."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt

from fasttrace import _decode
from fasttrace.data.event_layout import EVENT
from fasttrace.data.json_events import own_fields
from fasttrace.data.programs import items_of


def arguments(
    events: npt.NDArray[np.void],
    is_call: npt.NDArray[np.bool_],
    stream: memoryview,
    lengths: npt.NDArray[np.int64],
) -> bytes:
    """Objects, one behind the other. lengths: shape (n,), is filled with how long each is; 0: the
    arguments of a call are too long."""
    text = _decode.json_arguments(events.data, stream, lengths.data)
    others = np.flatnonzero(~is_call)
    if not len(others):
        return text
    pieces, at = [], 0
    starts = (np.cumsum(lengths) - lengths)[others].tolist()
    for place, start in zip(others.tolist(), starts, strict=True):
        event = EVENT.unpack_from(events.data.cast("B"), place * EVENT.size)
        own = json.dumps(own_fields(event, items_of(event, stream, 0)), separators=(",", ":"))
        pieces += [text[at:start], own.encode("ascii")]
        lengths[place] = len(own)
        at = start
    return b"".join([*pieces, text[at:]])
