"""Seccomp profiles as containers have them (docs/seccomp.md).

`profile`: what one says, and which of its rules apply. `filter`: the BPF that runc would make of
it. `ask`: queries, answered by that filter. `generation`: a profile out of what was observed.

May import `data`, `system`, `syscalls`, and what lies below them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fasttrace.seccomp.generation.generated import Generated, generate
    from fasttrace.seccomp.profile.reader import load, parse
    from fasttrace.seccomp.profile.values import Profile

_WHERE = {
    "Generated": "generation.generated",
    "Profile": "profile.values",
    "generate": "generation.generated",
    "load": "profile.reader",
    "parse": "profile.reader",
}

__all__ = ["Generated", "Profile", "generate", "load", "parse"]


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'fasttrace.seccomp' has no attribute {name!r}")
    value = getattr(import_module(f"fasttrace.seccomp.{where}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
