"""A profile as the BPF that runc would install: through libseccomp, with runc's ENOSYS part.

What runc does (libcontainer/seccomp, 1.1 and 1.2) and so do we: the machine's own architecture is
always in; names that libseccomp does not know are skipped; so is an action that equals the default;
one index twice makes each condition a rule; more than 32 calls make a binary tree.
"""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from fasttrace.errors import ProfileError
from fasttrace.seccomp.filter import enosys
from fasttrace.seccomp.filter.interpret import MAX_INSTRUCTIONS, Program, Verdict
from fasttrace.seccomp.profile.resolve import Resolved, Target, resolve
from fasttrace.seccomp.profile.values import Condition, Profile, Rule
from fasttrace.seccomp.profile.vocabulary import ARCHITECTURES, FLAGS, OPERATORS, action_value

_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_MANY_CALLS = 32


@dataclass(frozen=True)
class Compiled:
    """A filter and where it comes from.

    flags: for seccomp(2). highest: by architecture, the highest number that the profile knows;
    above it ENOSYS; empty if the filter has no such part. unknown: (rule, name) that libseccomp
    does not know.
    """

    program: Program
    flags: int
    resolved: Resolved
    highest: dict[str, int]
    unknown: tuple[tuple[Rule, str], ...]

    @property
    def code(self) -> bytes:
        """struct sock_filter, 8 bytes each, in this machine's byte order."""
        return self.program.code

    @property
    def notifies(self) -> tuple[Rule, ...]:
        """The rules that ask a listener, without which the kernel answers ENOSYS."""
        return tuple(rule for rule in self.resolved.rules if rule.action == "SCMP_ACT_NOTIFY")

    def verdict(self, name: str, *args: int, arch: str | None = None) -> Verdict:
        """What happens to a call by name. ProfileError: the architecture has no such call."""
        arch = arch or self.resolved.target.arch
        nr = libseccomp_number(name, arch)
        if nr is None:
            raise ProfileError(f"no system call {name!r} on {ARCHITECTURES[arch][0]}")
        return self.program.run(nr, audit_arch(arch), args)


def compile_profile(
    profile: Profile, on: Target | None = None, *, enosys_part: bool = True
) -> Compiled:
    """The filter for a profile on a target (None: `resolve.target()`).

    enosys_part: False for libseccomp's filter alone.

    ProfileError: pyseccomp or libseccomp is missing, an architecture is too new for it, or the
    filter is too large for the kernel.

    >>> from fasttrace.seccomp.profile.reader import parse
    >>> profile = parse('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": '
    ...                 '[{"names": ["socket"], "action": "SCMP_ACT_ERRNO"}]}')
    >>> compiled = compile_profile(profile)  # doctest: +SKIP
    >>> str(compiled.verdict("socket", 40))  # doctest: +SKIP
    'ERRNO(EPERM)'
    """
    seccomp = library()
    resolved = resolve(profile, on)
    _not_hopeless(resolved)
    made = _Filter(seccomp, resolved)
    for rule in resolved.rules:
        made.add(rule)
    code = made.export()
    wanted = enosys_part and enosys.wanted(resolved.default)
    highest = _highest(resolved) if wanted else {}
    if highest:
        code = enosys.stub(highest) + code
    flags = 0
    for flag in profile.flags:
        flags |= FLAGS[flag]
    return Compiled(Program(code), flags, resolved, highest, tuple(made.unknown))


def _not_hopeless(resolved: Resolved) -> None:
    """ProfileError: too many rules, told before libseccomp has spent minutes on them.

    A filter has at least one instruction for two different sets of conditions on a call, as < and
    >= share one; a rule without conditions makes those with superfluous.
    """
    different = {
        (name, frozenset(conditions))
        for name, rules in resolved.by_name.items()
        if all(rule.conditions for rule in rules)
        for rule in rules
        if action_value(rule.action, rule.errno_ret) != resolved.default
        for conditions in alternatives(rule)
    }
    if len(different) > 2 * MAX_INSTRUCTIONS:
        raise ProfileError(
            f"{resolved.profile.source or 'profile'}: {len(different)} different conditions make "
            f"more instructions than the {MAX_INSTRUCTIONS} that the kernel takes: merge rules"
        )


def library() -> ModuleType:
    """pyseccomp, with libseccomp behind it. ProfileError: one of them is missing."""
    try:
        return import_module("pyseccomp")
    except ImportError:
        raise ProfileError(
            "seccomp profiles need the package pyseccomp: pip install 'fasttrace[seccomp]'"
        ) from None
    except (RuntimeError, OSError, AttributeError) as error:
        raise ProfileError(
            f"pyseccomp cannot use libseccomp.so.2 ({error}): install your distribution's "
            "libseccomp2 (Fedora: libseccomp)"
        ) from None


def alternatives(rule: Rule) -> list[tuple[Condition, ...]]:
    """The sets of conditions of which one must be met as a whole.

    Each condition stands for itself if one index is tested twice (runc: "revert to old behavior").
    """
    indices = [condition.index for condition in rule.conditions]
    if len(set(indices)) < len(indices):
        return [(condition,) for condition in rule.conditions]
    return [rule.conditions]


def libseccomp_number(name: str, arch: str) -> int | None:
    """The number of a call on an architecture, with bit 30 for x32; None: there is none."""
    if not _NAME.fullmatch(name):
        return None
    nr = int(library().resolve_syscall(ARCHITECTURES[arch][1], name))
    return nr if nr >= 0 else None


def known(name: str, arch: str) -> bool:
    """Whether libseccomp has heard of a call: of this architecture, or of another one."""
    if not _NAME.fullmatch(name):
        return False
    return bool(library().resolve_syscall(ARCHITECTURES[arch][1], name) != -1)


def audit_arch(arch: str) -> int:
    """What the kernel puts into seccomp_data.arch."""
    return ARCHITECTURES["SCMP_ARCH_X86_64" if arch == "SCMP_ARCH_X32" else arch][1]


def _highest(resolved: Resolved) -> dict[str, int]:
    found = {}
    for arch in resolved.architectures:
        numbers = (libseccomp_number(name, arch) for name in resolved.by_name)
        high = max((nr for nr in numbers if nr is not None), default=0)
        if high:
            found[arch] = high
    return found


class _Filter:
    """libseccomp's filter while it grows."""

    def __init__(self, seccomp: ModuleType, resolved: Resolved) -> None:
        self.seccomp = seccomp
        self.resolved = resolved
        self.unknown: list[tuple[Rule, str]] = []
        self.added: set[tuple[int, int, tuple[Condition, ...]]] = set()
        self.source = resolved.profile.source or "profile"
        self.native = int(seccomp.system_arch())
        self.filter: Any = seccomp.SyscallFilter(resolved.default)
        for arch in resolved.architectures:
            if ARCHITECTURES[arch][1] != self.native:
                self._try(f"architecture {arch}", self.filter.add_arch, ARCHITECTURES[arch][1])
        if ARCHITECTURES[resolved.target.arch][1] != self.native and not any(
            ARCHITECTURES[arch][1] == self.native for arch in resolved.architectures
        ):
            self._try("another target", self.filter.remove_arch, self.native)
        if len(resolved.by_name) > _MANY_CALLS:
            with suppress(OSError):  # only faster; libseccomp before 2.5 has no such thing
                self.filter.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)

    def add(self, rule: Rule) -> None:
        value = action_value(rule.action, rule.errno_ret)
        for name in rule.names:
            nr = -1
            if _NAME.fullmatch(name):
                # libseccomp translates the native number, or its own negative one where the native
                # architecture has no such call, for each architecture of the filter.
                nr = int(self.seccomp.resolve_syscall(self.native, name))
            if nr == -1:
                self.unknown.append((rule, name))
            elif value != self.resolved.default:
                for conditions in alternatives(rule):
                    if (nr, value, conditions) in self.added:
                        continue  # libseccomp would find out, in its own time
                    self.added.add((nr, value, conditions))
                    self._try(
                        f"{rule.where or 'rule'}, {name}",
                        self.filter.add_rule,
                        value,
                        nr,
                        *(self._argument(condition) for condition in conditions),
                    )

    def _argument(self, condition: Condition) -> Any:
        first, second = condition.value, condition.value_two
        return self.seccomp.Arg(condition.index, OPERATORS[condition.op], first, second)

    def export(self) -> bytes:
        fd = os.memfd_create("seccomp filter")
        with open(fd, "w+b", buffering=0) as file:  # noqa: PTH123
            self._try("the filter", self.filter.export_bpf, file)
            file.seek(0)
            return bytes(file.readall())

    def _try(self, what: str, call: Any, *args: Any) -> None:
        try:
            call(*args)
        except OSError as error:
            reason = _REASONS.get(error.errno or 0, error.strerror)
            raise ProfileError(f"{self.source}: libseccomp refuses {what}: {reason}") from None


_REASONS = {
    errno.EINVAL: "it does not know it; a newer libseccomp may",
    errno.EDOM: "its byte order is not this machine's",
    errno.EEXIST: "it is there already with another action",
    errno.ENOMEM: "out of memory",
    errno.EOPNOTSUPP: "this kernel or libseccomp cannot do that",
}
