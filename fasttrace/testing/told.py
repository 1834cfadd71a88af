"""Calls as a failed assertion tells them: each once with how often, and the line that made it."""

from __future__ import annotations

import os
import sysconfig
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from fasttrace.data.calls import Call
from fasttrace.data.frames import Frame
from fasttrace.text.terminal import printable

_KEPT = 4096
"""So many different texts; more calls are only counted."""


def told(calls: Iterable[Call], pid: int, most: int) -> list[str]:
    """Lines such as ``2 x openat(AT_FDCWD, "x", O_RDONLY) = 3 at test_x.py:4 test_x``, in the order
    of their first calls, at most `most`, and one that says how many calls are left out.

    pid: of the process whose calls need not say whose they are.
    """
    seen: Counter[str] = Counter()
    for call in calls:
        text = line_of(call, pid)
        seen[text if text in seen or len(seen) < _KEPT else ""] += 1
    shown = [text for text in seen if text][:most]
    left = sum(seen.values()) - sum(seen[text] for text in shown)
    lines = [f"{seen[text]} x {text}" if seen[text] > 1 else text for text in shown]
    return [*lines, f"... and {left} more"] if left else lines


def line_of(call: Call, pid: int) -> str:
    """The call, who made it if not `pid`, and where that was in Python."""
    frame = of_tested_code(call.python)
    where = f" at {_shown(frame)}" if frame else ""
    whose = "" if call.pid == pid else f" by {call.comm or 'a child'} ({call.pid})"
    return printable(f"{call}{whose}{where}")


def of_tested_code(frames: tuple[Frame, ...]) -> Frame | None:
    """The innermost frame that is neither of the standard library nor of an installed package, if
    there is one; None: there are no frames.

    >>> of_tested_code((Frame("<frozen os>", 1, "walk"), Frame("app.py", 7, "load"))).line
    7
    """
    own = (frame for frame in frames if not _is_library(frame.file))
    return next(own, frames[0] if frames else None)


@lru_cache(maxsize=4096)
def _is_library(file: str) -> bool:
    if file.startswith("<"):
        return True
    parts = file.split("/")
    return "site-packages" in parts or "dist-packages" in parts or file.startswith(_library())


@lru_cache(maxsize=1)
def _library() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib")}
    # As the interpreter names its files, and where these are.
    return tuple(f"{one}/" for folder in folders for one in (folder, os.path.realpath(folder)))


def _shown(frame: Frame) -> str:
    here = f"{Path.cwd()}/"
    file = frame.file.removeprefix(here)
    return str(frame._replace(file=file))
