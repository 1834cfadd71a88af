"""`fasttrace strace`: strace's command line. What it has of it, and what not: docs/strace.md.

Like strace itself it says `strace:` before its messages and ends with status 1 where its options
mean nothing; so it can stand in for it, by an alias or a link of that name.
"""

from __future__ import annotations

from collections.abc import Sequence

from fasttrace.cli.output import show
from fasttrace.cli.strace.getopt import BadOption
from fasttrace.cli.strace.texts import say

EXAMPLE = "fasttrace strace -f -e trace=%file -o calls.txt make"


def main(words: Sequence[str]) -> int:
    """Run strace's command line: the exit status, or -n: to die of signal n."""
    from fasttrace.cli.strace.options import parse

    try:
        options = parse(words)
        if options.help:
            from fasttrace.cli.strace.help import HELP

            return show(HELP)
        if options.version:
            from fasttrace._version import __version__

            return show(f"fasttrace {__version__}, with the command line of strace 6.1\n")
        from fasttrace.cli.strace.run import run

        return run(options)
    except BadOption as error:
        say(str(error))
        if error.hint:
            say_help()
        return 1


def say_help() -> None:
    """Where help is to be had, in a line of its own."""
    import sys

    from fasttrace.cli.output import write_all

    if sys.stderr is not None:
        try:
            write_all(2, b"Try 'strace -h' for more information.\n")
        except OSError:
            return  # nobody is there to be told
