"""What happens to a call under a profile: the compiled filter's answer, and the rules behind it."""

from __future__ import annotations

from dataclasses import dataclass

from fasttrace.seccomp.ask.attribution import bits_of, condition_text, matching, reasons
from fasttrace.seccomp.ask.query import Query, parameter
from fasttrace.seccomp.filter.compile import Compiled, alternatives, audit_arch
from fasttrace.seccomp.filter.interpret import Verdict
from fasttrace.seccomp.filter.reach import points, ranges, ranges_text, reach
from fasttrace.seccomp.profile.values import Condition
from fasttrace.seccomp.profile.vocabulary import action_value


@dataclass(frozen=True)
class Case:
    """One answer: verdict, for arguments like `when` ("": whatever they are).

    example: six arguments that were tried. reasons: places of rules, or a sentence.
    """

    verdict: Verdict
    when: str
    example: tuple[int, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """cases: at least one. sampled: there were too many combinations of arguments to try all."""

    query: Query
    cases: tuple[Case, ...]
    sampled: bool = False


def explain(compiled: Compiled, query: Query) -> Explanation:
    """Runs the filter; where arguments matter that are not given, on both sides of every test.

    >>> from fasttrace.seccomp.filter.compile import compile_profile
    >>> from fasttrace.seccomp.profile.reader import parse
    >>> from fasttrace.seccomp.ask.query import query_of
    >>> compiled = compile_profile(parse('{"defaultAction": "SCMP_ACT_LOG"}'))  # doctest: +SKIP
    >>> query = query_of("openat", compiled)                                    # doctest: +SKIP
    >>> explain(compiled, query).cases[0].verdict.action                        # doctest: +SKIP
    'LOG'
    """
    return _Explainer(compiled, query).explanation()


class _Explainer:
    def __init__(self, compiled: Compiled, query: Query) -> None:
        self.compiled = compiled
        self.query = query
        self.given = dict(query.given)
        self.arch = audit_arch(query.arch)
        self.reach = reach(compiled.program, query.nr, self.arch)

    def explanation(self) -> Explanation:
        free = [index for index in self.reach.tested if index not in self.given]
        first = tuple(self.given.get(i, 0) for i in range(6))
        if not free or self.reach.constant:
            return Explanation(self.query, (self.case(first, ""),))
        tried, sampled = points([self.reach], self.given)
        verdicts = {args: self.run(args) for args in tried}
        if len(set(verdicts.values())) == 1 and not sampled:
            return Explanation(self.query, (self.case(first, ""),))
        if len(free) == 1 and not self.reach.masked(free[0]):
            return Explanation(self.query, self.ranges(free[0], verdicts), sampled)
        return Explanation(self.query, self.by_rule(verdicts), sampled)

    def run(self, args: tuple[int, ...]) -> Verdict:
        return self.compiled.program.run(self.query.nr, self.arch, args)

    def case(self, args: tuple[int, ...], when: str) -> Case:
        verdict = self.run(args)
        query = self.query
        why = reasons(self.compiled, query.name, query.nr, query.arch, args, verdict)
        return Case(verdict, when, args, why)

    def ranges(self, index: int, verdicts: dict[tuple[int, ...], Verdict]) -> tuple[Case, ...]:
        """A case for each (verdict, reasons) of the one argument that matters, with its values."""
        query = self.query
        top = (1 << bits_of(query.arch)) - 1
        fixed = next(iter(verdicts))

        def case(value: int) -> tuple[Verdict, tuple[str, ...]]:
            found = self.case((*fixed[:index], value, *fixed[index + 1 :]), "")
            return found.verdict, found.reasons

        grouped: dict[tuple[Verdict, tuple[str, ...]], list[tuple[int, int]]] = {}
        for start, end, key in ranges((args[index] for args in verdicts), case, top):
            grouped.setdefault(key, []).append((start, end))
        name = parameter(query.name, query.arch, index)
        return tuple(
            Case(
                verdict,
                f"{name} {ranges_text(spans, top)}",
                (*fixed[:index], spans[0][0], *fixed[index + 1 :]),
                why,
            )
            for (verdict, why), spans in grouped.items()
        )

    def by_rule(self, verdicts: dict[tuple[int, ...], Verdict]) -> tuple[Case, ...]:
        """A case for each verdict among the arguments that meet a rule, and for those of none."""
        query, resolved = self.query, self.compiled.resolved
        examples: dict[tuple[str, Verdict], tuple[int, ...]] = {}
        for args, verdict in verdicts.items():
            text = "otherwise"
            for rule, conditions in matching(self.compiled, query.name, query.arch, args):
                if action_value(rule.action, rule.errno_ret) == verdict.value:
                    text = self.text(conditions)
                    break
            examples.setdefault((text, verdict), args)
        order = [
            self.text(conditions)
            for rule in resolved.by_name.get(query.name, ())
            for conditions in alternatives(rule)
        ]
        keys = sorted(
            examples, key=lambda key: order.index(key[0]) if key[0] in order else len(order)
        )
        return tuple(self.case(examples[key], key[0]) for key in keys)

    def text(self, conditions: tuple[Condition, ...]) -> str:
        query = self.query
        left = [one for one in conditions if one.index not in self.given]
        return " and ".join(
            condition_text(one, parameter(query.name, query.arch, one.index)) for one in left
        )
