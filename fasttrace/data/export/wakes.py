"""Which write made a read return that was waiting for it, as far as the calls prove it.

A pipe hands over bytes in their order (pipe(7)). So of one whose making is in the trace, and whose
ends are followed from there on, it is known which write each byte that was read comes from. If that
write began while the read was waiting already, it is what the read waited for.
"""

from __future__ import annotations

from array import array
from collections import deque
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fasttrace._tables import ABIS, NR_MAX
from fasttrace.data.event_rows import in_order_of_ends
from fasttrace.data.events import Flag, Kind, payload_items
from fasttrace.syscalls.names import call_name

_READS = ("read", "readv")
_WRITES = ("write", "writev")
_MAKES = ("pipe", "pipe2")
_COPIES = ("dup", "dup2", "dup3", "fcntl", "fcntl64")
# They give a number to something else: what was there has been closed, seen or not.
_OPENS = ("open", "openat", "openat2", "creat", "socket", "accept", "accept4", "memfd_create")
# They move bytes in ways that are not followed.
_MOVES = ("splice", "tee", "vmsplice", "sendfile", "preadv2", "pwritev2", "io_uring_enter")
_CLOSES = ("close", "close_range")
_RELEVANT = (*_READS, *_WRITES, *_MAKES, *_COPIES, *_OPENS, *_MOVES, *_CLOSES)

_O_CLOEXEC = 0o2000000  # include/uapi/asm-generic/fcntl.h
_F_DUPFD, _F_SETFD, _F_DUPFD_CLOEXEC = 0, 2, 1030
_CLONE_FILES = 0x400
_CLOSE_RANGE_CLOEXEC = 4
_CHUNK = 1 << 16
_WAITING_MAX = 4096  # writes, or reads, of a pipe that find no partner: it is given up


class Wakes(NamedTuple):
    """Pairs. writes, reads: places of events; arrows: 1, 2, ...; int64, shape (n,)."""

    writes: npt.NDArray[np.int64]
    reads: npt.NDArray[np.int64]
    arrows: npt.NDArray[np.int64]


def wakes(events: npt.NDArray[np.void], payload: npt.NDArray[np.uint8]) -> Wakes:
    """events: of a whole trace. payload: its stream."""
    found = _found(events, payload)
    writes, reads = (np.array(column, np.int64) for column in (found.writes, found.reads))
    kept = writes >= 0
    writes, reads = writes[kept], reads[kept]
    return Wakes(writes, reads, np.arange(1, len(writes) + 1))


class _Claims:
    """-1 for the write of one that was taken back."""

    def __init__(self) -> None:
        self.writes, self.reads = array("q"), array("q")


class _Transfer(NamedTuple):
    """Bytes of a pipe from one place in its stream to another, and the call that moved them."""

    event: int
    tid: int
    start_ns: int
    end_ns: int
    first: int
    last: int
    is_sure: bool = True


class _Pipe:
    """What went through it, in the order in which the calls ended."""

    def __init__(self, claims: _Claims) -> None:
        self._claims = claims
        self._written = self._read = 0
        self._writes: deque[_Transfer] = deque()
        self._reads: deque[_Transfer] = deque()
        self._last_write: _Transfer | None = None
        self._last_claim = -1  # made by it
        self._reader_end_ns = 0
        self.is_known = True

    def give_up(self) -> None:
        self.is_known = False
        self._writes.clear()
        self._reads.clear()

    def write(self, event: int, tid: int, start_ns: int, end_ns: int, count: int) -> None:
        before, is_sure = self._last_write, True
        if before is not None and start_ns < before.end_ns and tid != before.tid:
            # Which was first cannot be told.
            is_sure = False
            if self._last_claim >= 0:
                self._claims.writes[self._last_claim] = -1
            if self._writes:
                self._writes[-1] = before._replace(is_sure=False)
        last = self._written + count
        one = _Transfer(event, tid, start_ns, end_ns, self._written, last, is_sure)
        self._written += count
        self._writes.append(one)
        self._last_write, self._last_claim = one, -1
        self._match()

    def read(self, event: int, tid: int, start_ns: int, end_ns: int, count: int) -> None:
        one = _Transfer(event, tid, start_ns, end_ns, self._read, self._read + count)
        self._read += count
        self._reads.append(one)
        self._match()

    def _match(self) -> None:
        while self._reads and self._writes:
            read, write = self._reads[0], self._writes[0]
            if write.last <= read.first:
                self._writes.popleft()
                continue
            self._reads.popleft()
            if write.start_ns >= read.end_ns:
                self.give_up()  # bytes that somebody else wrote
                return
            # Of two that wait at once the one that ended first need not have read first.
            is_sure = write.is_sure and self._reader_end_ns <= write.start_ns
            if is_sure and read.start_ns < write.start_ns and write.first == read.first:
                if write is self._last_write:
                    self._last_claim = len(self._claims.writes)
                self._claims.writes.append(write.event)
                self._claims.reads.append(read.event)
            self._reader_end_ns = read.end_ns
        if max(len(self._reads), len(self._writes)) > _WAITING_MAX:
            self.give_up()


class _End(NamedTuple):
    pipe: _Pipe
    closes: bool  # on exec


def _numbers_of(names: tuple[str, ...]) -> dict[int, str]:
    wanted = {}
    for abi in range(len(ABIS)):
        for nr in range(NR_MAX):
            name = call_name(nr, abi)
            if name in names:
                wanted[abi * NR_MAX + nr] = name
    return wanted


def _found(events: npt.NDArray[np.void], payload: npt.NDArray[np.uint8]) -> _Claims:
    claims = _Claims()
    names = _numbers_of(_RELEVANT)
    makes = np.array([number for number, name in names.items() if name in _MAKES])
    relevant = np.zeros(256 * NR_MAX, np.bool_)
    relevant[list(names)] = True
    parts, has_pipes = [], False
    for start in range(0, len(events), _CHUNK):
        part = events[start : start + _CHUNK]
        kind, nr = part["kind"], part["nr"]
        call = part["abi"].astype(np.int64) * NR_MAX + np.clip(nr, 0, NR_MAX - 1)
        failed = part["flags"] & np.uint16(Flag.UNFINISHED | Flag.ERROR) != 0
        is_call = (kind == Kind.SYSCALL) & (nr >= 0) & (nr < NR_MAX) & ~failed
        has_pipes = has_pipes or bool((is_call & np.isin(call, makes)).any())
        is_life = (kind == Kind.FORK) | (kind == Kind.EXEC) | (kind == Kind.EXIT)
        parts.append(np.flatnonzero(is_call & relevant[call] | is_life) + start)
    if not has_pipes:
        return claims
    places = np.concatenate(parts)
    parts.clear()
    places = in_order_of_ends(events, places)
    following = _Following(names, memoryview(payload.data), claims)
    for start in range(0, len(places), _CHUNK):
        some = places[start : start + _CHUNK]
        following.see(some.tolist(), events[some])
    return claims


class _Following:
    """The ends of pipes that each process has, by their descriptors."""

    def __init__(self, names: dict[int, str], stream: memoryview, claims: _Claims) -> None:
        self._names, self._stream, self._claims = names, stream, claims
        self._tables: dict[int, dict[int, _End]] = {}

    def see(self, places: list[int], events: npt.NDArray[np.void]) -> None:
        calls = (events["abi"].astype(np.int64) * NR_MAX + events["nr"]).tolist()
        columns = (events[name].tolist() for name in ("kind", "pid", "tid", "time_ns", "ret"))
        took = events["duration_ns"].tolist()
        for i, (kind, pid, tid, start_ns, ret) in enumerate(zip(*columns, strict=True)):
            if kind != Kind.SYSCALL:
                self._see_life(kind, pid, events[i])
                continue
            name = self._names[calls[i]]
            ends = self._tables.get(pid)
            if name in _MAKES:
                self._make(pid, name, events[i])
            elif ends:
                args = events["args"][i].tolist()
                end = ends.get(args[0] & 0xFFFFFFFF)
                if name in _READS or name in _WRITES:
                    if end is not None and end.pipe.is_known and ret > 0:
                        move = end.pipe.read if name in _READS else end.pipe.write
                        move(places[i], tid, start_ns, start_ns + took[i], ret)
                else:
                    self._change(ends, name, args, ret)

    def _see_life(self, kind: int, pid: int, event: np.void) -> None:
        is_thread = bool(event["flags"] & Flag.THREAD)
        if kind == Kind.FORK and not is_thread and pid in self._tables:
            child = int(event["args"][0]) & 0x7FFFFFFF
            shares = bool(int(event["args"][1]) & _CLONE_FILES)
            ends = self._tables[pid]
            self._tables[child] = ends if shares else dict(ends)
        elif kind == Kind.EXEC and pid in self._tables:
            ends = self._tables[pid]
            self._tables[pid] = {fd: end for fd, end in ends.items() if not end.closes}
        elif kind == Kind.EXIT and not is_thread:
            self._tables.pop(pid, None)

    def _make(self, pid: int, name: str, event: np.void) -> None:
        if not event["flags"] & Flag.PAYLOAD:
            return
        for item in payload_items(self._stream, int(event["payload"])):
            if item.arg == 0 and len(item.data) == 8:
                closes = name == "pipe2" and bool(int(event["args"][1]) & _O_CLOEXEC)
                end = _End(_Pipe(self._claims), closes)
                fds = np.frombuffer(item.data, np.uint32).tolist()
                self._tables.setdefault(pid, {}).update(dict.fromkeys(fds, end))

    def _change(self, ends: dict[int, _End], name: str, args: list[int], ret: int) -> None:
        first, made = args[0] & 0xFFFFFFFF, ret & 0xFFFFFFFF
        end = ends.get(first)
        if name in _MOVES:
            for fd in (first, args[1] & 0xFFFFFFFF, args[2] & 0xFFFFFFFF):
                if fd in ends:
                    ends[fd].pipe.give_up()
        elif name == "close":
            ends.pop(first, None)
        elif name == "close_range":
            for fd in [fd for fd in ends if first <= fd <= args[1] & 0xFFFFFFFF]:
                if args[2] & _CLOSE_RANGE_CLOEXEC:
                    ends[fd] = ends[fd]._replace(closes=True)
                else:
                    del ends[fd]
        elif name in _OPENS:
            ends.pop(made, None)
        elif name.startswith("fcntl"):
            command = args[1] & 0xFFFFFFFF
            if command == _F_SETFD and end is not None:
                ends[first] = end._replace(closes=bool(args[2] & 1))
            elif command in (_F_DUPFD, _F_DUPFD_CLOEXEC):
                _copy(ends, end, made, closes=command == _F_DUPFD_CLOEXEC)
        elif not (name == "dup2" and made == first):
            closes = name == "dup3" and bool(args[2] & _O_CLOEXEC)
            _copy(ends, end, made, closes=closes)


def _copy(ends: dict[int, _End], end: _End | None, fd: int, *, closes: bool) -> None:
    if end is None:
        ends.pop(fd, None)
    else:
        ends[fd] = end._replace(closes=closes)
