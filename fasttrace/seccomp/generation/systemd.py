"""A generated profile as lines of a systemd unit: SystemCallFilter=, systemd.exec(5)."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from fasttrace.errors import ProfileError
from fasttrace.seccomp.generation.arguments import DECIDING, family
from fasttrace.seccomp.generation.generated import ALLOW, Generated
from fasttrace.seccomp.generation.groups import GROUPS, grouped
from fasttrace.syscalls.architectures import OF_ABI
from fasttrace.text.terminal import printable

if TYPE_CHECKING:
    from fasttrace.seccomp.profile.values import Condition

_WIDTH = 76
# systemd allows them whatever the unit says.
_ALWAYS = "@default"


def systemd_lines(made: Generated, *, groups: bool = False) -> str:
    """The [Service] section. groups: a group's name where one of its calls was observed, which
    allows the others too; the line before says how many were needed.

    systemd has no conditions on arguments; what comes near is written: RestrictAddressFamilies=.
    ProfileError: a default action that systemd does not have.
    """
    lines = ["[Service]", f"SystemCallArchitectures={' '.join(_architectures(made))}"]
    lines += _default(made)
    names = {name for r in made.profile.rules if r.action == ALLOW for name in r.names}
    if groups:
        lines += _in_groups(names)
    else:
        lines += _filter(sorted(names))
    return "".join(f"{printable(line)}\n" for line in [*lines, *_families(made, names)])


def _architectures(made: Generated) -> list[str]:
    return [OF_ABI[abi].systemd for abi in made.abis]


def _default(made: Generated) -> list[str]:
    action = made.profile.default_action
    if action == "SCMP_ACT_KILL_PROCESS":
        return ["SystemCallErrorNumber=kill"]
    if action == "SCMP_ACT_ERRNO":
        from fasttrace.syscalls.errnos import errno_name

        return [f"SystemCallErrorNumber={errno_name(made.profile.default_errno_ret or 1)}"]
    word = action.removeprefix("SCMP_ACT_").lower().replace("_", "-")
    raise ProfileError(
        f"systemd has no default {word}: it kills the process or returns an error;"
        " give --default kill-process or an errno"
    )


def _filter(words: list[str]) -> list[str]:
    return [f"SystemCallFilter={line}" for line in textwrap.wrap(" ".join(words), _WIDTH)]


def _in_groups(names: set[str]) -> list[str]:
    found, others = grouped(names)
    lines = []
    for group, needed in found.items():
        if group == _ALWAYS:
            continue
        lines.append(f"# {group}: {len(needed)} of its {len(GROUPS[group])} calls are needed")
        lines.append(f"SystemCallFilter={group}")
    # An empty list would mean that there is no filter.
    return [*lines, *_filter(others)] or [f"SystemCallFilter={_ALWAYS}"]


def _families(made: Generated, names: set[str]) -> list[str]:
    """socket(2)'s first argument, where systemd can name all of its values."""
    if "socket" not in names:
        return ["RestrictAddressFamilies=none"]
    conditions = [r.conditions for r in made.profile.rules if "socket" in r.names]
    found = {family(c[0].value_two) for c in conditions if _is_generated(c)}
    known = {word for word in found if word is not None}
    if len(found) != len(known) or not all(map(_is_generated, conditions)):
        return []
    return [f"RestrictAddressFamilies={' '.join(sorted(known))}"]


def _is_generated(conditions: tuple[Condition, ...]) -> bool:
    """Whether they are of the form that `generate` gives socket."""
    return [(one.index, one.value) for one in conditions] == [*DECIDING["socket"].masks]
