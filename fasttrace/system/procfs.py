"""What /proc tells about a process."""

import os
import time
from typing import NamedTuple

from fasttrace.system.files import look
from fasttrace.text.terminal import printable

# PF_KTHREAD of include/linux/sched.h; fields 3, 4, 9 and 22 of /proc/PID/stat, proc_pid_stat(5),
# counted from the one behind the name.
_PF_KTHREAD = 0x00200000
_STAT_STATE, _STAT_PPID, _STAT_FLAGS, _STAT_START = 0, 1, 6, 19

CAPABILITIES = {"CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_SYS_NICE": 23}


def read(path: str) -> str | None:
    """A small file's text without blanks around it; None if it cannot be read."""
    data = read_bytes(path)
    return None if data is None else data.decode("utf-8", "surrogateescape").strip()


def read_bytes(path: str) -> bytes | None:
    """All of a small file; None if it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes long to load
            return file.read()
    except OSError:
        return None


def status(pid: int | str) -> dict[str, str]:
    """The fields of /proc/PID/status; empty if there is no such process, or it is hidden."""
    fields = {}
    for line in (read(f"/proc/{pid}/status") or "").splitlines():
        key, _, value = line.partition(":")
        fields[key] = value.strip()
    return fields


def comm(pid: int) -> str:
    """The name of a process, printable; "?" if it is not to be known."""
    return printable(read(f"/proc/{pid}/comm") or "?")


class Birth(NamedTuple):
    """Of a process: its parent by now, and when it began, CLOCK_MONOTONIC, to a tick of 10 ms."""

    parent: int
    start_ns: int


def birth(pid: int) -> Birth | None:
    """None: there is no such process."""
    fields = _stat(pid)
    if not fields:
        return None
    since_boot_ns = int(fields[_STAT_START]) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    # The kernel's clock for it, CLOCK_BOOTTIME, goes on while the machine sleeps.
    asleep_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
    return Birth(int(fields[_STAT_PPID]), since_boot_ns - asleep_ns)


def is_alive(pid: int) -> bool:
    """Not one that has ended and whose parent does not know that yet."""
    fields = _stat(pid)
    return bool(fields) and fields[_STAT_STATE] not in ("Z", "X")


def is_kernel_thread(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and bool(int(fields[_STAT_FLAGS]) & _PF_KTHREAD)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, by the numbers below; empty: no process."""
    # The name in parentheses may hold anything, blanks and parentheses too.
    return (read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()


def tasks(pid: int) -> list[int]:
    """The threads of a process, itself first; empty if there is no such process."""
    try:
        tids = [int(name) for name in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208 - names alone
    except OSError:
        return []
    return sorted(tids, key=lambda tid: (tid != pid, tid))


def tracer_of(pid: int) -> int:
    """The thread that traces one of the process's threads; 0: none."""
    for tid in tasks(pid):
        tracer = int(status(f"{pid}/task/{tid}").get("TracerPid", "0"))
        if tracer:
            return tracer
    return 0


def has_capability(name: str, fields: dict[str, str]) -> bool:
    """Whether a capability is in the effective set of a `status`."""
    return bool(int(fields.get("CapEff", "0"), 16) >> CAPABILITIES[name] & 1)


def ptrace_scope() -> int | None:
    """/proc/sys/kernel/yama/ptrace_scope; None on a kernel without Yama."""
    text = read("/proc/sys/kernel/yama/ptrace_scope")
    return int(text) if text else None


def container() -> str | None:
    """What kind of container this seems to be; None: none that leaves a trace."""
    if "gVisor" in (read("/proc/version") or "") or look("/proc/sentry-meminfo"):
        return "gVisor"
    if look("/.dockerenv"):
        return "docker"
    if look("/run/.containerenv"):
        return "podman"
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "kubernetes"
    name = os.environ.get("container")  # noqa: SIM112  set by systemd-nspawn, lxc, ...
    return printable(name) if name else None
