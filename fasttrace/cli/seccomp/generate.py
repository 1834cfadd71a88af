"""`fasttrace seccomp generate`: make a profile of what a command is observed to call."""

from __future__ import annotations

import argparse
import shlex
from contextlib import nullcontext
from typing import TYPE_CHECKING

from fasttrace.cli.output import Output, OutputFile, say
from fasttrace.cli.parser import VerbParser, add_run_options
from fasttrace.cli.signals import held_back
from fasttrace.cli.traced import run_of
from fasttrace.errors import UsageError

if TYPE_CHECKING:
    from fasttrace.seccomp.generation.generated import Generated
    from fasttrace.seccomp.generation.observed import ObservedCalls
    from fasttrace.seccomp.profile.values import Profile

EXAMPLE = "fasttrace seccomp generate -o profile.json git status"
TAKES_COMMAND = True

_ACTIONS = {
    "kill-process": "SCMP_ACT_KILL_PROCESS",
    "kill-thread": "SCMP_ACT_KILL_THREAD",
    "trap": "SCMP_ACT_TRAP",
    "log": "SCMP_ACT_LOG",
}


def configure(parser: VerbParser) -> None:
    add_run_options(parser)
    parser.instead_of_command = "sources"
    parser.add_argument("-o", dest="output", metavar="FILE", help="write the profile to FILE")
    parser.add_argument(
        "--format",
        choices=("oci", "systemd", "text"),
        default="oci",
        help="docker's, podman's and OCI's JSON; lines of a systemd unit; a list to read",
    )
    parser.add_argument(
        "--from",
        dest="sources",
        metavar="FOLDER",
        action="append",
        default=[],
        help="what `fasttrace record` has made, too or instead of a command; may be repeated",
    )
    parser.add_argument("--update", metavar="PROFILE", help="a profile to add to, not a new one")
    parser.add_argument(
        "--floor", action="store_true", help="allow what any program on a C library may need, too"
    )
    parser.add_argument(
        "--container", action="store_true", help="allow what runc itself needs, too (docker ...)"
    )
    parser.add_argument(
        "--groups", action="store_true", help="with systemd, text: @groups where they fit"
    )
    parser.add_argument(
        "--limit",
        type=_limit,
        default=16,
        metavar="N",
        help="up to N different arguments of socket, ioctl, prctl, personality or clone become"
        " conditions; 0: none (default 16)",
    )
    parser.add_argument(
        "--default",
        type=_default,
        default=("SCMP_ACT_ERRNO", 1),
        metavar="ACTION",
        help=f"what happens to all other calls: an errno, {', '.join(_ACTIONS)} (default EPERM)",
    )


def run(args: argparse.Namespace) -> int:
    with held_back():
        from fasttrace.seccomp.generation.observed import ObservedCalls, add_saved

    if args.output is None and _runs(args):
        raise UsageError(
            "where shall the profile go? give -o FILE: the program has standard output"
        )
    if args.groups and args.format == "oci":
        raise UsageError(
            "a JSON profile has no groups: --groups goes with --format systemd or text"
        )
    if args.update and args.format == "systemd":
        raise UsageError("--update reads and writes JSON: leave --format systemd")
    if args.update and "default" in args.given:
        raise UsageError("--update keeps the profile's own default: leave --default")
    if not _runs(args):
        _check_not_running(args)
    update = _load(args.update)
    # Before the run, which may be long.
    file = None if args.output is None else OutputFile(args.output)
    observed = ObservedCalls(args.limit)
    with file or nullcontext():
        notices = [notice for folder in args.sources for notice in add_saved(observed, folder)]
        status = _add_run(observed, args) if _runs(args) else 0
        return _write(observed, args, file, update, notices) or status


def _runs(args: argparse.Namespace) -> bool:
    return bool(args.command) or args.pid is not None


def _check_not_running(args: argparse.Namespace) -> None:
    """UsageError: an option that says how to run, and nothing is run."""
    flags = {"no-follow": args.no_follow, "verbose": args.verbose, "engine": "engine" in args.given}
    for option, is_given in flags.items():
        if is_given:
            raise UsageError(f"--{option} goes with a command or -p PID: --from runs nothing")


def _add_run(observed: ObservedCalls, args: argparse.Namespace) -> int:
    """Count a run in; returns how it ended."""
    import numpy as np

    from fasttrace.data.events import EVENT_DTYPE

    with run_of(args, strings=False) as run:
        for block in run.blocks():
            observed.add(np.frombuffer(memoryview(block), EVENT_DTYPE))
        observed.finish()
        return run.status


def _write(
    observed: ObservedCalls,
    args: argparse.Namespace,
    file: OutputFile | None,
    update: Profile | None,
    notices: list[str],
) -> int:
    from fasttrace.seccomp.generation.generated import from_observed

    action, errno_ret = args.default
    made = from_observed(
        observed,
        floor=args.floor,
        container=args.container,
        default_action=action,
        errno_ret=errno_ret,
        update=update,
        notices=notices,
    )
    with Output(file, fd=1) as output:
        output.write(_text(made, args))
    for notice in made.notices:
        say(notice)
    if args.output is not None and not output.failed:
        say(_outcome(made, args))
    return output.status


def _text(made: Generated, args: argparse.Namespace) -> str:
    if args.format == "systemd":
        from fasttrace.seccomp.generation.systemd import systemd_lines

        return systemd_lines(made, groups=args.groups)
    if args.format == "text":
        from fasttrace.seccomp.generation.listing import listing

        return listing(made, groups=args.groups)
    return made.profile.to_json()


def _outcome(made: Generated, args: argparse.Namespace) -> str:
    text = (
        f"{args.output}: {len(made.calls)} calls were seen, {len(made.only_start)} of them only at"
        f" the start of programs; {len(made.added)} are added that a trace may not show"
    )
    if args.format == "oci" and args.command:
        words = " ".join(map(shlex.quote, args.command))
        text += f"; try it: fasttrace seccomp run --profile {shlex.quote(args.output)} {words}"
    return text


def _load(path: str | None) -> Profile | None:
    if path is None:
        return None
    from fasttrace.seccomp.profile.reader import load

    return load(path)


def _limit(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 9999")
    return int(text)


def _default(text: str) -> tuple[str, int | None]:
    """An action, and the errno where it has one."""
    if text in _ACTIONS:
        return _ACTIONS[text], None
    from fasttrace.syscalls.errnos import errno_number

    try:
        return "SCMP_ACT_ERRNO", errno_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; or {', '.join(_ACTIONS)}") from None
