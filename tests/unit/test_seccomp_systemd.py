"""Promise: a profile is written for systemd, in its groups of calls too, and for people to read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seccomp_observed import Event, call, of, start

from fasttrace.errors import ProfileError
from fasttrace.seccomp.generation.groups import GROUPS, grouped
from fasttrace.seccomp.generation.listing import listing
from fasttrace.seccomp.generation.systemd import systemd_lines


def test_a_unit_allows_what_was_seen() -> None:
    made = of(call("read"), call("socket", 2, 1), call("socket", 16, 3), call("bpf"))
    lines = systemd_lines(made).splitlines()
    assert lines[:3] == [
        "[Service]",
        "SystemCallArchitectures=x86-64",
        "SystemCallErrorNumber=EPERM",
    ]
    filters = [line.split("=")[1] for line in lines if line.startswith("SystemCallFilter=")]
    assert set(" ".join(filters).split()) == {"read", "socket", "bpf"} | made.added.keys()
    assert lines[-1] == "RestrictAddressFamilies=AF_INET AF_NETLINK"
    assert max(map(len, lines)) < 100


@pytest.mark.parametrize(
    ("events", "options", "line"),
    [
        ([call("read")], {}, "RestrictAddressFamilies=none"),
        ([call("socket", 1)], {}, "RestrictAddressFamilies=AF_UNIX"),
        ([call("socket", 1)], {"limit": 0}, None),
        ([call("socket", 250)], {}, None),  # a family without a name
    ],
)
def test_systemd_knows_families_by_name_only(
    events: list[Event], options: dict[str, Any], line: str | None
) -> None:
    lines = systemd_lines(of(*events, **options)).splitlines()
    assert [one for one in lines if one.startswith("Restrict")] == ([line] if line else [])


@pytest.mark.parametrize(
    ("action", "line"),
    [("SCMP_ACT_KILL_PROCESS", "SystemCallErrorNumber=kill"), ("SCMP_ACT_TRAP", None)],
)
def test_systemd_has_its_own_defaults(action: str, line: str | None) -> None:
    made = of(call("read"), default_action=action)
    if line is None:
        with pytest.raises(ProfileError, match="systemd has no default trap"):
            systemd_lines(made)
    else:
        assert line in systemd_lines(made).splitlines()


def test_groups_stand_where_they_fit() -> None:
    made = of(call("read"), call("openat"), call("bpf"))
    lines = systemd_lines(made, groups=True).splitlines()
    assert "SystemCallFilter=@basic-io" in lines
    assert "# @basic-io: 1 of its 17 calls are needed" in lines
    assert "SystemCallFilter=@default" not in lines  # always there
    named = {w for line in lines if "Filter=" in line for w in line.split("=")[1].split()}
    assert "bpf" in named
    assert "openat" not in named


def test_a_profile_that_systemd_would_take_for_none() -> None:
    lines = systemd_lines(of(call("exit")), groups=True)
    assert "SystemCallFilter=" in lines


@given(st.sets(st.sampled_from(sorted({n for calls in GROUPS.values() for n in calls} | {"bpf"}))))
def test_each_call_is_in_one_place(names: set[str]) -> None:
    groups, others = grouped(names)
    placed = [name for calls in groups.values() for name in calls] + others
    assert sorted(placed) == sorted(names)
    assert all(set(calls) <= GROUPS[group] for group, calls in groups.items())


def test_no_group_gives_power_over_the_machine() -> None:
    held = {name for calls in GROUPS.values() for name in calls}
    assert not held & {"mount", "bpf", "ptrace", "reboot", "setns", "keyctl", "io_uring_setup"}


def test_the_listing_can_be_read_by_people() -> None:
    made = of(*start(), call("bpf"), call("socket", 2, 1), {**call("read"), "nr": 1023})
    text = listing(made)
    assert "# all other calls: EPERM\n" in text
    assert "socket(AF_INET, SOCK_STREAM)" in text
    assert "\n# only at the start: execve, the loader\narch_prctl, brk," in text
    assert "restart_syscall" in text
    assert "# @file-system" in listing(of(call("chdir")), groups=True)
    assert "# all other calls: kill_process" in listing(
        of(call("read"), default_action="SCMP_ACT_KILL_PROCESS")
    )
