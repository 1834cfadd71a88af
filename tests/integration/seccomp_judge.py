"""Asks the kernel what a filter does to calls: see tests/tracees/seccomp_judge.c."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from fasttrace.seccomp.filter.compile import Compiled
from fasttrace.seccomp.filter.interpret import Verdict

_NAME = "shared/data/docker-default-seccomp.json"
_PLACES = [Path(__file__).parents[3] / _NAME, Path("/work") / _NAME]
DOCKER = next((path for path in _PLACES if path.exists()), _PLACES[0])
"""Docker's default profile, which stands beside the repository."""

X86_64, I386 = 0xC000003E, 0x40000003
GETPPID = {"p": 110, "t": 110, "i": 64}
"""A call that ignores its arguments, so that they may be anything, and does no harm."""

# uretprobe and uprobe: the kernel's own code makes them, and no filter is asked (Linux 6.18). For
# others they end in SIGILL and ENXIO.
UNASKED = (("p", 335), ("p", 336))

Job = tuple[str, int, Sequence[int]]
"""Mode, number, arguments."""


def predicted(compiled: Compiled, job: Job) -> Verdict:
    mode, nr, args = job
    return compiled.program.run(nr, I386 if mode == "i" else X86_64, args)


def line(job: Job) -> str:
    mode, nr, args = job
    words = [*args, 0, 0, 0, 0, 0, 0][:6]
    return " ".join([mode, *(f"{word:x}" for word in (nr, *words))]) + "\n"


def looks_like(verdict: Verdict, mode: str, result: str) -> str:
    """How the judge must tell of a verdict; result: of a call that is let through."""
    if verdict.action == "ERRNO":
        return f"ret {-min(verdict.data, 4095)}"
    if verdict.action in ("TRACE", "NOTIFY"):
        return f"ret {-errno.ENOSYS}"  # nobody is there to answer
    if verdict.action == "TRAP":
        return f"trap {verdict.data}"
    if verdict.action == "KILL_THREAD" and mode == "t":
        return "thread"
    if verdict.action.startswith("KILL"):
        return "killed 31"
    return result


class Judge:
    def __init__(self, command: list[str], folder: Path) -> None:
        self.command = command
        self.folder = folder

    def ask(self, cases: Iterable[tuple[Compiled, Iterable[Job]]]) -> tuple[int, list[str]]:
        """The judge's pid, which is the parent's of all that call, and an answer for each job."""
        text = ""
        for i, (compiled, jobs) in enumerate(cases):
            path = self.folder / f"{i}.bpf"
            path.write_bytes(compiled.code)
            text += f"filter {path}\n" + "".join(map(line, jobs))
        return self.tell(text)

    def tell(self, text: str) -> tuple[int, list[str]]:
        """`ask`, in the judge's own words."""
        pipe = subprocess.PIPE
        judge = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, text=True)
        output, _ = judge.communicate(text)
        assert judge.returncode == 0
        return judge.pid, output.splitlines()
