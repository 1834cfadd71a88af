"""An /etc/hosts that is only in our memory: files of a program, served by Python functions.

    python docs/examples/hosts_in_memory.py getent hosts fasttrace.example

The calls that open, read and close such a file are answered here, as a kernel in user space would
do it (gVisor, for one). All others, and all other files, are the kernel's. The program gets file
descriptors that the kernel does not know, so what is not emulated (mmap, dup, poll ...) fails with
EBADF instead of doing something wrong.

For 64-bit programs on x86-64. This is no sandbox: between our look at a path and the use of it
another thread may change it.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
from dataclasses import dataclass

import fasttrace
from fasttrace import Answer, HandledCall
from fasttrace.errors import MemoryFault

HOSTS = {b"/etc/hosts": b"127.0.0.1 localhost\n192.0.2.7 fasttrace.example\n"}

FIRST_FD = 1 << 20  # above what the kernel gives out
AT_EMPTY_PATH = 0x1000


@dataclass
class File:
    """An open file."""

    content: bytes
    offset: int = 0


class Files:
    """Files in memory, and what of them the processes have open."""

    def __init__(self, contents: dict[bytes, bytes]) -> None:
        self._contents = contents
        self._open: dict[tuple[int, int], File] = {}

    def opened(self, call: HandledCall, path_argument: int) -> Answer | None:
        content = self._contents.get(call.read_string(call.args[path_argument]))
        flags = call.args[path_argument + 1]
        if content is None:
            return None
        if flags & os.O_ACCMODE != os.O_RDONLY:
            return call.reply(errno="EROFS")
        fd = FIRST_FD + len(self._open)
        while (call.pid, fd) in self._open:
            fd += 1
        self._open[call.pid, fd] = File(content)
        return call.reply(fd)

    def file(self, call: HandledCall) -> File | None:
        return self._open.get((call.pid, call.args[0]))

    def closed(self, call: HandledCall) -> Answer | None:
        return None if self._open.pop((call.pid, call.args[0]), None) is None else call.reply(0)


def read(call: HandledCall, file: File, offset: int) -> Answer:
    """Answers with what is there, from the offset on."""
    data = file.content[offset : offset + call.args[2]]
    call.write_memory(call.args[1], data)
    return call.reply(len(data))


def stat_of(file: File) -> bytes:
    """struct stat of x86-64: a file of root's that all may read."""
    size = len(file.content)
    head = struct.pack("<QQQIIII", 0, 1, 1, stat.S_IFREG | 0o444, 0, 0, 0)
    return head + struct.pack("<Qqqq", 0, size, 4096, (size + 511) // 512) + bytes(72)


def serve(tracer: fasttrace.Tracer, files: Files) -> None:
    """Registers the handlers. A bad pointer of the program's is EFAULT, as the kernel has it."""

    @tracer.on_entry("open@64", "openat@64")
    def opening(call: HandledCall) -> Answer | None:
        try:
            return files.opened(call, 1 if call.name == "openat" else 0)
        except MemoryFault:
            return None  # let the kernel say so

    @tracer.on_entry("read@64", "pread64@64")
    def reading(call: HandledCall) -> Answer | None:
        file = files.file(call)
        if file is None:
            return None
        try:
            if call.name == "pread64":
                return read(call, file, call.args[3])
            answer = read(call, file, file.offset)
        except MemoryFault:
            return call.reply(errno="EFAULT")
        file.offset += answer.reply or 0
        return answer

    @tracer.on_entry("lseek@64")
    def seeking(call: HandledCall) -> Answer | None:
        file = files.file(call)
        if file is None:
            return None
        start = {os.SEEK_SET: 0, os.SEEK_CUR: file.offset, os.SEEK_END: len(file.content)}
        by = call.args[1] - (call.args[1] >> 63 << 64)  # signed
        if call.args[2] not in start or start[call.args[2]] + by < 0:
            return call.reply(errno="EINVAL")
        file.offset = start[call.args[2]] + by
        return call.reply(file.offset)

    @tracer.on_entry("fstat@64", "newfstatat@64")
    def telling(call: HandledCall) -> Answer | None:
        file = files.file(call)
        if file is None or (call.name == "newfstatat" and not call.args[3] & AT_EMPTY_PATH):
            return None
        try:
            call.write_memory(call.args[2 if call.name == "newfstatat" else 1], stat_of(file))
        except MemoryFault:
            return call.reply(errno="EFAULT")
        return call.reply(0)

    @tracer.on_entry("close@64")
    def closing(call: HandledCall) -> Answer | None:
        return files.closed(call)


def run(
    contents: dict[bytes, bytes],
    command: list[str],
    engine: str = "auto",
    stdout: int | None = None,
) -> int | None:
    """Run the command; returns its exit status."""
    with fasttrace.Tracer(command, engine=engine, stdout=stdout) as tracer:
        serve(tracer, Files(contents))
        tracer.run()
        return tracer.exit_status


if __name__ == "__main__":
    sys.exit(run(HOSTS, sys.argv[1:]))
