"""One JSON object per event: `fasttrace trace --json`.

Each has kind, pid, tid, time_ns. A syscall: name, args (six unsigned numbers at most), strings
(captured text by the index of its argument), ret, errno (a name or null), duration_ns, altered
(whether somebody altered it; also as `injected`, its former name); ret and duration_ns are null for
a call that never returned. Other kinds have the `text` of `call_line`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fasttrace import _tables
from fasttrace.data.calls import call_name
from fasttrace.data.described import described
from fasttrace.data.events import Flag, Kind, PayloadFlag, argument_strings, payload_items
from fasttrace.report.call_line import in_order_of_end
from fasttrace.syscalls.errnos import errno_name

if TYPE_CHECKING:
    from typing_extensions import Buffer


def json_lines(events: Buffer, payload: memoryview, payload_base: int = 0) -> Iterator[str]:
    """A line for each of a buffer of events; payload_base: what events call payload[0]."""
    for event in in_order_of_end(events):
        start, took, ret, *args, offset, pid, tid, nr, abi, kind, flags = event
        head: dict[str, Any] = {"kind": _kind_name(kind), "pid": pid, "tid": tid, "time_ns": start}
        items = payload_items(payload, offset - payload_base) if flags & Flag.PAYLOAD else ()
        if kind != Kind.SYSCALL:
            yield json.dumps(head | {"text": described(kind, nr, ret, args, flags, items)}) + "\n"
            continue
        unfinished = flags & Flag.UNFINISHED
        call = {
            "name": call_name(nr, abi),
            "args": args[: _arguments(abi, nr)],
            "strings": {
                str(item.arg): item.text
                for item in argument_strings(items)
                if item.data or not item.flags & PayloadFlag.FAULT
            },
            "ret": None if unfinished else ret,
            "errno": errno_name(-ret) if flags & Flag.ERROR else None,
            "duration_ns": None if unfinished else took,
            "altered": bool(flags & Flag.ALTERED),
            "injected": bool(flags & Flag.ALTERED),
        }
        yield json.dumps(head | call) + "\n"


@lru_cache(maxsize=4096)
def _arguments(abi: int, nr: int) -> int:
    """How many the call has; six where no table has it."""
    signature = _tables.signature(abi, nr) if abi < len(_tables.ABIS) and nr >= 0 else None
    return 6 if signature is None else len(signature)


def _kind_name(kind: int) -> str:
    try:
        return Kind(kind).name.lower()
    except ValueError:
        return f"kind_{kind}"
