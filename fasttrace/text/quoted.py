"""Captured bytes that are no argument of a call, as text: command lines, names."""

from __future__ import annotations

from fasttrace.text.terminal import printable


def quote(data: bytes, truncated: bool = False) -> str:
    r"""Captured bytes as text on one line: ``b'a"\n\xff'`` is shown as ``"a\"\n\xff"``."""
    if b"\\" in data or b'"' in data:
        data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    text = data.decode("utf-8", "backslashreplace")
    text = printable(text)
    return f'"{text}"...' if truncated else f'"{text}"'
