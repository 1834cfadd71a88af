"""Promise: a process's name and arguments are as /proc has them, however it was executed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import Builder

import fasttrace

# %: a program that shows what /proc says of it.
FORMS = {
    "by its path": ["%", "a", "b c", ""],
    "without an environment": ["env", "-i", "%", "a"],
    "with a large environment": ["env", *(f"X{i}={'x' * 1000}" for i in range(60)), "%", "y"],
    "with a name not its own": ["bash", "-c", "exec -a other-name-that-is-long % z"],
    "with an empty name": ["bash", "-c", "exec -a '' %"],
    "with more arguments than are kept": ["%", *map(str, range(3000))],
    "from a descriptor": [
        sys.executable,
        "-ISc",
        "import os; os.execve(os.open('%', os.O_RDONLY), ['x', 'y'], {})",
    ],
    "as an interpreter": ["./a-script-of-a-long-name", "q"],
}
KEPT = 4096


@pytest.mark.parametrize("form", FORMS)
def test_program_is_called_as_proc_calls_it(
    engine: str, form: str, tmp_path: Path, tracees: Builder
) -> None:
    program = tracees.command("image")[0]
    script = tmp_path / "a-script-of-a-long-name"
    script.write_text(f"#!{program}\n")
    script.chmod(0o755)
    command = [word.replace("%", program) for word in FORMS[form]]
    with (tmp_path / "shown").open("w+b") as shown:
        trace = fasttrace.trace(command, engine=engine, stdout=shown, cwd=tmp_path)
        shown.seek(0)
        comm, _, arguments = shown.read().partition(b"\n")
    last = trace.processes[-1]
    assert last.comm == comm.decode()
    assert "\0".join([*last.argv, ""]).encode()[:KEPT] == arguments[:KEPT]
