"""Promise: our syscall classes are strace's, call by call."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from fasttrace import _tables
from fasttrace.syscalls.names import syscall_number
from fasttrace.syscalls.sets import CLASSES, parse_selection

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

PROBE = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		long nr = atol(argv[i]);
		/* Without IPC_CREAT: a queue would stay behind. */
		syscall(nr, -1L, nr == SYS_msgget ? 0 : -1L, -1L, -1L, -1L, -1L);
	}
	_exit(0);
}
"""
# These end, stop or move the caller, whatever their arguments, or act on others.
LEFT_OUT = {
    "exit",
    "exit_group",
    "fork",
    "vfork",
    "clone",
    "clone3",
    "pause",
    "rt_sigreturn",
    "sigreturn",
    "rt_sigsuspend",
    "sigsuspend",
    "vhangup",
    "reboot",
    "setsid",
    "sync",
    "kill",
    "tkill",
    "tgkill",
    "alarm",
    "idle",
    "uretprobe",
    "uprobe",
}


@pytest.fixture(scope="module", params=["x86_64", "i386"])
def probe(request, tmp_path_factory):
    """A program that makes each call given, and the names of the calls to ask about."""
    abi = request.param
    exe = tmp_path_factory.mktemp("probe") / abi
    source = exe.with_suffix(".c")
    source.write_text(PROBE)
    width = ["-m32"] if abi == "i386" else []
    built = subprocess.run(["gcc", *width, "-o", exe, source], capture_output=True, text=True)
    if built.returncode:
        pytest.skip(f"cannot compile for {abi}: {built.stderr.splitlines()[0]}")
    names = set(_tables.names(0 if abi == "x86_64" else 1).values()) - LEFT_OUT
    numbers = [str(syscall_number(name, abi)) for name in sorted(names)]
    seen = run_strace("all", [str(exe), *numbers])
    # What strace has no name for it prints as a number, in every class.
    return abi, [str(exe), *numbers], names & seen


def run_strace(expression, argv):
    run = subprocess.run(
        ["strace", "-o", "/dev/stdout", "-e", f"trace={expression}", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return set(re.findall(r"^(\w+)\(", run.stdout, re.MULTILINE))


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_holds_what_it_does_for_strace(probe, name):
    abi, argv, known = probe
    assert len(known) > 300
    ours = parse_selection(name).names(abi) & known
    assert ours == run_strace(name, argv) & known
