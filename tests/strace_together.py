"""Many programs under one strace, ours or its own, told apart: a run costs more than they do."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from strace_text import by_age, by_task
from support import FASTTRACE, TRACEES

# Those that make calls for their text alone.
TELLING = [tracee.name for tracee in TRACEES if tracee.name.startswith("tells_")]
_BORN = re.compile(r"(?:clone3?|v?fork)\(.*\) += (\w+)$")
_LIMIT_S = 120


def _ran(
    command: Sequence[str], options: Sequence[str], programs: list[list[str]], out: Path
) -> str:
    """What is written while the programs run one after the other."""
    script = "".join(f"{' '.join(program)}\n" for program in programs)
    done = subprocess.run(
        [*command, "-f", "-o", str(out), *options, "sh", "-c", script + "exit 0"],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return out.read_text()


def by_program(text: str, count: int) -> list[str]:
    """The lines of each program and its descendants, in the order in which they were started."""
    tasks = by_task(text)
    parents = {
        str(int(born[1], 0)): tid
        for tid, lines in tasks.items()
        for line in lines
        if (born := _BORN.match(line))
    }
    first, *others = by_age(tasks)
    children = [tid for tid in others if parents.get(tid) == first]
    assert len(children) == count, f"{len(children)} programs, not {count}"
    texts = dict.fromkeys(children, "")
    for tid in others:
        top = tid
        while parents[top] != first:
            top = parents[top]
        texts[top] += "".join(f"{tid} {line}\n" for line in tasks[tid])
    return list(texts.values())


class Together:
    """Runs all programs once for each tracer and each list of options.

    Args:
        programs: command lines.
        folder: where output goes.
    """

    def __init__(self, programs: list[list[str]], folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._texts: dict[tuple[str, ...], list[str]] = {}

    def texts(self, engine: str | None, *options: str) -> list[str]:
        """Of each program; engine: ours, or None: strace's own."""
        key = (engine or "", *options)
        if key not in self._texts:
            command = ["strace"]
            if engine is not None:
                command = [*FASTTRACE, "strace", "--engine", engine]
            out = self._folder / str(len(self._texts))
            self._texts[key] = by_program(
                _ran(command, options, self._programs, out), len(self._programs)
            )
        return self._texts[key]
