"""Perfetto's own format, by its package: for ui.perfetto.dev, and for SQL with trace_processor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fasttrace.data.export.columns import Recorded
from fasttrace.data.export.extras import extra
from fasttrace.data.export.timeline import CALL, Instant, Item, Rate, Slice, Timeline, Track
from fasttrace.data.export.words import utf8

_EXTRA = "perfetto"
_PROTOS = "perfetto.protos.perfetto.trace.perfetto_trace_pb2"
_SEQUENCE = 1  # all packets are of one, whose interned words they share
_WORDS_MAX = 1 << 16  # and bytes of words, both of values alone, before they begin anew
_TEXT_MAX = 4 << 20
_AT_ONCE = 2048  # packets, or twice as many, that are made one piece
_KEPT_MAX = 1 << 14  # arguments that are kept as they are written
_KEPT_LONGEST = 1024
_INT_MIN, _INT_MAX, _UINT_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1


def blocks(trace: Recorded) -> Iterator[tuple[bytes, int]]:
    """The bytes, and of how many events each piece is. MissingExtra: perfetto is not installed."""
    builder = extra("perfetto.trace_builder.proto_builder", _EXTRA).TraceProtoBuilder
    writing = _Writing(extra(_PROTOS, _EXTRA), Timeline(trace))
    # Messages of protobuf one behind the other are one message.
    writing.builder = builder()
    writing.begin(trace)
    yield writing.builder.serialize(), 0
    for items, count in writing.timeline.batches():
        for start in range(0, len(items), _AT_ONCE):
            writing.builder = builder()
            for item in items[start : start + _AT_ONCE]:
                writing.put(item)
            yield writing.builder.serialize(), 0
        yield b"", count


class _Interned:
    """Words that packets name by number, within the sequence."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._numbers: dict[str, int] = {}
        self.size = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, packet: Any, word: str) -> int:
        """A new word is told in the packet."""
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self._numbers) + 1
            self.size += len(word)
            entry = getattr(packet.interned_data, self._field).add(iid=number)
            if self._field == "debug_annotation_string_values":
                entry.str = word.encode()
            else:
                entry.name = word
        return number

    def forget(self) -> None:
        self._numbers.clear()
        self.size = 0


class _Writing:
    def __init__(self, protos: Any, timeline: Timeline) -> None:
        self.timeline = timeline
        self.builder: Any = None
        self._event, self._packet = protos.TrackEvent, protos.TracePacket
        self._clocks = protos.BuiltinClock
        self._uuids: dict[int, int] = {}  # of processes
        self._rates: dict[int, int] = {}  # of their counters
        self._tracks: dict[int, int] = {}
        self._names = _Interned("event_names")
        self._categories = _Interned("event_categories")
        self._keys = _Interned("debug_annotation_names")
        self._values = _Interned("debug_annotation_string_values")
        self._kept: dict[str, bytes] = {}
        self._is_first = True
        self._last_uuid = 0

    def begin(self, trace: Recorded) -> None:
        """Times are those of CLOCK_MONOTONIC, and what time of day that is."""
        snapshot = self.builder.add_packet().clock_snapshot
        snapshot.primary_trace_clock = self._clocks.Value("BUILTIN_CLOCK_MONOTONIC")
        at = int(trace.events["time_ns"].min()) if len(trace.events) else 0
        offset = trace.info.realtime_offset_ns
        times = {"BUILTIN_CLOCK_MONOTONIC": at}
        if offset is not None and 0 <= at + offset <= _UINT_MAX:
            times["BUILTIN_CLOCK_REALTIME"] = at + offset
        for clock, time_ns in times.items():
            snapshot.clocks.add(clock_id=self._clocks.Value(clock), timestamp=time_ns)

    def put(self, item: Item) -> None:
        if isinstance(item, Slice):
            self._slice(item)
        elif isinstance(item, Instant):
            packet = self._at(item.time_ns, self._event.TYPE_INSTANT, item.track)
            self._name(packet, item.category, item.name)
            self._annotate(packet, item.args)
            if item.arrow_out:
                packet.track_event.flow_ids.append(item.arrow_out)
        elif isinstance(item, Track):
            self._track(item)
        else:
            self._rate(item)

    def _slice(self, one: Slice) -> None:
        packet = self._at(one.start_ns, self._event.TYPE_SLICE_BEGIN, one.track)
        self._name(packet, CALL, one.name)
        self._annotate(packet, one.args)
        packet.track_event.flow_ids.extend(one.arrows_out)
        packet.track_event.terminating_flow_ids.extend(one.arrows_in)
        if one.end_ns is not None:
            packet = self._at(one.end_ns, self._event.TYPE_SLICE_END, one.track)
            # What a read was woken by began after it.
            packet.track_event.terminating_flow_ids.extend(one.arrows_to_end)

    def _sequenced(self) -> Any:
        packet = self.builder.add_packet()
        packet.trusted_packet_sequence_id = _SEQUENCE
        full = len(self._values) > _WORDS_MAX or self._values.size > _TEXT_MAX
        if full or self._is_first:
            packet.sequence_flags = self._packet.SEQ_INCREMENTAL_STATE_CLEARED
            for words in (self._names, self._categories, self._keys, self._values):
                words.forget()
            self._kept.clear()
            self._is_first = False
        else:
            packet.sequence_flags = self._packet.SEQ_NEEDS_INCREMENTAL_STATE
        return packet

    def _at(self, time_ns: int, type: int, track: Track) -> Any:
        packet = self._sequenced()
        packet.timestamp = time_ns
        packet.track_event.type = type
        packet.track_event.track_uuid = self._tracks[track.number]
        return packet

    def _name(self, packet: Any, category: str, name: str) -> None:
        packet.track_event.category_iids.append(self._categories.number(packet, category))
        packet.track_event.name_iid = self._names.number(packet, name)

    def _annotate(self, packet: Any, args: str) -> None:
        """The same arguments come again and again."""
        made = self._kept.get(args)
        if made is None:
            event = self._event()
            for key, value in json.loads(args).items():
                annotation = event.debug_annotations.add()
                annotation.name_iid = self._keys.number(packet, key)
                self._fill(packet, annotation, value)
            made = event.SerializeToString()
            if len(self._kept) < _KEPT_MAX and len(args) < _KEPT_LONGEST:
                self._kept[args] = made
        packet.track_event.MergeFromString(made)

    def _fill(self, packet: Any, annotation: Any, value: Any) -> None:
        if isinstance(value, str):
            # What is not UTF-8 is U+FFFD in it already; but a lone half of a character is none.
            word = value.encode("utf-8", "replace").decode()
            annotation.string_value_iid = self._values.number(packet, word)
        elif value is None:
            annotation.pointer_value = 0
        elif isinstance(value, bool):
            annotation.bool_value = value
        elif isinstance(value, int):
            if _INT_MIN <= value <= _INT_MAX:
                annotation.int_value = value
            else:
                annotation.uint_value = value & _UINT_MAX
        elif isinstance(value, list):
            for entry in value:
                self._fill(packet, annotation.array_values.add(), entry)
        else:
            for key, entry in value.items():
                inner = annotation.dict_entries.add()
                inner.name_iid = self._keys.number(packet, key)
                self._fill(packet, inner, entry)

    def _new_uuid(self) -> int:
        self._last_uuid += 1
        return self._last_uuid

    def _track(self, track: Track) -> None:
        process = self.timeline.processes[track.process]
        parent = self._process(track.process)
        uuid = self._tracks[track.number] = self._new_uuid()
        descriptor = self.builder.add_packet().track_descriptor
        descriptor.uuid, descriptor.parent_uuid = uuid, parent
        descriptor.thread.pid, descriptor.thread.tid = process.pid, track.tid
        if process.comm:
            descriptor.thread.thread_name = utf8(process.comm)

    def _process(self, place: int) -> int:
        """The uuid of its track."""
        if place not in self._uuids:
            process = self.timeline.processes[place]
            uuid = self._uuids[place] = self._new_uuid()
            descriptor = self.builder.add_packet().track_descriptor
            descriptor.uuid = uuid
            descriptor.process.pid = process.pid
            if process.comm:
                descriptor.process.process_name = utf8(process.comm)
            descriptor.process.cmdline.extend(map(utf8, process.argv))
            if 0 < process.start_ns <= _INT_MAX:
                descriptor.process.start_timestamp_ns = process.start_ns
        return self._uuids[place]

    def _rate(self, rate: Rate) -> None:
        if rate.process not in self._rates:
            parent = self._process(rate.process)
            uuid = self._rates[rate.process] = self._new_uuid()
            descriptor = self.builder.add_packet().track_descriptor
            descriptor.uuid, descriptor.parent_uuid = uuid, parent
            descriptor.name = "calls/s"
            descriptor.counter.unit_name = "calls/s"
        packet = self._sequenced()
        packet.timestamp = rate.time_ns
        packet.track_event.type = self._event.TYPE_COUNTER
        packet.track_event.track_uuid = self._rates[rate.process]
        packet.track_event.double_counter_value = rate.per_second
