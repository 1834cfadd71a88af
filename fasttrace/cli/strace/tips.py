"""What --tips tells at the end: something about `fasttrace strace` that one may not know."""

from __future__ import annotations

import random
import re

from fasttrace.cli.strace.getopt import BadArgument

TIPS = (
    "-f costs little here: tasks that are followed record their own calls.",
    "Without -f only ptrace works, two stops a call. Try -f, and -e trace= for what you look for.",
    "fasttrace summary CMD counts and times calls, at a fraction of what -c costs elsewhere.",
    "-e trace=%file,!stat -Z shows what a program looks for and does not find.",
    "-e inject=openat:error=ENOSPC:when=3 tells how a program takes a full disk.",
    "fasttrace record -o DIR CMD keeps all calls; report, diff and Python read them later.",
    "-v shows whole structures, and environments with their secrets: mind where -o writes.",
    "fasttrace doctor says which engine works on this machine, and what stands in the way.",
)
_FORMATS = ("none", "compact", "full")


def read_tip(text: str) -> str | None:
    """The tip that an option's value asks for: [id:]random or a number, and
    [format:]none, compact or full; None: none. Raises BadArgument."""
    which, form = "random", "compact"
    for word in text.split(",") if text else ():
        kind, _, value = word.rpartition(":")
        if kind in ("", "format") and value in _FORMATS:
            form = value
        elif kind in ("", "id") and (value == "random" or re.fullmatch(r"\d{1,9}", value, re.A)):
            which = value
        else:
            raise BadArgument
    if form == "none":
        return None
    number = random.randrange(len(TIPS)) if which == "random" else int(which)
    return TIPS[number % len(TIPS)]
