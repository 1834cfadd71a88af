"""A line of the log for each process that was not traced inline though it was to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttrace._core import PROCESS_SIZE, STUCK, process_rows
from fasttrace.system.log import INFO, WARNING, log
from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from fasttrace.tracing.state import Snapshot


def log_fallbacks(last: Snapshot, *, spawned: bool) -> None:
    """spawned: the processes are a command's, and were not attached to."""
    records, strings = last.processes
    left = process_rows(records, strings, left=True)
    for row in left:
        name = printable(row.comm.decode("utf-8", "surrogateescape")) or "a process"
        if row.fallback == STUCK:
            end = "killed" if spawned else "let go"
            log(WARNING, "%s (%d) was %s: %s", name, row.pid, end, row.fallback)
        else:
            log(INFO, "%s (%d): engine ptrace: %s", name, row.pid, row.fallback)
    count = len(records) // PROCESS_SIZE
    log(INFO, "%d of %d processes were not traced inline", len(left), count)
