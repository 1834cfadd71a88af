"""The command line: `fasttrace VERB ...`. One file per verb, in the list below.

May import all other rooms, and is imported by none.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from fasttrace.cli.ending import die_of
from fasttrace.cli.output import Output, columns_of, say, show
from fasttrace.errors import FasttraceError, UsageError

if TYPE_CHECKING:
    import argparse

    from fasttrace.cli.parser import VerbParser


class Verb(Protocol):
    """What the file of a verb has."""

    EXAMPLE: str
    TAKES_COMMAND: bool

    def configure(self, parser: VerbParser) -> None: ...
    def run(self, args: argparse.Namespace) -> int:
        """The exit status, or -n: to die of signal n."""


class OwnVerb(Protocol):
    """What the room of a verb has that reads its own options."""

    EXAMPLE: str

    def main(self, words: Sequence[str]) -> int:
        """The exit status, or -n: to die of signal n."""


class Verbs(Protocol):
    """What the room of a verb has that has verbs of its own."""

    ABOUT: str
    EXAMPLE: str
    VERBS: dict[str, str]
    __name__: str


ABOUT = "Record, count and show the system calls of a program and all its children."
VERBS = {
    "summary": "run a command and count its system calls",
    "trace": "run a command and print each call as it happens",
    "record": "run a command and save all its calls in a folder",
    "strace": "take strace's options and write strace's lines: a stand-in for it",
    "run": "run a command and alter some of its system calls",
    "top": "show the calls of a command or a process while it runs",
    "report": "show what was recorded",
    "diff": "show how two recordings differ",
    "export": "write what was recorded as tables, timelines, flame graphs or lines",
    "scan": "count the calls of many recordings, as Parquet files",
    "html": "write what was recorded as one page for a browser",
    "tree": "show the processes of what was recorded",
    "why": "tell where the time of a recording, or of a command, went",
    "bench": "measure what tracing costs a command, against other tracers",
    "seccomp": "make, try, check and compare seccomp profiles",
    "doctor": "check what works on this machine",
    "completion": "write a script with which a shell completes all this",
}


_WHAT_AT = 13  # the column of the help where it stands what a verb does

# What may run out at any moment, and what to do about it.
_EXHAUSTED = {
    errno.EMFILE: "raise the limit of open files (ulimit -n), unless the program has lowered ours",
    errno.ENFILE: "the machine has too many open files (sysctl fs.file-max)",
    errno.ENOMEM: "there is too little memory",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line: returns the exit status, or dies of the signal the program died of.

    argv: without the name of the program; None: sys.argv[1:].
    """
    try:
        status = _run(list(sys.argv[1:] if argv is None else argv))
    except FasttraceError as error:
        say(str(error))
        status = error.exit_status
    except (OSError, ImportError) as error:
        number = _exhausted(error)
        if number is None:
            raise
        say(f"{os.strerror(number)}: the trace is cut short; {_EXHAUSTED[number]}")
        status = 1
    except KeyboardInterrupt:
        status = -2  # SIGINT
    except SystemExit as end:  # argparse, after --help
        status = end.code if isinstance(end.code, int) else 0
    if status < 0:
        die_of(-status)
        return 128 - status
    return status


def _exhausted(error: OSError | ImportError) -> int | None:
    """The number of what has run out, if that is what it says; that of a module is in its text."""
    if isinstance(error, OSError):
        return error.errno if error.errno in _EXHAUSTED else None
    return next((number for number in _EXHAUSTED if os.strerror(number) in str(error)), None)


def command() -> int:
    """`main` of a process that ends with it: what there is need not be searched for garbage then,
    which takes longer than all else at an end."""
    _restore_environment()
    status = main()
    gc.freeze()
    return status


def _restore_environment() -> None:
    """In the C locale the interpreter sets LC_CTYPE, for its children too (PEP 538); the program
    that is run is to find what we were given."""
    if os.environ.get("LC_CTYPE") not in ("C.UTF-8", "C.utf8", "UTF-8"):
        return
    from fasttrace.system.procfs import read_bytes

    given = read_bytes("/proc/self/environ")
    if given is not None and b"\0LC_CTYPE=" not in b"\0" + given:
        del os.environ["LC_CTYPE"]


def _run(args: list[str]) -> int:
    if sys.argv[0].rpartition("/")[2] == "strace":
        return _verb(["strace", *args], VERBS, "fasttrace", "fasttrace.cli", "")
    if args and args[0] in ("-V", "--version"):
        from fasttrace._version import __version__

        if len(args) > 1:
            raise UsageError(f"{args[0]} goes alone; see fasttrace --help")
        return show(f"fasttrace {__version__}\n")
    return _verb(args, VERBS, "fasttrace", "fasttrace.cli", _help())


def _fitted(text: str, width: int) -> str:
    """Lines that are too long for the terminal in several; what a verb does below its name."""
    if all(len(line) <= width for line in text.splitlines()):
        return text
    import textwrap  # not for every start

    lines = []
    for line in text.splitlines():
        indent = " " * (_WHAT_AT if line.startswith("  ") else 0)
        lines += textwrap.wrap(line, max(width, 30), subsequent_indent=indent) or [""]
    return "\n".join(lines)


def _verb(args: list[str], verbs: dict[str, str], program: str, package: str, help: str) -> int:
    """Runs one of the verbs, or one of those that a verb has."""
    if not args:
        Output(fd=2).write(f"{_fitted(help, columns_of(2) or 80)}\n")
        return 2
    verb, *rest = args
    if verb in ("-h", "--help", "help"):
        if not rest:
            return show(f"{_fitted(help, columns_of(1) or 80)}\n")
        verb, *rest = *rest, "--help"  # `help VERB` is `VERB --help`
    if verb not in verbs:
        say(_unknown(verb, verbs, program))
        return 2
    module = import_module(f"{package}.{verb}")
    name = f"{program} {verb}"
    if hasattr(module, "main"):
        return cast("OwnVerb", module).main(rest)
    if hasattr(module, "VERBS"):
        group = cast("Verbs", module)
        return _verb(rest, group.VERBS, name, group.__name__, _help_of(name, group))
    from fasttrace.cli.parser import VerbParser

    one = cast("Verb", module)
    short = name.partition(" ")[2]
    parser = VerbParser(short, verbs[verb], one.EXAMPLE, takes_command=one.TAKES_COMMAND)
    one.configure(parser)
    return one.run(parser.parse(rest))


def _table(verbs: dict[str, str]) -> str:
    return "\n".join(f"  {verb:{_WHAT_AT - 2}}{what}" for verb, what in verbs.items())


def _help() -> str:
    return (
        "usage: fasttrace VERB [OPTIONS] [--] [COMMAND ...]\n\n"
        f"{ABOUT}\n\n"
        f"{_table(VERBS)}\n\n"
        "fasttrace VERB --help tells a verb's options. What fasttrace prints goes to standard\n"
        "error or to -o FILE; it exits as the program does.\n\n"
        "example: fasttrace summary git status"
    )


def _help_of(name: str, module: Verbs) -> str:
    return (
        f"usage: {name} VERB [OPTIONS] ...\n\n{module.ABOUT}\n\n{_table(module.VERBS)}\n\n"
        f"{name} VERB --help tells a verb's options.\n\nexample: {module.EXAMPLE}"
    )


def _unknown(word: str, verbs: dict[str, str], program: str) -> str:
    hint = f"see {program} --help"
    if word.startswith("-"):
        return f"unknown option {word}: options stand after the verb; {hint}"
    from difflib import get_close_matches

    close = get_close_matches(word, verbs, n=1)
    if close:
        return f"there is no verb {word!r}; did you mean {close[0]}? {hint}"
    if verbs is not VERBS:
        return f"there is no verb {word!r}: one of {', '.join(verbs)}; {hint}"
    return f"there is no verb {word!r}; to trace a command: fasttrace summary {word}; {hint}"
