"""The tracees: small C programs, one behaviour each, built when a test asks for one.

A tracee is a file in tests/tracees/. The first comment says what it does and may hold lines like
`args: 200`: see `Tracee`. A test with the argument `tracee` runs once for each of them.
"""

from __future__ import annotations

import faulthandler
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "tracees"

# A test that hangs would hang the whole run: end it, with a traceback of every thread.
HANG_S = 120


@dataclass(frozen=True)
class Tracee:
    """args: what to run it with. compiler, build: and what to build it with. arch: runs only there.
    role: "attach": prints "ready" and runs until its stdin ends. oracle: "no (why)": its calls
    differ from run to run. traced: how it ends under a tracer, if not as without one."""

    name: str
    args: tuple[str, ...] = ()
    compiler: str = "gcc"
    build: tuple[str, ...] = ()
    arch: str = ""
    role: str = ""
    oracle: str = ""
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
    """Builds each tracee once a session; skips the test where that cannot be done here."""

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
        built = subprocess.run(
            [tracee.compiler, *flags, "-o", path, source], capture_output=True, text=True
        )
        if built.returncode == 0:
            return ""
        errors = [line for line in built.stderr.splitlines() if "error" in line]
        reason = (errors or built.stderr.splitlines())[0]
        if tracee.build or tracee.compiler != "gcc":
            return f"cannot build {tracee.name} here: {reason}"
        raise RuntimeError(built.stderr)


@pytest.fixture(scope="session")
def tracees(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return Builder(tmp_path_factory.mktemp("tracees"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "tracee" in metafunc.fixturenames:
        metafunc.parametrize("tracee", TRACEES, ids=lambda t: t.name)


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    faulthandler.dump_traceback_later(HANG_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A tracee of role "attach", ready; ends when its stdin is closed, at the latest here."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            if process.poll() is None:
                os.kill(process.pid, 18)  # SIGCONT: one that is left stopped would never end
            process.kill()


@pytest.fixture
def run_tracee(tracees: Builder):
    """`with run_tracee(name) as process`: see `running`."""
    return lambda name: running(tracees.command(name))
