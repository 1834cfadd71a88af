"""Promise: nothing that a program does to its tracer hurts it, or other programs that it serves.

Each attack of tests/tracees/attacks.c by itself, and mixtures of all of them by seed: for a bounded
time here, and without bound by `FASTTRACE_HOSTILE_SECONDS=inf python -m pytest -s
tests/hostile/test_attacks.py -k mixtures`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from arena import fight, won

if TYPE_CHECKING:
    from support import Builder

SOURCE = Path(__file__).parents[1] / "tracees" / "attacks.c"
# They are in a table there.
ATTACKS = [
    part.split('"')[1]
    for part in SOURCE.read_text().split("attacks[] = {")[1].split("};")[0].split("{")
    if '"' in part
]
SECONDS = float(os.environ.get("FASTTRACE_HOSTILE_SECONDS", "8"))
FIRST_SEED = int(os.environ.get("FASTTRACE_HOSTILE_SEED", "0"))


def beside(tracees: Builder) -> list[str]:
    return tracees.command("beside")[:1]


def test_the_table_is_read(tracees: Builder) -> None:
    attacks = tracees.command("attacks", "names")
    assert subprocess.check_output(attacks, text=True).split() == ATTACKS
    assert len(ATTACKS) > 40


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_by_itself_hurts_nobody(
    tracees: Builder, engine: str, attack: str, tmp_path: Path
) -> None:
    fought = fight(
        engine, *beside(tracees), *tracees.command("attacks", attack, "1"), folder=tmp_path
    )
    won(fought)
    assert fought.enemy == 0


def test_mixtures(
    tracees: Builder, engine: str, tmp_path: Path, no_hang: Callable[[], None]
) -> None:
    """Of all attacks, seed by seed, as many as there is time for."""
    until, seed = time.monotonic() + SECONDS, FIRST_SEED
    while time.monotonic() < until:
        no_hang()
        command = [*beside(tracees), *tracees.command("attacks", "all", str(seed))]
        try:
            won(fight(engine, *command, folder=tmp_path))
        except BaseException:
            print(f"{engine}: seed {seed}", file=sys.stderr)
            raise
        seed += 1
    print(f"{engine}: seeds {FIRST_SEED} to {seed - 1}")
