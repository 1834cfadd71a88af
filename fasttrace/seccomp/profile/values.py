"""A seccomp profile as Python values, and as the JSON that docker, podman and OCI runtimes read.

Sources: the OCI runtime specification (config-linux.md, Seccomp), moby's profiles/seccomp (names,
archMap, includes, excludes) and containers/common (errno by name).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ArchMap", "Condition", "Limits", "Profile", "Rule"]


@dataclass(frozen=True)
class Condition:
    """One test of an argument, unsigned 64-bit: `argument op value`.

    op: "SCMP_CMP_NE", LT, LE, EQ, GE, GT or MASKED_EQ; the last one means
    ``argument & value == value_two``, which is the only use of value_two.
    """

    index: int
    value: int
    op: str
    value_two: int = 0


@dataclass(frozen=True)
class Limits:
    """Where a rule applies, or does not: moby's includes and excludes.

    arches: words like "amd64". min_kernel: like "4.8".
    """

    caps: tuple[str, ...] = ()
    arches: tuple[str, ...] = ()
    min_kernel: str | None = None


@dataclass(frozen=True)
class Rule:
    """What happens to some calls.

    errno_ret: for ERRNO and TRACE; None: EPERM. conditions: all must be met, but if one index
    stands twice each condition is a rule of its own, as in runc. where: the place in the JSON, as
    "syscalls[3]".
    """

    names: tuple[str, ...]
    action: str
    errno_ret: int | None = None
    conditions: tuple[Condition, ...] = ()
    includes: Limits = Limits()
    excludes: Limits = Limits()
    comment: str = field(default="", compare=False)
    where: str = field(default="", compare=False)


@dataclass(frozen=True)
class ArchMap:
    """Architectures to filter for if the machine is of the first one."""

    architecture: str
    sub_architectures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """A profile. ignored: places in the JSON that have no meaning, as "syscalls[3].colour"."""

    default_action: str
    default_errno_ret: int | None = None
    architectures: tuple[str, ...] = ()
    arch_map: tuple[ArchMap, ...] = ()
    flags: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    listener_path: str = ""
    listener_metadata: str = ""
    source: str = field(default="", compare=False)
    ignored: tuple[str, ...] = field(default=(), compare=False)

    def to_json(self) -> str:
        """The profile in the OCI specification's spelling, with moby's extensions where used.

        >>> print(Profile("SCMP_ACT_ALLOW").to_json(), end="")
        {
          "defaultAction": "SCMP_ACT_ALLOW",
          "syscalls": []
        }
        """
        shown: dict[str, Any] = {"defaultAction": self.default_action}
        if self.default_errno_ret is not None:
            shown["defaultErrnoRet"] = self.default_errno_ret
        if self.architectures:
            shown["architectures"] = list(self.architectures)
        if self.arch_map:
            shown["archMap"] = [
                {"architecture": one.architecture, "subArchitectures": list(one.sub_architectures)}
                for one in self.arch_map
            ]
        if self.flags:
            shown["flags"] = list(self.flags)
        if self.listener_path:
            shown["listenerPath"] = self.listener_path
        if self.listener_metadata:
            shown["listenerMetadata"] = self.listener_metadata
        shown["syscalls"] = [_rule_json(rule) for rule in self.rules]
        return json.dumps(shown, indent=2) + "\n"


def _rule_json(rule: Rule) -> dict[str, Any]:
    shown: dict[str, Any] = {"names": list(rule.names), "action": rule.action}
    if rule.errno_ret is not None:
        shown["errnoRet"] = rule.errno_ret
    if rule.conditions:
        shown["args"] = [_condition_json(condition) for condition in rule.conditions]
    if rule.comment:
        shown["comment"] = rule.comment
    for key, limits in (("includes", rule.includes), ("excludes", rule.excludes)):
        if limits != Limits():
            shown[key] = _limits_json(limits)
    return shown


def _condition_json(condition: Condition) -> dict[str, Any]:
    shown: dict[str, Any] = {"index": condition.index, "value": condition.value}
    if condition.value_two:
        shown["valueTwo"] = condition.value_two
    return {**shown, "op": condition.op}


def _limits_json(limits: Limits) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if limits.caps:
        shown["caps"] = list(limits.caps)
    if limits.arches:
        shown["arches"] = list(limits.arches)
    if limits.min_kernel is not None:
        shown["minKernel"] = limits.min_kernel
    return shown
