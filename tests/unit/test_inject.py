"""Promise: a rule means what strace means by it; what cannot be meant is refused in one line."""

from __future__ import annotations

import errno
import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fasttrace.alter.language import parse_deny, parse_rule, plan
from fasttrace.alter.rules import NO_END, AlterRule
from fasttrace.errors import InjectError
from fasttrace.syscalls.names import ABIS, syscall_name, syscall_number

RETURN, SIGNAL, NUMBER, DELAY_ENTER, DELAY_EXIT, POKE = (1 << bit for bit in range(6))


def fields(expression):
    """What differs from the rule that alters nothing."""
    rule, plain = parse_rule(expression), AlterRule(parse_rule(expression).calls)
    return {
        name: getattr(rule, name)
        for name in AlterRule.__dataclass_fields__
        if getattr(rule, name) != getattr(plain, name)
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("error=ENOENT", {"ret": -2}),
        ("error=enoent", {"ret": -2}),
        ("error=4095", {"ret": -4095}),
        ("error=ERESTARTSYS", {"ret": -512}),
        ("retval=7", {"ret": 7}),
        ("retval=-1", {"ret": -1}),
        ("retval=0x10", {"ret": 16}),
        ("retval=010", {"ret": 8}),
        ("retval=0", {"ret": 0}),
        ("retval=18446744073709551615", {"ret": -1}),
        ("signal=KILL", {"signal": 9}),
        ("signal=sigint", {"signal": 2}),
        ("signal=64", {"signal": 64}),
        ("signal=SIGRT_1", {"signal": 33}),
        ("signal=SIGRTMIN", {"signal": 32}),
        ("signal=SIGRTMAX", {"signal": 64}),
        ("delay_enter=5", {"delay_enter": 5_000}),
        ("delay_enter=1.5ms", {"delay_enter": 1_500_000}),
        ("delay_enter=1e3us", {"delay_enter": 1_000_000}),
        ("delay_exit=.5s", {"delay_exit": 500_000_000}),
        ("delay_exit=7ns", {"delay_exit": 7}),
        ("delay_enter=+1.ms", {"delay_enter": 1_000_000}),
        ("delay_enter=0", {"delay_enter": 0}),
        ("error=1:syscall=getpid", {"ret": -1, "syscall": "getpid"}),
        ("poke_enter=@arg1=00fF", {"poke_enter": ((0, b"\0\xff"),)}),
        (
            "poke_enter=@arg1=00:poke_exit=@arg6=11,@arg2=22",
            {"poke_enter": ((0, b"\0"),), "poke_exit": ((5, b"\x11"), (1, b"\x22"))},
        ),
        ("error=1:signal=2:delay_exit=1ns", {"ret": -1, "signal": 2, "delay_exit": 1}),
        (":error=1:", {"ret": -1}),
    ],
)
def test_words_say_what_is_done(words, expected):
    assert fields(f"read:{words}") == expected


@pytest.mark.parametrize(
    ("when", "first", "last", "step"),
    [
        ("3", 3, NO_END, 0),
        ("3..5", 3, 5, 1),
        ("3+", 3, NO_END, 1),
        ("3+2", 3, NO_END, 2),
        ("3..9+2", 3, 9, 2),
        ("3..9+", 3, 9, 1),
        ("2..2", 2, 2, 1),
        ("65535", 65535, NO_END, 0),
        ("1..65534+65535", 1, 65534, 65535),
    ],
)
def test_when_says_which_calls_in_turn(when, first, last, step):
    rule = parse_rule(f"read:error=1:when={when}")
    assert (rule.first, rule.last, rule.step) == (first, last, step)


def test_the_last_of_several_when_holds():
    assert parse_rule("read:error=1:when=2:when=3+").first == 3


def test_fault_is_inject_with_a_default():
    assert parse_rule("fault=read").ret == -errno.ENOSYS
    assert parse_rule("fault=read:error=EIO:when=2") == parse_rule("inject=read:error=EIO:when=2")


REFUSED = [
    ("read", "alters nothing: add one of :error="),
    ("read:when=2", "alters nothing"),
    ("read:syscall=getpid", "alters nothing"),
    ("read:error=ENOENT:retval=1", "either fails or succeeds"),
    ("read:error=1:error=2", "only one error="),
    ("read:signal=1:signal=2", "only one signal="),
    ("read:delay_enter=1:delay_enter=2", "only one delay_enter="),
    ("read:error=0", "1 to 4095"),
    ("read:error=4096", "1 to 4095"),
    ("read:error=99999999999999999999999", "1 to 4095"),
    ("read:error=-1", "by name, such as ENOENT"),
    ("read:error=ENOENTT", "did you mean ENOENT"),
    ("read:error", "'error': expected an errno"),
    ("read:retval=", "'retval=': expected a number"),
    ("read:retval=1x", "expected a number"),
    ("read:retval=09", "expected a number"),
    ("read:retval=18446744073709551616", "64 bits"),
    ("read:signal=0", "1 to 64"),
    ("read:signal=65", "1 to 64"),
    ("read:signal=SIGTREM", "did you mean SIGTERM"),
    ("read:delay_enter=-1", "expected a time"),
    ("read:delay_enter=1m", "expected a time"),
    ("read:delay_enter=1S", "expected a time"),
    ("read:delay_enter=nan", "expected a time"),
    ("read:delay_enter=1 ms", "expected a time"),
    ("read:delay_exit=99999999999s", "292 years"),
    ("read:delay_exit=1e999s", "292 years"),
    ("read:error=1:when=0", "0 is not in 1 to 65535"),
    ("read:error=1:when=65536", "65536 is not in 1 to 65535"),
    ("read:error=1:when=1..65535", "65535 is not in 1 to 65534"),
    ("read:error=1:when=1+0", "0 is not in 1 to 65535"),
    ("read:error=1:when=3..2", "the last one comes before the first"),
    ("read:error=1:when=1..", r"expected FIRST\[..LAST\]"),
    ("read:error=1:when=1+2+3", r"expected FIRST\[..LAST\]"),
    ("read:error=1:when=0x2", r"expected FIRST\[..LAST\]"),
    ("read:error=1:syscall=read", "does nothing"),
    ("read:error=1:syscall=39", "does nothing"),
    ("read:error=1:syscall=getpidd", "did you mean"),
    ("read:poke_enter=@arg1=0", "two hexadecimal digits"),
    ("read:poke_enter=@arg1=0g", "two hexadecimal digits"),
    ("read:poke_enter=arg1=00", "'arg1=00': expected @argN=BYTES"),
    ("read:poke_enter=@arg0=00", "expected @argN=BYTES"),
    ("read:poke_enter=@arg8=00", "@arg1 to @arg6"),
    ("read:poke_enter=@arg1=00,@arg1=11", "@arg1 is given twice"),
    ("read:poke_enter=@arg1=00:poke_enter=@arg2=00", "only one poke_enter="),
    ("read:eror=1", "'eror=1': did you mean error="),
    ("read:Error=1", "did you mean error="),
    ("read:foo=1", "expected one of error= retval="),
    ("fault=read:signal=9", "expected one of error= syscall= when="),
    ("fault=read:retval=0", "expected one of"),
    ("opnat:error=1", "did you mean openat"),
    ("%fil:error=1", "unknown system call class"),
    (":error=1", "a set of calls before any :"),
    ("", "a set of calls before any :"),
]


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_one_clear_line_says_what_is_wrong(expression, message):
    with pytest.raises(InjectError, match=message) as caught:
        parse_rule(expression)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert caught.value.exit_status == 2


# strace takes two that its manual does not: a digit that is none, and a delay that it cannot keep.
@pytest.mark.parametrize(
    "expression", [e for e, why in REFUSED if "0g" not in e and "292" not in why]
)
def test_strace_refuses_it_too(expression):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    rule = expression if expression.startswith("fault=") else f"inject={expression}"
    end = subprocess.run(
        ["strace", "-o", "/dev/null", "-e", rule, "true"], capture_output=True, text=True
    )
    assert end.returncode == 1
    assert "invalid" in end.stderr


@given(st.text(max_size=40), st.sampled_from(["", "read:", "read:error=1:", "read:when="]))
def test_any_text_is_a_rule_or_one_error(text, before):
    try:
        parse_rule(before + text)
    except InjectError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message


words = st.fixed_dictionaries(
    {},
    optional={
        "error": st.integers(1, 4095).map(str),
        "signal": st.integers(1, 64).map(str),
        "delay_enter": st.integers(0, 10**6).map(lambda us: f"{us}us"),
        "delay_exit": st.integers(0, 10**6).map(lambda us: f"{us}"),
        "poke_exit": st.binary(min_size=1, max_size=9).map(lambda data: f"@arg2={data.hex()}"),
        "when": st.integers(1, 65535).map(lambda n: f"{n}+"),
    },
).filter(lambda found: set(found) - {"when"})


@given(words, st.randoms())
def test_the_order_of_the_words_does_not_matter(found, random):
    one = [f"{key}={value}" for key, value in found.items()]
    other = random.sample(one, len(one))
    assert parse_rule("read:" + ":".join(one)) == parse_rule("read:" + ":".join(other))
    row = plan("read@64:" + ":".join(one))[0]
    assert bool(row[5] & RETURN) == ("error" in found)
    assert bool(row[5] & SIGNAL) == ("signal" in found)
    assert bool(row[5] & DELAY_ENTER) == ("delay_enter" in found)
    assert bool(row[5] & POKE) == ("poke_exit" in found)
    assert row[2] == int(found.get("when", "1+")[:-1])


def rows(*args):
    return {(ABIS[row[0]], row[1]): row for row in plan(*args)}


def test_a_row_for_each_call_of_each_abi():
    found = rows("openat:error=ENOENT:when=3..9+2")
    assert set(found) == {(abi, syscall_number("openat", abi)) for abi in ABIS}
    nr = syscall_number("openat")
    assert found["x86_64", nr] == (0, nr, 3, 9, 2, RETURN, -2, 0, 0, 0, 0, ())


def test_the_last_rule_for_a_call_holds():
    found = rows(["%file:error=EIO:when=2", "openat:signal=USR1"])
    assert found["x86_64", syscall_number("openat")][5:8] == (SIGNAL, 0, 10)
    assert found["x86_64", syscall_number("chdir")][5:8] == (RETURN, -5, 0)


def test_what_is_denied_is_denied_each_time():
    found = rows("connect:error=EIO:when=2", {"%network": errno.EACCES})
    assert found["x86_64", syscall_number("connect")][2:7] == (1, NO_END, 1, RETURN, -errno.EACCES)


# strace: nothing else is called where the call is made anyhow.
def test_another_call_is_made_only_instead_of_one():
    assert plan("read@64:signal=1:syscall=getpid")[0][5] == SIGNAL
    row = plan("read@64:error=1:syscall=getpid")[0]
    assert (row[5], row[8]) == (RETURN | NUMBER, syscall_number("getpid"))


# strace: "requested to tamper with argument #1, but system call 'getppid' has only 0 arguments".
def test_an_argument_that_a_call_does_not_have_is_not_poked():
    found = rows("getppid,read:poke_enter=@arg1=00")
    assert found["x86_64", syscall_number("getppid")][11] == ()
    assert found["x86_64", syscall_number("read")][11] == ((0, False, b"\0"),)


def test_a_result_is_as_wide_as_a_register():
    found = rows("read:retval=0x1ffffffff")
    assert found["x86_64", syscall_number("read")][6] == 0x1FFFFFFFF
    assert found["i386", syscall_number("read", "i386")][6] == -1


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("socket", {"socket": errno.EPERM}),
        ("socket=EACCES", {"socket": errno.EACCES}),
        ("socket,fork=EPERM", {"socket": errno.EPERM, "fork": errno.EPERM}),
        ("socket,fork=13,getpid", {"socket": 13, "fork": 13, "getpid": errno.EPERM}),
        ("socket=EACCES,", {"socket": errno.EACCES}),
        ("%process,!fork=EIO", {"execve": errno.EIO}),
        ("/^sock=ENOSYS", {"socket": errno.ENOSYS, "socketpair": errno.ENOSYS}),
    ],
)
def test_a_denial_may_be_a_text(text, errors):
    found = rows(None, text)
    for name, error in errors.items():
        assert found["x86_64", syscall_number(name)][6] == -error


# A program whose exit fails runs into what stands behind it in its text.
def test_a_denied_class_still_lets_the_program_end():
    names = {_name(row) for row in plan(None, "%process,%signal")}
    assert {"execve", "clone", "kill"} <= names
    assert not {"exit", "exit_group", "rt_sigreturn", "sigreturn"} & names


def _name(row):
    return syscall_name(row[1], row[0])


def test_denial_as_a_mapping():
    assert [rule.ret for rule in parse_deny({"socket": errno.EACCES, "%process": "EPERM"})] == [
        -errno.EACCES,
        -errno.EPERM,
    ]


@pytest.mark.parametrize(
    ("deny", "message"),
    [
        ("", "a set of calls"),
        ("socket=", "by name, such as ENOENT"),
        ("socket=ENOPE", "did you mean"),
        ("=EPERM", "a set of calls"),
        ("sokcet", "did you mean socket"),
        ("exit_group", "no call in it that can fail"),
        ({"socket": 0}, "1 to 4095"),
        ({"socket": -13}, "1 to 4095"),
        ({"socket": 4096}, "1 to 4095"),
    ],
)
def test_a_denial_that_cannot_be_read(deny, message):
    with pytest.raises(InjectError, match=re.escape(message)):
        parse_deny(deny)
