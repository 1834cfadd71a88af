"""Where programs attack their tracer: in a process of its own, beside one that must not suffer.

A fight is right if the tracer ends with the program's status, or the error that it documents, in
time; if what runs beside the enemy is served and undisturbed; if the tracer's process is as before
(no descriptor, thread or child of the session's is left), and no process of the tree either.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import SANITIZER

LIMIT_S = 50

# Argument 1: where to write what was seen; 2: options of Tracer; then the command. What the command
# writes to its stderr is its own affair: who jumps into the tracer's code with registers of all
# kinds comes back to some place in the C library, which may well complain.
HOST = """
import ctypes, json, os, resource, signal, sys, time
import fasttrace

os.environ.pop("LD_PRELOAD", None)  # a sanitizer, which is for us alone
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: who is left behind becomes our child
seen, options, *command = sys.argv[1:]

def left(what):
    return sorted(os.listdir(f"/proc/self/{what}"))

error = ""
theirs = open(seen + ".stderr", "w")
before = left("fd"), left("task")
tracer = fasttrace.Tracer(command, tally=True, stderr=theirs, **json.loads(options))
try:
    with tracer:
        events = sum(len(block) for block in tracer.blocks())
        tracer.wait()
except OSError as caught:
    error = str(caught)
until = time.monotonic() + 20
strays = []
while time.monotonic() < until:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        break
    if pid == 0:
        time.sleep(0.01)
else:
    strays = [open(f"/proc/self/task/{os.getpid()}/children").read()]
# A thread wakes up who joins it a moment before the kernel takes it off its list.
while left("task") != before[1] and time.monotonic() < until:
    time.sleep(0.01)
for limit in range(16):  # which an enemy may have lowered
    hard = resource.getrlimit(limit)[1]
    resource.setrlimit(limit, (hard, hard))
after = left("fd"), left("task")
with open(seen, "w") as file:
    json.dump({
        "status": tracer.exit_status,
        "error": error,
        "stats": tracer.stats,
        "calls": tracer.summary().total_calls,
        "fallbacks": [[p.comm, p.engine, p.fallback] for p in tracer.processes],
        "as_before": before == after,
        "strays": strays,
        "max_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }, file)
"""

BROKEN = re.compile(r"Traceback|Sanitizer|runtime error:|Assertion|Fatal Python error")


def apart() -> list[str]:
    """A wrong number that an enemy makes of a process id must not reach what is not its own: it
    fights in a pid namespace, which an ordinary user may have in a user namespace."""
    own = [] if os.geteuid() == 0 else ["--user", "--map-current-user"]
    unshare = ["unshare", *own, "--pid", "--fork", "--mount-proc", "--kill-child"]
    try:
        subprocess.run([*unshare, "true"], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no pid namespace to fight in: {error.stderr.decode().strip()}")
    # The host is not to be its first process, to which signals mean other things.
    return [*unshare, "sh", "-c", '"$@"; exit $?', "sh"]


@dataclass(frozen=True)
class Fight:
    """How it ended. enemy, sibling: exit status, or minus the signal."""

    enemy: int | None
    sibling: int | None
    output: str
    seen: dict[str, Any]


def fight(engine: str, arena: str, *enemy: str, folder: Path, **options: Any) -> Fight:
    """Let an enemy's command line loose beside the worker of `arena` (the tracee `beside`)."""
    seen = folder / f"seen-{engine}.json"
    host = [sys.executable, "-c", HOST, seen, json.dumps({"engine": engine, **options})]
    done = subprocess.run(
        [*apart(), *host, arena, *enemy],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        env={**os.environ, **SANITIZER, "PYTHONFAULTHANDLER": "1"},
        check=False,
    )
    told = done.stderr.decode(errors="replace")
    assert done.returncode == 0, told
    assert not BROKEN.search(told), told
    shown = json.loads(seen.read_text())
    seen.unlink()
    assert shown["as_before"], shown
    assert shown["strays"] == []
    output = done.stdout.decode(errors="replace")
    ended = re.search(r"enemy (-?\d+) sibling (-?\d+)\n$", output)
    output += Path(f"{seen}.stderr").read_text(errors="replace")
    return Fight(
        *((int(ended[1]), int(ended[2])) if ended else (None, None)), output=output, seen=shown
    )


def won(fought: Fight) -> None:
    """The session ended as the program did, and the worker beside the enemy did not suffer."""
    assert fought.seen["error"] == ""
    assert fought.seen["stats"]["error"] == 0
    assert fought.seen["stats"]["lost"] == 0
    assert fought.seen["status"] == 0
    assert fought.sibling == 0, fought
