"""What the events tell that are no calls, as text: signals, births, programs, ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

from fasttrace.data.events import Flag, Kind, PayloadItem, PayloadType
from fasttrace.data.processes import split_argv
from fasttrace.text.quoted import quote

FORKS = {1: "fork", 2: "vfork", 3: "clone"}


def described(
    kind: int, nr: int, ret: int, args: list[int], flags: int, items: Iterable[PayloadItem]
) -> str:
    """What an event that is no syscall tells."""
    if kind == Kind.SIGNAL:
        return _signal_text(nr, args)
    if kind == Kind.STOP:
        return f"stopped by {signal_name(nr)}"
    if kind == Kind.FORK:
        what = "thread" if flags & Flag.THREAD else FORKS.get(nr, "fork")
        return f"{what} {ret}"
    if kind == Kind.EXIT:
        return task_end(ret, bool(flags & Flag.THREAD))
    if kind == Kind.LOST:
        return f"{ret} events lost here"
    argv = [
        quote(os.fsencode(word))
        for item in items
        if item.type == PayloadType.ARGV
        for word in split_argv(item.data)
    ]
    if kind == Kind.EXEC:
        return f"exec [{', '.join(argv)}]"
    if kind == Kind.ATTACH:
        return f"attached [{', '.join(argv)}]" if argv else "attached"
    return f"event of unknown kind {kind}"


def signal_name(number: int) -> str:
    """``signal_name(15)`` is "SIGTERM"; real-time signals count from the kernel's SIGRTMIN, 32."""
    if number >= 32:
        return f"SIGRTMIN+{number - 32}" if number > 32 else "SIGRTMIN"
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _signal_text(number: int, args: list[int]) -> str:
    code, pid, uid, address = args[:4]
    name = signal_name(number)
    if code >> 63:
        code -= 1 << 64
    if pid:
        return f"{name} from pid {pid}, uid {uid}"
    if address:
        return f"{name} at {address:#x}, code {code}"
    return f"{name} from the kernel, code {code}" if code > 0 else f"{name}, code {code}"


def task_end(status: int, thread: bool = False) -> str:
    """status: as wait4(2) gives it; a damaged trace may hold anything."""
    status &= 0xFFFF
    what = "thread ended" if thread else "exited"
    if os.WIFSIGNALED(status):
        core = ", core dumped" if os.WCOREDUMP(status) else ""
        return f"killed by {signal_name(os.WTERMSIG(status))}{core}"
    return f"{what} with {os.WEXITSTATUS(status)}"
