"""Promise: what a program may change of its tracer, or of ids, lets nobody escape or suffer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from arena import fight, won

if TYPE_CHECKING:
    from support import Builder

LIMITS = (
    *("core", "fsize", "locks", "memlock", "msgqueue"),
    *("nice", "nproc", "rtprio", "rttime", "sigpending", "stack"),
)


@pytest.mark.parametrize("limit", LIMITS)
def test_limits_of_the_tracer(tracees: Builder, engine: str, limit: str, tmp_path: Path) -> None:
    """It goes on, or the session ends with the kernel's word and the whole tree with it."""
    beside = tracees.command("beside")[:1]
    fought = fight(engine, *beside, *tracees.command("limits_tracer", limit), folder=tmp_path)
    if fought.seen["stats"]["error"] == 0:
        won(fought)
        assert fought.enemy == 0
    else:
        assert fought.seen["status"] == -9


def test_ids_that_come_again(tracees: Builder, engine: str, tmp_path: Path) -> None:
    """Alone: another that forks beside it would get them."""
    fought = fight(engine, *tracees.command("reuses_ids"), folder=tmp_path)
    if fought.seen["status"] == 77:
        pytest.skip("only root says which id comes next")
    assert fought.output == ""
    assert fought.seen["status"] == 0
    assert fought.seen["stats"]["error"] == 0
