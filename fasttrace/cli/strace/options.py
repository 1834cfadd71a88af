"""What strace's options say: each fills in a field of `Options`. docs/strace.md lists them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fasttrace.cli.strace import expressions
from fasttrace.cli.strace.forms import FORM_KEYS, Forms
from fasttrace.cli.strace.getopt import BadArgument, BadOption, read
from fasttrace.cli.strace.names import LETTERS, LONGS
from fasttrace.syscalls.sets import Selection

if TYPE_CHECKING:
    from fasttrace.alter.rules import AlterRule

DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
SORT_KEYS = {
    **dict.fromkeys(("time", "time-total", "total-time", "time_total"), "time"),
    **dict.fromkeys(("min-time", "time-min", "shortest"), "min-time"),
    **dict.fromkeys(("max-time", "time-max", "longest"), "max-time"),
    **dict.fromkeys(("avg-time", "time-avg"), "avg-time"),
    **dict.fromkeys(("calls", "count"), "calls"),
    **dict.fromkeys(("errors", "error"), "errors"),
    **dict.fromkeys(("name", "syscall", "syscall-name"), "name"),
    **dict.fromkeys(("nothing", "none"), "nothing"),
}
COLUMNS = {
    **dict.fromkeys(("time-percent", "time_percent"), "time-percent"),
    **dict.fromkeys(("total-time", "total_time", "time-total", "time"), "total-time"),
    **{key: name for key, name in SORT_KEYS.items() if name not in ("time", "nothing")},
}


class Options:
    """A command line of strace. No dataclass: to make one takes longer than to trace `true`."""

    follow: int = 0
    separately: bool = False
    output: str | None = None
    append: bool = False
    trace: Selection | None = None
    signals: int = (1 << 64) - 1
    statuses: frozenset[str] = expressions.STATUSES
    quiet: frozenset[str] = frozenset()
    column: int = 40
    string_max: int = 32
    hex: int = 0
    numbers: bool = False
    places: bool = False
    decode_fds: frozenset[str] = frozenset()
    decode_pids: frozenset[str] = frozenset()
    kvm: frozenset[str] = frozenset()
    until_exec: bool = False
    clock: int = 0
    clock_digits: int = 0
    relative: int | None = None
    took: int | None = None
    count: str = ""  # "only": -c, "too": -C
    sort: str | None = None
    forms: Forms = Forms()
    overhead_ns: int = 0  # of each call, that -c leaves out
    debug: bool = False
    daemonize: int = 0  # 1: the tracer is a grandchild, 2: in a process group, 3: in a session
    user: str | None = None
    tip: str | None = None
    is_held: bool = False  # the command is attached to: see `held`
    resolved: bytes | None = None  # `paths`, as they are looked for
    engine: str = "auto"
    help: bool = False
    version: bool = False

    def __init__(self) -> None:
        self.command: list[str] = []
        self.pids: list[int] = []
        self.environment: list[tuple[str, str | None]] = []
        self.inject: list[AlterRule] = []
        self.columns: list[str] = []
        self.paths: list[str] = []
        self.trace_fds: list[int] = []

    @property
    def traces_several(self) -> bool:
        """Whether there are several tracers: of processes, or of a command and others."""
        return len(self.pids) + bool(self.command) > 1

    @property
    def plain_pids(self) -> bool:
        """Whether each line begins with its task."""
        several = bool(self.follow) or self.traces_several
        return self.output is not None and several and not self.separately


_DAEMONS = {"": 1, "grandchild": 1, "pgroup": 2, "pgrp": 2, "session": 3}
# What strace has and we do not, by key: how an error names it.
_ABSENT = {
    "k": "-k",
}


def parse(words: Sequence[str]) -> Options:
    """Raises BadOption."""
    options = Options()
    options.engine = os.environ.get("FASTTRACE_ENGINE", "auto")
    counts: dict[str, int] = {}
    for key, value, said in read(words, LETTERS, LONGS):
        if not key:
            options.command = list(words[int(value or 0) :])
            break
        if key == "e":
            key, value = expressions.qualifier(value or "")
        if key in _ABSENT:
            raise BadOption(f"option {_ABSENT[key]} is not supported by fasttrace")
        if key in _FLAGS:
            counts[key] = counts.get(key, 0) + 1
        else:
            try:
                _VALUES[key](options, value or "")
            except BadArgument:
                raise BadOption(f"invalid {said} argument: '{value}'") from None
        if key in ("h", "V"):
            options.help, options.version = key == "h", key == "V"
            return options
    _apply(options, counts)
    return options


_FLAGS = frozenset("AcCdDfFhinqrtTVwxyzZ") | {"output-separately", "seccomp-bpf"}


def _apply(options: Options, counts: dict[str, int]) -> None:
    """What options without a value say, and what does not go together."""
    options.follow = counts.get("f", 0) + counts.get("F", 0)
    options.separately = options.follow > 1 or "output-separately" in counts
    options.append = "A" in counts
    options.numbers = "n" in counts
    options.places = "i" in counts
    options.debug = "d" in counts
    if (times := counts.get("D", 0)) > 3:
        raise BadOption(f"Too many -D's ({times}), maximum supported -D count is 3")
    options.daemonize = options.daemonize or times
    options.hex = max(options.hex, min(counts.get("x", 0), 2))
    if "r" in counts and options.relative is None:
        options.relative = 6
    if "T" in counts and options.took is None:
        options.took = 6
    if times := counts.get("t", 0):
        options.clock, options.clock_digits = (2 if times > 2 else 1), (6 if times > 1 else 0)
    options.quiet |= expressions.quieter(counts.get("q", 0))
    if ys := counts.get("y", 0):
        options.decode_fds = expressions.FILES if ys > 1 else frozenset({"path"})
    if "z" in counts:
        options.statuses = frozenset({"successful"})
    elif "Z" in counts:
        options.statuses = frozenset({"failed"})
    if "c" in counts and "C" in counts:
        raise BadOption("-c/--summary-only and -C/--summary are mutually exclusive")
    options.count = "only" if "c" in counts else "too" if "C" in counts else ""
    _check(options, counts)


def _check(options: Options, counts: dict[str, int]) -> None:
    if not options.command and not options.pids:
        raise BadOption("must have PROG [ARGS] or -p PID")
    if options.count and options.separately:
        raise BadOption(
            "(-c/--summary-only or -C/--summary) and -ff/--output-separately are mutually exclusive"
        )
    if "w" in counts and not options.count:
        raise BadOption(
            "-w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)"
        )
    if options.columns and not options.count:
        raise BadOption(
            "-U/--summary-columns must be given with (-c/--summary-only or -C/--summary)"
        )
    if options.output is None:
        options.separately = False
    elif options.separately and options.output[:1] in ("|", "!"):
        raise BadOption("piping the output and -ff/--output-separately are mutually exclusive")
    if options.output is not None and options.command:
        options.quiet |= {"attach", "personality"}


def _number(text: str) -> int:
    if not re.fullmatch(r"\d+", text, re.A) or int(text) >= 1 << 31:
        raise BadArgument
    return int(text)


def _column(options: Options, text: str) -> None:
    options.column = _number(text)


def _string_max(options: Options, text: str) -> None:
    options.string_max = _number(text)


def _interruptible(_: Options, text: str) -> None:
    if text not in ("1", "anywhere", "2", "waiting", "3", "never", "4", "never_tstp"):
        raise BadArgument


def _form(key: str) -> Callable[[Options, str], None]:
    def read_form(options: Options, text: str) -> None:
        options.forms = options.forms.given(key, text)

    return read_form


def _decode_fds(options: Options, text: str) -> None:
    options.decode_fds = expressions.files(text)


def _decode_pids(options: Options, text: str) -> None:
    options.decode_pids = expressions.tasks(text)


def _kvm(options: Options, text: str) -> None:
    options.kvm = expressions.words("kvm", text, {"vcpu"})


def _only(word: str) -> Callable[[Options, str], None]:
    def tell_only(options: Options, text: str) -> None:
        options.decode_pids = frozenset({word})

    return tell_only


def _detach_on(options: Options, text: str) -> None:
    if text != "execve":
        raise BadOption(f"Syscall '{text}' for -b isn't supported", hint=False)
    options.until_exec = True


def _paths(options: Options, text: str) -> None:
    options.paths.append(text)


def _trace_fds(options: Options, text: str) -> None:
    options.trace_fds += expressions.numbers(text)


def _pids(options: Options, text: str) -> None:
    for word in text.replace(",", " ").split():
        if not re.fullmatch(r"\d{1,10}", word, re.A) or not 0 < int(word) < 1 << 31:
            raise BadOption(f"Invalid process id: '{word}'", hint=False)
        options.pids.append(int(word))


def _environment(options: Options, text: str) -> None:
    name, equals, value = text.partition("=")
    options.environment.append((name, value if equals else None))


def _output(options: Options, text: str) -> None:
    options.output = text


def _daemonize(options: Options, text: str) -> None:
    if text not in _DAEMONS:
        raise BadArgument
    options.daemonize = _DAEMONS[text]


def _user(options: Options, text: str) -> None:
    options.user = text


def _overhead(options: Options, text: str) -> None:
    options.overhead_ns = expressions.nanoseconds(text)


def _tips(options: Options, text: str) -> None:
    from fasttrace.cli.strace.tips import read_tip

    options.tip = read_tip(text)


def _sort(options: Options, text: str) -> None:
    if text not in SORT_KEYS:
        raise BadOption(f"invalid sortby: '{text}'")
    options.sort = SORT_KEYS[text]


def _columns(options: Options, text: str) -> None:
    for word in text.split(","):
        if word not in COLUMNS:
            raise BadOption(f"unknown column name: '{word}'")
        if COLUMNS[word] in options.columns:
            raise BadOption(f"call summary column has been provided more than once: '{word}'")
        options.columns.append(COLUMNS[word])


def _digits(text: str) -> int:
    if text not in DIGITS:
        raise BadArgument
    return DIGITS[text]


def _relative(options: Options, text: str) -> None:
    options.relative = _digits(text) if text else 6


def _took(options: Options, text: str) -> None:
    options.took = _digits(text) if text else 6


def _clock(options: Options, text: str) -> None:
    clock, digits = 1, 0
    for word in text.split(",") if text else ():
        kind, _, value = word.rpartition(":")
        if value in ("none", "time", "unix") and kind in ("", "format"):
            clock = ("none", "time", "unix").index(value)
        elif value in DIGITS and kind in ("", "precision"):
            digits = DIGITS[value]
        else:
            raise BadArgument
    options.clock, options.clock_digits = clock, digits


def _hex(options: Options, text: str) -> None:
    if text == "non-ascii-chars":
        raise BadOption("option --strings-in-hex=non-ascii-chars is not supported by fasttrace")
    if text not in ("", "all", "non-ascii", "none"):
        raise BadArgument
    options.hex = {"none": 0, "non-ascii": 1}.get(text, 2)


def _engine(options: Options, text: str) -> None:
    options.engine = text


def _trace(options: Options, text: str) -> None:
    options.trace = expressions.calls(text)


def _signals(options: Options, text: str) -> None:
    options.signals = expressions.signals(text)


def _status(options: Options, text: str) -> None:
    options.statuses = expressions.words("status", text, expressions.STATUSES)


def _quiet(options: Options, text: str) -> None:
    options.quiet |= expressions.quiet(text)


def _inject(options: Options, text: str) -> None:
    options.inject.append(expressions.rule("inject", text))


def _fault(options: Options, text: str) -> None:
    options.inject.append(expressions.rule("fault", text))


_VALUES: dict[str, Callable[[Options, str], None]] = {
    "a": _column,
    "s": _string_max,
    "I": _interruptible,
    **{key: _form(key) for key in FORM_KEYS},
    "b": _detach_on,
    "p": _pids,
    "P": _paths,
    "decode-fds": _decode_fds,
    "decode-pids": _decode_pids,
    "kvm": _kvm,
    "Y": _only("comm"),
    "pidns-translation": _only("pidns"),
    "trace-fds": _trace_fds,
    "E": _environment,
    "o": _output,
    "O": _overhead,
    "daemonize": _daemonize,
    "u": _user,
    "tips": _tips,
    "S": _sort,
    "U": _columns,
    "relative-timestamps": _relative,
    "syscall-times": _took,
    "absolute-timestamps": _clock,
    "strings-in-hex": _hex,
    "engine": _engine,
    "trace": _trace,
    "signal": _signals,
    "status": _status,
    "quiet": _quiet,
    "inject": _inject,
    "fault": _fault,
}
