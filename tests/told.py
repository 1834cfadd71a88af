"""Whether a call's data and its text tell the same: every value, in the same order, no more."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from fasttrace.data.calls import Call
from fasttrace.decode.values import Address, Change, Named, Struct

# What is no quoted string: of times, and hardware addresses.
WORD = re.compile(r"UTIME_\w+|([0-9a-f]{2}:)+[0-9a-f]{2}")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\.\.\.)?')
# What no quotes are around: a special time, a hardware address.
WORD = re.compile(r"UTIME_\w+|[0-9a-f]{2}(?::[0-9a-f]{2})*")
# What a text has beside values: brackets, names of fields, what is said of values, macros.
AROUND = re.compile(
    r"[\[\]{}(), ]|=> |\w+=(?!>)|/\* .*? \*/|@(?=\")|inet_addr\(|inet_pton\(AF_INET6, |&sin6_addr"
)


def leaves(value: Any) -> Iterator[Any]:
    """The values in it that have no parts, in order."""
    if isinstance(value, Change):
        yield from leaves(value.before)
        yield from leaves(value.after)
    elif isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def spellings(value: Any) -> list[str]:
    """What a number or word may look like, the longest first."""
    if value is None:
        return ["NULL"]
    if value is ...:
        return ["..."]
    if isinstance(value, Named):
        return [value.text]
    if isinstance(value, Address):
        return [hex(value) if value else "0"]
    if isinstance(value, str):
        return [value]
    words = {str(value), hex(value) if value else "0", f"0{value:o}" if value > 0 else "0"}
    return sorted(words, key=len, reverse=True)


def differences(call: Call) -> list[str]:
    """What one of them has and the other has not."""
    text = call.line(1 << 20, whole=True)
    at = text.index("(") + 1
    for value in leaves(call.args):
        while (end := told_at(text, at, value)) is None:
            around = AROUND.match(text, at)
            if around is None:
                return [f"{value!r} is not told: {text[at:]!r} in {text}"]
            at = around.end()
        at = end
    while around := AROUND.match(text, at):
        at = around.end()
    return [] if text.startswith("= ", at) else [f"no data for {text[at:]!r} in {text}"]


def told_at(text: str, at: int, value: Any) -> int | None:
    """Where the value ends that begins here; None: another one does."""
    is_text = isinstance(value, str) and not WORD.fullmatch(value)
    if not is_text and not isinstance(value, bytes):
        word = next((w for w in spellings(value) if text.startswith(w, at)), None)
        return None if word is None else at + len(word)
    quoted = QUOTED.match(text, at)
    if quoted is None:
        return None
    told = codecs.escape_decode(quoted[1].encode())[0]
    meant = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
    is_cut = quoted[0].endswith("...")
    # The name of an abstract socket is told with an @ in place of the NUL.
    is_same = told in (meant, meant[1:] if meant[:1] == b"\0" else meant)
    return quoted.end() if is_same and is_cut == getattr(value, "cut", False) else None


def is_named(value: Any) -> bool:
    """Every field has a name, every argument too."""
    if isinstance(value, Change):
        return is_named(value.before) and is_named(value.after)
    if isinstance(value, Struct):
        return all(not re.fullmatch(r"field\d+", key) for key in value) and all(
            is_named(one) for one in value.values()
        )
    return all(map(is_named, value)) if isinstance(value, list) else True
