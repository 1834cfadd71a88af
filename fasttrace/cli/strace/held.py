"""A process that waits until it is traced, and then executes the command: for -D and -u.

Its first call that the tracer sees is that execve(2): it waits for the tracer to come in a read(2),
and for it to be there in no call at all.
"""

from __future__ import annotations

import mmap
import os
import select
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from fasttrace.cli.strace.getopt import BadOption
from fasttrace.cli.strace.texts import say
from fasttrace.errors import CommandNotFound
from fasttrace.tracing.command import Command

_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
_PR_SET_PTRACER = 0x59616D61
_GO, _STOP = 1, 2
_SPINS = 50_000_000


class Held:
    """Made before it forks. The program's side calls `execute`, the tracer's `comes` before it
    attaches, `go` when it has, and `close` at the end.

    Raises BadOption: there is no such command, or no such user.

    Args:
        argv: the command.
        env: its environment; None: ours.
        user: whose rights it gets.
    """

    def __init__(self, argv: Sequence[str], env: dict[str, str] | None, user: str | None) -> None:
        try:
            self._command = Command(argv, env=env)
            os.stat(self._command.path)  # noqa: PTH116 - Path takes no bytes
        except (CommandNotFound, FileNotFoundError):
            reason = os.strerror(2)
            raise BadOption(f"Can't stat '{argv[0]}': {reason}", hint=False) from None
        self._rights = _rights(user) if user is not None else None
        self._flag = mmap.mmap(-1, 2)  # both sides' memory: what the tracer says, what it hears
        self._read, self._write = os.pipe()

    def comes(self) -> None:
        """The tracer is about to attach: it waits until the program makes no more calls."""
        os.close(self._read)
        os.write(self._write, b"\0")
        ended = select.poll()
        ended.register(self._write, 0)  # POLLERR comes unasked
        while not self._flag[1] and not ended.poll(1):
            pass

    def go(self) -> None:
        self._flag[0] = _GO
        self.close()

    def close(self) -> None:
        """There is no tracer, if it has not said `go`."""
        if self._write >= 0:
            self._flag[0] = self._flag[0] or _STOP
            os.close(self._write)
            self._write = -1

    def execute(self) -> NoReturn:
        """Wait, and become the command; or end with 1."""
        os.close(self._write)
        if self._rights is not None:
            groups, gid, uid = self._rights
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)  # ignored by the interpreter: see Command
        path, argv = self._command.path, self._command.argv
        env = dict(entry.split(b"=", 1) for entry in self._command.env)
        with suppress(OSError):
            os.execve(b"", argv, env)  # what memory that takes is had before the tracer looks
        if _is_restricted():
            _let_anybody_trace()
        flag, spins = self._flag, 0
        if os.read(self._read, 1):
            flag[1] = 1
            while not flag[0]:
                spins += 1
                # A tracer that died between the two says nothing more.
                if not spins % _SPINS and _is_closed(self._read):
                    break
        if flag[0] == _GO:
            try:
                os.execve(path, argv, env)
            except OSError as error:
                say(f"exec: {error.strerror}")
        os._exit(1)


def _rights(user: str) -> tuple[list[int], int, int]:
    """Groups, group and user."""
    import pwd

    if os.geteuid() != 0:
        raise BadOption("You must be root to use the -u/--username option", hint=False)
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise BadOption(f"Cannot find user '{user}'", hint=False) from None
    return os.getgrouplist(user, entry.pw_gid), entry.pw_gid, entry.pw_uid


def as_grandchild(held: Held, how: int) -> int:
    """Go on as a grandchild of ours, which traces; we become the command. Returns our pid, in the
    grandchild. how: 1: in our process group, 2: in one of its own, 3: in a session of its own."""
    pid = os.getpid()
    child = os.fork()
    if child:
        with suppress(ChildProcessError):  # SIGCHLD is ignored
            os.waitpid(child, 0)
        held.execute()
    if os.fork():
        os._exit(0)
    if how == 2:
        os.setpgid(0, 0)
    elif how > 2:
        os.setsid()
    # Who reads the program's output would wait for our end, too.
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null, 0)
    os.dup2(null, 1)
    return pid


def as_child(held: Held) -> int:
    """A child of ours that becomes the command: its pid."""
    child = os.fork()
    if not child:
        held.execute()
    return child


def _is_closed(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, 0)
    return bool(poll.poll(0))


def _let_anybody_trace() -> None:
    """PR_SET_PTRACER, prctl(2): the tracer is no ancestor."""
    import ctypes

    anybody = ctypes.c_ulong(-1)
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, anybody, *(ctypes.c_ulong(0),) * 3)


def _is_restricted() -> bool:
    """Whether none but ancestors may trace a process (Yama)."""
    try:
        return _YAMA.read_text().strip() not in ("0", "")
    except OSError:
        return False
