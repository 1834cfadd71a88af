"""The plugin of pytest: `pytest --fasttrace`, and the fixture `syscalls`. See docs/pytest.md.

Every run of pytest imports this where fasttrace is installed, so nothing of fasttrace is imported
but in functions that were asked for.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fasttrace.testing.block import Syscalls
    from fasttrace.testing.tables import Tests

_RUN = "fasttrace-run"
_EXPLAINS = "fasttrace-explains"
_TOP = 10


def _number_of_tests(text: str) -> int:
    """A type of an option."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tests")
    return int(text)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fasttrace", "system calls of tests")
    group.addoption(
        "--fasttrace",
        action="store_true",
        help="count the system calls of each test; at the end, the tests with the most",
    )
    group.addoption(
        "--fasttrace-json",
        metavar="FILE",
        help="write the counts of each test to FILE, as JSON; does what --fasttrace does, too",
    )
    group.addoption(
        "--fasttrace-top",
        type=_number_of_tests,
        default=_TOP,
        metavar="N",
        help=f"with --fasttrace: show N tests ({_TOP})",
    )
    group.addoption(
        "--fasttrace-engine",
        choices=("auto", "ptrace", "inline"),
        default="auto",
        help="how to trace: see fasttrace.watch",
    )


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("fasttrace_json")
    if file is not None:
        folder = Path(config.invocation_params.dir, file).parent
        if not folder.is_dir() or Path(folder, file).is_dir():
            raise pytest.UsageError(f"--fasttrace-json: {file!r} cannot be written")
    if file is not None or config.getoption("fasttrace"):
        config.pluginmanager.register(TracedRun(config), _RUN)


class TracedRun:
    """What is done under `--fasttrace`: in each process that runs tests, and where they are told.

    With pytest-xdist workers run the tests, and the controller tells.
    """

    def __init__(self, config: pytest.Config) -> None:
        from fasttrace.testing.phases import Phases
        from fasttrace.testing.tables import Tests
        from fasttrace.testing.whole_run import WholeRun

        self.run = WholeRun(config.getoption("fasttrace_engine"))
        self.phases = Phases()
        self.tests: Tests = Tests()
        self.outcomes: dict[str, str] = {}
        self.config = config
        self.written = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """While tests are collected the process that watches can start."""
        if not self.config.pluginmanager.hasplugin("dsession"):  # of xdist's controller
            self.run.prepare()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What is imported inside a test would be the test's."""
        if any("syscalls" in getattr(item, "fixturenames", ()) for item in session.items):
            import fasttrace.testing.block

            del fasttrace

    # Old-style wrappers: pytest 7 knows no others. The last ones are the innermost.
    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        may_call = self.phases.may_set_up(item)
        self.run.begin((item.nodeid, "setup"), may_call=may_call)
        yield
        self.run.end()

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        self.run.begin((item.nodeid, "call"))
        yield
        self.run.end()

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, None, None]:
        may_call = self.phases.may_tear_down(item, nextitem)
        self.run.begin((item.nodeid, "teardown"), may_call=may_call)
        yield
        self.run.end()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            failed_elsewhere = report.failed and report.when != "call"
            outcome: str = "error" if failed_elsewhere else report.outcome
            if hasattr(report, "wasxfail"):
                outcome = "xfailed" if report.skipped else "xpassed"
            self.outcomes[report.nodeid] = outcome

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self.run.is_ours:
            return  # the child of a test that has forked and gone on
        told = self.run.finish()
        if hasattr(self.config, "workerinput"):
            self.config.workeroutput["fasttrace"] = told  # type: ignore[attr-defined]
            return
        self.tests.add(told)
        file = self.config.getoption("fasttrace_json")
        if file is not None:
            self._write(Path(self.config.invocation_params.dir, file), session)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker of pytest-xdist has ended."""
        told = getattr(node, "workeroutput", {}).get("fasttrace")
        name = node.gateway.id
        if told is None:
            self.tests.problem(f"worker {name} has died, and with it the counts of its tests")
        else:
            self.tests.add(told, name)

    def _write(self, path: Path, session: pytest.Session) -> None:
        import json

        from fasttrace.errors import FasttraceError
        from fasttrace.system.new_file import NewFile, writing

        try:
            with NewFile(path) as file:
                with writing(path, closed_pipe=True):
                    file.write(f"{json.dumps(self.tests.to_dict(self.outcomes))}\n".encode())
                file.finish()
            self.written = str(path)
        except FasttraceError as error:
            self.tests.problem(str(error))
            if session.exitstatus == 0:
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        from fasttrace.testing.tables import lines

        if not self.run.is_ours:
            return
        terminal = terminalreporter
        terminal.section("fasttrace: system calls of tests")
        width = terminal._tw.fullwidth
        for line in lines(self.tests, self.config.getoption("fasttrace_top"), width):
            terminal.write_line(line)
        for problem in self.tests.problems:
            terminal.write_line(f"fasttrace: {problem}", yellow=True)
        if self.written:
            terminal.write_line(f"all of it: {self.written}")


class Explains:
    """What is done once a test has asked for the fixture: failed assertions tell which calls."""

    asked: pytest.StashKey[Syscalls] = pytest.StashKey()

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        from fasttrace.testing.block import Count

        counts = [one for one in (left, right) if isinstance(one, Count)]
        if not counts:
            return None
        used = counts[0].used
        # pytest cuts what is longer than 8 lines or 640 characters, but with -vv or in CI.
        return [f"{left} {op} {right}: calls of {used.set}", *used.told(3)]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, None]:
        report = (yield).get_result()
        fixture = item.stash.get(self.asked, None)
        if report.failed and report.when == "call" and fixture is not None and fixture.asked:
            used = fixture.asked
            report.sections.append((f"calls of {used.set}", "\n".join(used.told(40))))


@pytest.fixture
def syscalls(request: pytest.FixtureRequest) -> Syscalls:
    """The system calls of a block of the test, its threads and children.

    with syscalls() as s:
        work()
    assert not s.used("%network")
    assert s.calls["openat"] < 20

    A test is skipped where this process may not be traced.
    """
    from fasttrace.testing.block import Syscalls

    plugins = request.config.pluginmanager
    if not plugins.hasplugin(_EXPLAINS):
        plugins.register(Explains(), _EXPLAINS)
    traced = plugins.get_plugin(_RUN)
    fixture = Syscalls(None if traced is None else traced.run)
    why_not = fixture.why_not()
    if why_not:
        pytest.skip(f"fasttrace cannot watch this process: {why_not}")
    request.node.stash[Explains.asked] = fixture
    return fixture
