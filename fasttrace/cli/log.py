"""What the library logs, said as lines of ours. Apart, for `logging` takes its time to load."""

from __future__ import annotations

import logging

from fasttrace.cli.output import say


class _Said(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


_said = _Said()


def say_log(*, verbose: bool) -> None:
    """From now on say what the library logs: warnings, or with `verbose` all that informs."""
    log = logging.getLogger("fasttrace")
    log.addHandler(_said)  # once
    log.setLevel(logging.INFO if verbose else logging.WARNING)
