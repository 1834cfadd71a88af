"""Promise: before Linux 6.4 tasks arm Syscall User Dispatch themselves, and all is the same.

Tests of other files once more, in tracers whose ptrace(2) does not know what Linux 6.4 brought.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import ROOT, compile_c
from support import HANG_S, SANITIZER

from fasttrace._core import inline_unusable

pytestmark = [
    pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable())),
    pytest.mark.skipif(bool(SANITIZER), reason="something else is preloaded"),
]

FOLDER = Path(__file__).parent

# Who tells what it made the tasks of a command call.
TELLS = """
import json, sys
import fasttrace

with fasttrace.Tracer(sys.argv[1:], engine="inline") as tracer:
    tracer.run()
engines = [process.engine for process in tracer.processes]
calls = {nr: n for (abi, nr), n in tracer.engine_calls.items()}
print(json.dumps({"engines": engines, "prctl": calls.get(157, 0)}))
"""

THREADS = """
import threading
threads = [threading.Thread(target=len, args=("",)) for _ in range(20)]
[(thread.start(), thread.join()) for thread in threads]
"""

SUITES = {
    "test_births.py": "not ptrace",
    "test_engines_agree.py": "not ptrace",
    # Where its prctl(2) is refused a program cannot stay, and none can be attached to.
    "test_own_filters.py": "not ptrace and not sandbox and not next and not attach and not coming",
}


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of such a tracer."""
    library = tmp_path_factory.mktemp("older") / "older.so"
    source = FOLDER / "older_ptrace.c"
    compile_c(["gcc", "-shared", "-fPIC", "-O1"], library, [source]).check_returncode()
    return {**os.environ, "LD_PRELOAD": str(library)}


def run(
    environment: dict[str, str], *words: str | Path, limit: int = HANG_S
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=limit,
    )


def test_each_thread_arms_itself(older: dict[str, str]) -> None:
    told = json.loads(
        run(older, "-c", TELLS, "env", "-u", "LD_PRELOAD", sys.executable, "-c", THREADS).stdout
    )
    assert told["engines"] == ["inline"]
    assert told["prctl"] >= 20


@pytest.mark.any_user
@pytest.mark.parametrize("suite", SUITES)
def test_as_on_newer_kernels(suite: str, older: dict[str, str]) -> None:
    limit = 10 * HANG_S
    signal.alarm(limit)
    faulthandler.dump_traceback_later(2 * limit, exit=True)
    done = run(
        older,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        FOLDER / suite,
        "-k",
        SUITES[suite],
        limit=limit,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout.splitlines()[-1]
