"""Promise: whatever is in a trace's folder, a profile, a set of calls, a rule, a question or on the
command line: it gives a value or the documented error, which is one line, and soon.

    FASTTRACE_FUZZ=1000000 python -m pytest tests/unit/test_fuzz.py     # as many inputs for each
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from synthetic import OPENAT, PROCESSES, READ, item, make_events, stream

from fasttrace import cli
from fasttrace.alter import language
from fasttrace.cli import seccomp
from fasttrace.cli.parser import VerbParser
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.data.npyfile import EVENTS, header
from fasttrace.data.summary_table import summary_table
from fasttrace.data.trace import Trace
from fasttrace.errors import FasttraceError, FilterError, InjectError, ProfileError, TraceError
from fasttrace.report.call_json import json_lines
from fasttrace.report.call_line import CallLines
from fasttrace.report.tables_by import tables_by
from fasttrace.syscalls import regexes, sets
from fasttrace.syscalls.bpf import program

LONG = "FASTTRACE_FUZZ" in os.environ
EXAMPLES = int(os.environ.get("FASTTRACE_FUZZ", "150"))
CPU_LIMIT_S = 20  # for one input: far more than any needs
MESSAGE_MAX = 2000

fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def as_long_as_it_takes(no_hang: None) -> None:
    if LONG:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """By the processor's clock: the machine may be busy with others."""

    def late(number: int, frame: object) -> None:
        raise AssertionError(f"it takes more than {CPU_LIMIT_S} s")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def value_or(error: type[FasttraceError], make: Callable[[], Any]) -> Any:
    """What is made; None: the error was raised, with a line that can be shown."""
    with soon():
        try:
            return make()
        except error as caught:
            message = str(caught)
            assert message.isprintable()
            assert 0 < len(message) < MESSAGE_MAX
            return None


# Folders of traces ------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.integers(-2, 300),
    st.sampled_from([-(1 << 63), 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, 1 << 64, 10**60]),
)
TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["inline", "ptrace", "fasttrace", "cc", "\x1b[2J\n", "\udcff", "a" * 5000]),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, st.floats(), TEXTS)
META_KEYS = (
    *("format", "version", "finished", "argv", "engine", "results", "machine", "clock", "versions"),
    *("exit_status", "wall_ns", "lost", "processes", "realtime_offset_ns", "name"),
)
PROCESS_KEYS = (
    *("pid", "ppid", "comm", "argv", "calls", "status", "start_ns", "end_ns", "engine", "serial"),
    "fallback",
)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*META_KEYS, *PROCESS_KEYS]) | TEXTS, inner, max_size=5)
    ),
    max_leaves=15,
)
WILD_PROCESSES = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(PROCESS_KEYS, LEAVES)) | ANY_JSON, max_size=6
)


def good() -> Trace:
    payload = item(b"/etc/passwd", arg=1) + item(b"cc\0", type=3)
    events = make_events(
        {"nr": OPENAT, "pid": 100, "tid": 100, "time_ns": 5, "duration_ns": 9, "ret": -2,
         "flags": Flag.PAYLOAD},
        {"nr": READ, "pid": 101, "tid": 101, "time_ns": 20, "duration_ns": 4},
        {"kind": Kind.EXEC, "pid": 101, "time_ns": 25, "flags": Flag.PAYLOAD, "payload": 24},
        {"kind": Kind.EXIT, "pid": 101, "time_ns": 30, "ret": 256},
    )  # fmt: skip
    return Trace(events, stream(payload), argv=["a"], engine="inline", processes=PROCESSES)


class Folders:
    """Copies of a good folder, to be spoilt one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = count()
        good().save(folder / "good")

    @contextlib.contextmanager
    def one(self) -> Iterator[Path]:
        path = self._folder / str(next(self._number))
        shutil.copytree(self._folder / "good", path)
        try:
            yield path
        finally:
            shutil.rmtree(path)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def use_all(trace: Trace, again: Path) -> None:
    """All that is done with a trace that could be loaded."""
    summary = trace.summary()
    for key in ("time", "errors", "p99"):
        summary_table(summary, sort=key)
    tables_by(summary, "pid")
    tables_by(summary, "comm", color=True)
    tables_by(summary, "abi")
    json.loads(summary.to_json())
    summary.table  # noqa: B018
    for name in summary.calls:
        summary.histogram(name)
    list(trace)
    trace.paths()
    for key in ("pid", "tid", "syscall", "comm"):
        trace.by(key)  # type: ignore[call-overload]
    len(trace.where("%file,!stat", failed=True, comm="cc", path="x", min_duration_ns=1))
    events, payload = np.ascontiguousarray(trace.events), trace.payload.data
    assert CallLines().text(events.data, payload).count("\n") == len(trace)
    for line in json_lines(events.data, payload):
        json.loads(line)
    [p.exit_status for p in trace.processes]
    repr(trace), repr(summary), repr(trace.processes), trace.fallbacks
    trace.save(again)
    back = Trace.load(again)
    assert back.events.tobytes() == trace.events.tobytes()
    assert [p.argv for p in back.processes] == [p.argv for p in trace.processes]
    from fasttrace.seccomp.generation.generated import generate
    from fasttrace.seccomp.generation.listing import listing

    made = value_or(ProfileError, lambda: generate(trace))
    if made is not None:
        listing(made)


def look_at(path: Path) -> None:
    trace = value_or(TraceError, lambda: Trace.load(path))
    if trace is not None:
        with soon():
            use_all(trace, path / "again")


SPOILT = st.tuples(
    st.sampled_from(["events.npy", "payload.npy", "meta.json"]),
    st.sampled_from(["flip", "cut", "insert", "repeat", "replace"]),
    st.floats(0, 1, exclude_max=True),
    st.binary(min_size=1, max_size=12),
)


def spoil(data: bytearray, how: str, place: float, more: bytes) -> bytes:
    at = int(place * len(data))
    if how == "flip" and data:
        data[at] ^= more[0] or 1
    elif how == "cut":
        del data[at:]
    elif how == "insert":
        data[at:at] = more
    elif how == "repeat":
        data[at:at] = data[at : at + 100 * more[0]]
    elif how == "replace":
        data[at : at + len(more)] = more
    return bytes(data)


@fuzz
@given(st.lists(SPOILT, min_size=1, max_size=8))
def test_bytes_of_a_folder(folders: Folders, spoilt: list[tuple[str, str, float, bytes]]) -> None:
    with folders.one() as path:
        for name, *how in spoilt:
            file = path / name
            file.write_bytes(spoil(bytearray(file.read_bytes()), *how))  # type: ignore[arg-type]
        look_at(path)


@fuzz
@given(
    st.dictionaries(st.sampled_from(META_KEYS), ANY_JSON, max_size=4),
    WILD_PROCESSES,
    st.booleans(),
)
@example({}, [{"pid": 5, "serial": 1, "comm": "a"}, {"pid": 5, "serial": 1}], True)
@example({"argv": ["\ud800"], "engine": "\udcff"}, [{"argv": ["\ud800"]}], True)
def test_any_meta(
    folders: Folders, changed: dict[str, Any], processes: list[Any], finished: bool
) -> None:
    with folders.one() as path:
        meta = json.loads((path / "meta.json").read_text())
        meta |= {"processes": processes, "finished": finished, **changed}
        (path / "meta.json").write_text(json.dumps(meta))
        look_at(path)


@fuzz
@given(ANY_JSON | st.text() | st.binary())
@example("[" * 100_000)
@example("9" * 200_000)
@example('{"format": "fasttrace", "version": 1, "wall_ns": ' + "9" * 100_000 + "}")
def test_anything_for_meta(folders: Folders, value: Any) -> None:
    if not isinstance(value, bytes):
        text = value if isinstance(value, str) else json.dumps(value)
        value = text.encode("utf-8", "surrogatepass")
    with folders.one() as path:
        (path / "meta.json").write_bytes(value)
        look_at(path)


HEADS = st.one_of(
    st.builds(header, st.sampled_from([EVENTS[0], "'|u1'", "'<f8'", "[]"]), NUMBERS),
    st.builds(
        lambda length, text: b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + text,
        st.integers(0, 65535),
        st.binary(max_size=200) | st.just(b"{'descr': " * 6000),
    ),
    st.binary(max_size=200),
)


@fuzz
@given(HEADS, st.binary(max_size=400), st.sampled_from(["events.npy", "payload.npy"]))
def test_foreign_arrays(folders: Folders, head: bytes, rest: bytes, name: str) -> None:
    with folders.one() as path:
        (path / name).write_bytes(head + rest)
        look_at(path)


@fuzz
@given(st.lists(st.binary(min_size=96, max_size=96), max_size=30), st.binary(max_size=300))
def test_any_events(folders: Folders, records: list[bytes], payload: bytes) -> None:
    events = np.frombuffer(b"".join(records), EVENT_DTYPE)
    with folders.one() as path:
        for processes in (None, PROCESSES):
            trace = Trace(events, stream(payload), engine="inline", processes=processes)
            with soon():
                use_all(trace, path / f"again{processes is None}")


def test_no_files(folders: Folders) -> None:
    """What can stand where a file should: it is not waited for, nor read without end."""
    made: dict[str, Callable[[Path], object]] = {
        "nothing": lambda p: None,
        "folder": lambda p: p.mkdir(),
        "pipe": os.mkfifo,
        "endless": lambda p: p.symlink_to("/dev/zero"),
        "circle": lambda p: p.symlink_to(p.name),
        "dangling": lambda p: p.symlink_to("gone"),
        "terminal": lambda p: p.symlink_to("/dev/tty"),
        "huge": lambda p: (p.touch(), os.truncate(p, 1 << 40)),
    }
    for name in ("meta.json", "events.npy", "payload.npy"):
        for make in made.values():
            with folders.one() as path:
                (path / name).unlink()
                make(path / name)
                assert value_or(TraceError, lambda path=path: Trace.load(path)) is None
    for make in made.values():
        with folders.one() as path:
            make(path / "x.fst")
            assert value_or(TraceError, lambda path=path: Trace.load(path / "x.fst")) is None


# What people write ------------------------------------------------------------------------------

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
def test_sets(text: str) -> None:
    found = value_or(FilterError, lambda: sets.parse(text))
    if found is not None:
        repr(found), program(found), found.policy(0, strings=True), hash(~found)


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
def test_rules(text: str) -> None:
    rule = value_or(InjectError, lambda: language.parse(text))
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
def test_denials(text: str) -> None:
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
VERBS = [
    *((verb, f"fasttrace.cli.{verb}") for verb in cli.VERBS if verb != "seccomp"),
    *((f"seccomp {verb}", f"fasttrace.cli.seccomp.{verb}") for verb in seccomp.VERBS),
]


@pytest.mark.parametrize(("verb", "module"), VERBS, ids=[verb for verb, _ in VERBS])
@settings(fuzz, max_examples=max(EXAMPLES // 5, 1))
@given(args=st.lists(st.sampled_from(OPTIONS) | VALUES | SETS, max_size=8))
def test_options(verb: str, module: str, args: list[str]) -> None:
    of = import_module(module)
    parser = VerbParser(verb, "do it", of.EXAMPLE, takes_command=of.TAKES_COMMAND)
    of.configure(parser)
    parser.print_help = lambda file=None: parser.exit(0)  # type: ignore[method-assign]
    with contextlib.suppress(SystemExit):
        found = value_or(FasttraceError, lambda: parser.parse(args))
        assert found is None or isinstance(found, argparse.Namespace)


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
