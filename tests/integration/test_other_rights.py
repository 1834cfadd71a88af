"""Promise: a program under another user, or in another root or namespace, records itself too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import fasttrace
from fasttrace._core import inline_unusable

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))

SHELL = ["sh", "-c", "cat /etc/passwd >/dev/null; (exit 3); echo done"]
# A daemon's way: it gives up its rights, then forks without an exec, and execs.
DAEMON = """
import os
os.setgroups([]), os.setgid(65534), os.setuid(65534)
for _ in range(3):
    if not os.fork():
        [os.getppid() for _ in range(50)]
        os._exit(0)
    os.wait()
os.execv("/bin/cat", ["cat", "/etc/hostname"])
"""
CLONE_FILES = """
import ctypes, os
libc = ctypes.CDLL(None)
libc.unshare(0x10000000)  # CLONE_NEWUSER
child = libc.syscall(56, 0x400 | 17, 0, 0, 0, 0)  # clone: CLONE_FILES, SIGCHLD
if not child:
    os._exit(os.getppid() == 0)
assert os.waitpid(child, 0)[1] == 0
print("done")
"""

AS_ROOT = {
    "setpriv": ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *SHELL],
    "chroot": ["chroot", "/", *SHELL],
    "mount": ["unshare", "--mount", *SHELL],
    "pid": ["unshare", "--pid", "--fork", "--mount-proc", *SHELL],
    "daemon": [sys.executable, "-ISc", DAEMON],
}
AS_ANYBODY = {
    "user": ["unshare", "--user", "--map-root-user", *SHELL],
    "all": ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", *SHELL],
    "bubblewrap": ["bwrap", "--ro-bind", "/", "/", "--proc", "/proc", "--unshare-all", *SHELL],
    "descriptors": [sys.executable, "-ISc", CLONE_FILES],
}


def run_bare(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)


def traced(command: list[str], engine: str, out: Path) -> fasttrace.Summary:
    with out.open("wb") as file:
        return fasttrace.summary(command, engine=engine, stdout=file, stdin=subprocess.DEVNULL)


def compare(command: list[str], tmp_path: Path) -> fasttrace.Summary:
    bare = run_bare(command)
    if bare.returncode:
        pytest.skip(f"not allowed here: {bare.stderr.decode().strip()[:80]}")
    seen = {engine: traced(command, engine, tmp_path / engine) for engine in ("inline", "ptrace")}
    for engine, summary in seen.items():
        assert summary.exit_status == 0
        assert (tmp_path / engine).read_bytes() == bare.stdout
    # A shell's wait is made again if the signal of the child's end comes first.
    calls = [Counter(s.calls) for s in seen.values()]
    for counts in calls:
        for name in ("rt_sigreturn", "wait4"):
            del counts[name]
    assert calls[0] == calls[1]
    return seen["inline"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may")
@pytest.mark.parametrize("name", AS_ROOT)
def test_what_root_starts_records_itself(name: str, tmp_path: Path) -> None:
    summary = compare(AS_ROOT[name], tmp_path)
    assert {(p.engine, p.fallback) for p in summary.processes} == {("inline", "")}


@pytest.mark.parametrize("name", AS_ANYBODY)
def test_by_anybody(name: str, tmp_path: Path) -> None:
    """Of two that share their descriptors the child, whose maker might meet ours, does not."""
    summary = compare(AS_ANYBODY[name], tmp_path)
    fallen = [p for p in summary.processes if p.fallback]
    assert len(fallen) == (name == "descriptors")
