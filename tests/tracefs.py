"""The kernel's own count of system calls: its tracepoint raw_syscalls:sys_enter, as root."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TRACEFS = Path("/sys/kernel/tracing")
EVENT = "events/raw_syscalls/sys_enter"
LINE = re.compile(r"-(\d+) +\[\d+\] .*: sys_enter: NR (-?\d+) ", re.M)
# PROC_PID_INIT_INO of the kernel: the pid namespace whose pids tracefs tells.
INITIAL_PIDS = 0xEFFFFFFC
BUFFER_KB = 32768  # for each processor: more than 300,000 calls


class Kernel:
    """Has the kernel note each call of a process and of its descendants, in a buffer of our own."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        (instance / "buffer_size_kb").write_text(str(BUFFER_KB))
        (instance / "options/event-fork").write_text("1")
        (instance / EVENT / "enable").write_text("1")

    def watch(self, pid: int) -> None:
        (self.instance / "set_event_pid").write_text(str(pid))
        (self.instance / "trace").write_text("")

    def counts(self) -> Counter[tuple[int, int]]:
        """{(tid, nr): calls} since `watch`."""
        for stats in self.instance.glob("per_cpu/cpu*/stats"):
            lost = re.search(r"^overrun: (\d+)$", stats.read_text(), re.M)
            assert lost is not None
            assert lost[1] == "0", "the kernel's buffer was too small"
        lines = LINE.findall((self.instance / "trace").read_text(errors="replace"))
        return Counter((int(tid), int(nr)) for tid, nr in lines)


@contextmanager
def kernel_calls() -> Iterator[Kernel]:
    """Skips the test where there is none."""
    if os.geteuid() != 0:
        pytest.skip("tracefs needs root")
    if Path("/proc/self/ns/pid").stat().st_ino != INITIAL_PIDS:
        pytest.skip("tracefs tells pids of the whole machine, and here are those of a namespace")
    if not (TRACEFS / EVENT).is_dir():
        pytest.skip(f"no {TRACEFS / EVENT}: tracefs is not mounted, or has no syscall events")
    instance = TRACEFS / "instances" / f"fasttrace-test-{os.getpid()}"
    try:
        instance.mkdir()
    except OSError as error:
        pytest.skip(f"no tracefs instance can be made: {error}")
    try:
        yield Kernel(instance)
    finally:
        (instance / EVENT / "enable").write_text("0")
        instance.rmdir()
