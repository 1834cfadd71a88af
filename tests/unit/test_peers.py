"""Promise: other tracers' counts are read as they write them, and one that does not work here is
left out with what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from fasttrace.bench import peers
from fasttrace.bench.peers import PEERS, LeftOut

STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 70.12    0.001521         760         2         1 wait4
  8.44    0.000183           5       205        27 openat
------ ----------- ----------- --------- --------- ----------------
100.00    0.002169          10       207        28 total
"""

PERF = """\

 Summary of events:

 dd (7955), 1199976 events, 100.0%

   syscall            calls  errors  total       min       avg       max       stddev
                                     (msec)    (msec)    (msec)    (msec)        (%)
   --------------- --------  ------ -------- --------- --------- ---------     ------
   read              299953      0  6399.900     0.014     0.021     2.652      0.08%
   openat                35     16     0.803     0.015     0.023     0.046      5.43%

 sh (7956), 2 events, 0.0%

   syscall            calls  errors  total       min       avg       max       stddev
                                     (msec)    (msec)    (msec)    (msec)        (%)
   --------------- --------  ------ -------- --------- --------- ---------     ------
   wait4                  1      0     0.803     0.015     0.023     0.046      0.00%
"""

BPFTRACE = "@n[334]: 1\n@n[59]: 12\n@ns[334]: 999\n@ns[59]: 5\n"


@pytest.mark.parametrize(
    ("name", "text", "calls"),
    [
        ("strace", STRACE, 207),
        ("strace", STRACE.replace("     10  ", "         "), 207),  # before strace 5.3
        ("perf", PERF, 299989),
        ("bpftrace", BPFTRACE, 13),
    ],
)
def test_what_peers_count_is_read(name: str, text: str, calls: int) -> None:
    assert PEERS[name].contender.counted(text) == calls


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("text", ["", "\n", "no table\nat all\n"])
def test_output_of_peers_that_is_no_table(name: str, text: str) -> None:
    assert PEERS[name].contender.counted(text) is None


def test_bpftrace_takes_no_words_that_need_quotes() -> None:
    command = PEERS["bpftrace"].contender.command
    assert command(["/bin/dd", "bs=1"], "x")[-1] == "/bin/dd bs=1"
    for word in ("a b", "", "'", "*"):
        with pytest.raises(ValueError, match="script"):
            command(["/bin/echo", word], "x")


def script(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_peer_that_fails_is_left_out_with_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path, "strace", "echo >&2; echo not for you >&2; exit 1")
    script(tmp_path, "perf", "exit 3")
    monkeypatch.setenv("PATH", str(tmp_path))
    found, left_out = peers.find(None)
    assert found == []
    why = {out.name: out.why for out in left_out}
    assert "(not for you); " in why["strace"]
    assert "(status 3); it needs root" in why["perf"]
    assert why["bpftrace"] == "not installed"
    assert not any(out.asked for out in left_out)


def test_a_peer_that_works_has_a_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = "\\n".join(BPFTRACE.splitlines())
    script(
        tmp_path,
        "bpftrace",
        f"[ $1 = --version ] && echo bpftrace v9 && exit\nprintf '{counts}\\n' >$3",
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    found, left_out = peers.find(["bpftrace", "strace", "bpftrace"])
    assert [(one.name, one.version) for one in found] == [("bpftrace", "bpftrace v9")]
    assert left_out == [LeftOut("strace", "not installed", True)]
