"""What may be written to a terminal, or into a text that is shown on one."""

from __future__ import annotations

_LONG = 60


def printable(text: str) -> str:
    r"""Text from outside on one line, such as a path, an argument, or a program's name.

    A terminal obeys what it is sent, and all of these may hold anything: control characters, line
    ends, what turns the direction of writing, and bytes that are no UTF-8, which `os.fsdecode`
    makes lone surrogates of, are written as escapes.

    >>> printable("caf\u00e9 \x1b[2J\u202e\udcff\n")
    'café \\x1b[2J\\u202e\\xff\\n'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:x}"
    return ascii(character)[1:-1]


def quoted(text: str) -> str:
    r"""A word from outside in the middle of a message, short enough for a line.

    >>> quoted("a b\n"), quoted("x" * 1000)[-8:]
    ("'a b\\n'", "xxxx...'")
    """
    return repr(text if len(text) <= _LONG else text[: _LONG - 3] + "...")
