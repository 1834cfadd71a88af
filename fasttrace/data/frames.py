"""The Python frames of a call: file, line, function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from fasttrace.data.events import PayloadItem, PayloadType

HEAD = Struct("<IHH")
"""struct ft_payload_frame: line, bytes of the file, bytes of the function."""


class Frame(NamedTuple):
    """Where a Python program stood: file as its code object has it, the line, which is None where
    the interpreter has none, and the function by its qualified name."""

    file: str
    line: int | None
    function: str

    def __str__(self) -> str:
        """``app.py:12 main``."""
        return f"{self.file}:{'?' if self.line is None else self.line} {self.function}"


def read_frames(data: bytes | memoryview) -> Iterator[Frame]:
    """The frames of a payload item, the innermost first; what is cut off ends them."""
    at = 0
    while at + HEAD.size <= len(data):
        line, file_size, function_size = HEAD.unpack_from(data, at)
        at += HEAD.size
        texts = bytes(data[at : at + file_size + function_size])
        if len(texts) < file_size + function_size:
            return
        at += len(texts)
        yield Frame(_text(texts[:file_size]), line or None, _text(texts[file_size:]))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def frames_of(items: Iterable[PayloadItem]) -> tuple[Frame, ...]:
    """Those of an event, by its payload items."""
    return tuple(
        frame
        for item in items
        if item.type == PayloadType.PYTHON
        for frame in read_frames(item.data)
    )
