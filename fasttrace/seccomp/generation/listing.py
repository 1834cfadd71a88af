"""A generated profile as a list for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from fasttrace.seccomp.generation.generated import ALLOW, Generated
from fasttrace.seccomp.generation.groups import grouped
from fasttrace.text.terminal import printable

_WIDTH = 88


def listing(made: Generated, *, groups: bool = False) -> str:
    """The calls that the profile allows, and why, in lines; groups: sorted into systemd's groups.

    Calls for some arguments only stand with these; those that were not observed with the reason.
    """
    rules = [rule for rule in made.profile.rules if rule.action == ALLOW]
    plain = {name for rule in rules if not rule.conditions for name in rule.names}
    conditional = [rule.comment or rule.names[0] for rule in rules if rule.conditions]
    start = set(made.only_start)
    sections: list[tuple[str, Iterable[str]]] = []
    mine = plain - start - made.added.keys()
    if groups:
        found, others = grouped(mine)
        sections += [*found.items(), ("in no group", others)]
    else:
        sections.append(("made by the programs", sorted(mine)))
    sections.append(("with these arguments only", conditional))
    sections.append(("only at the start: execve, the loader", sorted(plain & start)))
    for why in dict.fromkeys(made.added.values()):
        names = [name for name, reason in made.added.items() if reason == why]
        sections.append((f"not seen: {why}", names))
    lines = [f"# all other calls: {_action(made)}", f"# programs of {', '.join(made.abis)}"]
    for title, listed in sections:
        words = ", ".join(listed)
        if words:
            lines += ["", f"# {title}", *textwrap.wrap(words, _WIDTH, break_long_words=False)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _action(made: Generated) -> str:
    profile = made.profile
    word = profile.default_action.removeprefix("SCMP_ACT_").lower()
    if profile.default_errno_ret is None:
        return word
    from fasttrace.syscalls.errnos import errno_name

    return errno_name(profile.default_errno_ret)
