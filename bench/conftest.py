"""Benchmarks: contenders run in turn (A B C A B C ...), medians and ratios are printed at the end.

python -m pytest bench                     # all
python -m pytest bench -k dd --rounds 9    # one, with more rounds
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from workloads import Made

Contender = Callable[[], object]

_rows: list[tuple[str, str, float, float | None, str]] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=5, help="rounds of each contender (default 5)")


@pytest.fixture
def in_turn(benchmark: Any, request: pytest.FixtureRequest) -> Callable[..., dict[str, float]]:
    """Run contenders in turn; the first is what pytest-benchmark times and reports.

    Returns the median wall time of each, in seconds. `limits` maps the name of a peer to the ratio
    first/peer that the project has set itself; it is printed beside the ratio, not asserted.
    """

    def run(
        contenders: dict[str, Contender], limits: dict[str, float] | None = None
    ) -> dict[str, float]:
        names = list(contenders)
        times: dict[str, list[float]] = {name: [] for name in names}

        def timed(name: str) -> None:
            start = time.perf_counter()
            contenders[name]()
            times[name].append(time.perf_counter() - start)

        for contender in contenders.values():
            contender()  # warm caches, not counted
        benchmark.pedantic(
            lambda: timed(names[0]),
            setup=lambda: [timed(name) for name in names[1:]] and None,
            rounds=request.config.getoption("--rounds"),
        )
        medians = {name: statistics.median(times[name]) for name in names}
        first = medians[names[0]]
        for name in names:
            ratio = None if name == names[0] else first / medians[name]
            limit = (limits or {}).get(name)
            _rows.append(
                (request.node.name, name, medians[name], ratio, f"<= {limit}" if limit else "")
            )
        benchmark.extra_info.update(medians=medians, first=names[0])
        return medians

    return run


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str, float, str], None]:
    """Print a figure that is no time of contenders."""

    def add(name: str, value: float, limit: str) -> None:
        _rows.append((request.node.name, name, value, None, limit))

    return add


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not _rows:
        return
    terminalreporter.section("medians in turn: seconds, and the first contender's ratio to each")
    for test, name, median, ratio, limit in _rows:
        shown = "" if ratio is None else f"{ratio:8.3f} x"
        terminalreporter.write_line(f"{test:<34} {name:<28} {median:10.4f} {shown:>10} {limit}")


@pytest.fixture(scope="session")
def quiet() -> Callable[[list[str]], None]:
    """Run a command with its output thrown away; it must succeed."""
    # A Python that may not keep its bytecode compiles every module at every start.
    env = {name: os.environ[name] for name in os.environ if name != "PYTHONDONTWRITEBYTECODE"}

    def run(argv: list[str]) -> None:
        null = subprocess.DEVNULL
        subprocess.run(argv, stdout=null, stderr=null, env=env, check=True)

    return run


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Compile a tracee of tests/tracees and return its path."""
    folder = tmp_path_factory.mktemp("tracees")
    source = Path(__file__).parent.parent / "tests" / "tracees"

    def build(name: str) -> str:
        out = folder / name
        subprocess.run(
            ["gcc", "-O2", "-pthread", "-o", str(out), str(source / f"{name}.c")], check=True
        )
        return str(out)

    return build
