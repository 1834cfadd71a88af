"""A clock of its own for a program: it begins at a date, whatever the machine's clock says.

    python docs/examples/fake_clock.py 2001-02-03T04:05:06 date -u

Three calls tell the time; Python functions answer them, and the kernel never hears of them. But on
most machines a program does not make these calls: it reads the clock in its own address space,
through the vDSO (vdso(7)). The kernel tells it where that is in the auxiliary vector, on the stack
of a program that begins. So the entry is struck out there, when execve returns, and the C library
makes system calls instead. The execve that starts the command itself is fasttrace's, and is handed
to nobody: so the command is started by env(1).

For 64-bit programs on x86-64 (hence "@64": other ABIs lay out the structures in other ways).
"""

from __future__ import annotations

import struct
import sys
import time
from datetime import datetime, timezone

import fasttrace
from fasttrace import Answer, HandledCall
from fasttrace.errors import MemoryFault

AT_NULL, AT_IGNORE, AT_SYSINFO_EHDR = 0, 1, 33  # getauxval(3)
CLOCK_REALTIME, CLOCK_REALTIME_COARSE = 0, 5


def hide_vdso(call: HandledCall) -> None:
    """On a new program's stack: argc, argv, NULL, environment, NULL, pairs of type and value."""
    if call.ret != 0:
        return
    stack = call.registers["rsp"]
    data = call.read_memory(stack, 1 << 21)  # ends with the stack
    words = memoryview(data[: len(data) // 8 * 8]).cast("Q")
    at = 1 + words[0] + 1
    while words[at]:
        at += 1
    at += 1
    while words[at] != AT_NULL:
        if words[at] == AT_SYSINFO_EHDR:
            call.write_memory(stack + 8 * at, struct.pack("<Q", AT_IGNORE))
            return
        at += 2


def put(call: HandledCall, address: int, data: bytes) -> Answer:
    """Answer as the kernel does: with 0, or EFAULT if the program's pointer is bad."""
    try:
        call.write_memory(address, data)
    except MemoryFault:
        return call.reply(errno="EFAULT")
    return call.reply(0)


def run(
    begin: datetime, command: list[str], engine: str = "auto", stdout: int | None = None
) -> int | None:
    """Run the command; returns its exit status."""
    offset = round(begin.timestamp() * 1e9) - time.monotonic_ns()

    with fasttrace.Tracer(["env", *command], engine=engine, stdout=stdout) as tracer:

        @tracer.on_exit("execve@64", "execveat@64")
        def begins(call: HandledCall) -> None:
            hide_vdso(call)

        @tracer.on_entry("clock_gettime@64")
        def clock_gettime(call: HandledCall) -> Answer | None:
            clock, address = call.args[:2]
            if clock not in (CLOCK_REALTIME, CLOCK_REALTIME_COARSE):
                return None  # the kernel's own: it does not tell the date
            now = time.monotonic_ns() + offset
            return put(call, address, struct.pack("<qq", now // 10**9, now % 10**9))

        @tracer.on_entry("gettimeofday@64")
        def gettimeofday(call: HandledCall) -> Answer:
            now = time.monotonic_ns() + offset
            if not call.args[0]:
                return call.reply(0)
            return put(call, call.args[0], struct.pack("<qq", now // 10**9, now // 1000 % 10**6))

        @tracer.on_entry("time@64")
        def seconds(call: HandledCall) -> Answer:
            now = (time.monotonic_ns() + offset) // 10**9
            if call.args[0]:
                put(call, call.args[0], struct.pack("<q", now))
            return call.reply(now)

        tracer.run()
        return tracer.exit_status


if __name__ == "__main__":
    begin = datetime.fromisoformat(sys.argv[1]).replace(tzinfo=timezone.utc)
    sys.exit(run(begin, sys.argv[2:]))
