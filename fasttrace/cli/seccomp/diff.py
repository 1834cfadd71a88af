"""`fasttrace seccomp diff`: which calls two profiles treat differently."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.seccomp.options import add_target_options, target_of
from fasttrace.text.color import GREEN, RED, YELLOW, painted
from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from fasttrace.seccomp.ask.diff import Difference

EXAMPLE = "fasttrace seccomp diff old.json new.json"
TAKES_COMMAND = False

_SIGNS = {"allowed": "+", "refused": "-", "changed": "~"}
_COLORS = {"allowed": GREEN, "refused": RED, "changed": YELLOW}


def configure(parser: VerbParser) -> None:
    parser.add_argument("first", metavar="FIRST", help="a JSON profile")
    parser.add_argument("second", metavar="SECOND", help="another one")
    add_target_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """0: they do the same here. 1: they do not."""
    from fasttrace.seccomp.ask.diff import diff
    from fasttrace.seccomp.filter.compile import compile_profile
    from fasttrace.seccomp.profile.reader import load

    on = target_of(args)
    first, second = (compile_profile(load(path), on) for path in (args.first, args.second))
    found = diff(first, second)
    output = Output(fd=1)
    output.write(_json(found) if args.json else _text(found, args, output))
    return output.status or int(bool(found))


def _text(found: Difference, args: argparse.Namespace, output: Output) -> str:
    from fasttrace.seccomp.profile.vocabulary import ARCHITECTURES

    lines = []
    for arch in (*found.only_first, *found.only_second):
        path = args.first if arch in found.only_first else args.second
        lines.append(
            f"only {printable(path)} is for {ARCHITECTURES[arch][0]}; the other one kills there\n"
        )
    if found.flags:
        first, second = (", ".join(flags) or "none" for flags in found.flags)
        lines.append(f"flags: {first} -> {second}\n")
    rows = []
    for one in found.changes:
        where = ", ".join(ARCHITECTURES[arch][0] for arch in one.arches)
        label = f"{_SIGNS[one.kind]} {one.name}{f' ({where})' if where else ''} {one.when}"
        rows.append((label.rstrip(), f"{one.before} -> {one.after}"))
    columns = Columns(rows, "<<", most=50, width=output.width, flexible=0)
    for one, row in zip(found.changes, rows, strict=True):
        line = columns.line(row)
        lines.append(painted(line, _COLORS[one.kind], color=output.color) + "\n")
    return "".join(lines)


def _json(found: Difference) -> str:
    import json

    shown = {
        "same": not found,
        "only_first": list(found.only_first),
        "only_second": list(found.only_second),
        "flags": found.flags and [list(flags) for flags in found.flags],
        "changes": [
            {
                "name": one.name,
                "arches": list(one.arches),
                "kind": one.kind,
                "when": one.when,
                "exact": one.exact,
                "before": str(one.before),
                "after": str(one.after),
            }
            for one in found.changes
        ],
    }
    return json.dumps(shown) + "\n"
