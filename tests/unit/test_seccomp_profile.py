"""Promise: profiles are read in all spellings, and a bad one is one clear line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fasttrace.errors import ProfileError
from fasttrace.seccomp.profile.reader import load, parse
from fasttrace.seccomp.profile.values import ArchMap, Condition, Limits, Profile, Rule
from fasttrace.seccomp.profile.vocabulary import (
    ACTIONS,
    ARCH_NAMES,
    ARCHITECTURES,
    FLAGS,
    OPERATORS,
)

ALLOW: dict[str, Any] = {"names": ["read"], "action": "SCMP_ACT_ALLOW"}


def profile(**fields: Any) -> str:
    return json.dumps({"defaultAction": "SCMP_ACT_ERRNO", **fields})


def rule(**fields: Any) -> str:
    return profile(syscalls=[{**ALLOW, **fields}])


def condition(**fields: Any) -> str:
    return rule(args=[{"index": 0, "value": 1, "op": "SCMP_CMP_EQ", **fields}])


def test_docker_spelling():
    """moby: archMap, includes and excludes, comments, null lists."""
    found = parse(
        profile(
            defaultErrnoRet=1,
            archMap=[
                {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                {"architecture": "SCMP_ARCH_RISCV64", "subArchitectures": None},
            ],
            syscalls=[
                {
                    "names": ["ptrace"],
                    "action": "SCMP_ACT_ALLOW",
                    "args": None,
                    "comment": "why",
                    "includes": {"minKernel": "4.8", "arches": ["amd64"]},
                    "excludes": {"caps": ["CAP_SYS_ADMIN"]},
                }
            ],
        )
    )
    assert found.default_errno_ret == 1
    assert found.arch_map == (
        ArchMap("SCMP_ARCH_X86_64", ("SCMP_ARCH_X86",)),
        ArchMap("SCMP_ARCH_RISCV64"),
    )
    limits = Limits(arches=("amd64",), min_kernel="4.8"), Limits(caps=("CAP_SYS_ADMIN",))
    assert found.rules == (Rule(("ptrace",), "SCMP_ACT_ALLOW", None, (), *limits),)
    assert (found.rules[0].comment, found.rules[0].where) == ("why", "syscalls[0]")


def test_podman_spelling():
    """containers/common: errno by name, which goes before the number; empty objects and lists."""
    found = parse(
        profile(
            defaultErrno="ENOSYS",
            defaultErrnoRet=1,
            syscalls=[
                {
                    "names": ["mount"],
                    "action": "SCMP_ACT_ERRNO",
                    "args": [],
                    "comment": "",
                    "includes": {},
                    "excludes": {},
                    "errnoRet": 1,
                    "errno": "EACCES",
                }
            ],
        )
    )
    assert found.default_errno_ret == 38
    assert found.rules == (Rule(("mount",), "SCMP_ACT_ERRNO", 13),)


def test_oci_spelling():
    """The runtime specification: a config.json, architectures, flags, a listener."""
    seccomp = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "flags": ["SECCOMP_FILTER_FLAG_LOG"],
        "listenerPath": "/run/agent",
        "listenerMetadata": "x",
        "syscalls": [{**ALLOW, "action": "SCMP_ACT_NOTIFY"}],
    }
    found = parse(json.dumps({"ociVersion": "1.2.0", "linux": {"seccomp": seccomp}}))
    assert found == parse(json.dumps(seccomp))
    assert found.architectures == ("SCMP_ARCH_X86", "SCMP_ARCH_X32")
    assert found.flags == ("SECCOMP_FILTER_FLAG_LOG",)
    assert (found.listener_path, found.listener_metadata) == ("/run/agent", "x")


def test_old_docker_spelling():
    """Before 2017: one name per rule."""
    old = {"name": "read", "action": "SCMP_ACT_ALLOW", "args": []}
    assert parse(profile(syscalls=[old])).rules == (Rule(("read",), "SCMP_ACT_ALLOW"),)


def test_a_byte_order_mark_and_meaningless_keys():
    """What the runtimes pass over is passed over, and remembered."""
    found = parse(b"\xef\xbb\xbf" + rule(colour="red").encode())
    assert found.ignored == ("syscalls[0].colour",)


conditions = st.builds(
    Condition,
    st.integers(0, 5),
    st.integers(0, (1 << 64) - 1),
    st.sampled_from(list(OPERATORS)),
    st.integers(0, (1 << 64) - 1),
)
limits = st.builds(
    Limits,
    st.tuples() | st.tuples(st.just("CAP_SYS_ADMIN")),
    st.tuples() | st.tuples(st.sampled_from(list(ARCH_NAMES))),
    st.none() | st.just("4.8"),
)
rules = st.builds(
    Rule,
    st.lists(st.text(min_size=1), min_size=1).map(tuple),
    st.sampled_from(list(ACTIONS)),
    st.none(),
    st.lists(conditions, max_size=3).map(tuple),
    limits,
    limits,
    st.text(),
) | st.builds(Rule, st.just(("read",)), st.just("SCMP_ACT_ERRNO"), st.integers(0, 4095))
architectures = st.lists(st.sampled_from(list(ARCHITECTURES)), max_size=3).map(tuple)
profiles = st.builds(
    Profile,
    st.sampled_from([word for word in ACTIONS if word != "SCMP_ACT_NOTIFY"]),
    st.none() | st.integers(0, 4095),
    architectures,
    st.just(()),
    st.lists(st.sampled_from(list(FLAGS)), max_size=2).map(tuple),
    st.lists(rules, max_size=3).map(tuple),
)


@given(profiles)
def test_written_and_read_again(one):
    """to_json keeps all that a profile says."""
    again = parse(one.to_json())
    assert again == one
    assert [rule.comment for rule in again.rules] == [rule.comment for rule in one.rules]


U64 = "a whole number from 0 to 2^64-1"
BAD = {
    "": "the file is empty",
    " \n": "the file is empty",
    "{": "not JSON: line 1 column 2",
    '{"defaultAction": "SCMP_ACT_ALLOW"} x': "not JSON: line 1 column 37: Extra data",
    "[]": "expected an object, found a list",
    "null": "expected an object, found null",
    "3": "expected an object, found a number",
    "{}": "defaultAction: expected an action like SCMP_ACT_KILL, found nothing",
    '{"defaultAction": NaN}': "NaN is no JSON number",
    '{"defaultAction": -Infinity}': "-Infinity is no JSON number",
    '{"defaultAction": "SCMP_ACT_ALOW"}': "did you mean SCMP_ACT_ALLOW?",
    '{"defaultAction": "ALLOW", "defaultAction": 1}': "the key 'defaultAction' stands twice",
    '{"defaultAction": "SCMP_ACT_NOTIFY"}': "SCMP_ACT_NOTIFY cannot be the default",
    '{"linux": {}}': "linux.seccomp: not there",
    '{"linux": {"seccomp": {}}}': "linux.seccomp.defaultAction: expected an action",
    profile(defaultErrnoRet=4096): "defaultErrnoRet: expected a whole number from 0 to 4095",
    profile(defaultErrnoRet=True): "found a boolean",
    profile(defaultErrno="EWHAT"): "defaultErrno: expected an errno like",
    profile(defaultErrno="errorcode"): "defaultErrno: expected an errno like",
    profile(architectures="SCMP_ARCH_X86"): "architectures: expected a list, found a string",
    profile(architectures=["x86"]): "architectures[0]: unknown architecture 'x86'",
    profile(
        architectures=["SCMP_ARCH_X86"], archMap=[{"architecture": "SCMP_ARCH_X86"}]
    ): "archMap: give architectures or archMap, not both",
    profile(archMap=[{}]): "archMap[0].architecture: expected an architecture like",
    profile(flags=["SECCOMP_FILTER_FLAG_LOGG"]): "did you mean SECCOMP_FILTER_FLAG_LOG?",
    profile(listenerPath=1): "listenerPath: expected a string, found a number",
    profile(syscalls={}): "syscalls: expected a list, found an object",
    profile(syscalls=[None]): "syscalls[0]: expected an object, found null",
    profile(syscalls=[{}]): "syscalls[0].names: expected at least one system call",
    rule(names=[]): "syscalls[0].names: expected at least one system call",
    rule(names=[""]): "syscalls[0].names[0]: expected the name of a system call",
    rule(names=[1]): "syscalls[0].names[0]: expected a string, found a number",
    rule(name="read"): "syscalls[0].name: give name or names, not both",
    rule(action=None): "syscalls[0].action: expected an action",
    rule(errnoRet=1): "syscalls[0].errnoRet: SCMP_ACT_ALLOW takes no errno",
    rule(action="SCMP_ACT_ERRNO", errnoRet=-1): "from 0 to 4095, found -1",
    rule(action="SCMP_ACT_ERRNO", errnoRet=1.0): "from 0 to 4095, found 1.0",
    rule(action="SCMP_ACT_TRACE", errnoRet=65536): "from 0 to 65535, found 65536",
    rule(args={}): "syscalls[0].args: expected a list, found an object",
    condition(index=6): "syscalls[0].args[0].index: expected a whole number from 0 to 5, found 6",
    condition(index=False): "args[0].index: expected a whole number from 0 to 5, found a boolean",
    condition(value=1 << 64): f"args[0].value: expected {U64}, found 18446744073709551616",
    condition(value=-1): f"args[0].value: expected {U64}, found -1",
    condition(value="0x1"): f"args[0].value: expected {U64}, found a string",
    condition(value=None): f"args[0].value: expected {U64}, found nothing",
    condition(value=1).replace("1,", "1" * 5000 + ","): "found one with more digits",
    condition(value=1).replace("1,", "1e400,"): f"expected {U64}",
    condition(valueTwo=0.5): f"args[0].valueTwo: expected {U64}, found 0.5",
    condition(op="SCMP_CMP_EQUAL"): "did you mean SCMP_CMP_EQ?",
    condition(op=None): "args[0].op: expected an operator like SCMP_CMP_NE, found nothing",
    rule(includes=[]): "syscalls[0].includes: expected an object, found a list",
    rule(includes={"caps": ["SYS_ADMIN"]}): "includes.caps[0]: expected a capability like",
    rule(excludes={"arches": ["amd65"]}): "excludes.arches[0]: unknown architecture 'amd65'",
    rule(includes={"minKernel": "four"}): "includes.minKernel: expected a version like",
    '{"defaultAction": "\\ud800"}': "unknown action '\\ud800'",
    "[" * 200_000: "nested too deeply",
    '{"a":' * 200_000: "nested too deeply",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:60])
def test_a_bad_profile_is_one_line(text):
    """The line names the file, the place and what was expected."""
    with pytest.raises(ProfileError) as caught:
        parse(text, "x.json")
    message = str(caught.value)
    assert message.startswith("x.json: ")
    assert BAD[text] in message
    assert "\n" not in message
    assert len(message) < 800
    assert caught.value.exit_status == 2
    assert isinstance(caught.value, ValueError)


def test_not_utf8():
    """The byte is named."""
    with pytest.raises(ProfileError, match="not UTF-8: byte 1 is 0xff"):
        parse(b"{\xff}")


def test_a_file_that_is_not_there(tmp_path):
    """So is one that is a folder."""
    with pytest.raises(ProfileError, match=r"cannot read the profile .*: No such file"):
        load(tmp_path / "none.json")
    with pytest.raises(ProfileError, match=r"cannot read the profile .*: Is a directory"):
        load(tmp_path)


def only_profile_errors(text: str | bytes) -> None:
    try:
        found = parse(text, "x.json")
    except ProfileError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert parse(found.to_json()) == found


@given(st.binary() | st.text())
def test_any_bytes(text):
    """Whatever a file holds: a profile, or one line."""
    only_profile_errors(text)


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([*ACTIONS, *OPERATORS, *FLAGS, *ARCHITECTURES, "CAP_BPF", "amd64", "4.8"]),
)
KEYS = (
    *("defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap", "flags"),
    *("architecture", "subArchitectures", "listenerPath", "listenerMetadata", "syscalls", "linux"),
    *("seccomp", "names", "name", "action", "errnoRet", "errno", "args", "comment", "includes"),
    *("excludes", "index", "value", "valueTwo", "op", "caps", "arches", "minKernel"),
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=20,
)
GOOD = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [
        {
            "names": ["read"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": 1, "valueTwo": 0, "op": "SCMP_CMP_EQ"}],
            "includes": {"caps": ["CAP_BPF"], "arches": ["amd64"], "minKernel": "4.8"},
        }
    ],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values in a JSON value, but the top."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, one in inner:
        found.append((*path, key))
        if isinstance(one, (dict, list)):
            found += places(one, (*path, key))
    return found


@given(st.sampled_from(places(GOOD)), values)
@example(("syscalls", 0), {"name": None})
def test_one_wrong_value(path, value):
    """Any value at any place of a good profile: a profile, or one line."""
    broken = json.loads(json.dumps(GOOD))
    at = broken
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    only_profile_errors(json.dumps(broken))


@given(values)
def test_any_json(value):
    """Any JSON made of the words of profiles."""
    only_profile_errors(json.dumps(value))
