"""Captured bytes that are no argument of a call, as text: command lines, names."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from fasttrace.text.terminal import printable


def quote(data: bytes, truncated: bool = False) -> str:
    r"""Captured bytes as text on one line: ``b'a"\n\xff'`` is shown as ``"a\"\n\xff"``."""
    if b"\\" in data or b'"' in data:
        data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    text = data.decode("utf-8", "backslashreplace")
    text = printable(text)
    return f'"{text}"...' if truncated else f'"{text}"'


def command_line(argv: Sequence[str]) -> str:
    r"""An argument list as a shell takes it, still to be made printable.

    A program that has written a title over its own, as servers do, leaves the rest of it empty:
    that is left out.

    >>> command_line(["sh", "-c", "a b"]), command_line(["redis *:6379", "", "", ""])
    ("sh -c 'a b'", "'redis *:6379'")
    """
    words = list(argv)
    if len(words) > 2 and not any(words[-2:]):
        while len(words) > 1 and not words[-1]:
            words.pop()
    return shlex.join(words)
