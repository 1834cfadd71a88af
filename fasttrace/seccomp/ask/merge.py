"""One profile that lets through what any of several do.

The rules are put together by name and conditions; then the compiled filters are compared call by
call on the target, so that a profile that says more or less than its sources is never returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fasttrace.errors import ProfileError
from fasttrace.seccomp.ask.attribution import MULTIPLEXED
from fasttrace.seccomp.ask.diff import numbers
from fasttrace.seccomp.ask.query import name_of
from fasttrace.seccomp.filter.compile import Compiled, alternatives, audit_arch, compile_profile
from fasttrace.seccomp.filter.interpret import Verdict
from fasttrace.seccomp.filter.reach import points, reach, value_text
from fasttrace.seccomp.profile.resolve import Target, target
from fasttrace.seccomp.profile.values import ArchMap, Condition, Limits, Profile, Rule
from fasttrace.seccomp.profile.vocabulary import ARCHITECTURES, action_value

_THROUGH = ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG")


@dataclass(frozen=True)
class Merged:
    """conflicts: where the sources said different things, and what was done; a line each."""

    profile: Profile
    conflicts: tuple[str, ...]


def merge_profiles(profiles: Sequence[Profile], on: Target | None = None) -> Merged:
    """The union of what profiles let through; refusals stay where no other profile has a say.

    on: where the result is proved (None: `resolve.target()`). ProfileError: fewer than one
    profile, defaults that differ, or a union that no profile can express.
    """
    if not profiles:
        raise ProfileError("nothing to merge: give at least one profile")
    sources = list(dict.fromkeys(profiles))
    on = on or target()
    default = _default(sources)
    conflicts: list[str] = []
    if default in _THROUGH:
        rules = _Denied(sources, conflicts).rules()
    else:
        rules = _Allowed(sources, conflicts).rules()
    architectures, arch_map = _architectures(sources, on)
    flags = tuple(dict.fromkeys(flag for one in sources for flag in one.flags))
    conflicts += [
        f"{_name(one)} has not the flag {flag}: set"
        for flag in flags
        for one in sources
        if flag not in one.flags
    ]
    result = Profile(
        default_action=default,
        default_errno_ret=sources[0].default_errno_ret,
        architectures=architectures,
        arch_map=arch_map,
        flags=flags,
        rules=tuple(replace(rule, where=f"syscalls[{i}]") for i, rule in enumerate(rules)),
        listener_path=_same(sources, "listener_path", "listenerPath"),
        listener_metadata=_same(sources, "listener_metadata", "listenerMetadata"),
        source="the merged profile",
    )
    _prove(sources, result, on)
    return Merged(result, tuple(dict.fromkeys(conflicts)))


def _name(profile: Profile) -> str:
    return profile.source or "a profile"


def _default(sources: list[Profile]) -> str:
    first = sources[0]
    value = action_value(first.default_action, first.default_errno_ret)
    for one in sources[1:]:
        other = action_value(one.default_action, one.default_errno_ret)
        if other != value:
            raise ProfileError(
                f"cannot merge: for calls without a rule {_name(first)} says {Verdict.of(value)} "
                f"and {_name(one)} says {Verdict.of(other)}; make defaultAction the same in both"
            )
    return first.default_action


def _same(sources: list[Profile], field: str, key: str) -> str:
    values = dict.fromkeys(value for one in sources if (value := str(getattr(one, field))))
    if len(values) > 1:
        raise ProfileError(f"cannot merge: {key} differs: {' and '.join(values)}")
    return next(iter(values), "")


def _architectures(
    sources: list[Profile], on: Target
) -> tuple[tuple[str, ...], tuple[ArchMap, ...]]:
    if not any(one.arch_map for one in sources):
        return tuple(dict.fromkeys(arch for one in sources for arch in one.architectures)), ()
    found: dict[str, dict[str, None]] = {}
    for one in sources:
        entries = one.arch_map
        if not entries and one.architectures:
            # A plain list speaks of this machine; archMap is the only way to say both.
            entries = (ArchMap(on.arch, one.architectures),)
        for entry in entries:
            subs = found.setdefault(entry.architecture, {})
            subs.update(dict.fromkeys(entry.sub_architectures))
            subs.pop(entry.architecture, None)
    return (), tuple(ArchMap(arch, tuple(subs)) for arch, subs in found.items())


def _key(rule: Rule) -> tuple[frozenset[Condition], bool, Limits, Limits]:
    """What two rules must have in common to be about the same calls; order does not matter."""
    return frozenset(rule.conditions), len(alternatives(rule)) > 1, rule.includes, rule.excludes


def _apart(one: Rule, other: Rule) -> bool:
    """Whether two rules can never apply on the same machine, by capabilities or architectures."""
    return any(
        set(a.includes.caps) & set(b.excludes.caps)
        or set(a.includes.arches) & set(b.excludes.arches)
        for a, b in ((one, other), (other, one))
    ) or bool(
        one.includes.arches
        and other.includes.arches
        and not set(one.includes.arches) & set(other.includes.arches)
    )


def _says(rule: Rule) -> str:
    return str(Verdict.of(action_value(rule.action, rule.errno_ret)))


class _MergedRules:
    """Rules by what they say, each with its names: what comes out is as short as what went in."""

    def __init__(self) -> None:
        self.rules: dict[tuple[object, ...], tuple[Rule, dict[str, None]]] = {}
        self.said: dict[tuple[object, ...], Rule] = {}

    def add(self, rule: Rule, name: str) -> Rule | None:
        """None, or the rule that says something about the same calls already."""
        place = (name, _key(rule))
        before = self.said.setdefault(place, rule)
        if before is not rule:
            return before
        value = action_value(rule.action, rule.errno_ret)
        _, names = self.rules.setdefault((value, rule.conditions, *_key(rule)[2:]), (rule, {}))
        names[name] = None
        return None

    def all(self) -> list[Rule]:
        return [replace(rule, names=tuple(names)) for rule, names in self.rules.values()]


class _Allowed:
    """Profiles that refuse by default: their rules stand side by side."""

    def __init__(self, sources: list[Profile], conflicts: list[str]) -> None:
        self.sources = sources
        self.conflicts = conflicts
        self.by_name: list[dict[str, list[Rule]]] = []
        for one in sources:
            found: dict[str, list[Rule]] = {}
            for rule in one.rules:
                for name in dict.fromkeys(rule.names):
                    found.setdefault(name, []).append(rule)
            self.by_name.append(found)

    def rules(self) -> list[Rule]:
        kept = _MergedRules()
        for i, one in enumerate(self.sources):
            for rule in one.rules:
                for name in dict.fromkeys(rule.names):
                    if rule.action not in _THROUGH and self._allowed_elsewhere(i, rule, name):
                        continue
                    before = kept.add(rule, name)
                    if before is not None and _says(before) != _says(rule):
                        self.conflicts.append(
                            f"{name}: {_name(one)} says {_says(rule)}, an earlier profile "
                            f"{_says(before)}: {_says(before)}"
                        )
        return kept.all()

    def _allowed_elsewhere(self, i: int, rule: Rule, name: str) -> bool:
        """Whether another profile lets through what a rule refuses; it would be two answers."""
        for j, found in enumerate(self.by_name):
            others = found.get(name, [])
            if j == i or any(
                _key(one) == _key(rule) and _says(one) == _says(rule) for one in others
            ):
                continue
            for other in others:
                if other.action in _THROUGH and not _apart(rule, other):
                    self.conflicts.append(
                        f"{name}: {_name(self.sources[i])} says {_says(rule)} ({rule.where}), "
                        f"{_name(self.sources[j])} {_says(other)} ({other.where}): {_says(other)}"
                    )
                    return True
        return False


class _Denied(_Allowed):
    """Profiles that let calls through by default: only what all refuse stays refused."""

    def rules(self) -> list[Rule]:
        kept = _MergedRules()
        for name in self.by_name[0]:
            found = self._refusals(0, name)
            for i in range(1, len(self.sources)):
                others = self._refusals(i, name)
                if found and not others:
                    self.conflicts.append(
                        f"{name}: {_name(self.sources[0])} says {_says(found[0])}, "
                        f"{_name(self.sources[i])} lets it through: let through"
                    )
                found = [
                    both
                    for one in found
                    for other in others
                    if (both := self._both(name, one, other)) is not None
                ]
            for rule in found:
                kept.add(rule, name)
        for one in self.sources[1:]:
            for rule in one.rules:
                for name in rule.names:
                    if name not in self.by_name[0] and rule.action not in _THROUGH:
                        self.conflicts.append(
                            f"{name}: {_name(one)} says {_says(rule)}, {_name(self.sources[0])} "
                            "lets it through: let through"
                        )
        return kept.all()

    def _refusals(self, i: int, name: str) -> list[Rule]:
        rules = self.by_name[i].get(name, [])
        return [
            replace(rule, conditions=conditions)
            for rule in rules
            if rule.action not in _THROUGH
            for conditions in alternatives(rule)
        ]

    def _both(self, name: str, one: Rule, other: Rule) -> Rule | None:
        """A rule for the calls that two rules refuse; None: there are none."""
        limits = Limits(), Limits()
        if (other.includes, other.excludes) not in (limits, (one.includes, one.excludes)):
            if (one.includes, one.excludes) != limits:
                raise ProfileError(f"cannot merge: {name}: includes and excludes differ")
            one = replace(one, includes=other.includes, excludes=other.excludes)
        conditions = tuple(dict.fromkeys((*one.conditions, *other.conditions)))
        indices = [condition.index for condition in conditions]
        if len(set(indices)) < len(indices):
            tested = {condition.index: condition for condition in conditions}
            if all(c.op == "SCMP_CMP_EQ" for c in conditions) and len(tested) == 1:
                return None  # equal to two different numbers
            raise ProfileError(
                f"cannot merge: {name}: a rule cannot test argument {indices[0]} twice "
                f"({one.where} and {other.where})"
            )
        return replace(one, conditions=conditions)


def _prove(sources: list[Profile], result: Profile, on: Target) -> None:
    """ProfileError: on this target the result lets more or fewer calls through than the sources.

    Without the ENOSYS part, for with it a source may hide what a rule of its own allows: a call
    that libseccomp counts as multiplexed does not make the highest number higher.
    """
    made = compile_profile(result, on, enosys_part=False)
    given = [compile_profile(one, on, enosys_part=False) for one in sources]
    compile_profile(result, on)  # not too large with it
    for arch in made.resolved.architectures:
        for nr in numbers([made, *given], arch):
            _prove_call(made, given, arch, nr)


def _prove_call(made: Compiled, given: list[Compiled], arch: str, nr: int) -> None:
    audit = audit_arch(arch)
    tried, _ = points([reach(one.program, nr, audit) for one in (made, *given)], {})
    name = name_of(nr, arch)
    for args in tried:
        through = made.program.run(nr, audit, args).lets_through
        wanted = any(one.program.run(nr, audit, args).lets_through for one in given)
        if through == wanted:
            continue
        shown = f"{name}({', '.join(value_text(arg) for arg in args)})"
        what = (
            "let through although no profile does"
            if through
            else "refused although a profile lets it through"
        )
        why = "no profile can say this"
        if not all(arch in one.resolved.architectures for one in given):
            why = "give all profiles the same architectures"
        elif name in MULTIPLEXED:
            why = f"conditions do not reach into {name}"
        where = ARCHITECTURES[arch][0]
        raise ProfileError(f"cannot merge: {shown} on {where} would be {what}; {why}")
