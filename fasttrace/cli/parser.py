"""The options of the verbs, and where they end and the command to trace begins."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from fasttrace._core import PYTHON_FRAMES_MAX, STRING_LIMIT_MAX
from fasttrace.cli.output import columns_of, show
from fasttrace.errors import UsageError

_NARROW = 60  # columns of a terminal


class _Once(argparse._StoreAction):
    """An option with a value; a second one would make the first go without a word."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if option_string is not None:
            given: set[str] = namespace.given
            if self.dest in given:
                parser.error(f"{option_string} is given twice")
            given.add(self.dest)
        super().__call__(parser, namespace, values, option_string)


class _Formatter(argparse.HelpFormatter):
    """One is made for each option: argparse's own would load shutil to ask for the width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=(columns_of(1) or 80) - 2)


def _usage(verb: str, takes_command: bool) -> str | None:
    """None: as argparse makes it, which cannot break it in the middle of an option."""
    if not takes_command:
        return None if (columns_of(1) or 80) >= _NARROW else f"fasttrace {verb} [OPTIONS] ..."
    whole = f"fasttrace {verb} [OPTIONS] [--] COMMAND ..."
    fits = len("usage: ") + len(whole) <= (columns_of(1) or 80)
    return whole if fits else whole.replace(" [--]", "\n       [--]")


class VerbParser(argparse.ArgumentParser):
    """argparse for one verb; errors are one line with a hint.

    Args:
        verb, what, example: for the help text.
        takes_command: whether options end where the command to trace begins.
    """

    def __init__(self, verb: str, what: str, example: str, *, takes_command: bool) -> None:
        super().__init__(
            prog=f"fasttrace {verb}",
            usage=_usage(verb, takes_command),
            description=what[0].upper() + what[1:] + ".",
            epilog=f"example: {example}",
            allow_abbrev=False,
            formatter_class=_Formatter,
        )
        self.register("action", None, _Once)
        self._takes_command = takes_command
        self.instead_of_command = ""
        """An option, by its dest, that may stand instead of a command."""

    def print_help(self, file: object = None) -> NoReturn:
        self.exit(show(self.format_help()))

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")

    def parse(self, args: Sequence[str]) -> argparse.Namespace:
        """The options, with a command in `command`, and in `given` which of those that have a value
        were given. Raises UsageError."""
        options = argparse.Namespace(given=set())
        if not self._takes_command:
            return self.parse_args(args, options)
        end = self._options_end(args)
        self.parse_args(args[:end], options)
        command = list(args[end:])
        options.command = command[1:] if command[:1] == ["--"] else command
        pid = getattr(options, "pid", None)  # not every verb can attach
        instead = bool(getattr(options, self.instead_of_command or "command"))
        if pid is None and not options.command and not instead:
            self.error("no command: what shall be traced?")
        if pid is not None and options.command:
            self.error("give a command or -p PID, not both")
        if pid is not None and len(set(pid)) > 1:
            if options.no_follow:
                self.error("--no-follow goes with one process")
            if options.engine == "inline":
                self.error("--engine inline goes with one process: several are traced by ptrace")
        if getattr(options, "duration", None) is not None and pid is None:
            self.error("--duration goes with -p PID")
        return options

    def _options_end(self, args: Sequence[str]) -> int:
        """Index of the first word that is no option nor an option's value."""
        i = 0
        while i < len(args) and len(args[i]) > 1 and args[i][0] == "-" and args[i] != "--":
            action = self._option_string_actions.get(args[i])
            i += 2 if action is not None and action.nargs != 0 else 1
        return min(i, len(args))


def add_altering_options(parser: VerbParser) -> None:
    """What shall happen to some calls: `fasttrace.alter.language`."""
    parser.add_argument(
        "--deny",
        action="append",
        metavar="SET[=ERRNO]",
        help="these calls fail each time, with EPERM or another error: socket,%%process=EACCES; "
        "for tests, not as a wall: that is fasttrace seccomp",
    )
    parser.add_argument(
        "--inject",
        action="append",
        metavar="RULE",
        help="alter these calls: SET:error=ERRNO, or retval=N, signal=SIG, delay_enter=5ms, "
        "delay_exit=5ms, poke_enter=@arg1=00, poke_exit=@arg1=00, and which of them, as in "
        "when=3, when=3..5 or when=3+2; as in strace",
    )


def add_tracing_options(parser: VerbParser) -> None:
    """What all verbs that trace have in common."""
    add_altering_options(parser)
    parser.add_argument(
        "-e",
        dest="expression",
        metavar="SET",
        help="only these calls: names, %%class, /regex, ! for all but; as in strace",
    )
    add_run_options(parser)


def add_payload_options(parser: VerbParser) -> None:
    """How much of what arguments point to."""
    add_string_limit(
        parser, "keep N bytes of data that arguments point to (32); paths are kept whole"
    )
    parser.add_argument(
        "-y",
        dest="descriptors",
        action="store_true",
        help="look up what descriptors are: paths, devices, addresses of sockets",
    )


def add_string_limit(parser: VerbParser, help: str) -> None:
    parser.add_argument(
        "-s", dest="string_limit", type=_string_limit, default=32, metavar="N", help=help
    )


def add_python_options(parser: VerbParser, frames: int) -> None:
    """Which line of Python made a call. frames: so many of each call, unless it is said."""
    parser.add_argument(
        "--python",
        action="store_true",
        help="with each call of a CPython (3.11 and later), the file, line and function of Python"
        " that made it: docs/python.md",
    )
    parser.add_argument(
        "--frames",
        type=_frames,
        metavar="N",
        help=f"with --python: N frames, from the innermost outwards ({frames})",
    )
    parser.set_defaults(python_frames=frames)


def python_frames(args: argparse.Namespace) -> int:
    """What those options come to. UsageError: one means nothing without the other."""
    if args.frames is not None and not args.python:
        raise UsageError("--frames goes with --python")
    frames: int = args.frames or args.python_frames
    return frames if args.python else 0


def add_run_options(parser: VerbParser) -> None:
    """What to trace and how, but not which calls."""
    parser.add_argument(
        "-p",
        dest="pid",
        type=pids,
        action="extend",
        metavar="PID[,PID]",
        help="attach to a process, or to several; may be given again",
    )
    parser.add_argument(
        "--duration", type=_seconds, metavar="S", help="with -p: detach after S seconds"
    )
    add_engine_options(parser, "-v")


def add_engine_options(parser: VerbParser, *more: str) -> None:
    """Which tasks, and how; more: other names of --verbose."""
    parser.add_argument("--no-follow", action="store_true", help="leave children alone")
    parser.add_argument(
        "--engine", choices=("auto", "ptrace", "inline"), default="auto", help="how to trace"
    )
    parser.add_argument(
        *more,
        "--verbose",
        action="store_true",
        help="tell which engine traces, and which processes it does not suit",
    )


def a_number_of_lines(text: str) -> int:
    """A type of an option."""
    if not text.isdecimal() or not 0 < int(text) < 1 << 31:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of lines")
    return int(text)


def pids(text: str) -> list[int]:
    """A type of an option."""
    return _numbers(text, 1, "pid")


def descriptors(text: str) -> list[int]:
    """A type of an option."""
    return _numbers(text, 0, "descriptor")


def _numbers(text: str, least: int, what: str) -> list[int]:
    words = text.split(",")
    if not all(word.isdecimal() and least <= int(word) < 1 << 31 for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is no {what}, and no list of some")
    return [int(word) for word in words]


def _string_limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= STRING_LIMIT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {STRING_LIMIT_MAX}")
    return int(text)


def _frames(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= PYTHON_FRAMES_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {PYTHON_FRAMES_MAX}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds
