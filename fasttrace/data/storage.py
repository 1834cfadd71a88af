"""The folder of a saved trace, such as x.fst.

    events.npy    the events, as numpy.load opens them
    payload.npy   the payload stream, which the events' `payload` fields are offsets into
    blocks.z      both, compressed, instead of them: `fasttrace.data.compressed`
    meta.json     what they belong to

All are valid at any time while they grow: data is written before the header that counts it,
and meta.json is replaced as a whole. A recorder that is killed leaves a readable trace.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fasttrace._version import __version__
from fasttrace.data.compressed import NAME, GrowingChunks
from fasttrace.data.events import EVENT_SIZE
from fasttrace.data.npyfile import GrowingArrays
from fasttrace.data.processes import Process
from fasttrace.data.run_info import NOTHING_KNOWN, RunInfo
from fasttrace.data.stored import COMPRESSED, FORMAT, VERSION, Stored, of_folder
from fasttrace.errors import OutputError
from fasttrace.system.files import Place
from fasttrace.system.new_file import writing

if TYPE_CHECKING:
    from typing_extensions import Buffer


class EventBlock(Protocol):
    """What `Writer.append` takes: a buffer of events, and their part of the payload stream."""

    def __buffer__(self, flags: int, /) -> memoryview: ...
    @property
    def payload(self) -> Buffer: ...
    @property
    def payload_base(self) -> int: ...


class Writer:
    """Writes a trace while it is recorded, in constant memory.

    When the disk is full, `append` raises an OutputError once; what is written by then stays
    readable and later blocks are only counted, in `unstored`.

    Args:
        path: the folder to make. OutputError: it exists (errno EEXIST) or cannot be written.
        info: what is known at the beginning; realtime_offset_ns None: as it is here and now.
        compressed: smaller, by some processor time (docs/export.md); `append` may then raise what
            an earlier block met.
        versions: more of what recorded it than fasttrace and the kernel.
        about: what differs from `info`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        info: RunInfo = NOTHING_KNOWN,
        *,
        compressed: bool = False,
        versions: Mapping[str, str] | None = None,
        **about: Any,
    ) -> None:
        info = info._replace(**about)
        self.path = Path(path)
        self._given = 0
        self._made: list[str] = []
        self._failed = False
        self._closed = False
        self._meta: dict[str, Any] = {
            "format": FORMAT,
            "version": COMPRESSED if compressed else VERSION,
            "finished": False,
            "argv": list(info.argv),
            "engine": info.engine,
            "results": info.results,
            "host": info.host,
            "machine": os.uname().machine,
            "clock": {
                "name": "CLOCK_MONOTONIC",
                "realtime_offset_ns": time.time_ns() - time.monotonic_ns()
                if info.realtime_offset_ns is None
                else info.realtime_offset_ns,
            },
            "versions": {
                "fasttrace": __version__,
                "linux": os.uname().release,
                **(versions or {}),
            },
        }
        with ExitStack() as undo:
            try:
                self._place = Place(path, is_file=False)
                undo.callback(self._place.close)
                self._folder = self._place.make_folder()
                undo.callback(self._folder.close)
            except OSError as error:
                raise _cannot_make(self.path, error) from None
            undo.callback(self._remove)
            with writing(self.path, closed_pipe=True):
                self._write_meta()
                self._stream: GrowingArrays | GrowingChunks
                if compressed:
                    self._stream = GrowingChunks(self._create(NAME))
                else:
                    self._stream = GrowingArrays(self._create)
            undo.pop_all()

    def _create(self, name: str) -> int:
        fd = self._folder.create(name)
        self._made.append(name)
        return fd

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, block: EventBlock) -> None:
        """Add a block. OutputError, once: it cannot be stored, and nothing will be from now on."""
        self.put(memoryview(block), memoryview(block.payload), block.payload_base)

    def put(self, events: memoryview, payload: memoryview, payload_base: int = 0) -> None:
        """As `append`, of bytes: whole event records, and a part of the payload stream."""
        self._given += len(events) // EVENT_SIZE
        if self._failed:
            return
        with self._writing():
            self._stream.put(events, payload, payload_base)

    def flush(self) -> None:
        """Wait until all is stored. OutputError, once: it cannot be."""
        if self._failed:
            return
        with self._writing():
            self._stream.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """After an error nothing is stored any more."""
        try:
            with writing(self.path, closed_pipe=True):
                yield
        except OutputError:
            self._failed = True
            raise

    @property
    def unstored(self) -> int:
        """Events that were given and are not stored, after an error or before `flush`."""
        return self._given - self._stream.count

    def finish(
        self, info: RunInfo = NOTHING_KNOWN, *, processes: Sequence[Process] = (), **about: Any
    ) -> None:
        """Write what is known at the end: exit_status, wall_ns, lost. OutputError: that does not
        fit on the disk.

        lost: all events that are missing, `unstored` among them.

        No error after one from `append`: the trace is then readable as that of a killed recorder.
        """
        self.flush()
        info = info._replace(**about)
        self._meta.update(
            stored=[self._stream.count, self._stream.length],
            finished=True,
            exit_status=info.exit_status,
            wall_ns=info.wall_ns,
            lost=info.lost,
            processes=[p._asdict() for p in processes],
        )
        try:
            with writing(self.path, closed_pipe=True):
                self._write_meta()
        except OutputError:
            if not self._failed:
                raise

    def stored(self) -> Stored:
        """What was written, from the very folder that was made, wherever its path may lead now."""
        return of_folder(self._folder)

    def discard(self) -> None:
        """Close, and remove the folder: nothing was recorded."""
        if not self._closed:
            self._remove()
            self.close()

    def _remove(self) -> None:
        for name in self._made:
            self._folder.remove(name)
        self._place.remove_folder()

    def close(self) -> None:
        """Without `finish` the trace is as one whose recorder was killed."""
        if not self._closed:
            self._closed = True
            self._stream.close()
            self._folder.close()
            self._place.close()

    def _write_meta(self) -> None:
        fresh = "meta.json.new"
        fd = self._create(fresh)
        try:
            with open(fd, "w") as file:  # noqa: PTH123 - of a descriptor
                file.write(json.dumps(self._meta, indent=1) + "\n")
            self._folder.rename(fresh, "meta.json")
        finally:
            self._folder.remove(fresh)
        self._made[-1] = "meta.json"


def _cannot_make(path: Path, error: OSError) -> OutputError:
    remedy = {
        errno.EEXIST: "exists already: remove it, or choose another name",
        errno.ENOENT: f"cannot be made: there is no folder {path.parent}; make it first",
        errno.EACCES: f"cannot be made: {path.parent} is not ours to write to; choose another",
    }.get(error.errno or 0, f"cannot be made: {error.strerror}; choose another place")
    return OutputError(error.errno, f"{path} {remedy}")
