"""Promise: whatever a set of calls, a rule, a query or the command line says: it gives a value
or the documented error, which is one line, and soon.

    FASTTRACE_FUZZ=1000000 python -m pytest tests/unit/test_fuzz*.py    # as many inputs for each
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
from importlib import import_module
from pathlib import Path

import pytest
from fuzzing import EXAMPLES, Folders, fuzz, no_limit, soon, value_or
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fasttrace import cli
from fasttrace.alter import language
from fasttrace.cli import seccomp
from fasttrace.cli.parser import VerbParser
from fasttrace.cli.strace import options
from fasttrace.cli.strace.getopt import BadOption
from fasttrace.errors import FasttraceError, InjectError, SelectionError
from fasttrace.syscalls import regexes, sets
from fasttrace.syscalls.bpf import program


@pytest.fixture(autouse=True)
def as_long_as_it_takes(no_hang: None) -> None:
    no_limit()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


WORDS = st.sampled_from(
    [
        *("read", "openat", "%file", "%nothing", "file", "all", "none", "500", "1023", "99999999"),
        *("read@64", "read@32", "read@x32", "@", "?nothing", "?", "/^get", "/", "/(", "/[a-z]+_?"),
        *("/(a+)+$", "/(a|aa)*b", "/.*.*.*.*.*x", "/(?:(?:a?){20}){20}b", "/(?=.*.*.*.*.*.*)q"),
        *("/\\d{1,9}{1,9}", "/(.)\\1+", "/(?i)GET", "trace=read", "\u0663", "\udcff", "", " ", "-"),
    ]
)
SETS = st.one_of(
    st.text(max_size=40),
    st.lists(st.tuples(st.sampled_from(["", "!", "!!", " "]), WORDS), max_size=6).map(
        lambda some: ",".join(before + word for before, word in some)
    ),
    st.text("()[]{}|*+?.^$\\a_0,19d", max_size=40).map(lambda pattern: "/" + pattern),
)


@fuzz
@given(SETS)
@example("read," * 20_000)
@example(",".join(f"?x{i}" for i in range(5000)))
@example("x" * 200_000)
@example("/" + "x" * 200_000)
@example("/" + "(" * 100_000)
@example("/" + "a?" * 5000)
@example("!" * 100_000)
def test_any_set_is_read_or_refused(text: str) -> None:
    found = value_or(SelectionError, lambda: sets.parse_selection(text))
    if found is not None:
        repr(found), program(found), found.policy(0, capture="all"), hash(~found)


@fuzz
@given(
    st.text("()[]{}|*+?.^$\\a_0,19dwb", max_size=25), st.text("abc_0129", max_size=regexes.LONGEST)
)
def test_a_regex_that_is_taken_finds_what_it_should(pattern: str, text: str) -> None:
    """The guard lets no slow one through, and changes no other."""
    with soon():
        try:
            found = regexes.compiled(pattern)
        except ValueError:
            return
        assert bool(found.search(text)) == bool(re.search(pattern, text))


VALUES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            *("ENOENT", "EWHAT", "errno_9", "errno_99999", "0", "-1", "4095", "4096", "0x", "010"),
            *("0x7f", "9" * 30, "SIGTERM", "TERM", "SIGRTMIN+3", "RTMAX", "5ms", "1e3", "1e999us"),
            *(".", "+1.5s", "-5", "3..5", "3+", "3..9+2", "5..3", "0", "@arg1=00", "@arg7=00"),
            *("@arg1=0", "@arg1=00,@arg1=00", "@arg1=", "getpid", "openat", "\u0661", "nan", "inf"),
        ]
    ),
)
RULES = st.builds(
    lambda before, calls, words: ":".join([before + calls, *(f"{k}{e}{v}" for k, e, v in words)]),
    st.sampled_from(["", "inject=", "fault=", " "]),
    SETS,
    st.lists(
        st.tuples(
            st.sampled_from([*language._KEYS, "eror", "", "when"]), st.sampled_from("=:"), VALUES
        ),
        max_size=4,
    ),
)


@fuzz
@given(st.text(max_size=40) | RULES)
@example("read:delay_enter=" + "1" * 200_000 + "x")
@example("read:retval=" + "1" * 200_000)
@example("read:retval=0x" + "1" * 200_000)
@example("read:when=" + "1" * 200_000)
@example("read:poke_enter=@arg1=" + "ab" * 100_000)
@example("read:error=errno_" + "9" * 200_000)
@example("read" + ":" * 200_000)
def test_any_rule_is_read_or_refused(text: str) -> None:
    rule = value_or(InjectError, lambda: language.parse_rule(text))
    if rule is not None:
        with soon():
            rows = language.plan(rule)
        for row in rows:
            abi, nr, first, last, step, what, ret, number, other, enter, leave, _ = row
            assert 0 <= abi < 4
            assert 0 <= nr < 1024
            assert 1 <= first <= last < 1 << 32
            assert 0 <= step < 1 << 32
            assert what
            assert -(1 << 63) <= ret < 1 << 63
            assert 0 <= number <= 64
            assert 0 <= other < 1024
            assert 0 <= enter < 1 << 63
            assert 0 <= leave < 1 << 63


@fuzz
@given(
    st.text(max_size=40)
    | st.lists(st.tuples(SETS, st.sampled_from(["", "="]), VALUES), max_size=4).map(
        lambda some: ",".join(map("".join, some))
    )
)
@example("read=1," * 3000)
def test_any_denial_is_read_or_refused(text: str) -> None:
    rules = value_or(InjectError, lambda: language.parse_deny(text))
    for rule in rules or ():
        assert -4095 <= rule.ret < 0


@fuzz
@given(st.dictionaries(SETS, st.integers() | VALUES, max_size=3))
def test_denials_by_a_dictionary(denied: dict[str, int | str]) -> None:
    value_or(InjectError, lambda: language.parse_deny(denied))


# The command line -------------------------------------------------------------------------------

OPTIONS = (
    *("-e", "-p", "-o", "-n", "-v", "-h", "--json", "--sort", "--by", "--engine", "--deny"),
    *("--inject", "--duration", "--no-follow", "--no-results", "--calls", "--against", "--from"),
    *("--profile", "--audit", "--arch", "--kernel", "--caps", "--format", "--limit", "--default"),
    *("--update", "--groups", "--trace", "--verbose", "--list", "--", "-", "", "--e", "--engine="),
    *("-p1", "-eread", "--sort=calls", "true", "1", "-1", "ptrace", "read", "calls", "pid", "\x1b"),
)
OWN = ("seccomp", "strace")  # they read their words themselves
VERBS = [
    *((verb, f"fasttrace.cli.{verb}") for verb in cli.VERBS if verb not in OWN),
    *((f"seccomp {verb}", f"fasttrace.cli.seccomp.{verb}") for verb in seccomp.VERBS),
]


@pytest.mark.parametrize(("verb", "module"), VERBS, ids=[verb for verb, _ in VERBS])
@settings(fuzz, max_examples=max(EXAMPLES // 5, 1))
@given(args=st.lists(st.sampled_from(OPTIONS) | VALUES | SETS, max_size=8))
def test_any_options_are_read_or_refused(verb: str, module: str, args: list[str]) -> None:
    of = import_module(module)
    parser = VerbParser(verb, "do it", of.EXAMPLE, takes_command=of.TAKES_COMMAND)
    of.configure(parser)
    parser.print_help = lambda file=None: parser.exit(0)  # type: ignore[method-assign]
    with contextlib.suppress(SystemExit):
        found = value_or(FasttraceError, lambda: parser.parse(args))
        assert found is None or isinstance(found, argparse.Namespace)


STRACES = (
    *("-f", "-ff", "-o", "-p", "-e", "-tt", "-r", "-c", "-C", "-S", "-U", "-s", "-a", "-zZ", "-E"),
    *(
        "--trace=read",
        "--quiet",
        "--tr",
        "--absolute-timestamps=",
        "unix:ns,,",
        "-e signal=",
        "-qq",
    ),
    *(
        "trace=!",
        "signal=!TERM",
        "status=,",
        "quiet=!exits",
        "inject=read:error=1",
        "fault=",
        "-xx",
    ),
)


@settings(fuzz, max_examples=max(EXAMPLES // 5, 1))
@given(args=st.lists(st.sampled_from([*OPTIONS, *STRACES]) | VALUES | SETS, max_size=8))
def test_any_words_to_strace_are_read_or_refused(args: list[str]) -> None:
    found = value_or(BadOption, lambda: options.parse(args))
    assert found is None or found.help or found.version or found.command or found.pids


WITHOUT_A_RUN = (["report"], ["seccomp", "check"], ["seccomp", "explain"], ["seccomp", "diff"])


@settings(fuzz, max_examples=max(EXAMPLES // 5, 1))
@given(
    verb=st.sampled_from(WITHOUT_A_RUN),
    args=st.lists(st.sampled_from([*OPTIONS, "x.fst", "p.json"]) | SETS | VALUES, max_size=5),
)
def test_whole_command_lines(
    folders: Folders,
    verb: list[str],
    args: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Of those verbs that run nothing and write no file."""
    with folders.one() as path:
        monkeypatch.chdir(path)
        Path("p.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
        shutil.copytree("../good", "x.fst")
        with soon():
            status = cli.main([*verb, *(word.replace("\0", "") for word in args)])
        captured = capfd.readouterr()
        assert status in (0, 1, 2)
        assert all(line.isprintable() for line in (captured.out + captured.err).split("\n"))
        if status == 2:
            assert captured.err.count("\n") == 1
