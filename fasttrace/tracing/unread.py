"""A line of the log where a process had a CPython whose lines cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fasttrace._core import PYTHON_OLD, unread_pythons
from fasttrace.system.log import WARNING, log
from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from fasttrace.tracing.state import Snapshot

LINES_MAX = 8
RELEASES = {0xA: "a", 0xB: "b", 0xC: "rc"}


def log_unread_pythons(last: Snapshot) -> None:
    """One for each version, with the first process that had it."""
    processes: dict[int, list[tuple[int, bytes]]] = {}
    for pid, comm, version in unread_pythons(last.processes[0]):
        processes.setdefault(version, []).append((pid, comm))
    for version, ((pid, comm), *others) in list(processes.items())[:LINES_MAX]:
        name = printable(comm.decode("utf-8", "surrogateescape")) or "a process"
        more = f" and {len(others)} more" if others else ""
        why = f"CPython {version_name(version)}"
        log(WARNING, "%s (%d)%s: no lines of Python, cannot read those of %s", name, pid, more, why)
    if len(processes) > LINES_MAX:
        log(WARNING, "nor those of %d other versions", len(processes) - LINES_MAX)


def version_name(version: int) -> str:
    """PY_VERSION_HEX in words; of a process, which may say anything."""
    if version == PYTHON_OLD:
        return "before 3.11"
    major, minor, micro = version >> 24, version >> 16 & 0xFF, version >> 8 & 0xFF
    release = RELEASES.get(version >> 4 & 0xF)
    return f"{major}.{minor}.{micro}" + (f"{release}{version & 0xF}" if release else "")
