"""Promise: a profile means what docker, podman and the OCI specification say, rule by rule."""

from __future__ import annotations

import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seccomp_profiles import HERE, on, profile, rule

from fasttrace.errors import ProfileError
from fasttrace.seccomp.ask.attribution import met
from fasttrace.seccomp.filter import enosys
from fasttrace.seccomp.filter.compile import Compiled, compile_profile
from fasttrace.seccomp.filter.interpret import Program, Verdict
from fasttrace.seccomp.filter.reach import points, reach
from fasttrace.seccomp.profile.resolve import CONTAINER_CAPS, Target, resolve, target
from fasttrace.seccomp.profile.values import Condition, Profile
from fasttrace.seccomp.profile.vocabulary import ARCHITECTURES, OPERATORS

pytest.importorskip("pyseccomp")

X86_64 = 0xC000003E


def made(*rules, **top) -> Compiled:
    return compile_profile(profile(*rules, **top), HERE)


def says(compiled: Compiled, name: str, *args: int) -> str:
    return str(compiled.verdict(name, *args))


def applied(one: Profile, target: Target) -> list[str]:
    return [rule.where for rule in resolve(one, target).rules]


def test_includes_and_excludes():
    """As in moby: all capabilities of includes, none of excludes; minKernel up or down."""
    one = profile(
        rule("a", includes={"caps": ["CAP_BPF", "CAP_CHOWN"]}),
        rule("b", excludes={"caps": ["CAP_BPF", "CAP_SYSLOG"]}),
        rule("c", includes={"arches": ["arm64", "amd64"]}),
        rule("d", excludes={"arches": ["amd64"]}),
        rule("e", includes={"minKernel": "4.8"}),
        rule("f", excludes={"minKernel": "4.8"}),
    )
    b, c, e = "syscalls[1]", "syscalls[2]", "syscalls[4]"
    assert applied(one, on()) == [b, c, e]
    assert applied(one, on(caps="+BPF")) == ["syscalls[0]", c, e]
    assert applied(one, on(caps="BPF")) == [c, e]
    assert applied(one, on(kernel="4.7.99-rc1", arch="riscv64")) == [
        b,
        "syscalls[3]",
        "syscalls[5]",
    ]
    reasons = [why for _, why in resolve(one, on()).left_out]
    assert reasons == ["only with CAP_BPF", "not for amd64", "only before kernel 4.8"]


def test_arch_map():
    """The entry of the machine, and its sub-architectures; another machine's is not looked at."""
    entry = {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}
    one = profile(archMap=[entry])
    assert resolve(one, on()).architectures == ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")
    assert resolve(one, on(arch="arm64")).architectures == ("SCMP_ARCH_AARCH64",)


def test_the_machine_itself_is_always_in():
    """libseccomp's filter begins with the native architecture, whatever is listed."""
    one = profile(architectures=["SCMP_ARCH_X86"])
    assert resolve(one, on()).architectures == ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")


def test_target_words():
    """Words of people, of uname, of Go; mistakes name what is near."""
    assert target("aarch64").arch == target("arm64").arch == "SCMP_ARCH_AARCH64"
    assert target().caps == CONTAINER_CAPS
    assert on(caps="none").caps == frozenset()
    assert on(caps="cap_bpf,SYSLOG").caps == {"CAP_BPF", "CAP_SYSLOG"}
    assert on(caps="+BPF").caps == CONTAINER_CAPS | {"CAP_BPF"}
    assert len(on(caps="all").caps) == 41
    assert on(caps="mine").caps <= on(caps="all").caps
    for words, message in (
        ({"arch": "vax"}, "no architecture 'vax'"),
        ({"kernel": "new"}, "no kernel version 'new'"),
        ({"caps": "SYS_ADMON"}, "did you mean CAP_SYS_ADMIN?"),
    ):
        with pytest.raises(ProfileError, match=message.replace("?", r"\?")):
            target(**words)


def test_unknown_names_are_skipped():
    """Also such as C would cut short or take for others."""
    one = made(rule("no_such_call getpid re\0ad réad"))
    assert [name for _, name in one.unknown] == ["no_such_call", "re\0ad", "réad"]
    assert says(one, "getpid") == "ALLOW"
    assert says(one, "read") == "ERRNO(EPERM)"


def test_what_equals_the_default_is_skipped():
    """By action and errno: libseccomp would refuse it; its names still count as known."""
    one = made(rule("socket", "ERRNO", errnoRet=1), rule("bind", "ERRNO", errnoRet=2))
    assert says(one, "socket") == "ERRNO(EPERM)"
    assert says(one, "bind") == "ERRNO(ENOENT)"
    assert made(rule("socket", "ERRNO", errnoRet=1)).highest == {"SCMP_ARCH_X86_64": 41}


def test_one_index_twice_is_or():
    """And then each condition stands for itself, those on other arguments too."""
    one = made(rule("socket", "ALLOW", "0 EQ 1", "0 EQ 2", "1 EQ 9"))
    both = made(rule("socket", "ALLOW", "0 EQ 1", "1 EQ 9"))
    assert [says(one, "socket", *args) for args in ((1, 0), (2, 0), (0, 9))] == ["ALLOW"] * 3
    assert says(one, "socket", 3, 3) == "ERRNO(EPERM)"
    assert [says(both, "socket", *args) for args in ((1, 9), (1, 0), (0, 9))] == [
        *("ALLOW", "ERRNO(EPERM)", "ERRNO(EPERM)")
    ]


def test_errno_of_actions():
    """Without a number ERRNO and TRACE have EPERM, as in runc and crun."""
    one = made(rule("socket", "TRACE"), rule("bind", "TRACE", errnoRet=700), default="KILL_PROCESS")
    assert one.verdict("socket") == Verdict("TRACE", 1, 0x7FF00001)
    assert one.verdict("bind").data == 700
    assert says(made(default="ERRNO"), "getpid") == "ERRNO(EPERM)"


def test_flags():
    """They are for seccomp(2), not for the program."""
    flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]
    assert made(flags=flags).flags == 6


def test_notify():
    """Compiles; who runs it must know that somebody has to answer."""
    one = made(rule("mount", "NOTIFY"))
    assert says(one, "mount") == "NOTIFY"
    assert [rule.where for rule in one.notifies] == ["syscalls[0]"]


def test_two_actions_for_the_same():
    """runc cannot start such a container; the line names the rule."""
    with pytest.raises(ProfileError, match=r"syscalls\[1\], socket: it is there already with"):
        made(rule("socket", "ALLOW", "0 EQ 1"), rule("socket", "TRAP", "0 EQ 1"))


def test_ten_thousand_rules():
    """They compile if they are small, and are refused in one line if the kernel would."""
    same = [rule("read", "ALLOW", "0 EQ 1")] * 10_000
    assert says(made(*same), "read", 1) == "ALLOW"
    for many, message in ((4_200, r"the filter has [0-9]+ instruct"), (10_000, "10000 different")):
        with pytest.raises(ProfileError, match=message):
            made(*(rule("read", "ALLOW", f"0 EQ {i}") for i in range(many)))


@pytest.mark.parametrize("missing", ["package", "library"])
def test_without_pyseccomp(monkeypatch, missing):
    """One line that says what to install."""
    if missing == "package":
        monkeypatch.setitem(sys.modules, "pyseccomp", None)
    else:
        monkeypatch.delitem(sys.modules, "pyseccomp", raising=False)
        monkeypatch.setattr(
            "ctypes.util.find_library", lambda name: None if "sec" in name else name
        )
    with pytest.raises(ProfileError) as caught:
        compile_profile(profile(), HERE)
    if missing == "package":
        assert "pip install 'fasttrace[seccomp]'" in str(caught.value)
    else:
        assert "libseccomp2" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arch", ["arm64", "riscv64", "ppc64le", "x86"])
def test_another_machine(arch):
    """A filter for another architecture has its numbers, and nothing of this machine's."""
    there = on(arch=arch)
    one = compile_profile(profile(rule("openat getpid")), there)
    assert says(one, "openat") == "ALLOW"
    assert says(one, "close") == "ERRNO(EPERM)"
    assert str(one.program.run(0, X86_64)) == "KILL_THREAD"


def test_a_machine_of_the_other_byte_order():
    """libseccomp would write a program that cannot be run here."""
    with pytest.raises(ProfileError, match="its byte order is not this machine's"):
        compile_profile(profile(), on(arch="s390x"))


@given(
    st.dictionaries(
        st.sampled_from(list(ARCHITECTURES)), st.integers(1, 1 << 29), min_size=1, max_size=23
    ),
    st.integers(0, (1 << 30) - 1),
)
def test_the_enosys_part(highest, nr):
    """Above the highest number of its architecture ENOSYS; all else goes on to the filter."""
    bit = 1 << 30
    highest = {k: v | bit if k == "SCMP_ARCH_X32" else v for k, v in highest.items()}
    program = Program(enosys.stub(highest) + struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
    for arch, (_, audit) in ARCHITECTURES.items():
        x32 = arch == "SCMP_ARCH_X32"
        high = highest.get(arch)
        zero = arch.startswith("SCMP_ARCH_S390") and high is not None  # the multiplexer
        for plain in (nr, 0, *((high & ~bit, (high & ~bit) + 1) if high else ())):
            number = plain | bit if x32 else plain
            above = high is not None and number > high
            verdict = program.run(number, X86_64 if x32 else audit)
            expected = "ERRNO(ENOSYS)" if above or (zero and not plain) else "ALLOW"
            assert str(verdict) == expected


def test_when_there_is_no_enosys_part():
    """Not where the default lets calls through, and not where it is ENOSYS anyway."""
    for default in ("ALLOW", "LOG", "TRACE"):
        assert made(rule("read", "KILL"), default=default).highest == {}
    assert made(rule("read"), defaultErrnoRet=38).highest == {}
    assert made(rule("write"), default="KILL").highest == {"SCMP_ARCH_X86_64": 1}


edge = st.sampled_from([0, 1, 7, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 64) - 1]) | st.integers(
    0, (1 << 64) - 1
)
condition = st.builds(Condition, st.integers(0, 2), edge, st.sampled_from(list(OPERATORS)), edge)


@given(condition, edge, st.sampled_from(["getppid", "getppid@x86"]))
def test_conditions_are_what_libseccomp_makes_of_them(one, value, call):
    """`met`, by which rules are named, and the filter agree, also on 32-bit code."""
    fields = {"index": one.index, "value": one.value, "valueTwo": one.value_two, "op": one.op}
    compiled = made(
        {"names": ["getppid"], "action": "SCMP_ACT_ALLOW", "args": [fields]},
        architectures=["SCMP_ARCH_X86"],
    )
    small = call.endswith("x86")
    args = [0] * 6
    args[one.index] = value & 0xFFFFFFFF if small else value
    nr, audit = (64, 0x40000003) if small else (110, X86_64)
    expected = met(one, args[one.index], 32 if small else 64)
    assert compiled.program.run(nr, audit, args).lets_through == expected


@given(st.lists(condition, min_size=1, max_size=3), st.lists(edge, min_size=6, max_size=6))
def test_reach_knows_all_answers(conditions, args):
    """What a call can get is among `reach.values`; the points find every answer there is."""
    rules = [
        rule("getppid", action, f"{one.index} {one.op[9:]} {one.value} {one.value_two}")
        for one, action in zip(conditions, ("ALLOW", "TRAP", "LOG"), strict=False)
    ]
    try:
        compiled = made(*rules)
    except ProfileError:
        return  # two actions for the same conditions
    part = reach(compiled.program, 110, X86_64)
    verdict = compiled.program.run(110, X86_64, args)
    assert verdict.value in part.values
    tried, sampled = points([part], {})
    assert not sampled
    assert verdict in {compiled.program.run(110, X86_64, one) for one in tried}


def test_reach_says_when_it_does_not_know():
    """A filter that calculates, which libseccomp makes none of: no argument is left out."""
    # The low word of the first argument, plus 1, is 5: refused.
    code = [(0x20, 0, 0, 16), (0x04, 0, 0, 1), (0x15, 0, 1, 5)]
    code += [(0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
    program = Program(b"".join(struct.pack("=HBBI", *one) for one in code))
    part = reach(program, 0, X86_64)
    assert part.opaque
    assert part.constant is None
    assert part.tested == [0, 1, 2, 3, 4, 5]
    assert part.values == {0x50001, 0x7FFF0000}
    assert points([part], {})[1]
