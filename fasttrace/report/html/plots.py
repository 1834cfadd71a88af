"""The sections that page.js draws, and the data that it draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fasttrace.data.calls import Call
from fasttrace.report.html.latency import STEPS
from fasttrace.report.html.markup import nothing, plot_text, section, shown
from fasttrace.report.html.timeline import CLASSES, Lane, Timeline, class_of, shares
from fasttrace.text.units import duration


def latency_section(latencies: Mapping[str, Mapping[int, int]]) -> str:
    if not latencies:
        return section("latency", "Latency", nothing("no call whose time is known"))
    options = "".join(f"<option>{shown(name)}</option>" for name in latencies)
    body = (
        '<p class="tools"><label>calls of <select id="latency-of">'
        f'<option value="">all names</option>{options}</select></label></p>\n'
        '<div class="plot" id="latency-plot"></div>'
        '<p id="latency-text" class="note" role="status"></p>'
    )
    note = f"All calls that finished, {STEPS} bars to a doubling of the time."
    return section("latency", "Latency", body, note)


def latency_data(latencies: Mapping[str, Mapping[int, int]]) -> dict[str, Any]:
    """bars: of each name pairs of bar and count, beside one another in a list."""
    flat = {
        name: [number for pair in bars.items() for number in pair]
        for name, bars in latencies.items()
    }
    return {"steps": STEPS, "bars": flat}


def timeline_section(line: Timeline, drawn: int, calls: int) -> str:
    """drawn: of `calls` so many are shown one by one."""
    if not line.lanes:
        return section("timeline", "Timeline", nothing("no calls"))
    boxes = "".join(
        f'<label class="key"><input type="checkbox" checked value="{i}">'
        f'<span class="swatch c{i}"></span>{name}</label>'
        for i, name in enumerate(CLASSES)
    )
    body = (
        f'<fieldset class="tools keys"><legend>time in calls for</legend>{boxes}'
        '<button type="button" id="whole">whole run</button></fieldset>\n'
        '<div class="plot" id="timeline-plot"></div>'
    )
    notes = [
        f"Each cell is {duration(round(line.part_ns)).rstrip()} of a thread; its colour is what"
        " took most of the time of its calls, the stronger the more of the cell that is."
    ]
    if drawn < calls:
        notes.append(
            f"The {drawn:,} longest of {calls:,} calls are drawn one by one, too: drag to zoom."
        )
    elif calls:
        notes.append("Each call is drawn, too: drag to zoom.")
    if line.left:
        notes.append(
            f"The {len(line.lanes) - 1} threads with most events have a line each, the other"
            f" {line.left:,} one together."
        )
    return section("timeline", "Timeline", body, " ".join(notes))


def timeline_data(line: Timeline, calls: Sequence[Call]) -> dict[str, Any]:
    """Of cells that are not empty alone, lists side by side; `share` in thousandths of a cell.
    calls: those that are drawn one by one."""
    part = shares(line)
    lanes, kinds, cells = np.nonzero(part)
    began, at = np.nonzero(line.calls)
    place = {(lane.pid, lane.tid): i for i, lane in enumerate(line.lanes)}
    others = len(line.lanes) - 1
    return {
        "parts": line.calls.shape[1],
        "part_ns": line.part_ns,
        "classes": list(CLASSES),
        "lanes": [_label(lane, line.left) for lane in line.lanes],
        "alive": [[lane.first, lane.last] for lane in line.lanes],
        "lane": lanes.tolist(),
        "kind": kinds.tolist(),
        "cell": cells.tolist(),
        "share": part[lanes, kinds, cells].tolist(),
        "began": [began.tolist(), at.tolist(), line.calls[began, at].tolist()],
        "drawn": [
            [
                place.get((call.pid, call.tid), others),
                call.time_ns - line.origin_ns,
                call.duration_ns,
                class_of(call.nr, call.abi_index),
                plot_text(str(call)),
            ]
            for call in calls
            if call.duration_ns
        ],
    }


def _label(lane: Lane, left: int) -> str:
    """As plotly wants it, to which tags are tags."""
    if not lane.pid:
        return f"{left:,} other threads"
    who = f"{lane.comm or '?'} {lane.pid}"
    return plot_text(who if lane.pid == lane.tid else f"{who}/{lane.tid}")
