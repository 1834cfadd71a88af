"""What the library tells to the logger "fasttrace" of `logging`, which is loaded when it is needed.

That is when the program has loaded it, or there is a warning: it takes a fifth of the time that we
need to start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

INFO, WARNING = 20, 30  # logging's

on_load: Callable[[], None] | None = None
"""What is to be done, once, before the first message of ours."""


def log(level: int, message: str, *args: object) -> None:
    """args: as for `logging`, put into the message if it is heard."""
    global on_load
    if level < WARNING and "logging" not in sys.modules:
        return  # nobody hears it
    import logging

    first, on_load = on_load, None
    if first:
        first()
    logging.getLogger("fasttrace").log(level, message, *args)
