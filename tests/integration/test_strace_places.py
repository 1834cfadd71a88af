"""Promise: `fasttrace strace -i` has the addresses that strace has, with both engines."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support import FASTTRACE, Builder

import fasttrace

pytestmark = pytest.mark.skipif(
    not shutil.which("strace") or not shutil.which("setarch"),
    reason="strace or setarch is not installed",
)

# The address, and the call's name, a signal's, or how it ends.
PLACE = re.compile(r"^\d+ +\[([0-9a-f?]+)\] (\w+\(|--- \w+|\+\+\+ \w+)", re.M)
PROGRAMS = {
    "dd": ["dd", "if=/dev/zero", "of=/dev/null", "count=3"],
    "ls": ["ls", "-l", "/"],
    "signal": ["sh", "-c", "trap 'echo $1' USR1; kill -USR1 $$; kill -TERM $$"],
    "python": ["python3", "-IS", "-c", "import os; [os.getppid() for _ in range(5)]"],
}


def places(tracer: list[str], program: list[str], output: Path) -> list[tuple[str, str]]:
    """Addresses are not random, and nothing is said on stdout."""
    command = ["setarch", "-R", *tracer, "-f", "-i", "-o", str(output), *program]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return PLACE.findall(output.read_text())


def compare(program: list[str], engine: str, folder: Path) -> list[tuple[str, str]]:
    theirs = places(["strace"], program, folder / "theirs")
    ours = places([*FASTTRACE, "strace", "--engine", engine], program, folder / "ours")
    # The execve that starts a command is the tracer's own.
    assert ours[0] == ("?" * 16, "execve(")
    # Of several tasks the order may be another one.
    assert sorted(ours[1:]) == sorted(theirs[1:])
    return ours


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_addresses_are_those_that_strace_has(
    program: list[str], engine: str, tmp_path: Path
) -> None:
    if not shutil.which(program[0]):
        pytest.skip(f"{program[0]} is not installed")
    assert len(compare(program, engine, tmp_path)) > 20


@pytest.mark.parametrize(
    "name", ["int80", "i386", "static_hello", "shares_padding", "in_immediate"]
)
def test_addresses_of_odd_instructions(
    name: str, engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """Calls by int 0x80, of 32-bit programs, and with other patches than most."""
    compare(tracees.command(name), engine, tmp_path)


def test_a_call_of_a_trace_has_its_address(engine: str) -> None:
    trace = fasttrace.trace(["true"], engine=engine, instruction_pointer=True, trace="!execve")
    addresses = [call.instruction_pointer for call in trace.calls()]
    assert addresses
    assert all(address and 0 < address < 1 << 47 for address in addresses)
    without = fasttrace.trace(["true"], engine=engine)
    assert {call.instruction_pointer for call in without.calls()} == {None}
