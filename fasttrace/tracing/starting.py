"""How a session gets its first processes, and why it does not, in words."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from fasttrace._core import Session, StartError
from fasttrace.errors import NoSuchProcess

if TYPE_CHECKING:
    from fasttrace.seccomp.filter.wall import Wall
    from fasttrace.tracing.command import Command


def attach(session: Session, pid: int, pids: list[int]) -> int:
    """To `pid`, or to all `pids` if there are any; returns the first. Raises an error of
    `fasttrace.errors`."""
    try:
        return session.attach_all(pids) if pids else session.attach(pid)
    except StartError as error:
        from fasttrace.system.diagnosis import attach_error

        which = error.pid if pids else pid
        raise attach_error(which, error.errno or 0, error.stage) from None
    except OverflowError:  # no pid has that many digits
        raise NoSuchProcess.of(max(pids, default=pid)) from None


def spawn(session: Session, command: Command, wall: Wall | None, unblocked: Iterable[int]) -> int:
    """Returns the command's pid. Raises an error of `fasttrace.errors`.

    unblocked: signals that it takes though the calling thread blocks them.
    """
    program, flags = wall or (None, 0)
    try:
        with ExitStack() as stack:
            return session.spawn(
                command.path,
                command.argv,
                command.env,
                command.cwd,
                command.descriptors(stack),
                command.default_signals,
                program,
                flags,
                unblocked_signals=sum(1 << (number - 1) for number in set(unblocked)),
            )
    except StartError as error:
        from fasttrace.system.diagnosis import spawn_error

        path = os.fsdecode(command.path)
        cwd = None if command.cwd is None else os.fsdecode(command.cwd)
        refused = wall.start_error(error) if wall is not None else None
        raise refused or spawn_error(path, error.errno or 0, error.stage, cwd) from None
