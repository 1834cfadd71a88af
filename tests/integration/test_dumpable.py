"""Promise: what a tracer without CAP_SYS_PTRACE may not open the memory of forks as if untraced.

What the tracees do is tested by the suites that run all of them, as root and as an ordinary user;
here as root without that capability, as in a container: there a daemon changes its user.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from fasttrace._core import inline_unusable

CLOSED = "it is not dumpable, and forks, which takes CAP_SYS_PTRACE to follow"
SUMMARY = [sys.executable, "-m", "fasttrace", "summary", "--json"]


def summary(engine, argv, without=()):
    """What the command wrote, how it ended, and its processes."""
    command = [*without, *SUMMARY, "--engine", engine, *argv]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout, done.returncode, json.loads(done.stderr)["processes"]


@pytest.mark.parametrize("name", ["drops_rights", "not_dumpable"])
def test_root_without_the_capability(tracees, engine, name):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    argv = tracees.command(name)
    alone = subprocess.run(argv, capture_output=True, text=True)
    without = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]
    written, status, processes = summary(engine, argv, without)
    assert (written, status) == (alone.stdout, alone.returncode)
    if engine == "inline":
        assert {process["fallback"] for process in processes} == {"", CLOSED}


@pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))
def test_with_the_capability_all_stays_inline(tracees):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    _, status, processes = summary("inline", tracees.command("not_dumpable"))
    assert status == 0
    assert {process["fallback"] for process in processes} == {""}
