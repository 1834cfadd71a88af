"""What strace writes, ours or its own, made comparable: per task, whole lines, without what differs
from run to run."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

ADDRESS = re.compile(r"0x[0-9a-f]{5,}")
# Where a pid stands: elsewhere a size, a limit, a descriptor ... may be the same number. The minus
# sign is a process group's.
_PID = r"(-?)(\d+)\b"
_PIDS = [
    re.compile(rf"({before}){_PID}")
    for before in (
        r"^(?:wait4|t?g?kill|rt_(?:tg)?sigqueueinfo|[gs]etpgid|getsid|prlimit64|kcmp|pidfd_open)\(",
        r"^(?:tgkill|rt_tgsigqueueinfo|setpgid|kcmp)\([^,]+, ",
        r"^waitid\(P_(?:PID|PGID), ",
        r"^fcntl\(\d+, F_SETOWN, ",
        r"^futex\([^,]+, [^,]+, ",  # a thread's number is the word that its joiner waits on
        r"\b(?:parent_tid|set_tid)=\[",
        r"\bsi_pid=",
        r"\b(?:shm_[cl]pid|msg_l[sr]pid)=",
        r"<pid:",
        r"^\+\+\+ superseded by execve in pid ",
        r"^(?:clone3?|v?fork|wait4|get(?:pid|tid|pgrp|pgid|sid)|setsid|set_tid_address)\(.*\) += ",
    )
]
_UNFINISHED = " <unfinished ...>"
# They come when they like, and what the handler's end gives back follows from that.
_AT_ANY_TIME = re.compile(r"--- SIGCHLD|rt_sigreturn\(")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>")
# Deliberate differences: strace's text, what we write, why.
DIFFERENCES = [
    (r"si_([us])time=\d+(?: /\*.*?\*/)?", r"si_\1time=N", "what a child has used"),
    (r"rseq\(ADDR, 0x20,", "rseq(ADDR, 32,", "a size is shown as one, as elsewhere"),
    (r"getppid\(\) = \d+", "getppid() = N", "the tracer, which is another process"),
    (r'getrandom\(".*?"(\.\.\.)?,', "getrandom(RANDOM,", "what is random"),
    (r"f_(bfree|bavail|ffree)=\d+", r"f_\1=N", "others write files, too"),
    (r"sysinfo\(\{.*?\}\)", "sysinfo(NOW)", "as it is at that moment"),
    (r'read\((\d), "(?:\\.|[^"\\])*", 4\) = 4', r"read(\1, SEED, 4) = 4", "perl's random seeds"),
    (r"FUTEX_32\b", "FUTEX2_SIZE_U32", "the kernel has given it another name since"),
    (
        r'(msgrcv\(\w+, \{mtype=\d+, mtext)="[^"]*"(?:\.\.\.)?',
        r"\1=TEXT",
        "msgrcv: strace shows all that there was room for, not what came",
    ),
    (r"((?:shm|msg|sem)_[a-z]time)=[1-9]\d+", r"\1=N", "when it was"),
    (r"(/tmp/directory)\d+", r"\1", "named by a pid"),
]


def by_task(text: str) -> dict[str, list[str]]:
    """The lines of a -f -o file by task; halves are joined."""
    tasks: dict[str, list[str]] = {}
    open_calls: dict[str, str] = {}
    for line in text.splitlines():
        tid, _, rest = line.partition(" ")
        lines = tasks.setdefault(tid, [])
        rest = rest.lstrip(" ")
        if rest.endswith(_UNFINISHED):
            assert tid not in open_calls, f"begun twice: {line}"
            open_calls[tid] = rest.removesuffix(_UNFINISHED)
            continue
        if resumed := _RESUMED.match(rest):
            begun = open_calls.pop(tid, "")
            if not begun and resumed[1] == "execve":
                begun = "execve("  # by another thread, whose place this one takes
            assert begun.startswith(f"{resumed[1]}("), f"{line} resumes {begun!r}"
            rest = begun + rest[resumed.end() :]
        lines.append(rest)
    for tid, begun in open_calls.items():
        tasks[tid].append(begun)
    return tasks


def by_age(tids: Iterable[str]) -> list[str]:
    """The oldest first: numbers rise, and begin again at the bottom behind pid_max."""
    found = sorted(tids, key=int)
    gaps = [int(later) - int(tid) for tid, later in pairwise(found)]
    if not gaps or max(gaps) < 10_000:
        return found
    first = gaps.index(max(gaps)) + 1
    return found[first:] + found[:first]


def without_pids(line: str, numbers: Mapping[str, str]) -> str:
    """A line without its task, with other names for the pids that have one: {"4711": "P0"}."""
    if not any(pid in line for pid in numbers):
        return line
    for pids in _PIDS:
        line = pids.sub(lambda match: match[1] + match[2] + numbers.get(match[3], match[3]), line)
    return line


@functools.lru_cache(100_000)  # most lines are the same many times
def _without_differences(line: str) -> str:
    line = re.sub(r"\) +=", ") =", line)
    for pattern, new, _why in DIFFERENCES:
        line = re.sub(pattern, new, line)
    return line


def plain(text: str) -> dict[str, list[str]]:
    """The same without addresses and pids."""
    tasks = by_task(text)
    numbers = {tid: f"P{place}" for place, tid in enumerate(by_age(tasks))}
    found: dict[str, list[str]] = {}
    for tid in by_age(tasks):
        lines = tasks[tid]
        out = []
        for line in lines:
            line = without_pids(ADDRESS.sub("ADDR", line), numbers)
            line = _without_differences(line)
            if line:
                out.append(line)
        found[numbers[tid]] = out
    return found


def _in_order(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines whose place is known, and the others sorted."""
    loose = [line for line in lines if _AT_ANY_TIME.match(line)]
    return [line for line in lines if line not in loose], sorted(
        line.partition(") = ")[0] for line in loose
    )


def differences(ours: str, theirs: str) -> list[str]:
    """What differs, line by line; empty: the same story."""
    mine, its = plain(ours), plain(theirs)
    found = []
    if list(mine) != list(its):
        found.append(f"tasks {list(mine)} and {list(its)}")
    for task in mine:
        a, when_a = _in_order(mine[task])
        b, when_b = _in_order(its.get(task, []))
        if when_a != when_b:
            found.append(f"{task}: {when_a}, not {when_b}")
        if len(a) != len(b):
            found.append(f"{task}: {len(a)} lines, not {len(b)}")
        found += [f"{task}: {x}\n    not {y}" for x, y in zip(a, b, strict=False) if x != y]
    return found
