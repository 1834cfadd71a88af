"""What a trace's events decode to: calls, records, JSON, paths."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fasttrace._decode import OpenFiles, Payload, events_of
from fasttrace.data import conditions
from fasttrace.data.calls import Call
from fasttrace.data.event_rows import in_order_of_ends, taken
from fasttrace.data.events import Kind
from fasttrace.data.json_events import JsonEvents
from fasttrace.data.processes import Comms, Process
from fasttrace.data.program_names import ProgramNames
from fasttrace.data.programs import Programs
from fasttrace.data.touches import Touches

_CHUNK = 512  # events that are made calls at a time, and live as long


class Decoded:
    """Iteration gives a Call for each event, `calls` those that are system calls."""

    events: npt.NDArray[np.void]
    payload: npt.NDArray[np.uint8]

    @cached_property
    @abstractmethod
    def _told(self) -> list[Process]:
        """The processes that the events are of."""

    @property
    @abstractmethod
    def _all(self) -> Decoded:
        """The trace that this is a part of: what only all events tell, it knows."""

    @cached_property
    def _touches(self) -> Touches:
        return Touches(self.events, self.payload)

    @cached_property
    def _programs(self) -> Programs:
        return Programs.of(self.events, self._stream, Comms(self._told))

    @cached_property
    def _program_names(self) -> ProgramNames:
        return ProgramNames(self._programs, self._told)

    def __iter__(self) -> Iterator[Call]:
        for start in range(0, len(self.events), _CHUNK):
            events = np.ascontiguousarray(self.events[start : start + _CHUNK])
            yield from events_of(Call, events.data, self._source)

    def calls(self, *, descriptors: bool = False) -> Iterator[Call]:
        """The system calls, in the order of their ends; those that never returned at their starts.

        descriptors: each is a `fasttrace.decode.values.Descriptor`, an int that knows its path, as
        far as the calls of the whole trace tell: recorded with ``descriptors=True``, all that
        /proc says. `args`, `result` and `found` are decoded at once then.

        >>> import fasttrace
        >>> opened = fasttrace.trace(["cat", "/etc/hostname"], stdout=-3).where(syscall="openat")
        >>> call = [call for call in opened.calls() if call.args["pathname"] == "/etc/hostname"][0]
        >>> call.args["flags"], call.result
        (O_RDONLY, 3)
        >>> print(call)
        openat(AT_FDCWD, "/etc/hostname", O_RDONLY) = 3
        """
        if descriptors:
            yield from self._calls_with_descriptors()
            return
        places = np.flatnonzero(self.events["kind"] == Kind.SYSCALL)
        places = in_order_of_ends(self.events, places)
        for start in range(0, len(places), _CHUNK):
            events = taken(self.events, places[start : start + _CHUNK])
            yield from events_of(Call, events.data, self._source)

    def _calls_with_descriptors(self) -> Iterator[Call]:
        files = OpenFiles()
        for events, chosen in self.in_order(_CHUNK):
            made = events_of(Call, events.data, self._source)
            for call, is_wanted in zip(made, chosen.tolist(), strict=True):
                files.tell(call, is_wanted)
                if is_wanted and call.kind == Kind.SYSCALL:
                    yield call

    def in_order(self, chunk: int) -> Iterator[tuple[npt.NDArray[np.void], npt.NDArray[np.bool_]]]:
        """All events of the trace that this one is a part of, in the order of their ends, `chunk`
        at a time, and which of them are in this part."""
        return self._all._touches.in_order(self.events, chunk)

    def _call(self, event: np.void) -> Call:
        return events_of(Call, event.tobytes(), self._source)[0]

    @cached_property
    def _source(self) -> Payload:
        return Payload(self._stream, 0, self._all._programs.name)

    def json_events(self, *, descriptors: bool = False) -> JsonEvents:
        """What makes JSON of this trace's events, in their order; descriptors: of `in_order`."""
        return JsonEvents(programs=self._all._programs, descriptors=descriptors)

    def to_records(self, *, descriptors: bool = False) -> list[dict[str, Any]]:
        """All events as plain dicts, in the order of their ends.

        The objects that `fasttrace trace --json` writes; docs/json.md says what they hold.
        descriptors: with what descriptors are, as for `calls`; so does ``trace --json -y``.
        """
        if descriptors:
            lines = self.json_events(descriptors=True)
            return [
                json.loads(line)
                for events, chosen in self.in_order(_CHUNK)
                for line in lines.text(events.data, self._stream, 0, chosen.tobytes()).splitlines()
            ]
        order = in_order_of_ends(self.events)
        lines = self.json_events()
        records: list[dict[str, Any]] = []
        for start in range(0, len(order), _CHUNK):
            events = taken(self.events, order[start : start + _CHUNK])
            records += map(json.loads, lines.text(events.data, self._stream).splitlines())
        return records

    @cached_property
    def _stream(self) -> memoryview:
        return np.ascontiguousarray(self.payload).data

    def strings(self, event: np.void) -> dict[int, str]:
        """The text captured with an event of this trace, by index of the argument."""
        return self._call(event).strings

    def paths(self) -> list[str]:
        """All different paths that calls were given, in the order of their first appearance."""
        stream = self._stream
        told = self.events[conditions.with_payload(self.events)]
        return list(dict.fromkeys(text for e in told for text in conditions.paths_of(e, stream)))
