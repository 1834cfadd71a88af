"""A trace's events and payload in one file of compressed chunks, readable while it grows.

A chunk begins with a head, little-endian: "FTZ1", the CRC-32 of what follows in the chunk (u4); the
number of events, the bytes of payload, and the compressed bytes of both (u4 each); which event
of the trace is the first, and where in the payload stream its payload begins (u8 each). Then come
two zlib streams (RFC 1950). In that of the events all first bytes stand before all second ones, and
so on, which halves it. Each chunk can be read without the others, and its sizes are bounded.

Written without numpy, so that recording does not load it.
"""

from __future__ import annotations

import errno
import os
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from struct import Struct
from threading import Condition, Semaphore
from typing import TYPE_CHECKING, NamedTuple

from fasttrace.data.events import EVENT_SIZE
from fasttrace.errors import TraceError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fasttrace.system.files import Folder

NAME = "blocks.z"

_MAGIC = b"FTZ1"
_HEAD = Struct("<4sIIIIIQQ")
_CHECKED = 8  # bytes of the head that are not part of what the CRC is of
_EVENTS_MAX = 1 << 16
_PAYLOAD_MAX = 1 << 22
# Deflate makes at most 1032 bytes of one.
_RATIO_MAX = 1032
_LEVEL = 1
_AHEAD = 32  # chunks that may wait to be compressed or written


def _threads() -> int:
    return min(4, len(os.sched_getaffinity(0)))


def chunk(events: memoryview, payload: memoryview, index: int, payload_index: int) -> bytes:
    """One chunk of whole events, at most _EVENTS_MAX, and of payload, at most _PAYLOAD_MAX."""
    rows = bytes(events)
    columns = b"".join(rows[i::EVENT_SIZE] for i in range(EVENT_SIZE))
    streams = [zlib.compress(data, _LEVEL) if len(data) else b"" for data in (columns, payload)]
    counts = (len(rows) // EVENT_SIZE, len(payload), len(streams[0]), len(streams[1]))
    head = _HEAD.pack(_MAGIC, 0, *counts, index, payload_index)
    body = b"".join([head[_CHECKED:], *streams])
    return _MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


class GrowingChunks:
    """Such a file being written; fd: of an empty file, which is closed with it.

    Compressed and written by threads: `put` waits only where they are _AHEAD chunks behind.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.count = 0
        """Events that are written."""
        self.length = 0
        """Bytes of payload that are."""
        self._end = 0
        self._given = [0, 0]  # events, bytes of payload
        self._failed: OSError | None = None
        self._room = Semaphore(_AHEAD)
        self._coming: deque[tuple[Future[bytes], int, int]] = deque()
        self._changed = Condition()
        self._pool = ThreadPoolExecutor(_threads(), "fasttrace-compress")

    def put(self, events: memoryview, payload: memoryview, payload_base: int) -> None:
        """Have whole events written, and their payload. OSError: what came before cannot be."""
        if payload_base != self._given[1] and len(payload):
            raise ValueError("payload comes in the order of its stream")
        self.check()
        while len(payload) > _PAYLOAD_MAX:
            self._submit(events[:0], payload[:_PAYLOAD_MAX])
            payload = payload[_PAYLOAD_MAX:]
        most = _EVENTS_MAX * EVENT_SIZE
        for start in range(0, max(len(events), 1), most):
            self._submit(events[start : start + most], payload if start == 0 else payload[:0])

    def _submit(self, events: memoryview, payload: memoryview) -> None:
        self._room.acquire()
        future = self._pool.submit(chunk, events, payload, *self._given)
        count = len(events) // EVENT_SIZE
        self._given[0] += count
        self._given[1] += len(payload)
        with self._changed:
            self._coming.append((future, count, len(payload)))
        future.add_done_callback(self._write_done)

    def _write_done(self, _: Future[bytes]) -> None:
        """Write those at the front that are compressed, in order, whichever thread is the first."""
        with self._changed:
            while self._coming and self._coming[0][0].done():
                future, count, length = self._coming.popleft()
                self._room.release()
                try:
                    if self._failed is None:
                        self._write(future.result())
                        self.count += count
                        self.length += length
                except MemoryError:
                    self._failed = OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
                except OSError as error:
                    self._failed = error
            self._changed.notify_all()

    def _write(self, data: bytes) -> None:
        view, offset = memoryview(data), self._end
        try:
            while view:
                written = os.pwrite(self._fd, view, offset)
                view = view[written:]
                offset += written
        except OSError:
            os.ftruncate(self._fd, self._end)
            raise
        self._end = offset

    def check(self) -> None:
        """OSError: something could not be written."""
        if self._failed is not None:
            raise self._failed

    def flush(self) -> None:
        """Wait until all is written. OSError: it could not be."""
        with self._changed:
            while self._coming:
                self._changed.wait()
        self.check()

    def close(self) -> None:
        self._pool.shutdown()
        os.close(self._fd)


class _Chunk(NamedTuple):
    offset: int
    crc: int
    events: int
    payload: int
    sizes: tuple[int, int]
    first: int
    first_payload: int


def open_chunks(
    folder: Folder, told: tuple[int, int] | None
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.uint8], bool]:
    """Events, payload, and whether they are all; in memory, for there is nothing to map.

    Of a file that is cut they are those of its whole chunks. told: how many events and bytes of
    payload there are, if that is known. TraceError: it is damaged, or more than there is memory.
    """
    path = f"{folder.path}/{NAME}"
    try:
        fd = folder.open(NAME)
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror}") from None
    try:
        chunks = _scanned(path, fd)
        return _read(path, fd, chunks, told)
    except TraceError:
        raise
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror or error}") from None
    finally:
        os.close(fd)


def _damaged(path: str) -> TraceError:
    return TraceError(f"{path} is damaged: record again")


def _scanned(path: str, fd: int) -> list[_Chunk]:
    """The whole chunks, by their heads."""
    size, at = os.fstat(fd).st_size, 0
    chunks: list[_Chunk] = []
    index = payload_index = 0
    while at + _HEAD.size <= size:
        head = os.pread(fd, _HEAD.size, at)
        if len(head) < _HEAD.size or not any(head):  # cut, or never written when power failed
            break
        magic, crc, events, payload, *sizes, first, first_payload = _HEAD.unpack(head)
        fits = events * EVENT_SIZE <= sizes[0] * _RATIO_MAX and payload <= sizes[1] * _RATIO_MAX
        in_order = (first, first_payload) == (index, payload_index)
        if magic != _MAGIC or not fits or not in_order:
            raise _damaged(path)
        if events > _EVENTS_MAX or payload > _PAYLOAD_MAX:
            raise _damaged(path)
        one = _Chunk(at, crc, events, payload, (sizes[0], sizes[1]), index, payload_index)
        at += _HEAD.size + sum(sizes)
        if at > size:
            break
        chunks.append(one)
        index += events
        payload_index += payload
    return chunks


def _read(
    path: str, fd: int, chunks: list[_Chunk], told: tuple[int, int] | None
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.uint8], bool]:
    import numpy as np

    from fasttrace.data.events import EVENT_DTYPE

    if told is None and chunks and not _is_whole(fd, chunks[-1]):
        chunks = chunks[:-1]  # the last that was written when power failed
    count = sum(one.events for one in chunks)
    length = sum(one.payload for one in chunks)
    needed = count * EVENT_SIZE + length
    if needed > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
        raise _too_large(path, needed)
    try:
        events, payload = np.empty(count, EVENT_DTYPE), np.empty(length, np.uint8)
    except MemoryError:
        raise _too_large(path, needed) from None

    def fill(one: _Chunk) -> bool:
        found = _contents(fd, one)
        if found is None:
            return False
        columns = np.frombuffer(found[0], np.uint8).reshape(EVENT_SIZE, one.events)
        rows = events[one.first : one.first + one.events].view(np.uint8)
        rows.reshape(one.events, EVENT_SIZE)[:] = columns.T
        payload[one.first_payload : one.first_payload + one.payload] = np.frombuffer(
            found[1], np.uint8
        )
        return True

    with ThreadPoolExecutor(_threads()) as pool:
        if not all(pool.map(fill, chunks)):
            raise _damaged(path)
    if told is not None and (told[0] < count or told[1] < length):
        raise _damaged(path)
    return events, payload, told == (count, length)


def _too_large(path: str, needed: int) -> TraceError:
    return TraceError(
        f"{path} holds {needed >> 20} MiB, more than this machine's memory: read it on a larger one"
    )


def _body(fd: int, one: _Chunk) -> bytes | None:
    """What the CRC is of, if it is right."""
    size = _HEAD.size - _CHECKED + sum(one.sizes)
    body = os.pread(fd, size, one.offset + _CHECKED)
    return body if len(body) == size and zlib.crc32(body) == one.crc else None


def _is_whole(fd: int, one: _Chunk) -> bool:
    return _body(fd, one) is not None


def _contents(fd: int, one: _Chunk) -> tuple[bytes, bytes] | None:
    body = _body(fd, one)
    if body is None:
        return None
    start, middle = _HEAD.size - _CHECKED, _HEAD.size - _CHECKED + one.sizes[0]
    columns = _inflated(body[start:middle], one.events * EVENT_SIZE)
    payload = _inflated(body[middle:], one.payload)
    return None if columns is None or payload is None else (columns, payload)


def _inflated(data: bytes, size: int) -> bytes | None:
    """So many bytes, and not one more is made; None: it is not that."""
    if not size or not data:
        return b"" if size == len(data) == 0 else None
    inflater = zlib.decompressobj()
    try:
        made = inflater.decompress(data, size)
        # The end of the stream, with its checksum, may be behind the last byte.
        more = b"" if inflater.eof else inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error:
        return None
    is_all = inflater.eof and not more and not inflater.unused_data
    return made if is_all and len(made) == size else None
