"""Calls made up for tests of profiles that are made from traces."""

from __future__ import annotations

from typing import Any

from synthetic import make_events

from fasttrace.data.events import Kind
from fasttrace.data.trace import Trace
from fasttrace.seccomp import Generated, Profile, generate
from fasttrace.seccomp.profile.values import Condition
from fasttrace.syscalls.names import syscall_number

ALLOW = "SCMP_ACT_ALLOW"

Event = dict[str, Any]


def call(name: str, *args: int, abi: int = 0, pid: int = 1, tid: int = 0, ret: int = 0) -> Event:
    return {
        "nr": syscall_number(name, abi),
        "args": (*args, 0, 0, 0, 0, 0, 0)[:6],
        "abi": abi,
        "pid": pid,
        "tid": tid or pid,
        "ret": ret,
    }


def exec_of(pid: int = 1) -> Event:
    return {"kind": Kind.EXEC, "pid": pid, "tid": pid}


def of(*events: Event, **options: Any) -> Generated:
    return generate(Trace(make_events(*events)), **options)


def plain(profile: Profile) -> set[str]:
    return {
        name
        for rule in profile.rules
        if rule.action == ALLOW and not rule.conditions
        for name in rule.names
    }


def args_of(profile: Profile, name: str) -> list[tuple[Condition, ...]]:
    return [rule.conditions for rule in profile.rules if rule.names == (name,) and rule.conditions]


LOADER = ["brk", "mmap", "openat", "read", "mmap", "arch_prctl", "set_tid_address"]
AFTER = ["set_robust_list", "rseq", "mprotect", "prlimit64", "munmap"]


def start(pid: int = 1) -> list[Event]:
    return [exec_of(pid), *(call(name, pid=pid) for name in ["execve", *LOADER, *AFTER])]
