"""`fasttrace seccomp check`: what is wrong with a profile, and what a trace would have lost."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.seccomp.options import add_target_options, target_of
from fasttrace.text.table import Columns
from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from fasttrace.seccomp.ask.check import Finding, Lost
    from fasttrace.seccomp.filter.compile import Compiled

EXAMPLE = "fasttrace seccomp check profile.json --trace x.fst"
TAKES_COMMAND = False


def configure(parser: VerbParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="a JSON profile")
    parser.add_argument(
        "--trace",
        metavar="FOLDER",
        action="append",
        default=[],
        help="what `fasttrace record` has made: list its calls that the profile refuses, and "
        "exit with 1 if there are any; may be given several times",
    )
    add_target_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    from fasttrace.seccomp.ask.check import findings, lost
    from fasttrace.seccomp.filter.compile import compile_profile
    from fasttrace.seccomp.profile.reader import load

    compiled = compile_profile(load(args.profile), target_of(args))
    found = findings(compiled)
    refused: list[tuple[str, list[Lost]]] = []
    for folder in args.trace:
        from fasttrace.data.trace import load as load_trace

        refused.append((folder, lost(compiled, load_trace(folder))))
    output = Output(fd=1)
    if args.json:
        output.write(_json(compiled, found, refused))
    else:
        output.write(_about(compiled) + _findings(found))
        for folder, calls in refused:
            output.write(_lost(folder, calls, output.width))
    return output.status or int(any(calls for _, calls in refused))


def _about(compiled: Compiled) -> str:
    from fasttrace.seccomp.filter.interpret import Verdict
    from fasttrace.seccomp.profile.vocabulary import ARCHITECTURES

    resolved = compiled.resolved
    arches = ", ".join(ARCHITECTURES[arch][0] for arch in resolved.architectures)
    kernel = ".".join(map(str, resolved.target.kernel))
    newest = " and ENOSYS for newer calls" if compiled.highest else ""
    return (
        f"valid: {len(resolved.rules)} of {len(resolved.profile.rules)} rules apply on {arches}, "
        f"kernel {kernel}, {len(resolved.target.caps)} capabilities\n"
        f"default: {Verdict.of(resolved.default)}{newest}; {len(compiled.program)} instructions\n"
    )


def _findings(found: list[Finding]) -> str:
    lines = (f"{one.kind}: {one.where}{': ' if one.where else ''}{one.text}" for one in found)
    return "".join(f"{printable(line)}\n" for line in lines)


def _lost(folder: str, calls: list[Lost], width: int | None) -> str:
    folder = printable(folder)
    if not calls:
        return f"{folder}: every call goes through\n"
    rows = [("", f"{one.count:,}", one.text, str(one.verdict)) for one in calls]
    columns = Columns(rows, "<><<", width=width, flexible=2)
    total = sum(one.count for one in calls)
    lines = [f"{folder}: {total:,} calls would not go through", *map(columns.line, rows)]
    return "".join(f"{line}\n" for line in lines)


def _json(compiled: Compiled, found: list[Finding], refused: list[tuple[str, list[Lost]]]) -> str:
    import json
    from dataclasses import asdict

    resolved = compiled.resolved
    shown = {
        "valid": True,
        "architectures": list(resolved.architectures),
        "kernel": ".".join(map(str, resolved.target.kernel)),
        "caps": sorted(resolved.target.caps),
        "rules": len(resolved.profile.rules),
        "applied": len(resolved.rules),
        "instructions": len(compiled.program),
        "highest": compiled.highest,
        "findings": [asdict(one) for one in found],
        "traces": [
            {
                "trace": folder,
                "lost": [
                    {
                        "call": one.text,
                        "name": one.name,
                        "arch": one.arch,
                        "args": {str(index): value for index, value in one.args},
                        "action": one.verdict.action,
                        "data": one.verdict.data,
                        "count": one.count,
                    }
                    for one in calls
                ],
            }
            for folder, calls in refused
        ],
    }
    return json.dumps(shown) + "\n"
