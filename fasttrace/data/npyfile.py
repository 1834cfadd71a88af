"""One-dimensional .npy files that stay valid while they grow, and that need not be trusted.

Written without numpy, so that recording does not load it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from io import BufferedReader
from typing import TYPE_CHECKING, Any

from fasttrace import _tally
from fasttrace.data.events import EVENT_SIZE
from fasttrace.errors import TraceError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fasttrace.system.files import Folder

# Room for the header text, whatever count comes to stand in it; numpy wants a multiple of 64.
HEADER_SIZE = 512
_MAGIC = b"\x93NUMPY\x01\x00"
_PREFIX = len(_MAGIC) + 2  # and the length of the text
_TEXT = re.compile(
    rb"\{'descr': (.+), 'fortran_order': False, 'shape': \(([0-9]{1,18}),\), \} *\n", re.DOTALL
)


def _event_descr() -> str:
    fields: list[tuple[Any, ...]] = []
    for name, element, _, size in _tally.EVENT_FIELDS:
        count = size // int(element[2:])
        fields.append((name, element, (count,)) if count > 1 else (name, element))
    return repr(fields)


EVENTS = (_event_descr(), EVENT_SIZE)
"""The item type of events.npy: how numpy writes its dtype, and its size in bytes."""
BYTES = ("'|u1'", 1)


def header(descr: str, count: int) -> bytes:
    """The head of a .npy file (format 1.0) of `count` items, HEADER_SIZE bytes."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': ({count},), }}"
    room = HEADER_SIZE - _PREFIX
    return _MAGIC + room.to_bytes(2, "little") + text.encode().ljust(room - 1) + b"\n"


class GrowingNpy:
    """A .npy file being written; fd: of an empty file, which is closed with it."""

    def __init__(self, fd: int, items: tuple[str, int]) -> None:
        self._descr, self._item_size = items
        self._fd = fd
        self.count = 0
        try:
            self._write(header(self._descr, 0), 0)
        except OSError:
            self.close()
            raise

    def _write(self, data: memoryview | bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, offset)
            view = view[written:]
            offset += written

    def put(self, data: memoryview, index: int) -> None:
        """Write whole items (a memoryview of bytes) from `index` on; the header follows the data.

        OSError: not all could be written. What could be written of whole items counts.
        """
        try:
            self._write(data, HEADER_SIZE + index * self._item_size)
            self.count = max(self.count, index + len(data) // self._item_size)
        except OSError:
            written = os.fstat(self._fd).st_size - HEADER_SIZE
            self.count = max(self.count, written // self._item_size)
            os.ftruncate(self._fd, HEADER_SIZE + self.count * self._item_size)
            raise
        finally:
            self._write(header(self._descr, self.count), 0)

    def close(self) -> None:
        os.close(self._fd)


class GrowingArrays:
    """The two files of events and payload being written; create: makes an empty file of a name."""

    def __init__(self, create: Callable[[str], int]) -> None:
        self._events = GrowingNpy(create("events.npy"), EVENTS)
        try:
            self._payload = GrowingNpy(create("payload.npy"), BYTES)
        except OSError:
            self._events.close()
            raise

    @property
    def count(self) -> int:
        """Events that are written."""
        return self._events.count

    @property
    def length(self) -> int:
        """Bytes of payload that are."""
        return self._payload.count

    def put(self, events: memoryview, payload: memoryview, payload_base: int) -> None:
        """OSError: not all could be written."""
        # The payload first: an event that is there has its payload there.
        if len(payload):
            self._payload.put(payload, payload_base)
        self._events.put(events, self._events.count)

    def flush(self) -> None:
        """All is written."""

    def close(self) -> None:
        self._events.close()
        self._payload.close()


def open_npy(
    folder: Folder, name: str, items: tuple[str, int], dtype: npt.DTypeLike, *, finished: bool
) -> npt.NDArray[Any]:
    """The array in a .npy file of a folder, mapped, read-only.

    finished: the header must be right; else all whole items of the file are taken. TraceError: this
    is no such file, or it is cut.
    """
    import numpy as np

    path = f"{folder.path}/{name}"
    try:
        with open(folder.open(name), "rb") as file:  # noqa: PTH123 - of a descriptor
            return _mapped(path, file, items, np.dtype(dtype), finished=finished)
    except TraceError:
        raise
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror or error}") from None


def _mapped(
    path: str, file: BufferedReader, items: tuple[str, int], dtype: np.dtype[Any], *, finished: bool
) -> npt.NDArray[Any]:
    import numpy as np

    descr, item_size = items
    head = file.read(_PREFIX)
    text = file.read(int.from_bytes(head[len(_MAGIC) :], "little"))
    size = os.fstat(file.fileno()).st_size
    found = _TEXT.fullmatch(text) if head.startswith(_MAGIC) else None
    start = len(head) + len(text)
    if found is None or found[1] != descr.encode() or start % 8:
        raise TraceError(f"{path} is damaged, or was not written by fasttrace: record again")
    count = (size - start) // item_size
    said = int(found[2])
    if finished and count < said:
        raise TraceError(f"{path} is cut: it has {count} items of {said}; copy it again")
    if count == 0:
        return np.empty(0, dtype)
    try:
        mapped = np.memmap(file, dtype, "r", offset=start, shape=(count,))
    except (OSError, ValueError) as error:
        raise TraceError(f"cannot map {path}: {error}") from None
    return np.asarray(mapped)
