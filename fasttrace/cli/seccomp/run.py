"""`fasttrace seccomp run`: run a command under a profile, or see what the profile would refuse."""

from __future__ import annotations

import argparse
import errno
import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.seccomp.options import add_target_options, target_of
from fasttrace.cli.signals import held_back
from fasttrace.cli.traced import Run
from fasttrace.errors import UsageError
from fasttrace.tracing.command import Command

if TYPE_CHECKING:
    from fasttrace.seccomp.ask.audit import Audit
    from fasttrace.seccomp.filter.wall import Wall

EXAMPLE = "fasttrace seccomp run --profile profile.json git status"
TAKES_COMMAND = True


def configure(parser: VerbParser) -> None:
    parser.add_argument("--profile", required=True, metavar="FILE", help="a JSON profile")
    parser.add_argument(
        "--audit", action="store_true", help="refuse nothing, but list what would be refused"
    )
    parser.add_argument("-o", dest="output", metavar="FILE", help="with --audit: the list's file")
    parser.add_argument("--json", action="store_true", help="with --audit: one JSON object")
    add_target_options(parser)


def run(args: argparse.Namespace) -> int:
    if not args.audit and (args.output is not None or args.json):
        raise UsageError("-o and --json go with --audit: a run under a profile prints nothing")
    if args.audit:
        return _audit(args)
    from fasttrace.seccomp.filter.wall import wall_of

    _become(wall_of(args.profile, target_of(args)), Command(args.command))


def _become(wall: Wall, command: Command) -> NoReturn:
    """Turn into the command, behind the wall.

    Nothing is traced, so nothing need stay between it and its parent: pid, signals, terminal and
    exit status are the command's own.
    """
    from fasttrace._core import StartError, become
    from fasttrace.system.diagnosis import spawn_error

    # Behind the wall there may be no way to say anything: so all that can be known is said before.
    refused = wall.refuses_start()
    if refused is not None:
        raise refused
    path = os.fsdecode(command.path)
    why = _cannot_start(path)
    if why:
        raise spawn_error(path, why, "exec")
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed when we started
            stream.flush()
    try:
        become(command.path, command.argv, command.env, command.default_signals, *wall)
    except StartError as error:
        raise wall.start_error(error) or spawn_error(path, error.errno or 0, error.stage) from None


def _cannot_start(path: str) -> int:
    """The errno that execve will give, as far as the file itself tells; 0: it may start."""
    file = Path(path)
    try:
        if stat.S_ISDIR(file.stat().st_mode) or not os.access(path, os.X_OK):
            return errno.EACCES
    except OSError as error:
        return error.errno or 0
    try:
        with file.open("rb") as program:
            head = program.read(4)
    except OSError:
        return 0  # to be executed, not to be read
    return 0 if head[:2] == b"#!" or head == b"\x7fELF" else errno.ENOEXEC


def _audit(args: argparse.Namespace) -> int:
    with held_back():
        import numpy as np

    from fasttrace.data.events import EVENT_DTYPE
    from fasttrace.seccomp.ask.audit import Audit
    from fasttrace.seccomp.filter.compile import compile_profile
    from fasttrace.seccomp.profile.reader import load

    audit = Audit(compile_profile(load(args.profile), target_of(args)).program)
    with Output(args.output) as output, Run(args.command, strings=False) as run:
        for block in run.blocks():
            events = np.frombuffer(memoryview(block), EVENT_DTYPE)
            audit.add(events, block.payload, block.payload_base)
        output.write(_json(audit) if args.json else _table(audit, output.width))
        output.close()
        return run.status or output.status


def _table(audit: Audit, width: int | None) -> str:
    from fasttrace.report.refused_table import refused_table

    return refused_table(audit.rows(), audit.calls, width=width) + "\n"


def _json(audit: Audit) -> str:
    rows = audit.rows()
    return json.dumps({"calls": audit.calls, "refused": [row.to_dict() for row in rows]}) + "\n"
