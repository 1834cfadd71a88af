"""What two profiles do differently, by their compiled filters, however they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fasttrace._tables import ABIS, names
from fasttrace.seccomp.ask.attribution import bits_of
from fasttrace.seccomp.ask.query import ABI_OF, name_of, number_of, parameter
from fasttrace.seccomp.filter.compile import Compiled, audit_arch
from fasttrace.seccomp.filter.interpret import Verdict
from fasttrace.seccomp.filter.reach import points, ranges, ranges_text, reach, value_text


@dataclass(frozen=True)
class Change:
    """A call, or a part of its arguments, that two profiles answer differently.

    arches: where. when: the arguments, as far as they matter; "" for all. before, after: the
    verdicts. exact: False if `when` is an example.
    """

    name: str
    arches: tuple[str, ...]
    when: str
    before: Verdict
    after: Verdict
    exact: bool = True

    @property
    def kind(self) -> str:
        """ "allowed", "refused", or "changed" if both or none lets the call through.

        >>> Change("bpf", (), "", Verdict.of(0), Verdict.of(0x7FFF0000)).kind
        'allowed'
        """
        if self.before.lets_through == self.after.lets_through:
            return "changed"
        return "allowed" if self.after.lets_through else "refused"


@dataclass(frozen=True)
class Difference:
    """only_first, only_second: architectures that only one of the profiles has; the other one kills
    there. flags: (of the first, of the second) if they differ. changes: on the others."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    flags: tuple[tuple[str, ...], tuple[str, ...]] | None
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.only_first or self.only_second or self.flags or self.changes)


def diff(first: Compiled, second: Compiled) -> Difference:
    """Tries every call that our tables or one of the profiles know, on both sides of every test.

    Both must be compiled for the same target.
    """
    mine, yours = first.resolved.architectures, second.resolved.architectures
    found: dict[tuple[str, str, Verdict, Verdict, bool], list[str]] = {}
    both = [arch for arch in mine if arch in yours]
    for arch in both:
        for nr in numbers([first, second], arch):
            for change in _changes(first, second, arch, nr):
                found.setdefault(change, []).append(arch)
    flags = first.resolved.profile.flags, second.resolved.profile.flags
    return Difference(
        tuple(arch for arch in mine if arch not in yours),
        tuple(arch for arch in yours if arch not in mine),
        None if set(flags[0]) == set(flags[1]) else flags,
        tuple(
            Change(name, tuple(arches) if len(arches) < len(both) else (), when, old, new, exact)
            for (name, when, old, new, exact), arches in sorted(
                found.items(), key=lambda item: (item[0][0], item[0][1])
            )
        ),
    )


def numbers(profiles: Iterable[Compiled], arch: str) -> list[int]:
    """The numbers of calls to try on an architecture: all that have a name, and one above them."""
    found: set[int] = set()
    if arch in ABI_OF:
        bit = 1 << 30 if arch == "SCMP_ARCH_X32" else 0
        found.update(nr | bit for nr in names(ABIS.index(ABI_OF[arch])))
    for one in profiles:
        named = (number_of(name, arch) for name in one.resolved.by_name)
        found.update(nr for nr in named if nr is not None)
        found.update(one.highest.get(arch, 0) + i for i in (0, 1))
    return sorted({*found, max(found, default=0) + 1})


def _changes(
    first: Compiled, second: Compiled, arch: str, nr: int
) -> Iterator[tuple[str, str, Verdict, Verdict, bool]]:
    audit, name = audit_arch(arch), name_of(nr, arch)
    parts = [reach(one.program, nr, audit) for one in (first, second)]

    def answers(args: tuple[int, ...]) -> tuple[Verdict, Verdict]:
        return first.program.run(nr, audit, args), second.program.run(nr, audit, args)

    tested = sorted({index for part in parts for index in part.tested})
    tried, sampled = points(parts, {})
    if len(tested) == 1 and not any(part.masked(tested[0]) for part in parts):
        index = tested[0]
        top = (1 << bits_of(arch)) - 1

        def at(value: int) -> tuple[Verdict, Verdict]:
            return answers((*[0] * index, value, *[0] * (5 - index)))

        spans: dict[tuple[Verdict, Verdict], list[tuple[int, int]]] = {}
        for start, end, pair in ranges((args[index] for args in tried), at, top):
            spans.setdefault(pair, []).append((start, end))
        for (old, new), found in spans.items():
            if old != new:
                everything = found == [(0, top)]
                when = f"{parameter(name, arch, index)} {ranges_text(found, top)}"
                yield name, "" if everything else when, old, new, True
        return
    examples: dict[tuple[Verdict, Verdict], tuple[int, ...]] = {}
    for args in tried:
        examples.setdefault(answers(args), args)
    for (old, new), args in examples.items():
        if old != new:
            given = (f"{parameter(name, arch, i)}={value_text(args[i])}" for i in tested)
            alone = len(examples) == 1 and not sampled
            yield name, "" if alone else "as " + ", ".join(given), old, new, alone
