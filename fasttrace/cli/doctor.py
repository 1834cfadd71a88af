"""`fasttrace doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import argparse

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser
from fasttrace.text.color import GREEN, RED, YELLOW, painted
from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable

EXAMPLE = "fasttrace doctor --json"
TAKES_COMMAND = False

_MARKS = {"ok": "ok", "note": "--", "bad": "NO"}
_COLORS = {"ok": GREEN, "note": YELLOW, "bad": RED}


def configure(parser: VerbParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    from fasttrace._core import inline_unusable
    from fasttrace.tracing.health import checks, works

    found = checks()
    able = works(found)
    name = "ptrace" if inline_unusable() else "inline"
    output = Output(fd=1)
    if args.json:
        import json

        shown = {
            "works": able,
            "engine": name if able else None,
            "checks": [check._asdict() for check in found],
        }
        output.write(json.dumps(shown) + "\n")
        return 0 if able else 1
    rows = [(f"{_MARKS[check.state]} {check.name}", printable(check.found)) for check in found]
    columns = Columns(rows, "<<", width=output.width)
    for check, (label, what) in zip(found, rows, strict=True):
        told = columns.wrapped(what)
        if check.remedy:
            told += columns.wrapped(f"-> {printable(check.remedy)}")
        first, *others = map(columns.line, [(label, told[0]), *(("", text) for text in told[1:])])
        mark = painted(first[:2], _COLORS[check.state], color=output.color)
        output.write("\n".join([mark + first[2:], *others, ""]))
    engine = f"tracing works; engine: {name}" if able else "tracing does not work here"
    output.write(f"\n{engine}\n")
    return 0 if able else 1
