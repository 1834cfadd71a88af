"""Events as JSON, an object on a line: see docs/json.md, and event.schema.json beside this file.

Works on event buffers as they come out of a session, without numpy.
"""

from __future__ import annotations

import json
import os
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fasttrace import _decode
from fasttrace._decode import JSON_VERSION, json_string, siginfo_json
from fasttrace.data.described import FORKS, described, signal_name
from fasttrace.data.event_layout import EVENT
from fasttrace.data.events import Flag, Kind, PayloadItem, PayloadType, siginfo_of
from fasttrace.data.programs import Programs, items_of

if TYPE_CHECKING:
    from typing_extensions import Buffer


class JsonEvents:
    """Turns blocks of events into lines of JSON.

    string_limit: bytes of data that are shown in a call's text. programs: which each process ran,
    where more is known of them than the events tell that are to become lines. descriptors: tell
    what they are, followed from one buffer to the next.
    """

    def __init__(
        self,
        *,
        string_limit: int = 32,
        programs: Programs | None = None,
        descriptors: bool = False,
    ) -> None:
        self._calls = _decode.JsonLines(string_limit, descriptors)
        self._programs = programs or Programs()
        self._knows_all = self._has_learned = programs is not None

    def text(
        self,
        events: Buffer,
        payload: memoryview,
        payload_base: int = 0,
        shown: bytes | None = None,
    ) -> str:
        """All lines of a buffer of events, in the order of their ends; payload_base: what events
        call payload[0]. shown: a byte for each event, 0 for those without a line."""
        if shown is not None and not self._knows_all:
            self.learn(events, payload, payload_base)
        view = memoryview(events).cast("B")

        def other(index: int) -> str:
            event = EVENT.unpack_from(view, index * EVENT.size)
            items = items_of(event, payload, payload_base)
            if not self._has_learned:
                self._programs.learn_one(event, items)
            return _line(event, items, self._programs)

        return self._calls.text(view, payload, payload_base, other, self._programs, shown)

    def learn(self, events: Buffer, payload: memoryview, payload_base: int = 0) -> None:
        """Take the names of programs from all events, of which `text` gets some."""
        self._has_learned = True
        self._programs.learn(events, payload, payload_base)


def schema() -> str:
    """The JSON Schema of a line, as text."""
    return files("fasttrace.data").joinpath("event.schema.json").read_text("utf-8")


def _line(event: tuple[int, ...], items: list[PayloadItem], programs: Programs) -> str:
    """The line of an event that is no call."""
    start, _, ret, *args, _, pid, tid, nr, _, kind, flags = event
    head = {"v": JSON_VERSION, "kind": _kind_name(kind), "pid": pid, "tid": tid}
    fields = {
        "comm": json.loads(programs(pid, start)[0]),
        "time_ns": start,
        **own_fields(event, items),
        "text": described(kind, nr, ret, args, flags, items),
    }
    return json.dumps(head | fields, separators=(",", ":")) + "\n"


def own_fields(event: tuple[int, ...], items: list[PayloadItem]) -> dict[str, Any]:
    """What an event that is no call, as EVENT unpacks it, has by its kind."""
    _, _, ret, *args, _, _, _, nr, _, kind, flags = event
    is_thread = bool(flags & Flag.THREAD)
    if kind == Kind.SIGNAL:
        code = args[0] - (1 << 64) if args[0] >> 63 else args[0]
        sender = {"from_pid": args[1] or None, "from_uid": args[2] if args[1] else None}
        address = {"address": hex(args[3])} if args[3] else None
        told = siginfo_of(items)
        return {
            "signal": signal_name(nr),
            "nr": nr,
            "code": code,
            **sender,
            "fault": address,
            "siginfo": json.loads(siginfo_json(nr, told)) if told else None,
        }
    if kind == Kind.FORK:
        how = "thread" if is_thread else FORKS.get(nr, "fork")
        return {"how": how, "child_pid": args[0] & 0x7FFFFFFF, "child_tid": ret}
    if kind == Kind.EXEC:
        return {"argv": _argv(items), "former_tid": ret}
    if kind == Kind.EXIT:
        status = ret & 0xFFFF
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        signal = None if number is None else signal_name(number)
        return {
            "thread": is_thread,
            "status": status,
            "exit_code": None if signal else os.WEXITSTATUS(status),
            "signal": signal,
            "nr": number,
            "core_dumped": signal is not None and os.WCOREDUMP(status),
        }
    if kind == Kind.STOP:
        return {"signal": signal_name(nr), "nr": nr}
    if kind == Kind.LOST:
        return {"count": ret}
    if kind == Kind.ATTACH:
        return {"thread": is_thread, "ppid": args[0] & 0x7FFFFFFF, "argv": _argv(items)}
    return {}


def _argv(items: list[PayloadItem]) -> list[Any] | None:
    """None: it was not there to be read."""
    for item in items:
        if item.type == PayloadType.ARGV:
            words = item.data.removesuffix(b"\0").split(b"\0") if item.data else []
            return [json.loads(json_string(word)) for word in words]
    return None


def _kind_name(kind: int) -> str:
    return Kind(kind).name.lower() if kind in Kind._value2member_map_ else f"kind_{kind}"
