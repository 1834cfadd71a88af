"""The memory of a traced task, through /proc/PID/mem (proc(5)).

A tracer reads and writes there what a debugger may: also what the task itself may only read, such
as its text. Nothing keeps the task's other threads, or whoever shares its memory, from changing the
same bytes at the same time: what was read may be different a moment later.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from fasttrace.errors import MemoryFault

PAGE = 4096
_END = 1 << 63  # addresses from here on are the kernel's


def read(tid: int, address: int, size: int) -> bytes:
    """Up to `size` bytes; fewer where a page follows that cannot be read.

    MemoryFault: not even the first can. ProcessLookupError: the task has gone.
    """
    if size < 0:
        raise ValueError(f"cannot read {size} bytes")
    if not size:
        return b""
    if not 0 <= address < _END:
        raise _fault("read", address, 0)
    with _open(tid, os.O_RDONLY) as fd:
        parts: list[bytes] = []
        while size:
            try:
                part = os.pread(fd, min(size, _END - address), address)
            except OSError as error:
                if error.errno not in (errno.EIO, errno.EFAULT):
                    raise
                break
            if not part:
                if not parts:
                    raise ProcessLookupError(errno.ESRCH, f"task {tid} has no memory: it has ended")
                break
            parts.append(part)
            size -= len(part)
            address += len(part)
            if address >= _END:
                break
    if not parts:
        raise _fault("read", address, 0)
    return b"".join(parts)


def write(tid: int, address: int, data: bytes) -> None:
    """Write all of `data`.

    MemoryFault: there is a page that cannot be written; its `done` says how many bytes before it
    were. ProcessLookupError: the task has gone.
    """
    view = memoryview(data).cast("B")
    if not 0 <= address < _END:
        raise _fault("write", address, 0)
    done = 0
    with _open(tid, os.O_WRONLY) as fd:
        while done < len(view):
            try:
                count = os.pwrite(fd, view[done:], address + done)
            except OSError as error:
                if error.errno not in (errno.EIO, errno.EFAULT):
                    raise
                raise _fault("write", address + done, done) from None
            if not count:
                raise ProcessLookupError(errno.ESRCH, f"task {tid} has no memory: it has ended")
            done += count


def read_string(tid: int, address: int, limit: int) -> bytes:
    """The bytes before the first NUL; without one, as many as `read` gives of `limit`.

    Errors: as `read`.
    """
    parts: list[bytes] = []
    while limit > 0:
        # Page by page: the next one may not be there.
        size = min(limit, PAGE - address % PAGE)
        try:
            part = read(tid, address, size)
        except MemoryFault:
            if not parts:
                raise
            break
        before, nul, _ = part.partition(b"\0")
        parts.append(before)
        if nul:
            break
        limit -= size
        address += size
    return b"".join(parts)


def _fault(what: str, address: int, done: int) -> MemoryFault:
    fault = MemoryFault(errno.EFAULT, f"cannot {what} memory at {address:#x}: not mapped")
    fault.done = done
    return fault


@contextmanager
def _open(tid: int, flags: int) -> Iterator[int]:
    # Anew each time: an exec gives other memory.
    try:
        fd = os.open(f"/proc/{tid}/mem", flags | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ProcessLookupError(errno.ESRCH, f"there is no task {tid}") from None
    try:
        yield fd
    finally:
        os.close(fd)
