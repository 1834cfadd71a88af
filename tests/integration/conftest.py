"""A recording that several files of tests read."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import cli
from support import ENGINES


@pytest.fixture(scope="session", params=ENGINES)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ls` in a shell, and a program that is not there."""
    folder = tmp_path_factory.mktemp("recorded") / "x.fst"
    command = ["sh", "-c", "ls / >/dev/null; /no/such/program; exit 3"]
    done = cli("record", "--engine", request.param, "-o", str(folder), *command)
    assert done.returncode == 3
    return folder
