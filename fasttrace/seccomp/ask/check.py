"""What is wrong with a profile or has no effect here; what a recorded trace would have lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fasttrace._tables import ABIS
from fasttrace.seccomp.ask.attribution import condition_text, matching
from fasttrace.seccomp.ask.query import ABI_OF, ARCH_OF, known_names, name_of, number_of
from fasttrace.seccomp.filter.compile import Compiled, alternatives, audit_arch
from fasttrace.seccomp.filter.interpret import Verdict
from fasttrace.seccomp.filter.reach import points, reach
from fasttrace.seccomp.profile.values import Condition, Rule
from fasttrace.seccomp.profile.vocabulary import ARCHITECTURES, CAPABILITIES, action_value
from fasttrace.text.terminal import quoted

if TYPE_CHECKING:
    from fasttrace.data.trace import Trace

_FEW = 200  # rules for one call that are compared with one another
_NEAR_MAX = 500  # names that no table has, and for which one that is near is looked for


@dataclass(frozen=True)
class Finding:
    """kind: "warning": probably not what was meant; "note": has no effect here, which is usual.

    where: the place in the JSON, or "".
    """

    kind: str
    where: str
    text: str


@dataclass(frozen=True)
class Lost:
    """A call of a trace that the profile does not let through. args: of those it looks at, by
    index. count: how often it was made."""

    name: str
    arch: str
    args: tuple[tuple[int, int], ...]
    verdict: Verdict
    count: int

    @property
    def text(self) -> str:
        """The call as `explain` takes it.

        >>> Lost("socket", "SCMP_ARCH_X86_64", ((0, 40),), Verdict.of(0x50001), 3).text
        'socket:0=40'
        """
        given = ",".join(
            f"{index}={value if value < 4096 else hex(value)}" for index, value in self.args
        )
        at = "" if self.arch == "SCMP_ARCH_X86_64" else f"@{ARCHITECTURES[self.arch][0]}"
        return f"{self.name}{at}:{given}" if given else f"{self.name}{at}"


def findings(compiled: Compiled) -> list[Finding]:
    """All findings, in the order of the profile; first those about the whole."""
    return [*_whole(compiled), *_skipped(compiled), *_rules(compiled)]


def _whole(compiled: Compiled) -> Iterator[Finding]:
    profile, resolved = compiled.resolved.profile, compiled.resolved
    for place in profile.ignored:
        yield Finding("warning", place, "has no meaning in a profile")
    for name in ("execve", "exit_group"):
        nr = number_of(name, resolved.target.arch)
        assert nr is not None
        found = reach(compiled.program, nr, audit_arch(resolved.target.arch))
        if not any(Verdict.of(value).lets_through for value in found.values):
            what = "no program can start" if name == "execve" else "no program can end in peace"
            yield Finding("warning", "", f"{name} is refused: {what}")
    if "SCMP_ARCH_X86" in resolved.architectures:
        yield from _multiplexed(compiled)


def _multiplexed(compiled: Compiled) -> Iterator[Finding]:
    tested = [rule for rule in compiled.resolved.by_name.get("socket", ()) if rule.conditions]
    nr = number_of("socketcall", "SCMP_ARCH_X86")
    if tested and nr is not None:
        verdict = compiled.program.run(nr, audit_arch("SCMP_ARCH_X86"), (1,))
        if verdict.lets_through:
            yield Finding(
                "warning",
                tested[0].where,
                "32-bit code gets past the conditions on socket through socketcall, whose "
                "arguments are in memory; leave SCMP_ARCH_X86 out, or refuse socketcall",
            )


def _skipped(compiled: Compiled) -> Iterator[Finding]:
    """Names that libseccomp does not know."""
    by_rule: dict[str, list[str]] = {}
    for rule, name in compiled.unknown:
        by_rule.setdefault(rule.where, []).append(name)
    known = {name for arch in ABI_OF for name in known_names(arch)}
    near = _Near(known)
    for where, unknown in by_rule.items():
        newer = [name for name in unknown if name in known]
        if newer:
            text = f"skipped, for this libseccomp is too old for it: {', '.join(newer)}"
            yield Finding("note", where, text)
        for name in unknown:
            if name not in known:
                yield Finding("warning", where, f"skipped, no system call: {near.of(name)}")


class _Near:
    """Names with what they may be meant for, as long as that takes no more than a second or so."""

    def __init__(self, known: set[str]) -> None:
        self._known = known
        self._left = _NEAR_MAX

    def of(self, name: str) -> str:
        from difflib import get_close_matches

        self._left -= 1
        close = get_close_matches(name[:40], self._known, 1) if self._left >= 0 else []
        return quoted(name) + (f"; did you mean {close[0]}?" if close else "")


def _rules(compiled: Compiled) -> Iterator[Finding]:
    resolved = compiled.resolved
    left_out = {id(rule): why for rule, why in resolved.left_out}
    effects = _Effects(compiled)
    for rule in resolved.profile.rules:
        yield from _rule_alone(rule)
        if id(rule) in left_out:
            yield Finding("note", rule.where, f"does not apply here: {left_out[id(rule)]}")
        elif action_value(rule.action, rule.errno_ret) == resolved.default:
            yield Finding("note", rule.where, "says what the default says")
        else:
            by_reason: dict[str, list[str]] = {}
            for name in dict.fromkeys(rule.names):
                reason = effects.none(rule, name)
                if reason:
                    by_reason.setdefault(reason, []).append(name)
            for reason, found in by_reason.items():
                yield Finding("warning", rule.where, f"{_list(found)}: {reason}")


def _list(words: list[str]) -> str:
    return ", ".join(words if len(words) <= 8 else [*words[:7], f"and {len(words) - 7} more"])


def _rule_alone(rule: Rule) -> Iterator[Finding]:
    """What can be said of a rule alone."""
    if rule.action == "SCMP_ACT_NOTIFY":
        yield Finding(
            "warning", rule.where, "asks a listener; without one, as here, the call fails: ENOSYS"
        )
    for cap in (*rule.includes.caps, *rule.excludes.caps):
        if cap not in CAPABILITIES:
            yield Finding("warning", rule.where, f"no capability {cap}")
    for i, one in enumerate(rule.conditions):
        place = f"{rule.where}.args[{i}]"
        if one.op == "SCMP_CMP_MASKED_EQ":
            if one.value_two & ~one.value:
                text = f"valueTwo has bits outside the mask {one.value:#x}: they do not count"
                yield Finding("warning", place, text)
        elif one.value_two:
            yield Finding("note", place, f"valueTwo has no meaning for {one.op}")
        if never(one):
            yield Finding("warning", place, f"is never met: {condition_text(one, 'argument')}")


def never(condition: Condition) -> bool:
    """Whether no argument meets a condition."""
    top = (1 << 64) - 1
    return (condition.op, condition.value) in (("SCMP_CMP_LT", 0), ("SCMP_CMP_GT", top))


class _Effects:
    """Which rules decide something."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.deciding: dict[str, set[int] | None] = {}
        self.places: dict[str, dict[int, int]] = {}

    def none(self, rule: Rule, name: str) -> str:
        """Why a rule has no effect on a call, or ""."""
        rules = self.compiled.resolved.by_name[name]
        place = self._places(name)
        if not rule.conditions and rules[0] is rule:
            return ""
        value = action_value(rule.action, rule.errno_ret)
        for other in rules if len(rules) <= _FEW else rules[:_FEW]:
            if action_value(other.action, other.errno_ret) == self.compiled.resolved.default:
                continue
            same = action_value(other.action, other.errno_ret) == value
            first = place[id(other)] < place[id(rule)]
            if other is not rule and not other.conditions and (rule.conditions or first):
                says = "says the same" if same else f"says {other.action}"
                return f"{other.where} {says}, whatever the arguments"
            if other is not rule and same and first and _covers(other, rule):
                return f"{other.where} says the same"
        if not rule.conditions:
            return ""
        deciding = self._deciding(name)
        if deciding is not None and id(rule) not in deciding:
            return "decides nothing: other rules, or none of its conditions can be met"
        return ""

    def _places(self, name: str) -> dict[int, int]:
        """By id, how many rules for a call come before one."""
        if name not in self.places:
            rules = self.compiled.resolved.by_name[name]
            self.places[name] = {id(rule): i for i, rule in enumerate(rules)}
        return self.places[name]

    def _deciding(self, name: str) -> set[int] | None:
        """ids of the rules whose action the filter gives where they match; None: not known."""
        if name not in self.deciding:
            self.deciding[name] = self._find(name)
        return self.deciding[name]

    def _find(self, name: str) -> set[int] | None:
        arch = self.compiled.resolved.target.arch
        nr = number_of(name, arch)
        if nr is None:
            return None
        found = reach(self.compiled.program, nr, audit_arch(arch))
        tried, too_many = points([found], {})
        if too_many:
            return None
        deciding: set[int] = set()
        for args in tried:
            verdict = self.compiled.program.run(nr, audit_arch(arch), args)
            for rule, _ in matching(self.compiled, name, arch, args):
                if action_value(rule.action, rule.errno_ret) == verdict.value:
                    deciding.add(id(rule))
        return deciding


def _covers(wide: Rule, narrow: Rule) -> bool:
    """Whether every alternative of one rule is met only where one of the other's is."""
    wides = [set(conditions) for conditions in alternatives(wide)]
    return all(
        any(conditions <= set(other) for conditions in wides) for other in alternatives(narrow)
    )


def lost(compiled: Compiled, trace: Trace) -> list[Lost]:
    """The calls of a trace that would not have gone through, the most frequent first.

    A call is told apart by the arguments that the filter looks at for its number, so the list is
    as short as the profile is coarse.
    """
    import numpy as np

    from fasttrace.data.events import Kind

    events = trace.events[trace.events["kind"] == int(Kind.SYSCALL)]
    keys = events["abi"].astype(np.int64) << 32 | events["nr"].astype(np.uint32)
    found: list[Lost] = []
    order = np.argsort(keys, kind="stable")
    values, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    for key, start, count in zip(values.tolist(), starts.tolist(), counts.tolist(), strict=True):
        abi, nr = key >> 32, key & 0xFFFFFFFF
        arch = _arch(abi, nr)
        if arch is None:
            continue
        part = reach(compiled.program, nr, audit_arch(arch))
        name = name_of(nr, arch)
        if part.constant:
            if not part.constant.lets_through:
                found.append(Lost(name, arch, (), part.constant, count))
            continue
        tested = part.tested
        args = events["args"][order[start : start + count]][:, tested]
        rows, times = np.unique(args, axis=0, return_counts=True)
        for row, each in zip(rows.tolist(), times.tolist(), strict=True):
            given = tuple(zip(tested, row, strict=True))
            full = [dict(given).get(index, 0) for index in range(6)]
            verdict = compiled.program.run(nr, audit_arch(arch), full)
            if not verdict.lets_through:
                found.append(Lost(name, arch, given, verdict, each))
    return sorted(found, key=lambda one: (-one.count, one.text))


def _arch(abi: int, nr: int) -> str | None:
    name = ABIS[abi] if abi < len(ABIS) else ""
    if name == "x86_64" and nr >> 30 == 1:
        return "SCMP_ARCH_X32"
    return ARCH_OF.get(name)
