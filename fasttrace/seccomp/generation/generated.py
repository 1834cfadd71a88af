"""A profile out of what programs were observed to call."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fasttrace import _tables
from fasttrace._tables import ABIS
from fasttrace.errors import ProfileError
from fasttrace.seccomp.generation.arguments import DECIDING, describe
from fasttrace.seccomp.generation.floor import (
    CONTAINER,
    CONTAINER_ARGUMENTS,
    GO,
    LIBC,
    THREADS,
    UNOBSERVED,
    looks_like_go,
)
from fasttrace.seccomp.generation.observed import ObservedCalls, add_saved
from fasttrace.seccomp.profile.values import Limits, Profile, Rule
from fasttrace.seccomp.profile.vocabulary import ACTIONS, WITH_ERRNO
from fasttrace.syscalls.architectures import OF_ABI
from fasttrace.syscalls.names import abi_name

if TYPE_CHECKING:
    from fasttrace.data.trace import Trace

LIMIT = 16
ALLOW = "SCMP_ACT_ALLOW"

_EPERM = 1


@dataclass(frozen=True)
class Generated:
    """A profile and where it comes from.

    calls: what was observed, by name, and how often. only_start: those of them that only the starts
    of programs made: their execve and loader, see `ObservedCalls`. added: what the profile allows
    though it was not observed, and why. abis: whose calls they are. notices: what to know before it
    is used, one line each.
    """

    profile: Profile
    calls: dict[str, int]
    only_start: tuple[str, ...]
    added: dict[str, str]
    abis: tuple[str, ...]
    notices: tuple[str, ...]


def generate(
    *traces: Trace | str | os.PathLike[str],
    limit: int = LIMIT,
    floor: bool = False,
    container: bool = False,
    default_action: str = "SCMP_ACT_ERRNO",
    errno_ret: int | None = None,
    update: Profile | None = None,
) -> Generated:
    """A profile that allows what the traces, or saved ones by path, show; all else is refused.

    Args:
        limit: up to so many different values of a call's arguments become conditions (socket,
            ioctl, prctl, personality, clone); 0: none.
        floor: allow what any program on glibc or musl may need, too.
        container: allow what runc itself needs before it has become the program, too.
        default_action, errno_ret: what happens to all other calls; None: EPERM.
        update: a profile to allow it in, instead of a new one, whose other rules stay.

    ProfileError: nothing was observed; a default that cannot be. TraceError: a trace cannot be
    read.

        >>> import fasttrace.seccomp
        >>> made = fasttrace.seccomp.generate(fasttrace.trace(["true"]))
        >>> "execve" in made.calls, made.profile.default_action
        (True, 'SCMP_ACT_ERRNO')
    """
    observed = ObservedCalls(limit)
    notices = [notice for trace in traces for notice in add_saved(observed, trace)]
    return from_observed(
        observed,
        floor=floor,
        container=container,
        default_action=default_action,
        errno_ret=errno_ret,
        update=update,
        notices=notices,
    )


def from_observed(
    observed: ObservedCalls,
    *,
    floor: bool = False,
    container: bool = False,
    default_action: str = "SCMP_ACT_ERRNO",
    errno_ret: int | None = None,
    update: Profile | None = None,
    notices: Iterable[str] = (),
) -> Generated:
    """As `generate`, from what is counted already."""
    if default_action not in ACTIONS or default_action in (ALLOW, "SCMP_ACT_NOTIFY"):
        raise ProfileError(f"{default_action} is no default that refuses; give SCMP_ACT_ERRNO")
    highest = WITH_ERRNO.get(default_action, -1)
    if errno_ret is not None and not 0 <= errno_ret <= highest:
        raise ProfileError(f"{default_action} has no number {errno_ret}")
    calls = observed.names()
    if not calls:
        raise ProfileError("no system call was seen, so there is nothing to allow; trace a command")
    abis = sorted(
        {0 if ABIS[abi] == "i386" else abi for abi in observed.abis()} | {*observed.abis()}
    )
    added = _added(observed, calls, abis, floor=floor, container=container)
    arguments = _arguments(observed)
    for name, needed in CONTAINER_ARGUMENTS.items() if container else ():
        if name in arguments or name not in calls:
            arguments[name] = arguments.get(name, set()) | set(needed)
    rules = [Rule((*sorted({*calls, *added} - arguments.keys()),), ALLOW)]
    for name, values in sorted(arguments.items()):
        rules += [
            Rule((name,), ALLOW, conditions=DECIDING[name].conditions(v), comment=describe(name, v))
            for v in sorted(values)
        ]
    all_notices = [*notices, *_notices(observed, calls)]
    if update is None and not observed.attached and not {"execve", "execveat"} & {*calls, *added}:
        all_notices.append(
            "no execve was seen (a trace of some calls only?), so under the profile no program can"
            " start"
        )
    if update is None:
        number = _EPERM if default_action in WITH_ERRNO and errno_ret is None else errno_ret
        profile = Profile(
            default_action,
            number,
            architectures=tuple(OF_ABI[ABIS[abi]].seccomp for abi in abis),
            rules=tuple(rules),
        )
    else:
        profile = _updated(update, rules, [OF_ABI[ABIS[abi]].seccomp for abi in abis], all_notices)
    return Generated(
        profile,
        calls,
        tuple(observed.only_start()),
        added,
        tuple(ABIS[abi] for abi in abis),
        tuple(all_notices),
    )


def _added(
    observed: ObservedCalls, calls: dict[str, int], abis: list[int], *, floor: bool, container: bool
) -> dict[str, str]:
    wanted = {**(LIBC if floor else UNOBSERVED), **(THREADS if observed.threads else {})}
    if observed.threads and looks_like_go(calls):
        wanted = {**GO, **wanted}
    if container:
        wanted = {**CONTAINER, **wanted}
    return {
        name: why
        for name, why in wanted.items()
        if name not in calls and any(_tables.number(abi, name) is not None for abi in abis)
    }


def _arguments(observed: ObservedCalls) -> dict[str, set[tuple[int, ...]]]:
    """The calls that are allowed for some arguments only, and for which."""
    return {
        name: values
        for name, values in observed.values.items()
        if values is not None and observed.limit
    }


def _notices(observed: ObservedCalls, calls: dict[str, int]) -> list[str]:
    notices = []
    for abi, nr, count in observed.nameless():
        times = "once" if count == 1 else f"{count} times"
        notices.append(
            f"{abi_name(abi)} call number {nr} was made {times}, but has no name here and so no"
            " place in a profile"
        )
    many = [name for name, values in observed.values.items() if values is None and observed.limit]
    if many:
        notices.append(
            f"{', '.join(sorted(many))}: more than {observed.limit} different arguments, so all are"
            " allowed (--limit)"
        )
    if "clone" in _arguments(observed) and "clone3" in calls:
        notices.append("clone3 was seen: its flags are in memory, where no profile can look")
    if "io_uring_setup" in calls:
        notices.append("io_uring was seen: what goes through a ring no profile can refuse")
    if observed.attached:
        notices.append(
            "a process was attached to, so its start was not seen: add --floor, or --update the"
            " profile with a run from the start"
        )
    return notices


def _updated(
    base: Profile, rules: list[Rule], architectures: list[str], notices: list[str]
) -> Profile:
    """The profile with what it does not allow yet."""
    if base.default_action in (ALLOW, "SCMP_ACT_LOG"):
        notices.append("the profile allows by default, so nothing was added to it")
        return base
    everywhere = [rule for rule in base.rules if _applies_always(rule)]
    allowed = {n for rule in everywhere for n in rule.names if not rule.conditions}
    held = {(n, rule.conditions) for rule in everywhere for n in rule.names}
    refused = {n: rule for rule in base.rules for n in rule.names if rule.action != ALLOW}
    for name in sorted(refused.keys() & {n for rule in rules for n in rule.names}):
        notices.append(
            f"{name} was seen, but {refused[name].where or 'a rule'} of the profile refuses it:"
            " left as it is"
        )
    plain = set(rules[0].names) - allowed - refused.keys()
    conditional = [
        rule
        for rule in rules[1:]
        if rule.names[0] not in allowed | refused.keys()
        and (rule.names[0], rule.conditions) not in held
    ]
    kept = _with_names(base.rules, plain)
    listed = base.architectures
    if not base.arch_map:
        listed = tuple(dict.fromkeys([*listed, *architectures]))
    return replace(base, architectures=listed, rules=(*kept, *conditional))


def _with_names(rules: tuple[Rule, ...], names: set[str]) -> list[Rule]:
    """Allow the names: in the first rule that allows without a condition, or in a new one; a rule
    that allows one of them under a condition has no use any more."""
    kept: list[Rule] = []
    placed = not names
    for rule in rules:
        if _applies_always(rule) and rule.conditions:
            left = tuple(n for n in rule.names if n not in names)
            if not left:
                continue
            rule = replace(rule, names=left)
        elif _applies_always(rule) and not placed:
            rule = replace(rule, names=(*sorted({*rule.names, *names}),))
            placed = True
        kept.append(rule)
    return kept if placed else [*kept, Rule(tuple(sorted(names)), ALLOW)]


def _applies_always(rule: Rule) -> bool:
    return rule.action == ALLOW and rule.includes == Limits() == rule.excludes
