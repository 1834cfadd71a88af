"""`fasttrace seccomp merge`: a profile that lets through what any of several do."""

from __future__ import annotations

import argparse

from fasttrace.cli.output import Output, say
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.seccomp.options import add_target_options, target_of

EXAMPLE = "fasttrace seccomp merge first.json second.json -o both.json"
TAKES_COMMAND = False


def configure(parser: VerbParser) -> None:
    parser.add_argument("profiles", metavar="PROFILE", nargs="+", help="JSON profiles")
    parser.add_argument(
        "-o", dest="output", metavar="FILE", help="write there, may be one of the profiles"
    )
    add_target_options(parser)


def run(args: argparse.Namespace) -> int:
    from fasttrace.seccomp.ask.merge import merge_profiles
    from fasttrace.seccomp.profile.reader import load

    # All is read before anything is written: the output may be one of the inputs.
    merged = merge_profiles([load(path) for path in args.profiles], target_of(args))
    for conflict in merged.conflicts:
        say(conflict)
    with Output(args.output, fd=1) as output:
        output.write(merged.profile.to_json())
    return output.status
