"""`fasttrace seccomp explain`: what happens to a call under a profile."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.seccomp.options import add_target_options, target_of
from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from fasttrace.seccomp.ask.explain import Explanation

EXAMPLE = "fasttrace seccomp explain profile.json openat socket:AF_INET clone:flags=CLONE_NEWUSER"
TAKES_COMMAND = False


def configure(parser: VerbParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="a JSON profile")
    parser.add_argument(
        "calls",
        metavar="CALL",
        nargs="+",
        help="NAME[@ARCH][:ARG,...]; ARG is VALUE, INDEX=VALUE or PARAMETER=VALUE",
    )
    add_target_options(parser)
    parser.add_argument("--json", action="store_true", help="a JSON object for each call, in lines")


def run(args: argparse.Namespace) -> int:
    from fasttrace.seccomp.ask.explain import explain
    from fasttrace.seccomp.ask.query import query_of
    from fasttrace.seccomp.filter.compile import compile_profile
    from fasttrace.seccomp.profile.reader import load

    compiled = compile_profile(load(args.profile), target_of(args))
    found = [explain(compiled, query_of(call, compiled)) for call in args.calls]
    output = Output(fd=1)
    if args.json:
        import json

        output.write("".join(json.dumps(_json(one)) + "\n" for one in found))
    else:
        output.write(_text(found, output.width))
    return output.status


def _text(found: list[Explanation], width: int | None) -> str:
    rows: list[tuple[str, str, str]] = []
    for one in found:
        if len(one.cases) == 1:
            case = one.cases[0]
            rows.append((one.query.text, str(case.verdict), ", ".join(case.reasons)))
            continue
        note = "depends on its arguments" + (" (not all were tried)" if one.sampled else "")
        rows.append((one.query.text, note, ""))
        rows += [
            (f"  {case.when}", str(case.verdict), ", ".join(case.reasons)) for case in one.cases
        ]
    # What was asked, and a profile's words.
    rows = [(printable(left), verdict, printable(why)) for left, verdict, why in rows]
    columns = Columns([row for row in rows if row[2]], "<<<", most=48, width=width)
    return "".join(f"{columns.line(row)}\n" for row in rows)


def _json(one: Explanation) -> dict[str, Any]:
    return {
        "call": one.query.text,
        "name": one.query.name,
        "nr": one.query.nr,
        "arch": one.query.arch,
        "args": {str(index): value for index, value in one.query.given},
        "sampled": one.sampled,
        "cases": [
            {
                "action": case.verdict.action,
                "data": case.verdict.data,
                "value": case.verdict.value,
                "when": case.when,
                "example": list(case.example),
                "reasons": list(case.reasons),
            }
            for case in one.cases
        ],
    }
