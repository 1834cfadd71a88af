"""Promise: explain, check and diff say what the compiled filters do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seccomp_answers import X86, cases, changes, made, some_profiles, words
from seccomp_profiles import HERE, profile, rule

import fasttrace
from fasttrace.errors import ProfileError
from fasttrace.seccomp.ask.check import findings, lost
from fasttrace.seccomp.ask.diff import diff
from fasttrace.seccomp.ask.query import query_of
from fasttrace.seccomp.filter.compile import Compiled, compile_profile
from fasttrace.seccomp.profile import constants

pytest.importorskip("pyseccomp")

STARTS = rule("execve exit_group")


def test_explain_names_the_rule():
    """Or says that there is none, and why."""
    one = made(
        rule("openat socket", "ALLOW"),
        rule("clone3", "ERRNO", errnoRet=38),
        rule("bpf", includes={"caps": ["CAP_BPF"]}),
        architectures=X86,
    )
    assert cases(one, "openat") == [("", "ALLOW", "syscalls[0]")]
    assert cases(one, "clone3") == [("", "ERRNO(ENOSYS)", "syscalls[1]")]
    assert cases(one, "close") == [("", "ERRNO(EPERM)", "the default")]
    ((_, verdict, why),) = cases(one, "bpf")
    assert (verdict, why) == ("ERRNO(EPERM)", "the default; the rule for it is only with CAP_BPF")
    ((_, verdict, why),) = cases(one, "mseal")
    assert verdict == "ERRNO(ENOSYS)"
    assert why.startswith("newer than all calls of the profile (the highest is 435)")
    assert cases(one, "openat@arm64")[0][1:] == (
        "KILL_THREAD",
        "the profile is not for arm64: libseccomp kills",
    )
    assert cases(one, "socketcall@x86:1") == [("", "ALLOW", "syscalls[0]")]


def test_explain_ranges():
    """Where one argument decides, all of its values."""
    one = made(rule("socket", "ALLOW", "0 LT 38"), rule("socket", "ALLOW", "0 GT 40"))
    assert cases(one, "socket") == [
        ("family <= 37", "ALLOW", "syscalls[0]"),
        ("family 38..40", "ERRNO(EPERM)", "the default"),
        ("family >= 41", "ALLOW", "syscalls[1]"),
    ]
    assert cases(one, "socket:40") == [("", "ERRNO(EPERM)", "the default")]
    assert cases(one, "socket:1=5,family=AF_INET") == [("", "ALLOW", "syscalls[0]")]


def test_explain_bits_and_several_arguments():
    """Where bits or several arguments decide, the rules' conditions and the rest."""
    one = made(
        rule("clone", "ALLOW", "0 MASKED_EQ 0x7e020000 0"),
        rule("socket", "ALLOW", "0 EQ 2", "1 EQ 1"),
    )
    assert cases(one, "clone") == [
        ("clone_flags & 0x7e020000 == 0", "ALLOW", "syscalls[0]"),
        ("otherwise", "ERRNO(EPERM)", "the default"),
    ]
    assert cases(one, "clone:flags=CLONE_NEWUSER|CLONE_VM")[0][1] == "ERRNO(EPERM)"
    assert cases(one, "socket") == [
        ("family == 2 and type == 1", "ALLOW", "syscalls[1]"),
        ("otherwise", "ERRNO(EPERM)", "the default"),
    ]
    assert cases(one, "socket:AF_INET") == [
        ("type 0, >= 2", "ERRNO(EPERM)", "the default"),
        ("type 1", "ALLOW", "syscalls[1]"),
    ]


QUERIES = {
    "opena": "did you mean openat or open?",
    "openat@vax": "no architecture 'vax'",
    "socket:AF_INTE": "did you mean AF_INET?",
    "socket:what=1": "no argument 'what': socket has family, type, protocol",
    "socket:6=1": "a call has six arguments",
    "socket:0=1,family=2": "argument 0 is given twice",
    "socket:0x10000000000000000": "does not fit into 64 bits",
    "0x100000000": "a system call's number has 32 bits",
    "": "no system call ''",
}


@pytest.mark.parametrize("text", QUERIES)
def test_a_bad_query_is_one_line(text):
    """It says what was meant, if that can be told."""
    with pytest.raises(ProfileError) as caught:
        query_of(text, made())
    assert QUERIES[text] in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=20))
def test_any_query(text):
    """A query, or one line."""
    try:
        query_of(text, made())
    except ProfileError as error:
        assert "\n" not in str(error).replace(text, "")  # noqa: PT017


def test_constants():
    """Names of Linux, joined; numbers in all bases, negative ones as the kernel sees them."""
    assert constants.value_of("TIOCSTI") == 0x5412
    assert constants.value_of("AF_ALG | 0x1") == 39
    assert constants.value_of("-1") == (1 << 64) - 1
    assert constants.value_of("PR_SET_SECCOMP") == 22


def found_in(compiled: Compiled) -> list[tuple[str, str, str]]:
    return [(one.kind, one.where, one.text) for one in findings(compiled)]


def test_check_finds_nothing_in_a_good_profile():
    """Silence is the good answer."""
    assert found_in(made(STARTS, rule("socket", "ALLOW", "0 EQ 2"))) == []


def test_check_finds_what_has_no_effect():
    """Unknown names, rules for others, defaults, repetitions, what another rule decides."""
    found = found_in(
        made(
            STARTS,
            rule("opennat mseal read"),
            rule("bpf", includes={"caps": ["CAP_BPF", "CAP_NONE"]}),
            rule("getpid", "ERRNO", errnoRet=1),
            rule("read", "ALLOW", "0 EQ 1"),
            rule("read execve", "TRAP"),
            rule("socket", "ALLOW", "0 LT 0"),
            rule("bind", "ALLOW", "0 EQ 1", colour="red"),
            rule("bind", "ALLOW", "0 EQ 1", "1 EQ 2"),
            rule("ioctl", "ALLOW", "1 MASKED_EQ 0xf0 0x1f"),
            rule("mount", "NOTIFY"),
            rule("close", "ALLOW", "0 EQ 1"),
            rule("close", "TRAP", "0 LE 1", "1 EQ 3"),
        )
    )
    texts = {where: text for _, where, text in found if where != "syscalls[1]"}
    about_names = {text for _, where, text in found if where == "syscalls[1]"}
    assert "skipped, no system call: 'opennat'; did you mean openat?" in about_names
    assert any(text.endswith("too old for it: mseal") for text in about_names)
    assert ("warning", "syscalls[2]", "no capability CAP_NONE") in found
    assert texts.pop("syscalls[2]") == "does not apply here: only with CAP_BPF"
    assert texts == {
        "syscalls[7].colour": "has no meaning in a profile",
        "syscalls[3]": "says what the default says",
        "syscalls[4]": "read: syscalls[1] says the same, whatever the arguments",
        "syscalls[5]": "execve: syscalls[0] says SCMP_ACT_ALLOW, whatever the arguments",
        "syscalls[6].args[0]": "is never met: argument < 0",
        "syscalls[6]": "socket: decides nothing: other rules, or none of its conditions can be met",
        "syscalls[8]": "bind: syscalls[7] says the same",
        "syscalls[9].args[0]": "valueTwo has bits outside the mask 0xf0: they do not count",
        "syscalls[10]": "asks a listener; without one, as here, the call fails: ENOSYS",
    }


def test_check_warns_of_what_cannot_start():
    """And of the hole that 32-bit code has in conditions on socket."""
    found = found_in(made(rule("read")))
    assert [text for _, _, text in found] == [
        "execve is refused: no program can start",
        "exit_group is refused: no program can end in peace",
    ]
    rules = STARTS, rule("socket", "ALLOW", "0 EQ 1")
    ((_, where, text),) = found_in(made(*rules, architectures=X86))
    assert where == "syscalls[1]"
    assert "through socketcall" in text


def trace_of(*calls: tuple[int, int, tuple[int, ...]]) -> fasttrace.Trace:
    """calls: ABI index, number, arguments."""
    events = np.zeros(len(calls), fasttrace.EVENT_DTYPE)
    for event, (abi, nr, args) in zip(events, calls, strict=True):
        event["kind"], event["abi"], event["nr"] = 1, abi, nr
        event["args"][: len(args)] = args
    return fasttrace.Trace(events)


def test_check_tells_what_a_trace_would_have_lost():
    """Each call with the arguments that matter, how often, and what would have happened."""
    one = made(
        STARTS, rule("read"), rule("socket", "ALLOW", "0 EQ 2"), rule("clone3", "KILL_PROCESS")
    )
    trace = trace_of(
        (0, 59, ()),
        *[(0, 0, (1, 2, 3))] * 3,
        *[(0, 41, (2, 1)), (0, 41, (1, 1)), (0, 41, (1, 2)), (0, 41, (16, 3))],
        *[(0, 3, (5,)), (0, 3, (6,)), (0, 3, (7,))],
        (0, 435, ()),
        (0, 1000, ()),
        (1, 3, ()),
        (0, (1 << 30) | 3, ()),
    )
    assert [(call.text, str(call.verdict), call.count) for call in lost(one, trace)] == [
        ("close", "ERRNO(EPERM)", 3),
        ("socket:0=1", "ERRNO(EPERM)", 2),
        ("clone3", "KILL_PROCESS", 1),
        ("close@x32", "KILL_THREAD", 1),
        ("read@x86", "KILL_THREAD", 1),
        ("socket:0=16", "ERRNO(EPERM)", 1),
        ("syscall_0x3e8", "ERRNO(ENOSYS)", 1),
    ]
    assert lost(made(default="ALLOW", architectures=[*X86, "SCMP_ARCH_X32"]), trace) == []
    assert lost(one, trace_of()) == []


def test_diff_is_about_meaning():
    """Rules in another order, grouped and written in another way are no difference."""
    one = profile(rule("read write"), rule("socket", "ALLOW", "0 LT 3"), rule("close"))
    other = profile(
        rule("close"),
        rule("socket", "ALLOW", "0 LE 1", "0 EQ 2"),
        rule("write"),
        rule("read"),
        rule("bpf", includes={"caps": ["CAP_BPF"]}),
    )
    # bpf counts as known only where its rule applies, as in runc.
    assert changes(one, other) == []
    assert not diff(compile_profile(one, HERE), compile_profile(other, HERE))


def test_diff_finds_differences():
    """By call and argument; what is newer than a profile too."""
    one = profile(rule("read close ioctl"), rule("socket", "ALLOW", "0 LT 40"))
    other = profile(
        rule("read write ioctl"), rule("socket", "ALLOW", "0 GE 2"), rule("setns", "TRAP")
    )
    found = changes(one, other)
    assert ("refused", "close", "", "ALLOW", "ERRNO(EPERM)") in found
    assert ("allowed", "write", "", "ERRNO(EPERM)", "ALLOW") in found
    assert ("refused", "socket", "family <= 1", "ALLOW", "ERRNO(EPERM)") in found
    assert ("allowed", "socket", "family >= 40", "ERRNO(EPERM)", "ALLOW") in found
    assert ("changed", "setns", "", "ERRNO(ENOSYS)", "TRAP") in found
    assert ("changed", "bind", "", "ERRNO(ENOSYS)", "ERRNO(EPERM)") in found
    assert "read" not in {name for _, name, *_ in found}
    assert "mseal" not in {name for _, name, *_ in found}


def test_diff_of_architectures_and_flags():
    """Told once, not for each call."""
    one = profile(STARTS, architectures=X86, flags=["SECCOMP_FILTER_FLAG_LOG"])
    found = diff(compile_profile(one, HERE), compile_profile(profile(STARTS), HERE))
    assert (found.only_first, found.only_second, found.changes) == (("SCMP_ARCH_X86",), (), ())
    assert found.flags == (("SECCOMP_FILTER_FLAG_LOG",), ())


@settings(max_examples=40)
@given(some_profiles, some_profiles, words, st.lists(st.integers(0, 7), min_size=2, max_size=2))
def test_no_difference_means_none(one, other, name, args):
    """A call that diff does not name is answered alike by both."""
    try:
        first, second = (compile_profile(source, HERE) for source in (one, other))
    except ProfileError:
        return
    if name not in {change.name for change in diff(first, second).changes}:
        assert first.verdict(name, *args) == second.verdict(name, *args)
