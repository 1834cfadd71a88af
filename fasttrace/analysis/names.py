"""Paths without what is another at each run: pids, and the random part of temporary names."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What makes names: mkstemp(3) of gcc, mktemp(1), Python's tempfile, glibc's tmpfile and tempnam.
_RANDOM = (
    (re.compile(r"^cc[A-Za-z0-9]{6}(?=\.|$)"), "ccXXXXXX"),
    (re.compile(r"^tmp\.[A-Za-z0-9]{6,12}(?=\.|$)"), "tmp.XXXXXX"),
    (re.compile(r"^tmp[a-z0-9_]{8}(?=\.|$)"), "tmpXXXXXX"),
    (re.compile(r"^tmpf[A-Za-z0-9]{6}$"), "tmpfXXXXXX"),
)
_NUMBER = re.compile(r"\d+")


class Names:
    """The names of one run's paths.

    pids: of its processes and threads: as a whole number in a path one becomes PID.

        >>> Names([4242]).common("/proc/4242/fd/3"), Names().common("/tmp/tmpk3j_x92q/a")
        ('/proc/PID/fd/3', '/tmp/tmpXXXXXX/a')
    """

    def __init__(self, pids: Iterable[int] = ()) -> None:
        # A pid of one or two digits is more often something else.
        self._pids = {str(pid) for pid in pids if pid > 99}
        self._known: dict[str, str] = {}

    def common(self, path: str) -> str:
        """The path as other runs have it."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = "/".join(map(self._part, path.split("/")))
        return found

    def _part(self, part: str) -> str:
        for pattern, instead in _RANDOM:
            part = pattern.sub(instead, part)
        return _NUMBER.sub(lambda n: "PID" if n[0] in self._pids else n[0], part)
