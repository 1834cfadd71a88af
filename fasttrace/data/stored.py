"""The folder of a saved trace, read: see `fasttrace.data.storage`, which writes it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from fasttrace.data.npyfile import BYTES, EVENTS, open_npy
from fasttrace.data.processes import Process
from fasttrace.data.run_info import OfRun, RunInfo
from fasttrace.errors import TraceError
from fasttrace.system.files import Folder
from fasttrace.text.terminal import quoted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")

# A process takes some 200 bytes, and up to 4,096 more for its arguments.
_META_MAX = 1 << 30
_DIGITS_MAX = 40
_GIVE = "give the folder that `record -o` wrote"

FORMAT = "fasttrace"


@dataclass
class Stored(OfRun):
    """What a folder holds. events, payload: read-only arrays, mapped from the files; in memory,
    where the folder is compressed or of a former version."""

    events: npt.NDArray[np.void]
    payload: npt.NDArray[np.uint8]
    info: RunInfo
    processes: list[Process] = field(default_factory=list)


def load(path: str | os.PathLike[str]) -> Stored:
    """Map the trace in a folder. TraceError: there is none, or it is damaged or cut.

    Of a trace whose recorder did not finish, all whole events are there. Nobody may cut the files
    while they are mapped: the kernel would answer reading them with SIGBUS.
    """
    try:
        folder = Folder(path)
    except FileNotFoundError:
        raise TraceError(f"{os.fspath(path)} does not exist; {_GIVE}") from None
    except NotADirectoryError:
        raise TraceError(
            f"{os.fspath(path)} is not the folder of a trace; `record -o` makes one"
        ) from None
    except OSError as error:
        raise TraceError(f"cannot read {os.fspath(path)}: {error.strerror}") from None
    try:
        return of_folder(folder)
    finally:
        folder.close()


def of_folder(folder: Folder) -> Stored:
    """As `load`, of a folder that is open."""
    meta = _read_json(folder)
    return READERS[meta["version"]](folder, Meta(f"{folder.path}/meta.json", meta))


def _version_1(folder: Folder, meta: Meta) -> Stored:
    """Heads of payload items have 8 bytes there."""
    from fasttrace.data.version_1 import with_addresses

    stored = _version_2(folder, meta)
    try:
        stored.events, stored.payload = with_addresses(stored.events, stored.payload)
    except ValueError:
        raise TraceError(f"{folder.path}/payload.npy is damaged: record again") from None
    stored.events.flags.writeable = stored.payload.flags.writeable = False
    return stored


def _version_2(folder: Folder, meta: Meta) -> Stored:
    import numpy as np

    from fasttrace.data.events import EVENT_DTYPE

    finished = meta.get("finished", bool, False)
    events = open_npy(folder, "events.npy", EVENTS, EVENT_DTYPE, finished=finished)
    payload = open_npy(folder, "payload.npy", BYTES, np.uint8, finished=finished)
    return Stored(events, payload, meta.info(), meta.processes())


def _compressed(folder: Folder, meta: Meta) -> Stored:
    """A file that was cut later is as one whose recorder was killed there."""
    from fasttrace.data.compressed import open_chunks

    info = meta.info()
    told = meta.numbers("stored") if info.finished else None
    if told is not None and len(told) != 2:
        raise _damaged(f"{folder.path}/meta.json")
    events, payload, is_whole = open_chunks(folder, None if told is None else (told[0], told[1]))
    events.flags.writeable = payload.flags.writeable = False
    return Stored(
        events, payload, info._replace(finished=info.finished and is_whole), meta.processes()
    )


# Every version that there has been: what was recorded once can be read for ever.
COMPRESSED = 3
READERS: dict[int, Callable[[Folder, Meta], Stored]] = {
    1: _version_1,
    2: _version_2,
    COMPRESSED: _compressed,
}
VERSION = 2  # which is written where nothing is compressed


class Meta:
    """A JSON object that may hold anything: what is read from it has the type asked for.

    where: what holds it, for the TraceError.
    """

    def __init__(self, where: str, entries: object) -> None:
        self._where = where
        if not isinstance(entries, dict):
            raise self._damaged()
        self._entries = entries

    def _damaged(self) -> TraceError:
        return _damaged(self._where)

    def get(self, key: str, kind: type[T], default: T) -> T:
        value: Any = self._entries.get(key, default)
        # Numbers are kept to what numpy and C can hold. (A bool is an int to isinstance.)
        if type(value) is int and value.bit_length() > 63:
            raise self._damaged()
        if type(value) is not kind:
            raise self._damaged()
        checked: T = value
        return checked

    def optional(self, key: str) -> int | None:
        return None if self._entries.get(key) is None else self.get(key, int, 0)

    def strings(self, key: str) -> list[str]:
        values: list[Any] = self.get(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise self._damaged()
        return values

    def numbers(self, key: str) -> list[int]:
        values: list[Any] = self.get(key, list, [])
        if not all(type(value) is int and 0 <= value < 1 << 63 for value in values):
            raise self._damaged()
        return values

    def inner(self, key: str) -> Meta:
        return Meta(self._where, self.get(key, dict, {}))

    def entries(self, key: str) -> list[Meta]:
        return [Meta(self._where, entry or {}) for entry in self.get(key, list, [])]

    def info(self) -> RunInfo:
        return RunInfo(
            finished=self.get("finished", bool, False),
            argv=self.strings("argv"),
            engine=self.get("engine", str, ""),
            results=self.get("results", bool, True),
            exit_status=self.optional("exit_status"),
            wall_ns=self.get("wall_ns", int, 0),
            lost=self.get("lost", int, 0),
            realtime_offset_ns=self.inner("clock").optional("realtime_offset_ns"),
            host=self.get("host", str, ""),
        )

    def processes(self) -> list[Process]:
        return [entry.process() for entry in self.entries("processes")]

    def process(self) -> Process:
        status = self.optional("status")
        if status is not None and not 0 <= status <= 0xFFFF:
            raise self._damaged()
        return Process(
            pid=self.get("pid", int, 0),
            ppid=self.get("ppid", int, 0),
            comm=self.get("comm", str, ""),
            argv=self.strings("argv"),
            calls=self.get("calls", int, 0),
            status=status,
            start_ns=self.get("start_ns", int, 0),
            end_ns=self.optional("end_ns"),
            engine=self.get("engine", str, ""),
            serial=self.get("serial", int, 0),
            fallback=self.get("fallback", str, ""),
        )


def _damaged(where: str) -> TraceError:
    return TraceError(f"{where} is damaged: record again")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_MAX:  # no field holds as many, and Python would take its time
        raise ValueError
    return int(digits)


def _read_json(folder: Folder) -> dict[str, Any]:
    """meta.json, if it is of a trace that this version can read."""
    path = folder.path
    try:
        with open(folder.open("meta.json"), "rb") as file:  # noqa: PTH123 - of a descriptor
            text = file.read(_META_MAX + 1)
        if len(text) > _META_MAX:
            raise _damaged(f"{path}/meta.json")
        meta = parsed(text)
    except FileNotFoundError:
        raise TraceError(f"{path} holds no trace (no meta.json); {_GIVE}") from None
    except OSError as error:
        raise TraceError(f"cannot read {path}/meta.json: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _damaged(f"{path}/meta.json") from None
    return checked(path, meta)


def parsed(text: bytes) -> Any:
    """ValueError, RecursionError: it is no JSON, or none that anybody has written."""
    return json.loads(text, parse_int=_integer)


def checked(path: str, meta: Any) -> dict[str, Any]:
    """meta, if it is of a trace that this version can read."""
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise TraceError(f"{path} holds something else than a trace of fasttrace")
    version = meta.get("version")
    if type(version) is not int or version not in READERS:
        raise TraceError(
            f"{path} is of format version {quoted(str(version))}, this fasttrace reads "
            f"{', '.join(map(str, READERS))}: use the fasttrace that wrote it"
        )
    return meta
