"""How a program ended, in words."""

from __future__ import annotations


def program_end(exit_status: int) -> str:
    """exit_status: as subprocess has it.

    >>> program_end(3), program_end(-9)
    ('exit status 3', 'killed by signal 9')
    """
    return f"killed by signal {-exit_status}" if exit_status < 0 else f"exit status {exit_status}"
