"""Promise: `pytest --fasttrace` counts each test's system calls as its own, whatever the test does,
and assertions on the fixture `syscalls` tell which calls, with what arguments, from which line."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ENGINES, FASTTRACE

pytest_plugins = ["pytester"]

PLUGIN = "fasttrace.testing.plugin"

may_watch = pytest.mark.usefixtures("watch_works")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugin but ours and those that a test names, whatever is installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    root = str(Path(importlib.util.find_spec("fasttrace").origin).parents[1])  # type: ignore[union-attr,arg-type]
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(
        *("-p", PLUGIN, "-p", "no:cacheprovider", "-W", "error"), *options, timeout=50
    )


def counts(file: Path, name: str) -> dict[str, tuple[str, dict[str, int]]]:
    """Of each test the outcome, and how often it called this in each phase."""
    found = {}
    for test in json.loads(file.read_text())["tests"]:
        phases = {
            phase: told["syscalls"].get(name, {"calls": 0})["calls"]
            for phase, told in test["phases"].items()
        }
        found[test["nodeid"].partition("::")[2]] = test["outcome"], phases
    return found


def phases(setup: int, call: int, teardown: int) -> dict[str, int]:
    return {"setup": setup, "call": call, "teardown": teardown}


def test_a_run_that_does_not_ask_imports_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys
        def test_modules():
            ours = {name for name in sys.modules if name.startswith("fasttrace")}
            assert ours == {"fasttrace", "fasttrace.testing", "fasttrace.testing.plugin"}
            assert "numpy" not in sys.modules
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_the_entry_point_is_this_plugin() -> None:
    """As installed from here; an older installation knows nothing of it."""
    project = Path(__file__).parents[2] / "pyproject.toml"
    section = r"^\[project.entry-points.pytest11\]\n(\w+) = \"(.*)\"$"
    found = re.search(section, project.read_text(), re.M)
    assert found is not None
    assert found.groups() == ("fasttrace", PLUGIN)
    assert importlib.util.find_spec(found[2]) is not None


MANY = """
import os, subprocess, sys, threading
import pytest

def ask(count):
    for _ in range(count):
        os.getppid()

@pytest.fixture
def asking():
    ask(7)
    yield
    ask(5)

def test_plain():
    ask(3)

def test_with_fixture(asking):
    ask(2)

def test_nothing():
    pass

def test_in_a_thread():
    thread = threading.Thread(target=ask, args=[11])
    thread.start()
    thread.join()

def test_in_a_child():
    code = "import os\\nfor _ in range(13): os.getppid()"
    subprocess.run([sys.executable, "-Sc", code], check=True)

def test_in_a_fork():
    pid = os.fork()
    if not pid:
        ask(17)
        os._exit(0)
    os.waitpid(pid, 0)
    ask(1)

def test_that_fails(asking):
    ask(4)
    assert False

@pytest.mark.skip
def test_that_is_skipped():
    pass

@pytest.mark.xfail
def test_that_is_expected_to_fail():
    ask(6)
    assert False

class TestUnit:
    def test_method(self):
        ask(8)
"""
MANY_COUNTED = {
    "test_plain": ("passed", phases(0, 3, 0)),
    "test_with_fixture": ("passed", phases(7, 2, 5)),
    "test_nothing": ("passed", phases(0, 0, 0)),
    "test_in_a_thread": ("passed", phases(0, 11, 0)),
    "test_in_a_child": ("passed", phases(0, 13, 0)),
    "test_in_a_fork": ("passed", phases(0, 18, 0)),
    "test_that_fails": ("failed", phases(7, 4, 5)),
    "test_that_is_skipped": ("skipped", {"setup": 0, "teardown": 0}),
    "test_that_is_expected_to_fail": ("xfailed", phases(0, 6, 0)),
    "TestUnit::test_method": ("passed", phases(0, 8, 0)),
}


@may_watch
@pytest.mark.parametrize("engine", ENGINES)
def test_each_test_has_its_own_calls(pytester: pytest.Pytester, engine: str) -> None:
    pytester.makepyfile(MANY)
    done = run(pytester, "--fasttrace-json", "x.json", "--fasttrace-engine", engine, "--tb=no")
    done.assert_outcomes(passed=7, failed=1, skipped=1, xfailed=1)
    assert counts(pytester.path / "x.json", "getppid") == MANY_COUNTED
    text = done.stdout.str()
    assert f"engine {engine}" in text
    assert re.search(r"^10 tests made [\d,]+ calls, [\d,]+ failed, .* in calls", text, re.M)
    tables = text.partition("system calls of tests")[2].partition("all of it:")[0]
    assert 80 < max(map(len, tables.splitlines())) <= 100


@may_watch
def test_workers_of_xdist_tell_the_controller(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(MANY)
    done = run(pytester, "-p", "xdist.plugin", "-n2", "--fasttrace-json", "x.json", "--tb=no")
    done.assert_outcomes(passed=7, failed=1, skipped=1, xfailed=1)
    assert counts(pytester.path / "x.json", "getppid") == MANY_COUNTED
    assert "10 tests made" in done.stdout.str()


@may_watch
def test_a_worker_that_dies_is_told_of(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile("import os\ndef test_dies():\n    os._exit(1)\n")
    done = run(pytester, "-p", "xdist.plugin", "-n1", "--fasttrace")
    assert "fasttrace: worker gw0 has died, and with it the counts of its tests" in done.outlines


@may_watch
def test_coverage_and_timeouts_go_with_it(pytester: pytest.Pytester) -> None:
    """A timeout that strikes in the middle of a test, too; and no capturing."""
    for plugin in ("pytest_cov", "pytest_timeout"):
        pytest.importorskip(plugin)
    pytester.makepyfile(
        app="import os\ndef ask():\n    os.getppid()\n",
        test_it="""
        import app, os, signal, pytest
        def test_covered():
            app.ask()
        @pytest.mark.timeout(3600, method="signal")
        def test_too_long(syscalls):
            with syscalls() as s:
                app.ask()
                os.kill(os.getpid(), signal.SIGALRM)  # it has struck
        def test_after(syscalls):
            with syscalls() as s:
                app.ask()
            assert s.calls["getppid"] == 1
        """,
    )
    options = ("-s", "--cov=app", "--cov-report=term", "--fasttrace-json", "x.json", "--tb=short")
    done = run(pytester, "-p", "pytest_cov.plugin", "-p", "pytest_timeout", *options)
    done.assert_outcomes(passed=2, failed=1)
    assert re.search(r"^app.py\s+3\s+0\s+100%", done.stdout.str(), re.M)
    found = counts(pytester.path / "x.json", "getppid")
    assert {name: told[1]["call"] for name, told in found.items()} == {
        "test_covered": 1,
        "test_too_long": 1,
        "test_after": 1,
    }


def left_behind(folder: Path) -> list[Path]:
    return list(folder.glob("fasttrace-*"))


@may_watch
def test_a_test_that_ends_the_process_leaves_nothing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The process that watches takes its folder away, and says that it is through by closing what
    it has of our pipe."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    pytester.makepyfile(
        """
        import os
        def test_ends(capfd):
            from fasttrace.tracing import watching
            with capfd.disabled():
                print("WATCHER", watching._watcher.pid, flush=True)
            os._exit(3)
        """
    )
    done = run(pytester, "--fasttrace", "-s")
    assert done.ret == 3
    watcher = int(re.search(r"WATCHER (\d+)", done.stdout.str())[1])  # type: ignore[index]
    try:
        fd = os.pidfd_open(watcher)
    except ProcessLookupError:
        pass
    else:
        import select

        assert select.select([fd], [], [], 50)[0]  # readable when it has ended
        os.close(fd)
    assert left_behind(tmp_path) == []


@may_watch
def test_a_child_that_goes_on_tells_nothing(pytester: pytest.Pytester) -> None:
    """A forked child that returns from the test runs the rest of the session, too."""
    pytester.makepyfile(
        """
        import os
        def test_forks():
            pid = os.fork()
            if pid:
                os.waitpid(pid, 0)
        def test_after():
            os.getppid()
        """
    )
    done = run(pytester, "--fasttrace-json", "x.json")
    assert done.stdout.str().count("tests made") == 1
    assert counts(pytester.path / "x.json", "getppid")["test_after"] == (
        "passed",
        phases(0, 1, 0),
    )


@may_watch
def test_who_closes_all_that_is_open_is_named(pytester: pytest.Pytester) -> None:
    """What is opened in the place of our descriptor is neither written to nor closed."""
    pytester.makepyfile(
        """
        import os
        def test_before():
            os.getppid()
        def test_closes(tmp_path):
            from fasttrace.tracing import watching
            fd = watching._watcher.fd
            os.close(fd)
            file = os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
            assert file == fd
            test_closes.fd = fd
        def test_after():
            assert os.fstat(test_closes.fd).st_size == 0
        """
    )
    done = run(pytester, "--fasttrace-json", "x.json", "-s")
    done.assert_outcomes(passed=3)
    told = [line for line in done.outlines if line.startswith("fasttrace: ")]
    assert told == [
        "fasttrace: the connection to the process that watches this one has been closed; watch()"
        " again: that was in test_who_closes_all_that_is_open_is_named.py::test_closes (call)"
    ]


@may_watch
def test_what_it_costs_a_test_is_six_calls(pytester: pytest.Pytester) -> None:
    """However many tests there are: one process that watches, one start and one end."""
    pytester.makeconftest(
        """
        from fasttrace.tracing import watching
        from fasttrace.tracing.counting import CountingWatch
        marks, asked = [], []
        def noting(list, name, of=watching._Watcher):
            was = getattr(of, name)
            def noted(self, *what):
                list.extend(what or [None])
                return was(self, *what)
            setattr(of, name, noted)
        noting(marks, "mark")
        noting(marks, "pause")
        noting(marks, "_wake", CountingWatch)
        noting(asked, "ask")
        def pytest_terminal_summary():
            print("MARKS", len(marks), [one["do"] for one in asked])
        """
    )
    pytester.makepyfile(
        "import pytest\n@pytest.mark.parametrize('n', range(50))\ndef test_small(n): pass\n"
    )
    done = run(pytester, "--fasttrace")
    assert "MARKS 300 ['start', 'end']" in done.outlines
    # Without fixtures nothing is before and after a test but the first and last of a module.
    plain = "\n".join(f"def test_{n}(): pass" for n in range(50))
    pytester.path.joinpath("test_plain.py").write_text(f"{plain}\n")
    done = run(pytester, "--fasttrace", "test_plain.py")
    marks = 106 if pytest.version_tuple >= (8,) else 300  # nose.py of pytest 7 has a part in all
    assert f"MARKS {marks} ['start', 'end']" in done.outlines


HELD = """
import os
import pytest

def ask(count):
    for _ in range(count):
        os.getppid()

def test_first():
    ask(1)

def test_plain():
    ask(2)

@pytest.mark.skipif("__import__('os').getppid() == 0", reason="asked before")
def test_with_a_condition():
    pass

def test_adds_what_is_done_after_it(request):
    request.addfinalizer(lambda: ask(3))

def test_done_after_by_conftest():
    pass

class TestGroup:
    @classmethod
    def teardown_class(cls):
        ask(9)

    def setup_method(self):
        ask(4)

    def test_of_it(self):
        ask(5)

def test_last():
    ask(6)

def teardown_module():
    ask(7)
"""
HELD_COUNTED = {
    "test_first": phases(0, 1, 0),
    "test_plain": phases(0, 2, 0),
    "test_with_a_condition": phases(1, 0, 0),
    "test_adds_what_is_done_after_it": phases(0, 0, 3),
    "test_done_after_by_conftest": phases(0, 0, 8),
    "TestGroup::test_of_it": phases(4, 5, 9),
    "test_last": phases(0, 6, 7),
}


@may_watch
def test_what_runs_before_and_after_a_test_is_watched(pytester: pytest.Pytester) -> None:
    """Whoever asks for it: a condition, a fixture, a class, the module, conftest.py."""
    pytester.makeconftest(
        """
        import os
        import pytest
        @pytest.hookimpl(hookwrapper=True)
        def pytest_pyfunc_call(pyfuncitem):
            yield
            if pyfuncitem.name == "test_done_after_by_conftest":
                pyfuncitem.addfinalizer(lambda: [os.getppid() for _ in range(8)])
        """
    )
    pytester.makepyfile(test_held=HELD)
    done = run(pytester, "--fasttrace-json", "x.json")
    done.assert_outcomes(passed=7)
    found = counts(pytester.path / "x.json", "getppid")
    assert {name: told for name, (_, told) in found.items()} == HELD_COUNTED
    assert list(found) == list(HELD_COUNTED)
    # A part of conftest.py's in the phases.
    pytester.path.joinpath("conftest.py").write_text(
        "import os\ndef pytest_runtest_setup(item): os.getppid()\n"
        "def pytest_runtest_teardown(item): os.getppid(), os.getppid()\n"
    )
    pytester.path.joinpath("test_held.py").write_text("def test_a(): pass\ndef test_b(): pass\n")
    run(pytester, "--fasttrace-json", "x.json").assert_outcomes(passed=2)
    found = counts(pytester.path / "x.json", "getppid")
    assert {name: told for name, (_, told) in found.items()} == {
        "test_a": phases(1, 0, 2),
        "test_b": phases(1, 0, 2),
    }


@may_watch
@pytest.mark.parametrize("engine", ENGINES)
def test_between_tests_only_others_are_traced(pytester: pytest.Pytester, engine: str) -> None:
    """Under ptrace the thread that runs tests is not stopped there, whatever signals it has blocked
    or handles; what it starts there is, and it is itself again from a test's first call on."""
    pytester.makeconftest(
        """
        import os, signal, threading
        stops, got, go, children = [], [], threading.Event(), []
        def stopped():
            from pathlib import Path
            status = Path("/proc/self/status").read_text()
            return int(status.partition("\\nvoluntary_ctxt_switches:")[2].split()[0])
        def pytest_sessionstart():
            signal.signal(signal.SIGWINCH, lambda *_: got.append(1))
        def pytest_runtest_logreport(report):
            if report.when == "call":
                was = stopped()
                for _ in range(100):
                    os.getppid()
                stops.append(stopped() - was)
            if report.when == "setup" and "by_others" in report.nodeid:
                ready, done = os.pipe(), os.pipe()
                pid = os.fork()
                if not pid:
                    os.read(ready[0], 1)
                    for _ in range(5):
                        os.getppid()
                    os._exit(0)
                def body():
                    go.wait()
                    for _ in range(7):
                        os.getppid()
                thread = threading.Thread(target=body)
                thread.start()
                children.append((pid, ready[1], thread))
        def pytest_terminal_summary():
            print("STOPS", max(stops), "SIGNALS", len(got))
        """
    )
    pytester.makepyfile(
        """
        import os, signal
        import conftest
        def test_plain():
            os.getppid()
        def test_by_others():
            pid, fd, thread = conftest.children[0]
            os.write(fd, b"x")
            os.waitpid(pid, 0)
            conftest.go.set()
            thread.join()
        def test_blocks():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
            os.getppid()
        def test_blocked():
            for _ in range(2):
                os.getppid()
        def test_unblocks():
            assert conftest.got == []
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGWINCH])
            for _ in range(3):
                os.getppid()
        def test_gets_its_own():
            signal.raise_signal(signal.SIGWINCH)
            assert conftest.got == [1]
            os.kill(os.getpid(), signal.SIGWINCH)
            assert conftest.got == [1, 1]
            for _ in range(4):
                os.getppid()
        """
    )
    done = run(pytester, "--fasttrace-json", "x.json", "--fasttrace-engine", engine)
    done.assert_outcomes(passed=6)
    found = counts(pytester.path / "x.json", "getppid")
    assert {name: told[1] for name, told in found.items()} == {
        "test_plain": phases(0, 1, 0),
        "test_by_others": phases(0, 12, 0),
        "test_blocks": phases(0, 1, 0),
        "test_blocked": phases(0, 2, 0),
        "test_unblocks": phases(0, 3, 0),
        "test_gets_its_own": phases(0, 4, 0),
    }
    masks = counts(pytester.path / "x.json", "rt_sigprocmask")
    assert masks["test_blocked"][1] == phases(0, 0, 0)
    told = re.search(r"STOPS (\d+) SIGNALS (\d+)", done.stdout.str())
    assert told is not None
    assert int(told[1]) < 50
    assert told[2] == "2"


@may_watch
@pytest.mark.parametrize("moment", ["pause", "paused", "wake", "woken"])
def test_a_signal_at_any_moment_costs_no_other_test_its_counts(
    pytester: pytest.Pytester, moment: str
) -> None:
    """A handler that raises where our own marks are made, as that of a timeout may. Where it keeps
    pytest from the teardown that has begun, the next setup fails for that."""
    pytester.makeconftest(
        """
        import signal
        from fasttrace.tracing import watching
        class Struck(Exception): pass
        moments = []
        def striking(of, name, before, behind):
            was = getattr(of, name)
            def struck(*what):
                if moments == [before]:
                    moments.clear()
                    raise Struck
                answer = was(*what)
                if moments == [behind]:
                    moments.clear()
                    raise Struck
                return answer
            setattr(of, name, struck)
        striking(watching._Watcher, "pause", "pause", "paused")
        striking(signal, "pthread_sigmask", "wake", None)
        striking(signal, "raise_signal", None, "woken")
        """
    )
    pytester.makepyfile(
        f"""
        import os
        import pytest
        import conftest
        def test_before():
            os.getppid()
        @pytest.mark.parametrize("its_teardown_is_watched", [True])
        def test_strikes(its_teardown_is_watched):
            os.getppid()
            conftest.moments.append("{moment}")
        @pytest.mark.parametrize("n", range(3))
        def test_after(n):
            assert conftest.moments == []
            os.getppid()
        """
    )
    options = ("--fasttrace-json", "x.json", "--fasttrace-engine", "ptrace", "--tb=short")
    done = run(pytester, *options)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    assert "Struck" in done.stdout.str()
    found = counts(pytester.path / "x.json", "getppid")
    assert all(
        found[name] == ("passed", phases(0, 1, 0))
        for name in ("test_before", "test_after[1]", "test_after[2]")
    )
    assert "setup" in found["test_after[0]"][1]
    if moment in ("pause", "paused"):
        assert "teardown" in found["test_strikes[True]"][1]


@may_watch
def test_without_who_watches_no_test_gets_a_signal_of_ours(pytester: pytest.Pytester) -> None:
    """Tests run on, and the end says that there are no counts."""
    pytester.makepyfile(
        """
        import os, select, signal
        import pytest
        got = []
        def test_kills():
            from fasttrace.tracing import watching
            signal.signal(signal.SIGWINCH, lambda *_: got.append(1))
            fd = os.pidfd_open(watching._watcher.pid)
            signal.pidfd_send_signal(fd, signal.SIGKILL)
            assert select.select([fd], [], [], 50)[0]
        @pytest.mark.parametrize("n", range(3))
        def test_after(n):
            assert got == []
        """
    )
    done = run(pytester, "--fasttrace", "--fasttrace-engine", "ptrace")
    done.assert_outcomes(passed=4)
    assert "fasttrace: the process that watches this one has ended; watch() again" in done.outlines


ASSERTIONS = """
import os, socket, subprocess, sys

def reads(path):
    for _ in range(25):
        open(path).close()

def test_count(syscalls):
    with syscalls() as s:
        reads("/etc/passwd")
    assert s.calls["openat"] < 20

def test_used(syscalls):
    with syscalls() as s:
        socket.socket().close()
    assert not s.used("%network")

def test_child(syscalls):
    with syscalls() as s:
        subprocess.run([sys.executable, "-Sc", "import os; os.mkdir('made-by-child')"])
    assert s.calls["mkdir"] == 0

def test_right(syscalls):
    with syscalls() as s:
        os.getppid()
    assert not s.used("%network")
    assert s.calls["getppid"] == 1 == len(s.used("getppid"))
    assert dict(s.calls) == {"getppid": 1}
    assert s.total_calls == 1
    assert s.used("getppid") and [call.name for call in s.used("getppid")] == ["getppid"]

def test_misspelt(syscalls):
    with syscalls() as s:
        pass
    assert s.calls["opennat"] == 0

def test_too_early(syscalls):
    with syscalls() as s:
        assert s.total_calls == 0
"""


@may_watch
@pytest.mark.parametrize("options", [(), ("--fasttrace-json", "x.json")])
def test_failed_assertions_tell_the_calls(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    """With and without --fasttrace."""
    pytester.makepyfile(test_it=ASSERTIONS)
    done = run(pytester, *options)
    done.assert_outcomes(passed=1, failed=5)
    opened = r'25 x openat\(AT_FDCWD, "/etc/passwd", O_RDONLY\|O_CLOEXEC\) = \d+'
    done.stdout.re_match_lines(
        [
            r"E +assert 25 < 20: calls of openat",
            rf"E +{opened} at test_it.py:5 reads",
            r"-+ calls of openat -+",
            rf"{opened} at test_it.py:5 reads",
            r"E +AssertionError: assert not <1 call of '%network', the first: socket\(AF_INET, .*",
            r"-+ calls of %network -+",
            r"socket\(AF_INET, .*\) = \d+ at test_it.py:14 test_used",
            r"E +assert 1 == 0: calls of mkdir",
            r'E +mkdir\("made-by-child", 0777\) = 0 by python.* \(\d+\) at <string>:1 <module>',
            r"E +fasttrace.errors.SelectionError: unknown system call 'opennat': did you mean .*",
            r"E +ValueError: what was watched is known when the block has been left",
        ]
    )
    if options:
        found = counts(pytester.path / "x.json", "getppid")
        assert found["test_right"] == ("passed", phases(0, 1, 0))
        opened_by = counts(pytester.path / "x.json", "openat")["test_count"]
        assert opened_by[1]["call"] >= 25


@may_watch
def test_a_misspelt_name_is_told_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_count(syscalls):
            with syscalls() as s:
                pass
            s.calls["opennat"]
        def test_used(syscalls):
            with syscalls() as s:
                pass
            s.used("%nothing")
        """
    )
    done = run(pytester)
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(['>       s.calls["opennat"]', "E  *SelectionError: *mean openat*"])
    done.stdout.fnmatch_lines(['>       s.used("%nothing")', "E  *SelectionError: *%nothing*"])
    done.stdout.no_fnmatch_line("*block.py:*")
    done = run(pytester, "--fasttrace", "--fasttrace-top", "-3")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*--fasttrace-top: '-3' is no number of tests"])


@may_watch
def test_what_waits_already_is_no_call_of_a_block(pytester: pytest.Pytester) -> None:
    """A thread that waits in accept4 is stopped to be traced, and begins its call anew."""
    pytester.makepyfile(
        """
        import pathlib, socket, threading
        def test_nothing(syscalls):
            server = socket.create_server(("127.0.0.1", 0))
            thread = threading.Thread(target=lambda: server.accept()[0].close())
            thread.start()
            task = f"/proc/self/task/{thread.native_id}/syscall"
            while not pathlib.Path(task).read_text().startswith("288 "):  # accept4
                pass
            with syscalls() as s:
                pass
            assert not s.used("all"), s.used("all")
            with syscalls() as s:
                socket.create_connection(server.getsockname()).close()
                thread.join()
            assert s.calls["connect"] == 1
            assert s.calls["accept4"] == 0
            server.close()
        """
    )
    run(pytester).assert_outcomes(passed=1)


def test_where_nothing_may_be_traced_tests_run(pytester: pytest.Pytester) -> None:
    """A process has one tracer: under another one there is none for it. One warning; tests that ask
    for the fixture are skipped, for what they assert cannot be known."""
    pytester.makepyfile(
        """
        def test_one(): pass
        def test_two(): pass
        def test_three(syscalls): assert False
        """
    )
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider", "-rs"]
    for option in ([], ["--fasttrace"]):
        done = pytester.run(
            *(*FASTTRACE, "summary", "-o", os.devnull, *command, *option), timeout=50
        )
        done.assert_outcomes(passed=2, skipped=1)
        reason = "fasttrace cannot watch this process: .* is already traced"
        assert len(re.findall(reason, done.stdout.str())) == 1
        told = [line for line in done.outlines if line.startswith("fasttrace: ")]
        assert len(told) == len(option)
        assert all("tests ran untraced" in line for line in told)


def test_a_file_that_cannot_be_written_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one(): pass\n")
    for file in ("missing/x.json", "."):
        done = run(pytester, "--fasttrace-json", file)
        assert done.ret == pytest.ExitCode.USAGE_ERROR
        assert f"--fasttrace-json: '{file}' cannot be written" in done.stderr.str()


@may_watch
def test_a_full_disk_fails_the_run(pytester: pytest.Pytester) -> None:
    """But not the tests."""
    pytester.makepyfile("def test_one(): pass\n")
    done = run(pytester, "--fasttrace-json", "/dev/full")
    done.assert_outcomes(passed=1)
    assert done.ret == pytest.ExitCode.INTERNAL_ERROR
    assert "fasttrace: cannot write /dev/full: the disk is full; free some space" in done.outlines


def told_by(file: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.read_text())
    return told


@may_watch
def test_a_run_of_no_tests_says_so(pytester: pytest.Pytester) -> None:
    done = run(pytester, "--fasttrace-json", "x.json")
    assert done.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert told_by(pytester.path / "x.json")["tests"] == []
    assert "no tests were run" in done.outlines
