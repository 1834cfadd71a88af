"""`fasttrace completion`: a script with which a shell completes verbs, options, files, commands."""

from __future__ import annotations

import argparse

from fasttrace.cli.output import show
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.whole import whole_parser
from fasttrace.data.export.extras import extra

EXAMPLE = "fasttrace completion bash > ~/.local/share/bash-completion/completions/fasttrace"
TAKES_COMMAND = False

# What shtab takes for each shell, by what we call the value.
_COMMAND = {"bash": "_fasttrace_command", "zsh": "_normal -p fasttrace", "tcsh": "c"}
_PID = {"bash": "_fasttrace_pid", "zsh": "_pids", "tcsh": ""}
_PREAMBLE = {
    "bash": """
_fasttrace_command() { compgen -A command -- "$1"; compgen -f -- "$1"; }
_fasttrace_pid() { compgen -W "$(cd /proc && echo [1-9]*)" -- "$1"; }
""",
}


def configure(parser: VerbParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="whose")


def run(args: argparse.Namespace) -> int:
    shtab = extra("shtab", "completion")

    def mark(action: argparse.Action) -> None:
        complete = {
            "COMMAND": _COMMAND,
            "PID": _PID,
            "FILE": shtab.FILE,
            "PROFILE": shtab.FILE,
            "FOLDER": shtab.DIRECTORY,
        }.get(str(action.metavar).partition("[")[0])
        if complete is not None:
            action.complete = complete  # type: ignore[attr-defined]

    return show(shtab.complete(whole_parser(mark), args.shell, preamble=_PREAMBLE) + "\n")
