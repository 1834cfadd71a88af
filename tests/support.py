"""The tracees: small C programs, one behaviour each, built when a test asks for one.

A tracee is a file in tests/tracees/. The first comment says what it does and may hold lines like
`args: 200`: see `Tracee`. A test with the argument `tracee` runs once for each of them.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from compiled import compile_c

from fasttrace._core import inline_unusable

FOLDER = Path(__file__).parent / "tracees"

HANG_S = 60

# With an extension module under AddressSanitizer each interpreter that imports it has to preload
# the sanitizer, and nothing that is traced may: it would be another program.
SANITIZER = {name: os.environ.pop(name) for name in ("LD_PRELOAD",) if name in os.environ}

# The command line's.
FASTTRACE = [sys.executable, "-m", "fasttrace"]
if SANITIZER:
    FASTTRACE[1:] = [
        "-c",
        "import fasttrace._core, os, runpy; del os.environ['LD_PRELOAD'];"
        "runpy.run_module('fasttrace', run_name='__main__', alter_sys=True)",
    ]
    FASTTRACE[:0] = ["env", *(f"{name}={value}" for name, value in SANITIZER.items())]

# Those that work here.
ENGINES = ["ptrace"] + (["inline"] if inline_unusable() is None else [])

_LINUX = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
# How much a process or a thread costs is counted where the kernel has all that helps.
newest_kernels = pytest.mark.skipif(
    _LINUX < (6, 11),
    reason="before Linux 6.11 it takes more calls, before 6.4 more stops: docs/inline.md",
)
# Filters that refuse the prctl(2) by which tasks arm themselves before that.
since_6_4 = pytest.mark.skipif(_LINUX < (6, 4), reason="before Linux 6.4 it falls back")


@dataclass(frozen=True)
class Tracee:
    """args: what to run it with. compiler, build: and what to build it with. arch: runs only there.
    role: "attach": prints "ready" and runs until its stdin ends; "endless": until it is killed;
    "enemy": attacks whoever traces it, "named": neither; both run by name only.
    oracle: "no (why)": its calls differ from run to run. counted: "no (why)": the kernel does not
    count them all. restarts: "yes (why)": the kernel restarts calls without a word to anybody.
    traced: how it ends under a tracer, if not as without one."""

    name: str
    args: tuple[str, ...] = ()
    compiler: str = "gcc"
    build: tuple[str, ...] = ()
    arch: str = ""
    role: str = ""
    oracle: str = ""
    counted: str = ""
    restarts: str = ""
    traced: str = ""

    @classmethod
    def read(cls, source: Path) -> Tracee:
        comment = source.read_text().partition("*/")[0]
        head = dict(re.findall(r"^ \* (\w+): (.*)$", comment, re.M))
        return cls(
            name=source.stem,
            args=tuple(head.pop("args", "").split()),
            build=tuple(head.pop("build", "").split()),
            **head,
        )


TRACEES = [Tracee.read(source) for source in sorted(FOLDER.glob("*.c"))]


class Builder:
    """Builds each tracee once a session at most; skips the test where that cannot be done here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.why_not: dict[str, str] = {}

    def command(self, name: str, *args: str) -> list[str]:
        """The command line of a tracee, with its own arguments if none are given."""
        tracee = next(t for t in TRACEES if t.name == name)
        path = self.folder / name
        if name not in self.why_not:
            self.why_not[name] = self._build(tracee, path)
        if self.why_not[name]:
            pytest.skip(self.why_not[name])
        return [str(path), *(args or tracee.args)]

    @staticmethod
    def _build(tracee: Tracee, path: Path) -> str:
        if tracee.arch and tracee.arch != platform.machine():
            return f"{tracee.name} is for {tracee.arch}"
        if shutil.which(tracee.compiler) is None:
            return f"{tracee.compiler} is not installed"
        flags = ["-std=gnu11", "-O1", "-pthread", *tracee.build]
        source = FOLDER / f"{tracee.name}.c"
        built = compile_c([tracee.compiler, *flags], path, [source])
        if built.returncode == 0:
            return ""
        errors = [line for line in built.stderr.splitlines() if "error" in line]
        reason = (errors or built.stderr.splitlines())[0]
        if tracee.build or tracee.compiler != "gcc":
            return f"cannot build {tracee.name} here: {reason}"
        raise RuntimeError(built.stderr)


# The target's parent: not us, for a waitpid(2) of ours on a child that we also trace would take the
# stops that our tracer thread waits for. It says on stderr what waitpid(2) tells it.
PARENT = """
import os, sys
pid = os.fork()
if not pid:
    os.execvp(sys.argv[1], sys.argv[1:])
os.close(0)
os.close(1)
print(pid, file=sys.stderr)
while True:
    _, status = os.waitpid(pid, os.WUNTRACED | os.WCONTINUED)
    if os.WIFSTOPPED(status):
        print("stopped", file=sys.stderr)
    elif os.WIFCONTINUED(status):
        print("continued", file=sys.stderr)
    else:
        sys.exit(f"ended {os.waitstatus_to_exitcode(status)}")
"""


class Target:
    """A process to attach to, which says "ready" first and ends when its stdin does."""

    def __init__(self, command: list[str]) -> None:
        pipe = subprocess.PIPE
        self.args = command
        self.parent = subprocess.Popen(
            [sys.executable, "-ISc", PARENT, *command],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            bufsize=1,
        )
        assert self.parent.stdin
        assert self.parent.stdout
        assert self.parent.stderr
        self.stdin, self.stdout = self.parent.stdin, self.parent.stdout
        self.pid = int(self.parent.stderr.readline())
        assert self.stdout.readline() == "ready\n"

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def told(self) -> str:
        """The next that its parent hears of it: "stopped", "continued", "ended <exit status>"."""
        assert self.parent.stderr
        return self.parent.stderr.readline().strip()

    def end(self) -> tuple[str, str]:
        """What it still writes once its stdin ends, and the last that its parent hears."""
        output, told = self.parent.communicate()
        return output, told.splitlines()[-1]


@contextmanager
def running(command: list[str]) -> Iterator[Target]:
    target = Target(command)
    try:
        yield target
    finally:
        if target.parent.poll() is None:
            target.send_signal(signal.SIGKILL)
        target.parent.communicate()
