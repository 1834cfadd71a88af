"""Promise: a tracer that is killed takes its tree with it and leaves a readable trace."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

from command_line import FASTTRACE, line, running

import fasttrace


def test_a_killed_recorder_leaves_a_readable_trace(tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    # The child of the shell outlives it, if nobody kills it.
    script = "dd if=/dev/zero of=/dev/null bs=1 2>/dev/null & echo $!; wait"
    with running(*FASTTRACE, "record", "-o", str(folder), "sh", "-c", script) as traced:
        child = os.pidfd_open(int(line(traced.stdout)))
        events = folder / "events.npy"
        while not events.exists() or events.stat().st_size < 1_000_000:
            assert traced.poll() is None
        traced.send_signal(signal.SIGKILL)
        traced.wait()
    # A pidfd is readable once its process has ended (pidfd_open(2)).
    assert select.select([child], [], [], 60)[0]
    os.close(child)
    trace = fasttrace.load(folder)
    assert not trace.finished
    assert len(trace) > 5_000
    assert trace.summary().calls["read"] > 1_000
    assert {p.comm for p in trace.processes} >= {"sh", "dd"}
