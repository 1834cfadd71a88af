"""Reads the JSON of a profile: every mistake is one line that says where it is.

As in the runtimes null is the same as absent, and keys without a meaning are left out (`check`
tells of them). Unlike there, a key that stands twice is a mistake.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeVar

from fasttrace._tables import ERRNO_MAX
from fasttrace.errors import ProfileError
from fasttrace.seccomp.profile.values import ArchMap, Condition, Limits, Profile, Rule
from fasttrace.seccomp.profile.vocabulary import (
    ACTIONS,
    ARCH_NAMES,
    ARCHITECTURES,
    FLAGS,
    OPERATORS,
    WITH_ERRNO,
)
from fasttrace.text.terminal import quoted

__all__ = ["load", "parse"]

T = TypeVar("T")

_U64 = (1 << 64) - 1
_TYPES = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}


class _Object(dict[str, Any]):
    """A JSON object that remembers a key that stood twice."""

    twice: str | None = None

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> _Object:
        found = cls(pairs)
        if len(found) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            found.twice = next(key for key, count in counts.items() if count > 1)
        return found


def parse(text: str | bytes, source: str = "") -> Profile:
    """A profile from its JSON, or from the linux.seccomp of an OCI config.json.

    source: the file's name for messages. ProfileError: one line that names the place in the JSON
    and what was expected there.

    >>> parse('{"defaultAction": "SCMP_ACT_LOG"}').default_action
    'SCMP_ACT_LOG'
    """
    reader = _Reader(source)
    return reader.profile(reader.json(text))


def load(path: str | os.PathLike[str]) -> Profile:
    """`parse` of a file. ProfileError: it cannot be read, too."""
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:  # noqa: PTH123
            text = file.read()
    except OSError as error:
        raise ProfileError(f"cannot read the profile {name}: {error.strerror}") from None
    return parse(text, name)


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.ignored: list[str] = []

    def fail(self, where: str, message: str) -> NoReturn:
        place = (
            f"{self.source or 'profile'}: {where}: " if where else f"{self.source or 'profile'}: "
        )
        raise ProfileError(place + message)

    def json(self, text: str | bytes) -> Any:
        if isinstance(text, bytes):
            try:
                text = text.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                self.fail("", f"not UTF-8: byte {error.start} is {text[error.start]:#04x}")
        if not text.strip():
            self.fail("", "the file is empty; a profile is a JSON object with defaultAction")

        def constant(word: str) -> NoReturn:
            self.fail("", f"{word} is no JSON number")

        def integer(digits: str) -> int:
            # More digits than any field can hold: not worth Python's time, which is quadratic.
            return int(digits) if len(digits) < 40 else (-1 if digits[0] == "-" else 1) << 128

        try:
            return json.loads(
                text, object_pairs_hook=_Object.of, parse_constant=constant, parse_int=integer
            )
        except json.JSONDecodeError as error:
            self.fail("", f"not JSON: line {error.lineno} column {error.colno}: {error.msg}")
        except RecursionError:
            self.fail("", "nested too deeply; a profile has five levels")

    def profile(self, found: Any) -> Profile:
        where = ""
        top = self.object(found, "the profile", "")
        if "linux" in top and "defaultAction" not in top:
            linux = self.object(top["linux"], "linux", "linux")
            if linux.get("seccomp") is None:
                self.fail("linux.seccomp", "not there: this config.json has no seccomp profile")
            where, top = "linux.seccomp.", self.object(linux["seccomp"], "", "linux.seccomp")
        known = "defaultAction defaultErrnoRet defaultErrno architectures archMap flags"
        self.known(top, where, f"{known} listenerPath listenerMetadata syscalls")
        action = self.word(top, where, "defaultAction", ACTIONS, "action")
        if action == "SCMP_ACT_NOTIFY":
            self.fail(
                f"{where}defaultAction",
                "SCMP_ACT_NOTIFY cannot be the default: the program that answers would wait for "
                "itself; give it to single calls",
            )
        number = self.errno(top, where, action, "defaultErrnoRet", "defaultErrno", default=True)
        architectures = self.words(top, where, "architectures", ARCHITECTURES, "architecture")
        arch_map = self.list(top, where, "archMap", self.arch_map)
        if architectures and arch_map:
            self.fail(f"{where}archMap", "give architectures or archMap, not both")
        return Profile(
            default_action=action,
            default_errno_ret=number,
            architectures=architectures,
            arch_map=arch_map,
            flags=self.words(top, where, "flags", FLAGS, "flag"),
            rules=self.list(top, where, "syscalls", self.rule),
            listener_path=self.string(top, where, "listenerPath"),
            listener_metadata=self.string(top, where, "listenerMetadata"),
            source=self.source,
            ignored=tuple(self.ignored),
        )

    def arch_map(self, found: Any, where: str) -> ArchMap:
        entry = self.object(found, where, where)
        where += "."
        self.known(entry, where, "architecture subArchitectures")
        return ArchMap(
            self.word(entry, where, "architecture", ARCHITECTURES, "architecture"),
            self.words(entry, where, "subArchitectures", ARCHITECTURES, "architecture"),
        )

    def rule(self, found: Any, place: str) -> Rule:
        entry = self.object(found, place, place)
        where = f"{place}."
        self.known(entry, where, "names name action errnoRet errno args comment includes excludes")
        name = self.string(entry, where, "name")
        names = self.list(entry, where, "names", self.name)
        if name and names:
            self.fail(f"{where}name", "give name or names, not both")
        names = names or ((self.name(name, f"{where}name"),) if name else ())
        if not names:
            self.fail(f"{where}names", "expected at least one system call")
        action = self.word(entry, where, "action", ACTIONS, "action")
        return Rule(
            names=names,
            action=action,
            errno_ret=self.errno(entry, where, action, "errnoRet", "errno"),
            conditions=self.list(entry, where, "args", self.condition),
            includes=self.limits(entry, where, "includes"),
            excludes=self.limits(entry, where, "excludes"),
            comment=self.string(entry, where, "comment"),
            where=place,
        )

    def name(self, found: Any, where: str) -> str:
        name = self.expect(found, where, str)
        if not name:
            self.fail(where, "expected the name of a system call, found an empty string")
        return name

    def condition(self, found: Any, place: str) -> Condition:
        entry = self.object(found, place, place)
        where = f"{place}."
        self.known(entry, where, "index value valueTwo op")
        return Condition(
            index=self.number(entry, where, "index", 5),
            value=self.number(entry, where, "value", _U64),
            value_two=self.number(entry, where, "valueTwo", _U64, 0),
            op=self.word(entry, where, "op", OPERATORS, "operator"),
        )

    def limits(self, entry: _Object, where: str, key: str) -> Limits:
        if entry.get(key) is None:
            return Limits()
        limits = self.object(entry[key], where + key, where + key)
        where = f"{where}{key}."
        self.known(limits, where, "caps arches minKernel")
        version = self.string(limits, where, "minKernel")
        if version and not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6}){1,2}", version):
            self.fail(
                f"{where}minKernel", f'expected a version like "4.8", found {quoted(version)}'
            )
        return Limits(
            caps=self.list(limits, where, "caps", self.capability),
            arches=self.words(limits, where, "arches", ARCH_NAMES, "architecture"),
            min_kernel=version or None,
        )

    def capability(self, found: Any, where: str) -> str:
        name = self.expect(found, where, str)
        if not re.fullmatch(r"CAP_[A-Z0-9_]+", name):
            self.fail(where, f'expected a capability like "CAP_SYS_ADMIN", found {quoted(name)}')
        return name

    def errno(
        self, entry: _Object, where: str, action: str, key: str, by_name: str, default: bool = False
    ) -> int | None:
        """errnoRet; podman's errno by name goes before it."""
        highest = WITH_ERRNO.get(action)
        name = self.string(entry, where, by_name)
        if highest is None and not default and (name or entry.get(key) is not None):
            # The specification: where an action takes no errno, the runtime must fail.
            self.fail(where + (by_name if name else key), f"{action} takes no errno")
        number: int | None = None
        if entry.get(key) is not None:
            number = self.number(entry, where, key, highest or ERRNO_MAX)
        if name:
            number = getattr(errno, name, None) if re.fullmatch(r"E[A-Z0-9]+", name) else None
            if not isinstance(number, int):
                self.fail(where + by_name, f'expected an errno like "EPERM", found {quoted(name)}')
        return number

    def object(self, found: Any, name: str, where: str) -> _Object:
        if not isinstance(found, _Object):
            self.fail(where, f"expected an object, found {_kind(found)}")
        if found.twice is not None:
            self.fail(where, f"the key {quoted(found.twice)} stands twice in this object")
        return found

    def known(self, entry: _Object, where: str, keys: str) -> None:
        self.ignored += [where + key for key in entry if key not in keys.split()]

    def expect(self, found: Any, where: str, kind: type[T]) -> T:
        if not isinstance(found, kind) or isinstance(found, bool):
            self.fail(where, f"expected {_TYPES[kind]}, found {_kind(found)}")
        return found

    def string(self, entry: _Object, where: str, key: str) -> str:
        return "" if entry.get(key) is None else self.expect(entry[key], where + key, str)

    def number(
        self, entry: _Object, where: str, key: str, highest: int, absent: int | None = None
    ) -> int:
        found = entry.get(key)
        if found is None and absent is not None:
            return absent
        if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= highest:
            high = "2^64-1" if highest == _U64 else str(highest)
            self.fail(where + key, f"expected a whole number from 0 to {high}, {_found(found)}")
        return found

    def word(self, entry: _Object, where: str, key: str, words: Iterable[str], what: str) -> str:
        if entry.get(key) is None:
            self.fail(where + key, f"expected an {what} like {next(iter(words))}, found nothing")
        return self.one_of(entry[key], where + key, words, what)

    def words(
        self, entry: _Object, where: str, key: str, words: Iterable[str], what: str
    ) -> tuple[str, ...]:
        return self.list(
            entry, where, key, lambda found, place: self.one_of(found, place, words, what)
        )

    def one_of(self, found: Any, where: str, words: Iterable[str], what: str) -> str:
        word = self.expect(found, where, str)
        if word in words:
            return word
        from difflib import get_close_matches

        close = get_close_matches(word[:80], list(words), 1)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(words)}"
        self.fail(where, f"unknown {what} {quoted(word)}; {hint}")

    def list(
        self, entry: _Object, where: str, key: str, each: Callable[[Any, str], T]
    ) -> tuple[T, ...]:
        found = entry.get(key)
        if found is None:
            return ()
        where += key
        if not isinstance(found, list):
            self.fail(where, f"expected a list, found {_kind(found)}")
        return tuple(each(one, f"{where}[{i}]") for i, one in enumerate(found))


def _kind(found: Any) -> str:
    if found is None:
        return "null"
    for kind, name in _TYPES.items():
        if isinstance(found, kind):
            return name
    return "a number"


def _found(found: Any) -> str:
    """A number that was out of place, in the words of a message."""
    if found is None:
        return "found nothing"
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return f"found {_kind(found)}"
    return f"found {found}" if abs(found) < 1 << 70 else "found one with more digits"
