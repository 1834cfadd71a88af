"""Events as JSON, an object on a line: see docs/json.md, and event.schema.json beside this file.

Works on event buffers as they come out of a session, without numpy.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fasttrace import _decode, _tally
from fasttrace._decode import JSON_VERSION, json_string, siginfo_json
from fasttrace.data.described import FORKS, described, signal_name
from fasttrace.data.event_layout import EVENT
from fasttrace.data.events import Flag, Kind, PayloadItem, PayloadType, payload_items, siginfo_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

_OFFSET = 9  # of an event's payload, in what EVENT unpacks
_KIND_AT = next(offset for name, _, offset, _ in _tally.EVENT_FIELDS if name == "kind")
_NAMES_KEPT = 8  # of a process; calls come late, but not by many programs
_REMEMBERED = 4096  # processes that have ended; what they did may still be on its way


class Programs:
    """Which program each process ran when, told by its events as they come; as JSON.

    before: asked for those of which nothing has come, by pid and time; "": it is not known.
    """

    def __init__(self, before: Callable[[int, int], str] | None = None) -> None:
        self._before = before
        self._by_pid: dict[int, list[tuple[int, bytes]]] = {}  # since when
        self._ended: deque[int] = deque()

    def __call__(self, pid: int, time_ns: int) -> tuple[bytes, int, int]:
        """Its name, and the times from and until which it had that, as far as is known now."""
        until = (1 << 64) - 1
        names = self._by_pid.get(pid)
        if names is None:
            if self._before is None:
                return b"null", 0, until
            return _comm_json(self._before(pid, time_ns)), time_ns, time_ns
        for since, name in reversed(names):
            if since <= time_ns:
                return name, since, until
            until = since
        return names[0][1], 0, until

    def runs(self, pid: int, comm: bytes, since: int) -> None:
        names = self._by_pid.setdefault(pid, [])
        names.append((since, json_string(comm).encode()))
        del names[:-_NAMES_KEPT]

    def forks(self, pid: int, child: int, time_ns: int) -> None:
        self._by_pid.pop(child, None)
        comm, _, _ = self(pid, time_ns)
        if comm != b"null":
            self._by_pid[child] = [(time_ns, comm)]

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
        self._has_learned = False

    def text(self, events: Buffer, payload: memoryview, payload_base: int = 0) -> str:
        """All lines of a buffer of events, in the order of their ends; payload_base: what events
        call payload[0]."""
        view = memoryview(events).cast("B")

        def other(index: int) -> str:
            event = EVENT.unpack_from(view, index * EVENT.size)
            items = _items(event, payload, payload_base)
            if not self._has_learned:
                _learn(event, items, self._programs)
            return _line(event, items, self._programs)

        return self._calls.text(view, payload, payload_base, other, self._programs)

    def learn(self, events: Buffer, payload: memoryview, payload_base: int = 0) -> None:
        """Take the names of programs from all events, of which `text` gets some."""
        view = memoryview(events).cast("B")
        self._has_learned = True
        others = [
            EVENT.unpack_from(view, index * EVENT.size)
            for index, kind in enumerate(view[_KIND_AT :: EVENT.size])
            if kind != Kind.SYSCALL
        ]
        for event in sorted(others, key=lambda event: event[0]):
            _learn(event, _items(event, payload, payload_base), self._programs)


@lru_cache(maxsize=1024)
def _comm_json(comm: str) -> bytes:
    return json_string(os.fsencode(comm)).encode() if comm else b"null"


def schema() -> str:
    """The JSON Schema of a line, as text."""
    return files("fasttrace.data").joinpath("event.schema.json").read_text("utf-8")


def _items(event: tuple[int, ...], payload: memoryview, base: int) -> list[PayloadItem]:
    offset, flags = event[_OFFSET], event[-1]
    return list(payload_items(payload, offset - base)) if flags & Flag.PAYLOAD else []


def _learn(event: tuple[int, ...], items: list[PayloadItem], programs: Programs) -> None:
    """What an event tells of programs."""
    start, _, _, *args, _, pid, _, _, _, kind, flags = event
    if flags & Flag.THREAD:
        return
    for item in items:
        if item.type == PayloadType.COMM:
            programs.runs(pid, item.data, start)
    if kind == Kind.FORK:
        programs.forks(pid, args[0] & 0x7FFFFFFF, start)
    elif kind == Kind.EXIT:
        programs.ends(pid)


def _line(event: tuple[int, ...], items: list[PayloadItem], programs: Programs) -> str:
    """The line of an event that is no call."""
    start, _, ret, *args, _, pid, tid, nr, _, kind, flags = event
    head = {"v": JSON_VERSION, "kind": _kind_name(kind), "pid": pid, "tid": tid}
    fields = {
        "comm": json.loads(programs(pid, start)[0]),
        "time_ns": start,
        **_fields(kind, nr, ret, args, bool(flags & Flag.THREAD), items),
        "text": described(kind, nr, ret, args, flags, items),
    }
    return json.dumps(head | fields, separators=(",", ":")) + "\n"


def _fields(
    kind: int, nr: int, ret: int, args: list[int], is_thread: bool, items: list[PayloadItem]
) -> dict[str, Any]:
    """What a kind of event has of its own."""
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
