"""Promise: a profile allows what was seen, for the arguments that were seen where these tell
something, and what it adds or cannot say is told."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seccomp_observed import AFTER, ALLOW, LOADER, args_of, call, exec_of, of, plain, start
from synthetic import make_events

from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.data.trace import Trace
from fasttrace.errors import ProfileError
from fasttrace.seccomp import Profile, generate, parse
from fasttrace.seccomp.generation.generated import from_observed
from fasttrace.seccomp.generation.observed import ObservedCalls
from fasttrace.seccomp.profile.values import Condition, Limits, Rule

INT = 0xFFFFFFFF
INVISIBLE = {"restart_syscall", "rt_sigreturn", "exit", "exit_group", "clock_gettime"}


# What is allowed


def test_what_was_seen_and_what_cannot_be_seen() -> None:
    made = of(call("execve"), call("read", 3), call("read", 4), call("openat"))
    assert made.calls == {"execve": 1, "openat": 1, "read": 2}
    assert {"read", "openat"} | INVISIBLE <= plain(made.profile)
    assert plain(made.profile) == made.calls.keys() | made.added.keys()
    assert made.profile.default_action == "SCMP_ACT_ERRNO"
    assert made.profile.default_errno_ret == 1
    assert made.profile.architectures == ("SCMP_ARCH_X86_64",)
    assert made.notices == ()


def test_calls_that_failed_or_never_ended_are_needed_too() -> None:
    cut = {**call("pause"), "flags": Flag.UNFINISHED}
    assert {"chdir", "pause"} <= plain(of(call("chdir", ret=-2), cut).profile)


def test_signals_and_births_are_no_calls() -> None:
    made = of(call("read"), {"kind": Kind.SIGNAL, "nr": 1}, {"kind": Kind.EXIT, "nr": 4})
    assert made.calls == {"read": 1}


def test_nothing_seen_makes_no_profile() -> None:
    with pytest.raises(ProfileError, match="nothing to allow"):
        of({"kind": Kind.SIGNAL, "nr": 9})


def test_32_bit_calls_bring_their_architecture_and_their_own_invisible_calls() -> None:
    made = of(call("read", abi=1))
    assert made.abis == ("x86_64", "i386")
    assert made.profile.architectures == ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")
    assert {"sigreturn", "clock_gettime64"} <= made.added.keys()
    assert not {"sigreturn", "clock_gettime64"} & of(call("read")).added.keys()


def test_numbers_without_a_name_are_told() -> None:
    made = of(call("execve"), {**call("read"), "nr": 1023}, {**call("read"), "nr": -1})
    assert [notice.partition(",")[0] for notice in made.notices] == [
        "x86_64 call number 1023 was made once",
        "x86_64 call number 4294967295 was made once",
    ]
    assert made.calls == {"execve": 1}


@pytest.mark.parametrize("action", [ALLOW, "SCMP_ACT_NOTIFY", "EPERM", ""])
def test_a_default_that_allows_is_refused(action: str) -> None:
    with pytest.raises(ProfileError, match="no default that refuses"):
        of(call("read"), default_action=action)


def test_an_abi_that_nobody_knows() -> None:
    made = of(call("execve"), {**call("read"), "abi": 255})
    assert made.abis == ("x86_64",)
    assert "abi_255 call number 0" in made.notices[0]


def test_threads_need_what_their_timing_needs() -> None:
    thread = {"kind": Kind.FORK, "flags": Flag.THREAD}
    assert {"futex", "madvise", "munmap"} <= of(call("read"), thread).added.keys()
    assert "futex" not in of(call("read"), {"kind": Kind.FORK}).added


def test_go_has_threads_and_handles_all_signals() -> None:
    thread = {"kind": Kind.FORK, "flags": Flag.THREAD}
    handlers = [call("rt_sigaction", signal) for signal in range(65)]
    made = of(call("sigaltstack"), *handlers, thread)
    assert {"tgkill", "epoll_pwait", "nanosleep"} <= made.added.keys()
    assert "tgkill" not in of(call("sigaltstack"), *handlers[1:], thread).added
    assert "tgkill" not in of(call("sigaltstack"), *handlers).added


def test_the_floor_is_more_than_what_cannot_be_seen() -> None:
    made = of(call("read"), floor=True)
    assert made.added.keys() > of(call("read")).added.keys()
    assert {"execve", "mmap", "write", "rt_sigaction"} <= plain(made.profile)
    assert all(reason for reason in made.added.values())
    assert "fstat64" not in made.added  # i386's
    assert "fstat64" in of(call("read", abi=1), floor=True).added


def test_a_container_needs_what_runc_needs() -> None:
    made = of(call("read"), call("prctl", 15), container=True)
    assert {"fstatfs", "epoll_ctl", "capset"} <= plain(made.profile)
    assert [one[0].value_two for one in args_of(made.profile, "prctl")] == [8, 15, 23, 24, 38, 47]
    assert [one[0].value_two for one in args_of(made.profile, "clone")] == [0]
    unlimited = of(call("prctl", 15), container=True, limit=0)
    assert args_of(unlimited.profile, "prctl") == []


@pytest.mark.parametrize(
    ("action", "errno_ret", "expected"),
    [
        ("SCMP_ACT_KILL_PROCESS", None, None),
        ("SCMP_ACT_ERRNO", 38, 38),
        ("SCMP_ACT_LOG", None, None),
    ],
)
def test_the_default_is_as_asked_for(
    action: str, errno_ret: int | None, expected: int | None
) -> None:
    made = of(call("read"), default_action=action, errno_ret=errno_ret)
    assert made.profile.default_action == action
    assert made.profile.default_errno_ret == expected


def test_the_profile_is_one_that_can_be_read() -> None:
    made = of(call("read"), call("socket", 2, 1), call("ioctl", 0, 0x5401))
    again = parse(made.profile.to_json())
    assert again == made.profile


# Arguments


def test_socket_by_family_and_type_whatever_the_flags() -> None:
    made = of(call("socket", 2, 1), call("socket", 2, 0x80801), call("socket", 16, 3))
    assert args_of(made.profile, "socket") == [
        (
            Condition(0, INT, "SCMP_CMP_MASKED_EQ", family),
            Condition(1, 0xFFF7F7FF, "SCMP_CMP_MASKED_EQ", type),
        )
        for family, type in ((2, 1), (16, 3))
    ]
    assert "socket" not in plain(made.profile)


def test_the_upper_half_of_an_int_is_chance() -> None:
    """musl passes ioctl's command as int: its sign fills the register."""
    made = of(call("ioctl", 0, 0x80045430), call("ioctl", 0, 0xFFFFFFFF80045430))
    assert args_of(made.profile, "ioctl") == [
        (Condition(1, INT, "SCMP_CMP_MASKED_EQ", 0x80045430),),
    ]


def test_clone_by_the_namespaces_it_makes() -> None:
    thread, fork = 0x3D0F00, 0x1200011
    made = of(call("clone", thread), call("clone", fork), call("clone", 0x10000000 | fork))
    assert args_of(made.profile, "clone") == [
        (Condition(0, 0x7E020000, "SCMP_CMP_MASKED_EQ", new),) for new in (0, 0x10000000)
    ]


def test_addresses_are_never_conditions() -> None:
    made = of(call("prctl", 15, 0x7FFC12345678), call("mmap", 0x7F0000000000, 4096))
    assert args_of(made.profile, "prctl") == [(Condition(0, INT, "SCMP_CMP_MASKED_EQ", 15),)]
    assert "mmap" in plain(made.profile)


@pytest.mark.parametrize(("limit", "conditions"), [(3, 3), (2, 0), (0, 0)])
def test_too_many_values_are_all(limit: int, conditions: int) -> None:
    made = of(call("execve"), *(call("prctl", option) for option in (1, 2, 3)), limit=limit)
    assert len(args_of(made.profile, "prctl")) == conditions
    assert ("prctl" in plain(made.profile)) == (conditions == 0)
    assert len(made.notices) == (limit == 2)  # without a limit it was asked for


def test_the_limit_counts_over_all_traces() -> None:
    traces = [Trace(make_events(call("prctl", option))) for option in (1, 2, 3)]
    assert len(args_of(generate(*traces, limit=3).profile, "prctl")) == 3
    assert "prctl" in plain(generate(*traces, limit=2).profile)


def test_a_call_of_two_architectures_has_one_set_of_conditions() -> None:
    made = of(call("prctl", 1), call("prctl", 2, abi=1))
    assert [one[0].value_two for one in args_of(made.profile, "prctl")] == [1, 2]


def test_flags_in_memory_are_told_of() -> None:
    assert "clone3" in of(call("clone", 17), call("clone3")).notices[0]
    assert of(call("clone", 17), call("execve")).notices == ()


def test_a_profile_that_lets_nothing_start_is_told_of() -> None:
    """As of a trace of some calls only."""
    assert "no execve was seen" in of(call("read")).notices[0]
    assert of(call("read"), floor=True).notices == ()


# Whose calls they are


def test_the_start_ends_behind_the_loader() -> None:
    made = of(*start(), call("openat"), call("munmap"), call("write"))
    assert set(made.only_start) == {"execve", *LOADER, *AFTER} - {"openat", "munmap"}
    assert made.calls["munmap"] == 2


def test_an_execve_of_the_programs_own_is_not_its_start() -> None:
    made = of(*start(), call("clone", 17), *start(2), call("write", pid=2))
    assert "execve" not in made.only_start
    assert "rseq" in made.only_start


def test_a_child_that_does_not_exec_has_no_start() -> None:
    fork = {"kind": Kind.FORK, "pid": 1, "tid": 1, "args": (2, 0, 0, 0, 0, 0)}
    made = of(*start(), call("getpid"), fork, call("arch_prctl", pid=2))
    assert "arch_prctl" not in made.only_start


def test_threads_have_no_part_in_the_start() -> None:
    events = start()
    made = of(*events[:5], call("brk", tid=9), *events[5:], call("getpid"))
    assert "brk" not in made.only_start


def test_a_program_without_a_c_library_has_no_start() -> None:
    made = of(exec_of(), call("execve"), call("arch_prctl"), call("mmap"), call("write"))
    assert made.only_start == ()


def test_a_program_that_is_nothing_but_its_start() -> None:
    made = of(*start())
    assert set(made.only_start) == {"execve", *LOADER, *AFTER}


@given(st.lists(st.integers(0, 40), max_size=6))
def test_the_start_is_the_same_however_the_events_come(cuts: list[int]) -> None:
    child = [*start(7), call("openat", pid=7), call("write", pid=7)]
    events = make_events(*start(), call("getpid"), *child, *start(), call("munmap"))
    whole, parts = ObservedCalls(), ObservedCalls()
    whole.add(events)
    bounds = sorted({0, len(events), *(min(cut, len(events)) for cut in cuts)})
    for begin, end in pairwise(bounds):
        parts.add(events[begin:end])
    for observed in (whole, parts):
        observed.finish()
    assert (parts.calls, parts.start) == (whole.calls, whole.start)
    assert from_observed(parts).profile == from_observed(whole).profile


def test_rings_are_told_of() -> None:
    assert "io_uring" in of(call("io_uring_setup")).notices[0]


def test_an_attached_process_is_told_of() -> None:
    made = of({"kind": Kind.ATTACH}, call("read"))
    assert "its start was not seen" in made.notices[0]


def test_a_trace_that_is_not_whole_is_told_of() -> None:
    made = generate(Trace(make_events(call("read")), argv=["x"], lost=1))
    assert "x: it is not whole" in made.notices[0]


# Into a profile that is there


def test_update_adds_what_is_missing() -> None:
    base = of(call("read"), call("prctl", 1)).profile
    made = of(call("write"), call("prctl", 2), update=base)
    assert plain(made.profile) == plain(base) | {"write"}
    assert [one[0].value_two for one in args_of(made.profile, "prctl")] == [1, 2]
    again = of(call("write"), call("prctl", 2), update=made.profile)
    assert again.profile == made.profile


def test_update_drops_conditions_that_have_no_use_any_more() -> None:
    base = of(call("prctl", 1)).profile
    made = of(*(call("prctl", option) for option in range(20)), update=base)
    assert "prctl" in plain(made.profile)
    assert args_of(made.profile, "prctl") == []


def test_update_leaves_the_other_rules() -> None:
    only = Rule(("mount", "read"), ALLOW, includes=Limits(caps=("CAP_SYS_ADMIN",)))
    no = Rule(("socket",), "SCMP_ACT_KILL", where="syscalls[1]")
    base = Profile("SCMP_ACT_ERRNO", 38, flags=("SECCOMP_FILTER_FLAG_LOG",), rules=(only, no))
    made = of(call("read"), call("socket", 2, 1), update=base)
    assert made.profile.rules[:2] == (only, no)
    assert "read" in plain(Profile(ALLOW, rules=made.profile.rules[2:]))
    assert args_of(made.profile, "socket") == []
    assert made.profile.flags == base.flags
    assert made.profile.default_errno_ret == 38
    assert "socket was seen, but syscalls[1]" in made.notices[0]


def test_update_of_a_profile_that_allows_by_default() -> None:
    base = Profile(ALLOW)
    made = of(call("read"), update=base)
    assert made.profile is base
    assert "allows by default" in made.notices[0]


def test_update_adds_architectures_but_not_to_a_map() -> None:
    base = of(call("read")).profile
    assert of(call("read", abi=1), update=base).profile.architectures[-1] == "SCMP_ARCH_X86"
    mapped = parse(
        '{"defaultAction": "SCMP_ACT_ERRNO", "archMap": [{"architecture": "SCMP_ARCH_X86_64",'
        ' "subArchitectures": ["SCMP_ARCH_X86"]}]}'
    )
    assert of(call("read", abi=1), update=mapped).profile.architectures == ()


def test_no_events_leave_no_names() -> None:
    observed = ObservedCalls()
    observed.add(np.zeros(0, EVENT_DTYPE))
    observed.finish()
    assert observed.names() == {}
