"""A Parquet file that is written while its trace is recorded, row group by row group."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fasttrace.data.events import EVENT_DTYPE, Kind
from fasttrace.data.export import arrow, parquet
from fasttrace.data.export.columns import WHOLE, Columns, Recorded
from fasttrace.data.export.extras import extra
from fasttrace.data.processes import Process
from fasttrace.data.program_names import ProgramNames
from fasttrace.data.programs import Programs
from fasttrace.data.run_info import NOTHING_KNOWN, RunInfo
from fasttrace.data.stored import Stored
from fasttrace.errors import OutputError
from fasttrace.system.files import Text
from fasttrace.system.new_file import NewFile, cannot_write

if TYPE_CHECKING:
    from fasttrace.data.storage import EventBlock

# A row group ends with so much payload, however few its events.
_PAYLOAD_MAX = 32 << 20


class ParquetWriter:
    """As `fasttrace.data.storage.Writer`, in constant memory too; the file has its name once it is
    whole, for its footer comes last.

    What a recorder that is killed leaves has a name that begins with a dot, and no footer: nobody
    can read it. So it is with a full disk. A thread makes the row groups; `append` waits where it
    is two behind.

    Args:
        path: of the file. OutputError: it cannot be written. MissingExtra: pyarrow is missing.
        processes: those that are known by now, for `comm` of the rows that are written next.
    """

    def __init__(
        self, path: Text, info: RunInfo, processes: Callable[[], Sequence[Process]]
    ) -> None:
        self._pa = extra("pyarrow", "parquet")
        if not hasattr(extra("pyarrow.parquet", "parquet").ParquetWriter, parquet.AT_THE_END):
            raise OutputError(None, "to record into a Parquet file takes pyarrow 16 or later")
        if info.realtime_offset_ns is None:
            info = info._replace(realtime_offset_ns=time.time_ns() - time.monotonic_ns())
        self.path = path
        self._info = info
        self._processes = processes
        self._file = NewFile(path)
        self._schema = arrow.schema(WHOLE, info).with_metadata(None)
        self._writer: Any = None
        self._programs = Programs(forgets=False)  # as many as there are processes, as these are
        self._given = self._count = self._length = 0
        self._blocks: list[EventBlock] = []
        self._size = [0, 0]  # events, bytes of payload in them
        self._failed = self._closed = self._finished = False
        self._pool = ThreadPoolExecutor(1, "fasttrace-parquet")
        self._coming: list[Future[int]] = []

    def append(self, block: EventBlock) -> None:
        """Add a block. OutputError, once: it cannot be stored, and nothing will be from now on."""
        count = memoryview(block).nbytes // EVENT_DTYPE.itemsize
        self._given += count
        if self._failed:
            return
        self._blocks.append(block)
        self._size[0] += count
        self._size[1] += memoryview(block.payload).nbytes
        if self._size[0] >= arrow.BATCH or self._size[1] >= _PAYLOAD_MAX:
            self._submit()

    def _submit(self) -> None:
        blocks, self._blocks, self._size = self._blocks, [], [0, 0]
        if len(self._coming) >= 2:
            self._wait(self._coming.pop(0))
        if not self._failed:
            self._coming.append(self._pool.submit(self._write, blocks, list(self._processes())))

    def _wait(self, group: Future[int]) -> None:
        try:
            self._count += group.result()
        except (OSError, MemoryError) as error:
            self._failed = True
            known = error if isinstance(error, OSError) else OSError(12, os.strerror(12))
            raise cannot_write(self.path, known) from None

    def _write(self, blocks: Sequence[EventBlock], processes: Sequence[Process]) -> int:
        """In the thread."""
        events = np.concatenate([np.frombuffer(memoryview(b), EVENT_DTYPE) for b in blocks])
        parts = [np.frombuffer(memoryview(b.payload), np.uint8) for b in blocks]
        base = np.uint64(blocks[0].payload_base)
        places: npt.NDArray[np.uint64] = events["payload"].copy()
        events["payload"] -= base
        payload = np.concatenate(parts)
        self._programs.learn(events[events["kind"] >= Kind.FORK].data, payload.data)
        names = ProgramNames(self._programs, processes)
        recorded = Recorded(events, payload, processes, self._info, lambda: names)
        made = Columns(recorded, WHOLE)
        if self._writer is None:
            self._writer = parquet.opened(self._file, self._schema)
        for start in range(0, len(events), arrow.BATCH):
            columns = made.take(start, start + arrow.BATCH)
            columns["payload"].values[:] = places[start : start + arrow.BATCH]
            batch = arrow.batch(self._pa, columns, self._schema)
            self._writer.write_batch(batch, row_group_size=arrow.BATCH)
        self._length += len(payload)
        return len(events)

    def flush(self) -> None:
        """Wait until all is in row groups. OutputError, once: it cannot be."""
        if self._blocks and not self._failed:
            self._submit()
        while self._coming and not self._failed:
            self._wait(self._coming.pop(0))

    @property
    def unstored(self) -> int:
        """Events that are not stored: of a file that cannot be finished, all."""
        return self._given if self._failed else self._given - self._count

    def finish(
        self, info: RunInfo = NOTHING_KNOWN, *, processes: Sequence[Process] = (), **about: Any
    ) -> None:
        """Write what is known at the end, and give the file its name. OutputError: it cannot be;
        none after one from `append`, which said so."""
        self._end(info._replace(finished=True, **about), processes)

    def _end(self, info: RunInfo, processes: Sequence[Process]) -> None:
        self.flush()
        if self._failed or self._finished:
            return
        self._finished = True
        ours = self._info
        info = info._replace(
            argv=ours.argv,
            engine=ours.engine,
            results=ours.results,
            host=ours.host,
            realtime_offset_ns=ours.realtime_offset_ns,
        )
        try:
            if self._writer is None:
                self._writer = parquet.opened(self._file, self._schema)
            meta = parquet.meta(info, processes, self._length)
            metadata = {**arrow.metadata(info), parquet.KEY.decode(): meta.decode()}
            getattr(self._writer, parquet.AT_THE_END)(metadata)
            self._writer.close()
        except OSError as error:
            self._failed = True
            raise cannot_write(self.path, error) from None
        self._file.finish()

    def stored(self) -> Stored:
        """What was written; nothing, if it could not all be."""
        if self._failed:
            return Stored(np.empty(0, EVENT_DTYPE), np.empty(0, np.uint8), self._info)
        return parquet.read(self.path)

    def discard(self) -> None:
        """Close, and leave nothing: nothing was recorded."""
        self._failed = True
        self.close()

    def close(self) -> None:
        """Without `finish` the trace is as one whose recorder was killed, but it can be read."""
        if self._closed:
            return
        self._closed = True
        try:
            if not (self._failed or self._finished):
                self._end(self._info._replace(finished=False), list(self._processes()))
        finally:
            self._pool.shutdown()
            self._file.discard()
