"""What the descriptors of calls are, and which of them lead to each other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from fasttrace.analysis.causes.matching import last_before
from fasttrace.analysis.causes.observed import Ints, Mask, Observed
from fasttrace.analysis.finding import Rows
from fasttrace.data.events import Kind, PayloadItem, PayloadType, payload_items
from fasttrace.text.terminal import printable

_LINKS_MAX = 1 << 20  # items of type LINK that are read
_TOLD = ("socket", "socketpair", "accept", "accept4", "connect", "recvmsg", "execve", "execveat")


class Descriptors:
    """Names are numbers, places in `names`: two descriptors with one name are the same thing.

    of_call: int64, shape (n,): the name of the descriptor that each call is given first, or -1.
    """

    def __init__(self, seen: Observed) -> None:
        self._seen = seen
        self.rows, self.names = seen.trace.named()
        self.rows = self.rows[self.rows["event"] < len(seen)]
        self.of_call: Ints = np.full(len(seen), -1, np.int64)
        event = self.rows["event"].astype(np.int64)
        given = (self.rows["fd"] >= 0) & (self.rows["fd"] == seen.fd[event])
        # Backwards: a call that makes a descriptor of this number names it behind the one given.
        self.of_call[event[given][::-1]] = self.rows["name"][given][::-1]

    @cached_property
    def kinds(self) -> list[str]:
        """Of each name: "file", "pipe", "socket", "terminal" or "other"."""
        return [_kind(name) for name in self.names]

    def is_kind(self, names: Ints, *kinds: str) -> Mask:
        """Whether each of the names, which may be -1, is of one of these kinds; bool."""
        table = np.array([*(kind in kinds for kind in self.kinds), False], np.bool_)
        found: Mask = table[names]
        return found

    def made(self, rows: Rows) -> Ints:
        """The names of what these calls returned, -1 where it is not known."""
        result = np.full(len(self._seen), -1, np.int64)
        event = self.rows["event"].astype(np.int64)
        is_made = (self.rows["fd"] >= 0) & (self.rows["fd"] == self._seen.ret[event])
        result[event[is_made]] = self.rows["name"][is_made]
        found: Ints = result[rows]
        return found

    def at(self, rows: Rows, fds: Ints) -> Ints:
        """The names of descriptors of the events' processes at the time of these events, as they
        were named last before them; -1: not known."""
        seen, known = self._seen, self.rows[self.rows["fd"] >= 0]
        event = known["event"].astype(np.int64)
        keys = seen.owner[event] << 32 | known["fd"]
        asked = seen.owner[rows] << 32 | fds & 0xFFFFFFFF
        found = last_before(keys, seen.end[event], asked, seen.end[rows])
        names: Ints = np.where(found < 0, -1, known["name"][found] if len(known) else -1)
        return names.astype(np.int64)

    @cached_property
    def peers(self) -> Ints:
        """For each name that of the other end, -1 where it is not known; the last is of -1."""
        peers = np.full(len(self.names) + 1, -1, np.int64)
        place = {name: i for i, name in enumerate(self.names)}
        for name, i in place.items():
            if name.startswith("pipe:["):
                peers[i] = i
            elif name.startswith("socket:[#") and name[9:-1].isdecimal():
                peers[i] = place.get(f"socket:[#{int(name[9:-1]) ^ 1}]", -1)
        ends: dict[tuple[str, ...], int] = {}
        for name, words in self._sockets.items():
            if name not in place:
                continue
            i = place[name]
            if words[0].startswith("UNIX"):
                other = place.get(f"socket:[{words[1]}]") if len(words) > 1 else None
                if other is not None:
                    peers[i], peers[other] = other, i
            elif len(words) > 2:
                ends[words[0], words[1], words[2]] = i
        for (protocol, local, remote), i in ends.items():
            peers[i] = ends.get((protocol, remote, local), -1)
        return peers

    @cached_property
    def _sockets(self) -> dict[str, list[str]]:
        """What was told last of each socket behind its link; see src_c/event.h."""
        told: dict[str, list[str]] = {}
        for item in self._links():
            link, *words = item.data.decode("utf-8", "surrogateescape").split("\0")
            if link.startswith("socket:[") and words and len(words) >= len(told.get(link, ())):
                told[link] = [_plain(word) for word in words]
        return told

    def _links(self) -> Iterator[PayloadItem]:
        seen = self._seen
        payload = np.ascontiguousarray(seen.trace.payload).data
        chosen = seen.of(*_TOLD) | (seen.kind == Kind.ATTACH)
        left = _LINKS_MAX
        for offset in seen.events["payload"][chosen & seen.has_payload].tolist():
            for item in payload_items(payload, offset):
                if item.type == PayloadType.LINK:
                    left -= 1
                    yield item
            if left < 0:
                return

    @property
    def are_told(self) -> bool:
        """Whether what the process began with was looked up (`record -y`)."""
        return any(True for _ in self._links())

    def label_ready(self, name: int) -> str:
        """Of what was ready; of what is not known nothing."""
        return self.label(name) if name >= 0 else ""

    def label(self, name: int) -> str:
        """What it is, for people."""
        if name < 0:
            return "a descriptor that nothing is known of"
        text = self.names[name]
        words = self._sockets.get(text)
        if not words:
            return printable(text)
        if words[0].startswith("UNIX"):
            own = words[2] if len(words) > 2 else ""
            return f"the socket {printable(own)}" if own else printable(text)
        if len(words) > 2 and words[2]:
            return printable(f"{words[0]} {words[2]}")
        return printable(" ".join(words[:2]))


def _kind(name: str) -> str:
    if name.startswith("pipe:["):
        return "pipe"
    if name.startswith("socket:["):
        return "socket"
    if name.startswith(("/dev/pts/", "/dev/tty", "/dev/console")):
        return "terminal"
    return "file" if name.startswith("/") else "other"


def _plain(word: str) -> str:
    """Of an IPv4 address in IPv6 the address, and of a protocol the one of IPv4."""
    if word.startswith("[::ffff:"):
        return word[8:].replace("]", "", 1)
    return word.removesuffix("v6")
