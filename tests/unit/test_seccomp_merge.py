"""Promise: a merged profile lets through what any of its sources does, and says what it cannot."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seccomp_answers import X86, cases, changes, some_profiles
from seccomp_profiles import HERE, on, profile, rule

from fasttrace.errors import ProfileError
from fasttrace.seccomp.ask.merge import merge_profiles
from fasttrace.seccomp.filter.compile import compile_profile
from fasttrace.seccomp.profile.reader import parse

pytest.importorskip("pyseccomp")


def test_merge_is_the_union():
    """Of names, conditions, limits and architectures; refusals stay where nobody allows."""
    one = profile(
        rule("read write"),
        rule("socket", "ALLOW", "0 EQ 1"),
        rule("clone3", "ERRNO", errnoRet=38),
        archMap=[{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": X86}],
        source="a.json",
    )
    other = profile(
        rule("write close"),
        rule("socket", "ALLOW", "0 EQ 2"),
        rule("mount", includes={"caps": ["CAP_SYS_ADMIN"]}),
        architectures=["SCMP_ARCH_X86_64", *X86],
        source="b.json",
    )
    found = merge_profiles([one, other], HERE)
    assert found.conflicts == ()
    compiled = compile_profile(found.profile, HERE)
    for call, verdict in (
        *(("read", "ALLOW"), ("close", "ALLOW"), ("clone3", "ERRNO(ENOSYS)")),
        *(("socket:1", "ALLOW"), ("socket:2", "ALLOW"), ("socket:3", "ERRNO(EPERM)")),
        *(("mount", "ERRNO(EPERM)"), ("close@x86", "ALLOW")),
    ):
        assert [case[1] for case in cases(compiled, call)] == [verdict], call
    with_cap = compile_profile(found.profile, on(caps="SYS_ADMIN"))
    assert cases(with_cap, "mount")[0][1] == "ALLOW"
    assert parse(found.profile.to_json()) == found.profile


def test_merge_with_itself_and_again():
    """The same profile twice is the profile; merging a result with a source changes nothing."""
    one = profile(rule("read write"), rule("socket", "ALLOW", "0 EQ 1", "0 EQ 2"))
    other = profile(rule("close"), rule("read", "ALLOW", "0 EQ 3"))
    assert merge_profiles([one], HERE).profile == one
    assert merge_profiles([one, one, one], HERE).profile == one
    both = merge_profiles([one, other], HERE).profile
    assert merge_profiles([both, other], HERE).profile == both
    assert merge_profiles([both, one, both], HERE).profile == both
    assert changes(merge_profiles([other, both], HERE).profile, both) == []


def test_merge_names_conflicts():
    """What one allows and the other refuses by a rule is allowed, and told."""
    one = profile(rule("read"), rule("clone3", "ERRNO", errnoRet=38), source="a.json")
    other = profile(rule("clone3"), rule("bpf", "TRAP"), source="b.json")
    third = profile(rule("bpf", "KILL"), source="c.json")
    found = merge_profiles([one, other, third], HERE)
    assert found.conflicts == (
        "clone3: a.json says ERRNO(ENOSYS) (syscalls[1]), b.json ALLOW (syscalls[0]): ALLOW",
        "bpf: c.json says KILL_THREAD, an earlier profile TRAP: TRAP",
    )
    compiled = compile_profile(found.profile, HERE)
    assert [cases(compiled, call)[0][1] for call in ("clone3", "bpf")] == ["ALLOW", "TRAP"]


def test_merge_of_profiles_that_refuse_little():
    """Where calls are let through by default only what all refuse stays refused."""
    one = profile(rule("mount bpf", "ERRNO"), rule("socket", "TRAP", "0 EQ 1"), default="ALLOW")
    other = profile(rule("mount socket", "ERRNO"), rule("setns", "KILL"), default="ALLOW")
    found = merge_profiles([one, other], HERE)
    compiled = compile_profile(found.profile, HERE)
    verdicts = {
        call: cases(compiled, call)[0][1]
        for call in ("mount", "bpf", "setns", "socket:1", "socket:2")
    }
    assert verdicts == {
        **{"mount": "ERRNO(EPERM)", "bpf": "ALLOW", "setns": "ALLOW"},
        **{"socket:1": "TRAP", "socket:2": "ALLOW"},
    }
    assert len(found.conflicts) == 2


CANNOT = {
    "defaults": (profile(), profile(default="KILL"), "make defaultAction the same"),
    "lists of both kinds": (profile(), profile(default="ALLOW"), "make defaultAction the same"),
    "listeners": (profile(listenerPath="/a"), profile(listenerPath="/b"), "listenerPath differs"),
    "architectures": (
        profile(rule("read")),
        profile(rule("write"), architectures=X86),
        "read(0, 0, 0, 0, 0, 0) on x86 would be let through although no profile does; give all "
        "profiles the same architectures",
    ),
    "one argument twice": (
        profile(rule("socket", "ERRNO", "0 LT 5"), default="ALLOW"),
        profile(rule("socket", "ERRNO", "0 GT 3"), default="ALLOW"),
        "socket: a rule cannot test argument 0 twice",
    ),
    "refusals without conditions": (
        profile(rule("socket", "TRAP"), rule("socket", "ALLOW", "0 EQ 1")),
        profile(rule("socket", "TRAP"), rule("socket", "ALLOW", "0 EQ 2")),
        None,
    ),
}


@pytest.mark.parametrize("what", CANNOT)
def test_merge_says_what_it_cannot(what):
    """One line; or a merge that is right after all."""
    one, other, message = CANNOT[what]
    if message is None:
        assert merge_profiles([one, other], HERE)
        return
    with pytest.raises(ProfileError) as caught:
        merge_profiles([one, other], HERE)
    assert message in str(caught.value)


@settings(max_examples=40)
@given(some_profiles, some_profiles, st.lists(st.integers(0, 7), min_size=2, max_size=2))
def test_a_merge_lets_through_what_any_of_them_does(one, other, args):
    """Not more and not less, or it says that it cannot; whatever the rules."""
    try:
        sources = [compile_profile(source, HERE) for source in (one, other)]
        result = compile_profile(merge_profiles([one, other], HERE).profile, HERE)
    except ProfileError:
        return
    for name in ("read", "write", "close", "socket", "bind"):
        wanted = any(source.verdict(name, *args).lets_through for source in sources)
        assert result.verdict(name, *args).lets_through == wanted
