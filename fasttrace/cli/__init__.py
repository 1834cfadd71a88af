"""The command line: `fasttrace VERB ...`. One file per verb, in the list below."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from fasttrace.cli.ending import die_of, flush
from fasttrace.cli.output import say
from fasttrace.errors import FasttraceError

VERBS = {
    "summary": "run a command and count its system calls",
    "trace": "run a command and print each call as it happens",
    "record": "run a command and save all its calls in a folder",
    "run": "run a command and alter some of its system calls",
    "report": "show what was recorded",
    "bench": "measure what tracing costs a command, against other tracers",
    "doctor": "check what works on this machine",
}

_HINT = "see fasttrace --help"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line: returns the exit status, or dies of the signal the program died of.

    argv: without the name of the program; None: sys.argv[1:].
    """
    try:
        status = _run(list(sys.argv[1:] if argv is None else argv))
    except FasttraceError as error:
        say(str(error))
        status = error.exit_status
    except KeyboardInterrupt:
        status = -2  # SIGINT
    except SystemExit as end:  # argparse, after --help
        status = end.code if isinstance(end.code, int) else 0
    if not flush():
        status = status or -13  # SIGPIPE
    if status < 0:
        die_of(-status)
        return 128 - status
    return status


def _run(args: list[str]) -> int:
    if not args:
        print(_help(), file=sys.stderr)
        return 2
    verb, *rest = args
    if verb in ("-h", "--help", "help"):
        print(_help())
        return 0
    if verb in ("-V", "--version"):
        from fasttrace import __version__

        print(f"fasttrace {__version__}")
        return 0
    if verb not in VERBS:
        say(_unknown(verb))
        return 2
    from fasttrace.cli.parser import VerbParser

    module = import_module(f"fasttrace.cli.{verb}")
    parser = VerbParser(verb, VERBS[verb], module.EXAMPLE, takes_command=module.TAKES_COMMAND)
    module.configure(parser)
    status = module.run(parser.parse(rest))
    assert isinstance(status, int)
    return status


def _help() -> str:
    verbs = "\n".join(f"  {verb:9} {what}" for verb, what in VERBS.items())
    return (
        "usage: fasttrace VERB [OPTIONS] [--] [COMMAND ...]\n\n"
        "Record, count and show the system calls of a program and all its children.\n\n"
        f"{verbs}\n\n"
        "fasttrace VERB --help tells a verb's options. What fasttrace prints goes to standard\n"
        "error or to -o FILE; it exits as the program does.\n\n"
        "example: fasttrace summary git status"
    )


def _unknown(word: str) -> str:
    if word.startswith("-"):
        return f"unknown option {word}: options stand after the verb; {_HINT}"
    from difflib import get_close_matches

    close = get_close_matches(word, VERBS, n=1)
    if close:
        return f"there is no verb {word!r}; did you mean {close[0]}? {_HINT}"
    return f"there is no verb {word!r}; to trace a command: fasttrace summary {word}; {_HINT}"
