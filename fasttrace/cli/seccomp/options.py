"""What the verbs about profiles have in common: the machine that a profile is for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fasttrace.cli.parser import VerbParser

if TYPE_CHECKING:
    from fasttrace.seccomp.profile.resolve import Target


def add_target_options(parser: VerbParser) -> None:
    parser.add_argument("--arch", help="for this architecture, as arm64; else this machine's")
    parser.add_argument(
        "--kernel", metavar="VERSION", help="for this kernel, as 5.10; else this machine's"
    )
    parser.add_argument(
        "--caps",
        metavar="CAPS",
        help="with these capabilities: names, +names, all, none, or mine; else those that docker "
        "gives a container",
    )


def target_of(args: argparse.Namespace) -> Target:
    from fasttrace.seccomp.profile.resolve import target

    return target(args.arch, args.kernel, args.caps)
