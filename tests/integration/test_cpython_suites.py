"""Promise: CPython's own tests give the same verdicts under a tracer as without.

All that are asked for: FASTTRACE_LONG=1 python -m pytest tests/integration/test_cpython_suites.py
(some 10 minutes); by default two short ones.
"""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import subprocess
import sys
from importlib.util import find_spec

import pytest
from support import HANG_S

from fasttrace._core import inline_unusable
from fasttrace.tracing.tracer import Tracer

LONG = bool(os.environ.get("FASTTRACE_LONG"))
SUITES = ["test_select", "test_pty"]
if LONG:
    SUITES += ["test_signal", "test_threading", "test_subprocess", "test_os", "test_socket"]
    SUITES += ["test_asyncio", "test_multiprocessing_fork"]


def verdict(output: str) -> list[str]:
    """How many tests ran, were skipped and failed, and which."""
    total = re.findall(r"^(?:Total tests:|Result:|Ran \d+ tests|FAILED|OK).*", output, re.M)
    failed = re.findall(r"^(?:ERROR|FAIL): (\S+)", output, re.M)
    return [re.sub(r" in [\d.]+s$", "", line) for line in total] + sorted(set(failed))


@pytest.mark.parametrize("engine", ["inline", "ptrace"] if LONG else ["inline"])
@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_gives_the_same_verdicts(suite, engine, tmp_path):
    name = f"test.{suite}"
    try:
        missing = find_spec(name) is None
    except ModuleNotFoundError:
        missing = True
    if missing:
        pytest.skip(f"this Python comes without {name}")
    if engine == "inline" and (why := inline_unusable()):
        pytest.skip(why)
    if LONG:
        signal.alarm(20 * HANG_S)
        faulthandler.dump_traceback_later(21 * HANG_S, exit=True)
    command = [sys.executable, "-m", "unittest", name]
    options = {"stdin": subprocess.DEVNULL, "cwd": tmp_path}
    alone = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    log = tmp_path / "log"
    with (
        log.open("w") as file,
        Tracer(
            command, engine=engine, events=False, tally=True, stdout=file, stderr=file, **options
        ) as tracer,
    ):
        tracer.wait()
    assert tracer.stats["error"] == 0
    assert verdict(alone.stderr)[0].startswith("Ran ")
    assert verdict(log.read_text()) == verdict(alone.stderr)
    assert tracer.exit_status == alone.returncode
