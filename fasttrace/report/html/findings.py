"""What `why` says of the run, what cost most first."""

from __future__ import annotations

from fasttrace.analysis.finding import Finding, Why
from fasttrace.report.html.markup import nothing, section, shown, top_note
from fasttrace.report.why_table import NOTHING
from fasttrace.text.units import duration

FINDINGS = 50
"""So many are shown."""
_LINES = 20  # of the details of one


def findings_section(found: Why) -> str:
    notes = [top_note(len(found[:FINDINGS]), len(found), "findings", "costliest")]
    notes += map(shown, found.notes)
    note = "<br>".join(filter(None, notes))
    if not found.wall_ns:
        return section("findings", "Where the time went", nothing("no calls"), note)
    if not found:
        return section("findings", "Where the time went", nothing(NOTHING), note)
    items = "\n".join(_item(one, found.wall_ns) for one in found[:FINDINGS])
    return section(
        "findings", "Where the time went", f'<ol class="findings">\n{items}\n</ol>', note
    )


def _item(one: Finding, wall_ns: int) -> str:
    share = f"{100 * one.cost_ns / wall_ns:.0f} % of the run"
    lines = one.text.split("\n")
    more = [f"… {len(lines) - _LINES} more lines: fasttrace why"] if len(lines) > _LINES else []
    details = "".join(f"<p>{shown(line)}</p>" for line in [*lines[:_LINES], *more] if line)
    return (
        f'<li><span class="cost">{duration(one.cost_ns).rstrip()}<small>{share}</small></span>'
        f"<div><strong>{shown(one.title)}</strong>{details}</div></li>"
    )
