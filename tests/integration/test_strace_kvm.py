"""Promise: -e kvm=vcpu tells why KVM_RUN ended, -y what KVM has descriptors of, as strace does.

And what a processor's registers are, and what it says that it is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE, HANG_S, Builder

STRACE = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not installed")

SHOWN = re.compile(r"ioctl\(.*KVM_.*")
# CPUID tells on which processor it was asked.
CHANCE = re.compile(r"(e[bd]x)=\w+")


@pytest.fixture
def machine(tracees: Builder) -> list[str]:
    command = tracees.command("runs_a_machine")
    if subprocess.run(command, timeout=HANG_S, check=False).returncode == 77:
        pytest.skip("no virtual machine may be made here: /dev/kvm")
    return command


def told(tracer: list[str], file: Path, *words: str) -> list[str]:
    argv = [*tracer, "-f", "-o", str(file), *words]
    subprocess.run(argv, timeout=2 * HANG_S, check=True, capture_output=True)
    text = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", CHANCE.sub(r"\1", file.read_text()))
    return [re.sub(" +", " ", line) for line in SHOWN.findall(text)]


@pytest.mark.parametrize("options", [["-e", "kvm=vcpu"], ["--kvm=vcpu", "-y"], ["-y"], ["-v"]])
@pytest.mark.parametrize("engine", ENGINES)
def test_exits_and_descriptors_are_those_of_strace(
    engine: str, options: list[str], tmp_path: Path, machine: list[str]
) -> None:
    """Not of a processor whose memory is not mapped, nor of what is none."""
    ours = [*FASTTRACE, "strace", "--engine", engine]
    mine = told(ours, tmp_path / "ours", *options, *machine)
    assert mine == told([STRACE], tmp_path / "theirs", *options, *machine)
    exits = re.findall("KVM_EXIT_\\w+", " ".join(mine))
    wanted = (
        ["KVM_EXIT_IO", "KVM_EXIT_MMIO", "KVM_EXIT_HLT"]
        if "kvm" in options[-1] + options[0]
        else []
    )
    assert exits == wanted
