"""Options as getopt_long(3) reads them: bundled letters, joined values, long names cut short."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fasttrace.errors import UsageError


class BadOption(UsageError):
    """A command line that strace would refuse; the message is strace's, without its name.

    hint: whether strace adds where help is to be had.
    """

    exit_status = 1

    def __init__(self, message: str, *, hint: bool = True) -> None:
        super().__init__(message)
        self.hint = hint


class BadArgument(Exception):
    """An option's value means nothing; only who reads the options knows what it is called there."""


class Long(NamedTuple):
    """A long option: what it is called inside, and its value: "no", "must" or "may"; whole: it has
    no abbreviations, for strace 6.1 does not know it."""

    key: str
    value: str
    whole: bool = False


def read(
    words: Sequence[str], letters: Mapping[str, bool], longs: Mapping[str, Long]
) -> Iterator[tuple[str, str | None, str]]:
    """Each option as (key, value, how it is called: -x or the whole of --name), and at the end
    ("", the index of the first other word, "").

    letters: whether each has a value; its key is the letter. Raises BadOption.
    """
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-":
        word = words[at]
        at += 1
        if word == "--":
            break
        if word.startswith("--"):
            name, equals, joined = word[2:].partition("=")
            full, long = _long(name, word, longs)
            value = joined if equals else None
            if long.value == "no" and equals:
                raise BadOption(f"option '--{full}' doesn't allow an argument")
            if long.value == "must" and not equals:
                if at == len(words):
                    raise BadOption(f"option '--{full}' requires an argument")
                value = words[at]
                at += 1
            yield long.key, value, f"--{full}"
            continue
        for place, letter in enumerate(word[1:], 2):
            if letter not in letters or letter == ":":
                raise BadOption(f"invalid option -- '{letter}'")
            if not letters[letter]:
                yield letter, None, f"-{letter}"
                continue
            value = word[place:]
            if not value:
                if at == len(words):
                    raise BadOption(f"option requires an argument -- '{letter}'")
                value = words[at]
                at += 1
            yield letter, value, f"-{letter}"
            break
    yield "", str(at), ""


def _long(name: str, word: str, longs: Mapping[str, Long]) -> tuple[str, Long]:
    if name in longs:
        return name, longs[name]
    found = [full for full, long in longs.items() if full.startswith(name) and not long.whole]
    if not found:
        raise BadOption(f"unrecognized option '{word}'")
    if len({longs[full] for full in found}) > 1:
        known = " ".join(f"'--{full}'" for full in found)
        raise BadOption(f"option '{word}' is ambiguous; possibilities: {known}")
    return found[0], longs[found[0]]
