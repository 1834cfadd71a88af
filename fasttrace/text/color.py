"""Colours of a terminal: who wants them, and what writes them."""

from __future__ import annotations

import os

BOLD, DIM = "\x1b[1m", "\x1b[2m"
RED, GREEN, YELLOW, CYAN = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"
RESET = "\x1b[0m"
CLEAR_LINE = "\r\x1b[K"


def is_color_wanted(is_terminal: bool) -> bool:
    """Whether an output is to have colours.

    A terminal that knows them has, and with FORCE_COLOR (https://force-color.org) any output; but
    none with NO_COLOR (https://no-color.org).
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal and os.environ.get("TERM", "dumb") != "dumb"


def painted(text: str, escape: str, *, color: bool = True) -> str:
    r"""The text behind an escape, and RESET; as it is without `color`.

    >>> painted("no", RED)
    '\x1b[31mno\x1b[0m'
    >>> painted("no", RED, color=False)
    'no'
    """
    return escape + text + RESET if color else text
