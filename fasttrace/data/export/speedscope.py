"""speedscope's file format: what each process's calls came to, below the processes that made it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from fasttrace._version import __version__
from fasttrace.data.events import Kind
from fasttrace.data.export.columns import Columns, Recorded
from fasttrace.data.export.strangers import Places
from fasttrace.data.export.words import utf8
from fasttrace.data.processes import Process
from fasttrace.data.tree import forest

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_ROWS = 1 << 16  # events at a time
_NAMES = 1 << 32  # more than there are names
_DEPTH_MAX = 100  # of a process below others; of a longer line the oldest are left out


class _Sum(NamedTuple):
    calls: int = 0
    took_ns: int = 0


def blocks(trace: Recorded) -> Iterator[tuple[bytes, int]]:
    """The text, and of how many events each piece is. All is ASCII.

    Sampled profiles, a sample for each syscall of a process: how long its calls took, and how many
    there were; with a frame for each process, and with one for all of a name.
    """
    places = Places(trace.processes)
    sums: dict[int, dict[str, _Sum]] = {}
    columns = Columns(trace, ("name",))
    for start in range(0, len(trace.events), _ROWS):
        _add(sums, places, columns, trace.events[start : start + _ROWS].copy(), start)
        yield b"", len(trace.events[start : start + _ROWS])
    lines = _lines(places.processes)
    frames: dict[str, int] = {}
    profiles = []
    for of, title in ((_process_name, ""), (_program_name, ", by program")):
        made = _samples(sums, places.processes, lines, frames, of)
        stacks, found = [stack for stack, _ in made], [one for _, one in made]
        took, calls = [one.took_ns for one in found], [one.calls for one in found]
        profiles.append(_profile(f"time in calls{title}", "nanoseconds", stacks, took))
        profiles.append(_profile(f"calls{title}", "none", stacks, calls))
    whole = {
        "$schema": _SCHEMA,
        "exporter": f"fasttrace@{__version__}",
        "name": " ".join(map(utf8, trace.info.argv)) or "fasttrace",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in frames]},
        "profiles": profiles,
    }
    yield (json.dumps(whole) + "\n").encode("ascii"), 0


def _add(
    sums: dict[int, dict[str, _Sum]],
    places: Places,
    columns: Columns,
    events: Any,
    start: int,
) -> None:
    """What some events come to, by the place of their process and their name."""
    column = columns.take(start, start + len(events))["name"]
    assert column.words is not None
    words = column.words.strings()
    is_call = events["kind"] == Kind.SYSCALL
    calls, codes = events[is_call], column.values[is_call]
    keys, rows = np.unique(places.of(calls) * _NAMES + codes, return_inverse=True)
    counts = np.bincount(rows, minlength=len(keys)).tolist()
    took = np.zeros(len(keys), np.uint64)
    np.add.at(took, rows, calls["duration_ns"])
    for key, count, took_ns in zip(keys.tolist(), counts, took.tolist(), strict=True):
        place, code = divmod(key, _NAMES)
        of_process = sums.setdefault(place, {})
        before = of_process.get(words[code], _Sum())
        of_process[words[code]] = _Sum(before.calls + count, before.took_ns + took_ns)


def _lines(processes: Sequence[Process]) -> dict[int, list[int]]:
    """By the place of each process: those above it, the oldest first, and itself; in the order of
    the tree."""
    numbered = [process._replace(serial=i) for i, process in enumerate(processes)]
    lines: dict[int, list[int]] = {}
    above: list[int] = []
    for root in forest(numbered, np.empty(0, _NO_EVENTS), memoryview(b""), ()):
        for depth, branch in root.walk():
            del above[depth:]
            above.append(branch.process.serial)
            lines[branch.process.serial] = above[-_DEPTH_MAX:]
    return lines


_NO_EVENTS = np.dtype([("kind", "u1"), ("flags", "<u2"), ("pid", "<i4"), ("time_ns", "<u8")])


def _process_name(process: Process) -> str:
    return f"{utf8(process.comm)} {process.pid}".strip()


def _program_name(process: Process) -> str:
    return utf8(process.comm) or "?"


def _samples(
    sums: dict[int, dict[str, _Sum]],
    processes: Sequence[Process],
    lines: dict[int, list[int]],
    frames: dict[str, int],
    name_of: Callable[[Process], str],
) -> list[tuple[list[int], _Sum]]:
    """Stacks of frames, and what there is on top of each. frames: their numbers by name; more are
    added."""

    def frame(name: str) -> int:
        return frames.setdefault(name, len(frames))

    samples = []
    for place, line in lines.items():
        stack = [frame(name_of(processes[i])) for i in line]
        for name, found in sorted(sums.get(place, {}).items(), key=lambda entry: -entry[1].took_ns):
            samples.append(([*stack, frame(name)], found))
    return samples


def _profile(name: str, unit: str, samples: list[list[int]], weights: list[int]) -> dict[str, Any]:
    return {
        "type": "sampled",
        "name": name,
        "unit": unit,
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }
