"""Which calls to alter and how: strace's language for faults, and denial.

SET:error=ENOENT            not made; fails with an errno (a name, or 1 to 4095)
SET:retval=0                not made; returns a value
SET:signal=SIGSEGV          a signal on entry
SET:delay_enter=5ms         waits before it, or with delay_exit after it: s, ms, us, ns; without: us
SET:poke_enter=@arg1=2f00   writes bytes (hex) where an argument points to; or poke_exit; @arg2=...,
SET:error=EPERM:syscall=getpid   makes this call instead of none, of those that do nothing (%pure)
SET:...:when=FIRST[..LAST][+[STEP]]   not at every call: 3, 3..5, 3+, 3+2, 3..9+2

SET is as in `syscalls.sets`. Calls are counted per task and per system call, from 1.
"""

from __future__ import annotations

import errno
import re
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from fasttrace import _tables
from fasttrace._tables import ABIS, ERRNO_MAX
from fasttrace.alter.rules import NO_END, AlterRule, rows_of
from fasttrace.errors import InjectError, SelectionError
from fasttrace.syscalls.sets import Selection, parse_selection
from fasttrace.text.terminal import quoted

if TYPE_CHECKING:
    from fasttrace._core import Injection

__all__ = ["AlterRules", "Denial", "parse_deny", "parse_rule", "plan"]

_DEFAULT_DENIAL = errno.EPERM
_ENDLESS = "exit,exit_group,rt_sigreturn,?sigreturn"
_FIRST_MAX, _LAST_MAX = 65535, 65534
_SIGNAL_MAX = 64
_SIGRTMIN = 32  # the kernel's
_DELAY_MAX = 1 << 63
_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1, "": 10**3}
_DELAY = re.compile(r"\+?((?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)(s|ms|us|ns|)", re.A | re.I)
_WHEN = re.compile(r"(\d+)(?:\.\.(\d+))?(?:(\+)(\d+)?)?", re.A)
_POKED = re.compile(r"@arg([1-9]\d*)=((?:[0-9a-f]{2})+)", re.A | re.I)
_RETVAL = re.compile(r"-?(?:0x[0-9a-f]+|\d+)", re.A | re.I)


def parse_rule(expression: str) -> AlterRule:
    """Read a rule, strace's ``inject=`` or ``fault=`` before it or not.

    >>> rule = parse_rule("openat:error=ENOENT:when=3+2")
    >>> rule.ret, rule.first, rule.step
    (-2, 3, 2)
    >>> parse_rule("fault=openat").ret  # the default is ENOSYS
    -38
    """
    text = expression.strip()
    fault = text.startswith("fault=")
    words = text.removeprefix("fault=").removeprefix("inject=").split(":")
    rule = AlterRule(_calls(words[0], expression))
    seen: set[str] = set()
    for word in words[1:]:
        if not word:
            continue
        key, equals, value = word.partition("=")
        if key not in _KEYS or (fault and key not in _FAULT_KEYS):
            raise InjectError(_unknown_key(word, _FAULT_KEYS if fault else tuple(_KEYS)))
        if not equals or not value:
            raise InjectError(f"{quoted(word)}: expected {_EXPECTED[key]}")
        if key in seen and key != "when":
            raise InjectError(f"{quoted(word)}: a rule has only one {key}=")
        seen.add(key)
        rule = replace(rule, **_KEYS[key](word, value))
    if "error" in seen and "retval" in seen:
        raise InjectError(
            f"{quoted(expression)}: a call either fails or succeeds: error= or retval="
        )
    if fault and rule.ret is None:
        rule = replace(rule, ret=-errno.ENOSYS)
    if not rule.flags:
        raise InjectError(
            f"{quoted(expression)} alters nothing: add one of :error= :retval= :signal= "
            ":delay_enter= :delay_exit= :poke_enter= :poke_exit="
        )
    return rule


Denial: TypeAlias = "Mapping[str, int | str] | str | Sequence[str]"
"""Calls that fail each time: {set: errno}, or text, once or several times."""


def parse_deny(deny: Denial) -> list[AlterRule]:
    """Calls that shall fail each time: {set: errno}, or text, once or several times.

    In text a set ends with ``=ERRNO``; without that it is EPERM. Calls that do not return (exit,
    exit_group, sigreturn) cannot fail and are left out of every set: `parse_rule` can alter them.

        >>> [rule.ret for rule in parse_deny({"socket": 13, "%process": "EPERM"})]
        [-13, -1]
        >>> [rule.ret for rule in parse_deny("socket,connect=EACCES,%process")]
        [-13, -1]
    """
    if isinstance(deny, Mapping):
        denied = list(deny.items())
    else:
        texts = [deny] if isinstance(deny, str) else deny
        denied = [pair for text in texts for pair in _denied_text(text)]
    rules = []
    for text, error in denied:
        number = error if isinstance(error, int) else _errno(f"{text}={error}", error)
        if not 0 < number <= ERRNO_MAX:
            word = f"{text}={error}"
            raise InjectError(f"{quoted(word)}: expected {_EXPECTED['error']}")
        calls = _calls(text, text) - parse_selection(_ENDLESS)
        if calls == Selection():
            raise InjectError(f"{quoted(text)}: there is no call in it that can fail")
        rules.append(AlterRule(calls, ret=-number))
    return rules


def _denied_text(text: str) -> list[tuple[str, int | str]]:
    denied: list[tuple[str, int | str]] = []
    words: list[str] = []
    for word in text.split(","):
        name, equals, error = word.rpartition("=")
        words.append(name if equals else word)
        if equals:
            denied.append((",".join(words), error.strip()))
            words = []
    if words and (any(words) or not denied):
        denied.append((",".join(words), _DEFAULT_DENIAL))
    return denied


AlterRules: TypeAlias = "str | AlterRule | Sequence[str | AlterRule]"


def plan(
    inject: AlterRules | None,
    deny: Denial | None = None,
) -> list[Injection]:
    """Rows for the C core, one for each call of each ABI.

    Of several rules for a call the last one holds; what is denied is denied, whatever else.

    >>> plan(None), len(plan("read@32:error=EIO"))
    ([], 1)
    """
    rules: list[AlterRule] = []
    if inject is not None:
        some = [inject] if isinstance(inject, (str, AlterRule)) else inject
        rules += [rule if isinstance(rule, AlterRule) else parse_rule(rule) for rule in some]
    if deny is not None:
        rules += parse_deny(deny)
    return rows_of(rules)


def _calls(text: str, expression: str) -> Selection:
    try:
        return parse_selection(text)
    except SelectionError as error:
        if not text.strip():
            raise InjectError(
                f"{quoted(expression)}: expected a set of calls before any :"
            ) from None
        raise InjectError(str(error)) from None


def _unknown_key(word: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    name = word.partition("=")[0]
    near = get_close_matches(name.lower(), known, 1)
    if near:
        return f"{quoted(word)}: did you mean {near[0]}=?"
    return f"{quoted(word)}: expected one of {' '.join(key + '=' for key in known)}"


def _error(word: str, value: str) -> dict[str, Any]:
    return {"ret": -_errno(word, value)}


def _errno(word: str, value: str) -> int:
    from fasttrace.syscalls.errnos import errno_number

    if value.isdecimal() and value.isascii():
        number = int(value) if len(value) < 8 else 0
        if not 0 < number <= ERRNO_MAX:
            raise InjectError(f"{quoted(word)}: expected {_EXPECTED['error']}")
        return number
    try:
        number = errno_number(value)
        if not 0 < number <= ERRNO_MAX:  # as of "errno_5000"
            raise ValueError
        return number
    except ValueError:
        names = [name for name in dir(errno) if name.startswith("E")]
        near = _near(value.upper(), names)
        raise InjectError(f"{quoted(word)}: expected {_EXPECTED['error']}{near}") from None


def _near(word: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, list(names), 2)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _retval(word: str, value: str) -> dict[str, Any]:
    if not _RETVAL.fullmatch(value):
        raise InjectError(f"{quoted(word)}: expected {_EXPECTED['retval']}")
    sign, digits = (-1, value[1:]) if value.startswith("-") else (1, value)
    # As C reads a number: 010 is octal.
    base = 16 if digits[1:2] in ("x", "X") else 8 if digits[0] == "0" and len(digits) > 1 else 10
    try:
        number = sign * int(digits, base) if len(digits) < 80 else 1 << 64
    except ValueError:
        raise InjectError(f"{quoted(word)}: expected {_EXPECTED['retval']}") from None
    if not -(1 << 63) <= number < 1 << 64:
        raise InjectError(f"{quoted(word)}: expected {_EXPECTED['retval']}")
    return {"ret": (number + (1 << 63)) % (1 << 64) - (1 << 63)}


def _signal(word: str, value: str) -> dict[str, Any]:
    return {"signal": signal_number(word, value)}


def signal_number(word: str, value: str) -> int:
    """A signal by number or name; `word` is named in the InjectError."""
    if value.isdecimal() and value.isascii():
        number = int(value) if len(value) < 4 else 0
    else:
        number = _signal_names().get(value.upper().removeprefix("SIG"), 0)
    if not 0 < number <= _SIGNAL_MAX:
        near = _near(
            "SIG" + value.upper().removeprefix("SIG"), ("SIG" + n for n in _signal_names())
        )
        raise InjectError(f"{quoted(word)}: expected {_EXPECTED['signal']}{near}")
    return number


def _signal_names() -> dict[str, int]:
    names = {s.name.removeprefix("SIG"): int(s) for s in signal.Signals if s < _SIGRTMIN}
    names |= {"RTMIN": _SIGRTMIN, "RTMAX": _SIGNAL_MAX, "POLL": int(signal.SIGIO)}
    for number in range(1, _SIGNAL_MAX - _SIGRTMIN + 1):
        names[f"RTMIN+{number}"] = names[f"RT_{number}"] = _SIGRTMIN + number
    return names


def _syscall(word: str, value: str) -> dict[str, Any]:
    pure = _tables.CLASSES["pure"]
    names = {
        name
        for abi in range(len(ABIS))
        for nr, name in _tables.names(abi).items()
        if _tables.classes(abi, nr) & pure
    }
    if value not in names:
        raise InjectError(
            f"{quoted(word)}: expected {_EXPECTED['syscall']}{_near(value, sorted(names))}"
        )
    return {"syscall": value}


def _delay(field: str, word: str, value: str) -> dict[str, Any]:
    match = _DELAY.fullmatch(value)
    # The unit is in small letters; E of 1E3 may be large.
    if match is None or match[2] not in _UNITS:
        raise InjectError(f"{quoted(word)}: expected {_EXPECTED[field]}")
    delay = float(match[1]) * _UNITS[match[2]]
    if delay >= _DELAY_MAX:
        raise InjectError(f"{quoted(word)}: a delay is shorter than 292 years")
    return {field: round(delay)}


def _when(word: str, value: str) -> dict[str, Any]:
    match = _WHEN.fullmatch(value)
    if match is None:
        raise InjectError(f"{quoted(word)}: expected {_EXPECTED['when']}")
    first, last, plus, step = match.groups()
    numbers = {
        "first": _count(word, first, _FIRST_MAX),
        "last": NO_END if last is None else _count(word, last, _LAST_MAX),
        "step": _count(word, step, _FIRST_MAX) if step else int(bool(plus or last)),
    }
    if numbers["last"] < numbers["first"]:
        raise InjectError(f"{quoted(word)}: the last one comes before the first")
    return numbers


def _count(word: str, digits: str, most: int) -> int:
    number = int(digits) if len(digits) < 8 else 0
    if not 0 < number <= most:
        raise InjectError(f"{quoted(word)}: {quoted(digits)[1:-1]} is not in 1 to {most}")
    return number


def _pokes(field: str, word: str, value: str) -> dict[str, Any]:
    pokes: dict[int, bytes] = {}
    for text in value.removesuffix(",").split(","):
        match = _POKED.fullmatch(text)
        if match is None:
            raise InjectError(f"{quoted(word)}: {quoted(text)}: expected {_EXPECTED[field]}")
        number = int(match[1]) if len(match[1]) < 4 else 7
        if number > 6:
            raise InjectError(f"{quoted(word)}: a call has six arguments: @arg1 to @arg6")
        if number - 1 in pokes:
            raise InjectError(f"{quoted(word)}: @arg{number} is given twice")
        pokes[number - 1] = bytes.fromhex(match[2])
    return {field: tuple(pokes.items())}


_EXPECTED = {
    "error": "an errno by name, such as ENOENT, or number, 1 to 4095",
    "retval": "a number, such as 0, -1 or 0x10, of at most 64 bits",
    "signal": "a signal by name, such as SIGTERM, or number, 1 to 64",
    "syscall": "a call that does nothing, such as getpid (one of %pure)",
    "delay_enter": "a time, such as 500, 500us, 5ms or 1.5s",
    "delay_exit": "a time, such as 500, 500us, 5ms or 1.5s",
    "poke_enter": "@argN=BYTES, such as @arg1=2f00 (two hexadecimal digits a byte)",
    "poke_exit": "@argN=BYTES, such as @arg1=2f00 (two hexadecimal digits a byte)",
    "when": "FIRST[..LAST][+[STEP]], such as 3, 3..5, 3+ or 3..9+2",
}

_KEYS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "error": _error,
    "retval": _retval,
    "signal": _signal,
    "syscall": _syscall,
    "delay_enter": partial(_delay, "delay_enter"),
    "delay_exit": partial(_delay, "delay_exit"),
    "poke_enter": partial(_pokes, "poke_enter"),
    "poke_exit": partial(_pokes, "poke_exit"),
    "when": _when,
}
# strace takes syscall= here too.
_FAULT_KEYS = ("error", "syscall", "when")
