"""Promise: what cannot be meant is refused at once, with a ValueError that says what was expected,
before a command is started or a folder made."""

from __future__ import annotations

import errno
import math
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

import fasttrace
from fasttrace import errors
from fasttrace.seccomp.generation.observed import ObservedCalls
from fasttrace.system import diagnosis, files
from fasttrace.tracing.command import Command

NO_TIMES = [-1, -0.001, math.nan, -math.inf]


@pytest.fixture
def started(tmp_path: Path) -> list[str]:
    """A command that leaves a trace of having run."""
    return ["touch", str(tmp_path / "started")]


@pytest.mark.parametrize("duration", NO_TIMES)
@pytest.mark.parametrize("what", ["summary", "trace", "record"])
def test_a_duration_is_a_number_of_seconds(
    tmp_path: Path, started: list[str], what: str, duration: float
) -> None:
    options = {"path": tmp_path / "x.fst"} if what == "record" else {}
    with pytest.raises(ValueError, match="a duration is a number of seconds, 0 or more"):
        getattr(fasttrace, what)(started, duration=duration, **options)
    assert not list(tmp_path.iterdir())


def test_a_duration_longer_than_the_clock() -> None:
    assert fasttrace.summary(["true"], duration=math.inf).exit_status == 0
    assert fasttrace.summary(["true"], duration=1e300).exit_status == 0


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            {"capture": "everything"},
            "unknown capture 'everything': one of environments, all, paths, none",
        ),
        ({"string_limit": 0}, "a string limit is 1 to 32768 bytes, not 0"),
        ({"string_limit": 32769}, "a string limit is 1 to 32768 bytes, not 32769"),
    ],
)
def test_what_is_captured_is_something_that_can_be(
    tmp_path: Path, started: list[str], option: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fasttrace.trace(started, **option)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("timeout", NO_TIMES)
@pytest.mark.parametrize("use", ["read", "wait", "run"])
def test_a_timeout_is_a_number_of_seconds(use: str, timeout: float) -> None:
    with (
        fasttrace.Tracer(["true"]) as tracer,
        pytest.raises(ValueError, match="a timeout is a number of seconds, 0 or more"),
    ):
        getattr(tracer, use)(timeout)


def test_timeouts_longer_than_the_clock() -> None:
    with fasttrace.Tracer(["true"], events=False) as tracer:
        assert tracer.wait(math.inf)
        assert tracer.wait(1e300)


@pytest.mark.parametrize("by", ["x", "", "abi", 5])
def test_counts_are_by_pid_or_comm(started: list[str], tmp_path: Path, by: object) -> None:
    with pytest.raises(ValueError, match='by "pid" or "comm"'):
        fasttrace.summary(started, by=by)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("pid", [0, -1, pytest.param(-os.getpid(), id="group"), 1 << 31, 1 << 80])
def test_a_pid_without_process_is_refused(pid: int) -> None:
    with pytest.raises(ProcessLookupError, match="there is no process"):
        fasttrace.Tracer(pid=pid).start()


@pytest.mark.parametrize(
    "option",
    [
        {"cwd": "/"},
        {"env": {}},
        {"stdin": 0},
        {"stdout": 1},
        {"stderr": 2},
        {"executable": "/bin/true"},
        {"results": False},
        {"seccomp": "x.json"},
    ],
    ids=str,
)
def test_what_is_for_commands_only(option: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="for a command"):
        fasttrace.Tracer(pid=os.getppid(), **option)  # type: ignore[arg-type]


def test_on_error_takes_its_words_only() -> None:
    with fasttrace.Tracer(["true"]) as tracer, pytest.raises(ValueError, match="not 'x'"):
        tracer.run(on_error="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("env", [{"": "x"}, {"A=B": "x"}, {"A\0": "x"}, {"A": "x\0y"}], ids=str)
def test_an_impossible_environment_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"environment|null byte"):
        Command(["true"], env=env)


@pytest.mark.parametrize("argv", [[], ["a\0b"], "a\0b", ["true", "\0"]], ids=repr)
def test_an_impossible_command_is_refused(argv: list[str] | str) -> None:
    with pytest.raises(ValueError, match=r"argv is empty|null byte"):
        Command(argv)


def test_an_impossible_profile_is_not_generated() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        ObservedCalls(-1)
    from fasttrace.seccomp.generation.generated import from_observed

    for action, number in [
        ("SCMP_ACT_ERRNO", -1),
        ("SCMP_ACT_ERRNO", 4096),
        ("SCMP_ACT_KILL_PROCESS", 1),
        ("SCMP_ACT_NONSENSE", None),
    ]:
        with pytest.raises(errors.ProfileError):
            from_observed(ObservedCalls(), default_action=action, errno_ret=number)


def unsearchable(tmp_path: Path) -> Path:
    """A path that only root may look at."""
    folder = tmp_path / "locked"
    folder.mkdir()
    path = folder / "program"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    folder.chmod(0)
    return path


def test_a_folder_that_may_not_be_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = unsearchable(tmp_path)
    real = os.stat

    def refused(given: object, **options: object) -> os.stat_result:
        if str(given) == str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(given))
        return real(given, **options)  # type: ignore[arg-type]

    if os.geteuid() == 0:  # whom nothing is locked for
        monkeypatch.setattr(os, "stat", refused)
    assert files.look(path) is None
    error = diagnosis.spawn_error(str(path), errno.EACCES, "exec")
    assert isinstance(error, errors.CommandNotExecutable)
    assert "a directory on the way to it may not be searched" in str(error)
    from fasttrace.cli.seccomp.run import _cannot_start

    assert _cannot_start(str(path)) == errno.EACCES
    assert diagnosis.spawn_error(str(path), errno.ENOENT, "exec").exit_status in (126, 127)
    path.parent.chmod(stat.S_IRWXU)


@pytest.mark.parametrize(
    "run",
    [
        lambda path: fasttrace.summary([str(path)]),
        lambda path: fasttrace.summary(["true"], cwd=path.parent),
        lambda path: fasttrace.load(path),
        lambda path: fasttrace.record(["true"], path=path),
        lambda path: fasttrace.seccomp.load(path),
    ],
)
def test_locked_folders_wherever_a_path_is_given(
    tmp_path: Path, run: Callable[[Path], object]
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may search every folder")
    path = unsearchable(tmp_path)
    with pytest.raises(errors.FasttraceError) as caught:
        run(path)
    assert "\n" not in str(caught.value)
    path.parent.chmod(stat.S_IRWXU)
