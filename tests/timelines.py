"""What an exported timeline holds, read back as its format is read: Chrome's by a parser of
JSON, Perfetto's by protobuf."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NamedTuple

import pytest


class Shown(NamedTuple):
    """A slice (`dur` in ns, -1: it has no end) or an instant (`dur` 0). arrows: by their numbers,
    those that begin here, and those that end here."""

    category: str
    name: str
    pid: int
    tid: int
    time_ns: int
    dur: int
    args: dict[str, Any]
    begins: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


class Read(NamedTuple):
    shown: list[Shown]
    processes: dict[int, str]
    threads: dict[tuple[int, int], str]
    rates: list[tuple[int, int, float]]  # pid, time, calls per second

    @property
    def calls(self) -> list[Shown]:
        return [one for one in self.shown if one.category == "syscall"]


def read_chrome(data: bytes) -> Read:
    told = json.loads(data, parse_float=Decimal)
    shown: list[Shown] = []
    found = Read(shown, {}, {}, [])
    for event in told["traceEvents"]:
        ph, pid = event["ph"], event["pid"]
        time_ns = _ns(event["ts"]) if ph != "M" else 0
        if ph in "XBi":
            dur = _ns(event["dur"]) if ph == "X" else -1 if ph == "B" else 0
            args = json.loads(json.dumps(event["args"]))
            shown.append(Shown(event["cat"], event["name"], pid, event["tid"], time_ns, dur, args))
        elif ph == "C":
            found.rates.append((pid, time_ns, float(event["args"]["calls/s"])))
        elif event["name"] == "process_name":
            found.processes[pid] = event["args"]["name"]
        elif event["name"] == "thread_name":
            found.threads[pid, event["tid"]] = event["args"]["name"]
    for event in told["traceEvents"]:
        if event["ph"] not in "sf":
            continue
        at = _enclosing(shown, event["pid"], event["tid"], _ns(event["ts"]))
        assert at >= 0, f"an arrow that is tied to nothing: {event}"
        one = shown[at]
        if event["ph"] == "s":
            shown[at] = one._replace(begins=(*one.begins, event["id"]))
        else:
            shown[at] = one._replace(ends=(*one.ends, event["id"]))
    return found


def _ns(microseconds: Any) -> int:
    ns = Decimal(microseconds) * 1000
    assert ns == int(ns)
    return int(ns)


def _enclosing(shown: list[Shown], pid: int, tid: int, time_ns: int) -> int:
    """The innermost one: of those that hold this time the last that began; -1: there is none."""
    held = [
        (one.time_ns, i)
        for i, one in enumerate(shown)
        if (one.pid, one.tid) == (pid, tid)
        and one.time_ns <= time_ns
        and (one.dur < 0 or time_ns < one.time_ns + max(one.dur, 1))
    ]
    return max(held)[1] if held else -1


def read_perfetto(data: bytes) -> Read:
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    trace = protos.Trace.FromString(data)
    found = Read([], {}, {}, [])
    words: dict[str, dict[int, str]] = {}
    tracks: dict[int, Any] = {}
    begun: dict[int, list[int]] = {}
    for packet in trace.packet:
        if packet.sequence_flags & protos.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED:
            words.clear()
        for field, entries in packet.interned_data.ListFields():
            for entry in entries:
                word = entry.str.decode() if hasattr(entry, "str") else entry.name
                words.setdefault(field.name, {})[entry.iid] = word
        if packet.HasField("track_descriptor"):
            _describe(found, tracks, packet.track_descriptor)
        if not packet.HasField("track_event"):
            continue
        event, track = packet.track_event, tracks[packet.track_event.track_uuid]
        if event.type == event.TYPE_COUNTER:
            pid = tracks[track.parent_uuid].process.pid
            found.rates.append((pid, packet.timestamp, event.double_counter_value))
        elif event.type == event.TYPE_SLICE_END:
            at = begun[event.track_uuid].pop()
            one = found.shown[at]
            ends = (*one.ends, *event.terminating_flow_ids)
            found.shown[at] = one._replace(dur=packet.timestamp - one.time_ns, ends=ends)
        else:
            is_slice = event.type == event.TYPE_SLICE_BEGIN
            if is_slice:
                begun.setdefault(event.track_uuid, []).append(len(found.shown))
            found.shown.append(
                Shown(
                    words["event_categories"][event.category_iids[0]],
                    words["event_names"][event.name_iid],
                    *(track.thread.pid, track.thread.tid, packet.timestamp, -1 if is_slice else 0),
                    _annotations(event.debug_annotations, words),
                    *(tuple(event.flow_ids), tuple(event.terminating_flow_ids)),
                )
            )
    return found


def _describe(found: Read, tracks: dict[int, Any], track: Any) -> None:
    assert track.uuid not in tracks
    tracks[track.uuid] = track
    if track.HasField("process") and track.process.process_name:
        found.processes[track.process.pid] = track.process.process_name
    if track.HasField("thread"):
        assert tracks[track.parent_uuid].HasField("process")
        if track.thread.thread_name:
            found.threads[track.thread.pid, track.thread.tid] = track.thread.thread_name


def _annotations(entries: Any, words: dict[str, dict[int, str]]) -> dict[str, Any]:
    names = words.get("debug_annotation_names", {})
    return {names[entry.name_iid]: _value(entry, words) for entry in entries}


def _value(entry: Any, words: dict[str, dict[int, str]]) -> Any:
    kind = entry.WhichOneof("value")
    if kind == "string_value_iid":
        return words["debug_annotation_string_values"][entry.string_value_iid]
    if kind == "pointer_value":
        assert entry.pointer_value == 0
        return None
    if kind is not None:
        return getattr(entry, kind)
    if entry.dict_entries:
        return _annotations(entry.dict_entries, words)
    return [_value(one, words) for one in entry.array_values]


def without_empty(value: Any) -> Any:
    """In an annotation {} and [] are the same: nothing."""
    if isinstance(value, dict):
        return {key: without_empty(one) for key, one in value.items()} or []
    return [without_empty(one) for one in value] if isinstance(value, list) else value


READERS = {"chrome": read_chrome, "perfetto": read_perfetto}
