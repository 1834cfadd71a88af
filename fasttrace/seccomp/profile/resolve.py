"""Which rules of a profile apply on a machine: includes, excludes and archMap, as in moby."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fasttrace.errors import ProfileError
from fasttrace.seccomp.profile.values import Limits, Profile, Rule
from fasttrace.seccomp.profile.vocabulary import ARCH_NAMES, CAPABILITIES, MACHINES, action_value

CONTAINER_CAPS = frozenset(
    "CAP_" + name
    for name in (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
"""What docker gives a container that asks for nothing."""

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Target:
    """Where a profile is to be used.

    arch: "SCMP_ARCH_X86_64", ... kernel: (6, 18, 0). caps: what a container's bounding set holds;
    by default what docker gives, whoever asks, so that an answer does not change with the caller.
    """

    arch: str
    kernel: Version
    caps: frozenset[str] = CONTAINER_CAPS


def target(arch: str | None = None, kernel: str | None = None, caps: str | None = None) -> Target:
    """A Target from words; what is None is this machine's, or for caps docker's default.

    arch: "amd64", "aarch64", ... kernel: "4.8". caps: "all", "none", "mine" (our bounding set), or
    names with or without "CAP_", and with "+" before the first in addition to the default.
    ProfileError: a word that nobody knows.

    >>> target("arm64", "5.10", "SYS_ADMIN").arch
    'SCMP_ARCH_AARCH64'
    """
    machine = os.uname()
    scmp = MACHINES.get(arch or machine.machine)
    if scmp is None:
        known = ", ".join(ARCH_NAMES)
        raise ProfileError(f"no architecture {arch or machine.machine!r}: one of {known}")
    version = version_of(kernel or machine.release)
    if version is None:
        raise ProfileError(f"no kernel version {kernel!r}: give one like 5.10")
    return Target(scmp, version, CONTAINER_CAPS if caps is None else _caps(caps))


def version_of(text: str) -> Version | None:
    """``version_of("6.18.44-x")`` is (6, 18, 44); None where there is no version."""
    found = re.match(r"([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?(?![0-9])", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _caps(text: str) -> frozenset[str]:
    if text == "all":
        return frozenset(CAPABILITIES)
    if text == "none":
        return frozenset()
    if text == "mine":
        return _bounding_set()
    base = CONTAINER_CAPS if text.startswith("+") else frozenset()
    names = set()
    for word in text.removeprefix("+").split(","):
        name = word.strip().upper()
        name = name if name.startswith("CAP_") else f"CAP_{name}"
        if name not in CAPABILITIES:
            from difflib import get_close_matches

            close = get_close_matches(name, CAPABILITIES, 1)
            hint = f"did you mean {close[0]}?" if close else "names as in capabilities(7)"
            raise ProfileError(f"no capability {word.strip()!r}; {hint}")
        names.add(name)
    return base | names


def _bounding_set() -> frozenset[str]:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError as error:
        raise ProfileError(
            f"cannot read our own capabilities, /proc/self/status: {error.strerror}; name them"
        ) from None
    bits = next(int(line.split()[1], 16) for line in status.split("\n") if "CapBnd" in line)
    return frozenset(name for i, name in enumerate(CAPABILITIES) if bits >> i & 1)


@dataclass(frozen=True)
class Resolved:
    """A profile on a target.

    architectures: the target's first. rules: those that apply. left_out: the others, and why.
    """

    profile: Profile
    target: Target
    architectures: tuple[str, ...]
    rules: tuple[Rule, ...]
    left_out: tuple[tuple[Rule, str], ...]

    @property
    def default(self) -> int:
        """What the filter returns where no rule matches."""
        return action_value(self.profile.default_action, self.profile.default_errno_ret)

    @cached_property
    def by_name(self) -> dict[str, list[Rule]]:
        """The rules that name a call, in the order of the profile."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for name in dict.fromkeys(rule.names):
                found.setdefault(name, []).append(rule)
        return found


def resolve(profile: Profile, on: Target | None = None) -> Resolved:
    """The rules that apply; on: None for `target()`."""
    on = on or target()
    listed = list(profile.architectures)
    for entry in profile.arch_map:
        if entry.architecture == on.arch:
            listed = [entry.architecture, *entry.sub_architectures]
            break
    rules, left_out = [], []
    for rule in profile.rules:
        why = _why_not(rule, on)
        if why:
            left_out.append((rule, why))
        else:
            rules.append(rule)
    architectures = tuple(dict.fromkeys([on.arch, *listed]))
    return Resolved(profile, on, architectures, tuple(rules), tuple(left_out))


def _why_not(rule: Rule, on: Target) -> str:
    """Why a rule does not apply, or ""."""
    excluded, included = rule.excludes, rule.includes
    if _of(excluded, on.arch):
        return f"not for {', '.join(excluded.arches)}"
    for cap in excluded.caps:
        if cap in on.caps:
            return f"not with {cap}"
    if excluded.min_kernel and _reached(excluded.min_kernel, on):
        return f"only before kernel {excluded.min_kernel}"
    if included.arches and not _of(included, on.arch):
        return f"only for {', '.join(included.arches)}"
    for cap in included.caps:
        if cap not in on.caps:
            return f"only with {cap}"
    if included.min_kernel and not _reached(included.min_kernel, on):
        return f"only from kernel {included.min_kernel} on"
    return ""


def _of(limits: Limits, arch: str) -> bool:
    return any(ARCH_NAMES[name] == arch for name in limits.arches)


def _reached(minimum: str, on: Target) -> bool:
    version = version_of(minimum)
    assert version is not None  # the reader has looked
    return on.kernel >= version
