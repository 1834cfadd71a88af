"""Events as JSON, an object on a line: see docs/json.md, and event.schema.json beside this file.

Works on event buffers as they come out of a session, without numpy.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fasttrace import _decode
from fasttrace._decode import JSON_VERSION, json_string
from fasttrace.data.described import FORKS, described, signal_name
from fasttrace.data.event_layout import EVENT
from fasttrace.data.events import Flag, Kind, PayloadItem, PayloadType, payload_items

if TYPE_CHECKING:
    from typing_extensions import Buffer

_REMEMBERED = 4096  # processes that have ended; what they did may still be on its way


class Programs:
    """Which program each process runs, told by its events as they come; as JSON.

    before: asked for those of which nothing has come, by pid and time; "": it is not known.
    """

    def __init__(self, before: Callable[[int, int], str] | None = None) -> None:
        self._before = before
        self._by_pid: dict[int, bytes] = {}
        self._ended: deque[int] = deque()

    def __call__(self, pid: int, time_ns: int) -> bytes:
        known = self._by_pid.get(pid)
        if known is not None:
            return known
        comm = self._before(pid, time_ns) if self._before else ""
        return json_string(os.fsencode(comm)).encode() if comm else b"null"

    def runs(self, pid: int, comm: bytes) -> None:
        self._by_pid[pid] = json_string(comm).encode()

    def forks(self, pid: int, child: int, time_ns: int) -> None:
        self._by_pid.pop(child, None)
        comm = self(pid, time_ns)
        if comm != b"null":
            self._by_pid[child] = comm

    def ends(self, pid: int) -> None:
        self._ended.append(pid)
        if len(self._ended) > _REMEMBERED:
            self._by_pid.pop(self._ended.popleft(), None)


class JsonEvents:
    """Turns blocks of events into lines of JSON.

    string_limit: bytes of data that are shown in a call's text. before: as for `Programs`.
    """

    def __init__(
        self, *, string_limit: int = 32, before: Callable[[int, int], str] | None = None
    ) -> None:
        self._calls = _decode.JsonLines(string_limit)
        self._programs = Programs(before)

    def text(self, events: Buffer, payload: memoryview, payload_base: int = 0) -> str:
        """All lines of a buffer of events, in the order of their ends; payload_base: what events
        call payload[0]."""
        view = memoryview(events).cast("B")

        def other(index: int) -> str:
            event = EVENT.unpack_from(view, index * EVENT.size)
            return _line(event, payload, payload_base, self._programs)

        return self._calls.text(view, payload, payload_base, other, self._programs)


def schema() -> str:
    """The JSON Schema of a line, as text."""
    return files("fasttrace.data").joinpath("event.schema.json").read_text("utf-8")


def _line(event: tuple[int, ...], payload: memoryview, base: int, programs: Programs) -> str:
    start, _, ret, *args, offset, pid, tid, nr, _, kind, flags = event
    items = list(payload_items(payload, offset - base)) if flags & Flag.PAYLOAD else []
    is_thread = bool(flags & Flag.THREAD)
    for item in items:
        if item.type == PayloadType.COMM and not is_thread:
            programs.runs(pid, item.data)
    if kind == Kind.FORK and not is_thread:
        programs.forks(pid, args[0] & 0x7FFFFFFF, start)
    head = {"v": JSON_VERSION, "kind": _kind_name(kind), "pid": pid, "tid": tid}
    fields = {
        "comm": json.loads(programs(pid, start)),
        "time_ns": start,
        **_fields(kind, nr, ret, args, is_thread, items),
        "text": described(kind, nr, ret, args, flags, items),
    }
    if kind == Kind.EXIT and not is_thread:
        programs.ends(pid)
    return json.dumps(head | fields, separators=(",", ":")) + "\n"


def _fields(
    kind: int, nr: int, ret: int, args: list[int], is_thread: bool, items: list[PayloadItem]
) -> dict[str, Any]:
    """What a kind of event has of its own."""
    if kind == Kind.SIGNAL:
        code = args[0] - (1 << 64) if args[0] >> 63 else args[0]
        sender = {"from_pid": args[1] or None, "from_uid": args[2] if args[1] else None}
        address = {"address": hex(args[3])} if args[3] else None
        return {"signal": signal_name(nr), "nr": nr, "code": code, **sender, "fault": address}
    if kind == Kind.FORK:
        how = "thread" if is_thread else FORKS.get(nr, "fork")
        return {"how": how, "child_pid": args[0] & 0x7FFFFFFF, "child_tid": ret}
    if kind == Kind.EXEC:
        return {"argv": _argv(items), "former_tid": ret}
    if kind == Kind.EXIT:
        status = ret & 0xFFFF
        signal = signal_name(os.WTERMSIG(status)) if os.WIFSIGNALED(status) else None
        return {
            "thread": is_thread,
            "status": status,
            "exit_code": None if signal else os.WEXITSTATUS(status),
            "signal": signal,
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
