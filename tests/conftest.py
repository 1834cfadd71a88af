"""The fixtures that all tests have. What they import by name is in tests/support.py."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from promises import promise
from support import ENGINES, HANG_S, TRACEES, Builder, Target, running
from tracefs import Kernel, kernel_calls

# In the background (nohup, `&` in a script) these are ignored, and would be by all that we start.
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def tracees(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return Builder(tmp_path_factory.mktemp("tracees"))


@pytest.fixture(scope="session")
def watch_works() -> None:
    code = "import fasttrace\nwith fasttrace.watch(): pass"
    if subprocess.run([sys.executable, "-c", code], capture_output=True).returncode:
        pytest.skip("a process may not trace its parent here")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "tracee" in metafunc.fixturenames:
        ran_by_name = ("endless", "enemy", "named")
        ending = [tracee for tracee in TRACEES if tracee.role not in ran_by_name]
        metafunc.parametrize("tracee", ending, ids=lambda t: t.name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """A test that fails says which promise it guards."""
    report = (yield).get_result()
    if report.failed and (promised := promise(item.path)):
        report.sections.append(("Promise", promised))


def _hangs(signum: int, frame: object) -> None:
    raise TimeoutError(f"a test has taken {HANG_S} s")


def _not_yet() -> None:
    signal.alarm(HANG_S)
    faulthandler.dump_traceback_later(2 * HANG_S, exit=True)


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[Callable[[], None]]:
    """A test that hangs fails; if it does not even take signals it ends the run. One that has come
    on says so by a call."""
    before = signal.signal(signal.SIGALRM, _hangs)
    _not_yet()
    yield _not_yet
    faulthandler.cancel_dump_traceback_later()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def reaps() -> Iterator[None]:
    """Programs that were let go end by themselves, and are our children still."""
    yield
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


@pytest.fixture
def run_tracee(tracees: Builder) -> Callable[[str], AbstractContextManager[Target]]:
    """`with run_tracee(name) as target`: for tracees of role "attach"."""
    return lambda name: running(tracees.command(name))


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """Who counts all system calls."""
    with kernel_calls() as counts:
        yield counts
