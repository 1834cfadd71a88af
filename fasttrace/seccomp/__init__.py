"""Seccomp profiles as containers have them (docs/seccomp.md).

`reader` makes a `profile` of its JSON, `resolve` finds the rules that apply, `compile` makes BPF of
them, `interpret` runs BPF; `explain`, `check`, `diff` and `merge` answer questions about profiles.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fasttrace.seccomp.generation import Generated, generate
    from fasttrace.seccomp.profile import Profile
    from fasttrace.seccomp.reader import load, parse

_WHERE = {
    "Generated": "generation",
    "Profile": "profile",
    "generate": "generation",
    "load": "reader",
    "parse": "reader",
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
