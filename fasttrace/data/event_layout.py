"""Events as struct.Struct unpacks them, for what works without numpy."""

from __future__ import annotations

from struct import Struct

from fasttrace import _tally

_CODES = {"<u8": "Q", "<i8": "q", "<i4": "i", "<u2": "H", "u1": "B", "|u1": "B"}
_ORDER = [
    *("time_ns", "duration_ns", "ret", "args", "payload"),
    *("pid", "tid", "nr", "abi", "kind", "flags"),
]


def _event_struct() -> Struct:
    """The layout of event.h, in the order that `Event` names."""
    fields = sorted(_tally.EVENT_FIELDS, key=lambda field: field[2])
    if [name for name, _, _, _ in fields] != _ORDER:
        raise ImportError("fasttrace.data and src_c/event.h differ; rebuild fasttrace")
    codes = (
        _CODES[code] * (size // Struct("<" + _CODES[code]).size) for _, code, _, size in fields
    )
    layout = Struct("<" + "".join(codes))
    if layout.size != _tally.EVENT_SIZE:
        raise ImportError("fasttrace.data and src_c/event.h differ; rebuild fasttrace")
    return layout


EVENT = _event_struct()
