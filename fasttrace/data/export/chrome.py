"""Chrome's Trace Event Format: JSON that chrome://tracing, Perfetto and others show as timeline."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from fasttrace.data.export.columns import Recorded
from fasttrace.data.export.timeline import CALL, Instant, Rate, Slice, Timeline, Track
from fasttrace.data.export.words import utf8
from fasttrace.data.processes import Process

_PIDS = 1 << 22  # PID_MAX_LIMIT of the kernel


def blocks(trace: Recorded) -> Iterator[tuple[bytes, int]]:
    """The text, and of how many events each piece is. All is ASCII."""
    writing = _Writing(Timeline(trace))
    other = {"argv": [utf8(word) for word in trace.info.argv], "engine": trace.info.engine}
    yield f'{{"displayTimeUnit":"ns","otherData":{json.dumps(other)},"traceEvents":['.encode(), 0
    separator = "\n"
    for items, count in writing.timeline.batches():
        lines = [line for item in items for line in writing.lines(item)]
        if lines:
            yield (separator + ",\n".join(lines)).encode("ascii"), count
            separator = ",\n"
        else:
            yield b"", count
    yield b"\n]}\n", 0


class _Writing:
    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._pids: dict[int, int] = {}
        self._times_used: Counter[int] = Counter()

    def lines(self, item: Track | Slice | Instant | Rate) -> Iterator[str]:
        if isinstance(item, Slice):
            yield from self._slice(item)
        elif isinstance(item, Instant):
            yield from self._instant(item)
        elif isinstance(item, Track):
            yield from self._track(item)
        else:
            pid, rate = self._pid(item.process), item.per_second
            yield (
                f'{{"ph":"C","name":"calls/s","pid":{pid},"ts":{_us(item.time_ns)},'
                f'"args":{{"calls/s":{rate:.6g}}}}}'
            )

    def _pid(self, place: int) -> int:
        """One that no other process has here: to those that were used again 2^22 is added."""
        pid = self._pids.get(place)
        if pid is None:
            own = self.timeline.processes[place].pid
            pid = self._pids[place] = own + self._times_used[own] * _PIDS
            self._times_used[own] += 1
        return pid

    def _track(self, track: Track) -> Iterator[str]:
        is_new = track.process not in self._pids
        pid = self._pid(track.process)
        process = self.timeline.processes[track.process]
        if is_new:
            yield from _about(process, pid, track.process)
        if process.comm:
            name = {"name": utf8(process.comm)}
            yield _metadata("thread_name", pid, json.dumps(name), track.tid)

    def _slice(self, one: Slice) -> Iterator[str]:
        track = one.track
        where = f'"pid":{self._pid(track.process)},"tid":{track.tid}'
        start = _us(one.start_ns)
        if one.end_ns is None:
            ph = '"ph":"B"'
        else:
            ph = f'"ph":"X","dur":{_us(one.end_ns - one.start_ns)}'
        yield (
            f'{{{ph},"name":{json.dumps(one.name)},"cat":"{CALL}",{where},"ts":{start},'
            f'"args":{one.args}}}'
        )
        for arrow in one.arrows_in:
            yield _arrow("f", arrow, where, start)
        for arrow in one.arrows_out:
            yield _arrow("s", arrow, where, start)
        for arrow in one.arrows_to_end:
            # Within the slice that it leads to: its end is no more part of it.
            last = max((one.end_ns or one.start_ns) - 1, one.start_ns)
            yield _arrow("f", arrow, where, _us(last))

    def _instant(self, one: Instant) -> Iterator[str]:
        track = one.track
        where = f'"pid":{self._pid(track.process)},"tid":{track.tid}'
        time = _us(one.time_ns)
        yield (
            f'{{"ph":"i","s":"t","name":{json.dumps(one.name)},"cat":"{one.category}",{where},'
            f'"ts":{time},"args":{one.args}}}'
        )
        if one.arrow_out:
            yield _arrow("s", one.arrow_out, where, time)


def _about(process: Process, pid: int, place: int) -> Iterator[str]:
    if process.comm:
        yield _metadata("process_name", pid, json.dumps({"name": utf8(process.comm)}))
    if process.argv:
        yield _metadata("process_labels", pid, json.dumps({"labels": utf8(" ".join(process.argv))}))
    yield _metadata("process_sort_index", pid, json.dumps({"sort_index": place}))


def _metadata(name: str, pid: int, args: str, tid: int | None = None) -> str:
    of_task = "" if tid is None else f'"tid":{tid},'
    return f'{{"ph":"M","name":"{name}","pid":{pid},{of_task}"args":{args}}}'


def _arrow(phase: str, number: int, where: str, time: str) -> str:
    binding = ',"bp":"e"' if phase == "f" else ""
    return (
        f'{{"ph":"{phase}"{binding},"name":"leads to","cat":"flow","id":{number},{where},'
        f'"ts":{time}}}'
    )


def _us(ns: int) -> str:
    """Microseconds, exact.

    >>> _us(1_234_005)
    '1234.005'
    """
    return f"{ns // 1000}.{ns % 1000:03d}"
