"""Promise: counts and times are as numpy would give them, and summaries add up."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import GETPID, OPENAT, READ, STAT, WRITE, make_events, traces

from fasttrace._tally import Tally
from fasttrace.data.events import Flag, Kind
from fasttrace.data.summary import Summary, merge_summaries
from fasttrace.data.trace import Trace


def content(summary: Summary) -> dict[str, object]:
    """All that a Summary tells, histograms too; order and serial numbers apart."""
    entries = summary.to_dict()
    entries["syscalls"] = {s["name"]: s for s in entries["syscalls"]}
    entries["processes"] = sorted(map(repr, entries["processes"]))
    entries["histograms"] = {s.name: summary.histogram(s.name) for s in summary.syscalls}
    entries["finished"] = {s.name: (s.finished, s.abis) for s in summary.syscalls}
    return entries


def live(*calls: dict[str, object], by_pid: bool = False) -> Summary:
    tally = Tally()
    tally.add(make_events(*calls), by_pid=by_pid)
    return Summary.from_tally(tally, argv=["a"], exit_status=3, engine="ptrace", wall_ns=5)


def test_counts_and_times_of_a_name_add_up() -> None:
    s = live(
        {"nr": READ, "duration_ns": 10},
        {"nr": READ, "duration_ns": 30},
        {"nr": READ, "duration_ns": 20, "ret": -11},
        {"nr": READ, "flags": Flag.UNFINISHED},
        {"nr": OPENAT, "duration_ns": 5, "ret": -2},
        {"nr": OPENAT, "duration_ns": 5, "ret": -2},
        {"nr": OPENAT, "duration_ns": 5, "ret": -512, "flags": Flag.INTERRUPTED},
        {"nr": 500},
        {"kind": Kind.SIGNAL, "nr": READ},
    )
    assert s.total_calls == 8
    assert s.total_errors == 4
    assert s.calls == {"read": 4, "openat": 3, "syscall_0x1f4": 1}
    assert s.calls["fork"] == 0
    assert s.errors == {"read": 1, "openat": 3}
    read = s.syscalls[0]
    assert (read.name, read.finished, read.total_ns, read.avg_ns) == ("read", 3, 60, 20)
    assert (read.min_ns, read.p50_ns, read.p99_ns, read.max_ns) == (10, 20, 30, 30)
    assert s.syscalls[1].errnos == {"ENOENT": 2, "ERESTARTSYS": 1}
    assert list(s.syscalls[1].errnos) == ["ENOENT", "ERESTARTSYS"]


def test_to_dict_has_the_documented_keys() -> None:
    s = live({"nr": READ, "duration_ns": 10, "ret": -2})
    entry = json.loads(s.to_json())
    assert list(entry) == [
        "argv", "exit_status", "engine", "fallbacks", "wall_ns", "total_calls", "total_errors",
        "lost", "finished", "syscalls", "processes",
    ]  # fmt: skip
    assert entry["syscalls"] == [
        {
            "name": "read", "calls": 1, "errors": 1, "total_ns": 10, "min_ns": 10, "p50_ns": 10,
            "p99_ns": 10, "max_ns": 10, "errnos": {"ENOENT": 1},
        }
    ]  # fmt: skip
    assert (entry["argv"], entry["exit_status"], entry["engine"]) == (["a"], 3, "ptrace")


def test_calls_of_one_name_are_one_row_whatever_the_abi() -> None:
    s = live({"nr": 0, "abi": 0, "duration_ns": 1}, {"nr": 3, "abi": 1, "duration_ns": 9})
    assert s.calls == {"read": 2}
    assert s.syscalls[0].abis == ("x86_64", "i386")
    assert s.percentile("read", 1.0) == 9
    assert {abi: part.total_calls for abi, part in s.by("abi").items()} == {"x86_64": 1, "i386": 1}


def test_table_is_one_row_per_syscall() -> None:
    s = live({"nr": READ, "duration_ns": 10}, {"nr": OPENAT, "duration_ns": 30, "ret": -2})
    assert s.table["name"].tolist() == ["openat", "read"]
    assert s.table[s.table["name"] == "openat"]["errors"] == [1]
    assert s.table.dtype.names is not None
    assert Summary().table.shape == (0,)


@given(st.lists(st.integers(0, (1 << 63) - 1), min_size=1, max_size=60), st.floats(0.001, 1))
def test_percentiles_are_nearest_rank_to_a_thirtysecond(values: list[int], q: float) -> None:
    s = live(*({"nr": READ, "duration_ns": value} for value in values))
    exact = int(np.sort(np.array(values, np.uint64))[max(1, int(np.ceil(q * len(values)))) - 1])
    assert abs(s.percentile("read", q) - exact) <= exact / 32


def test_not_by_process_there_are_no_parts_by_it() -> None:
    s = live({"nr": READ})
    with pytest.raises(ValueError, match="by_process"):
        s.by("pid")
    with pytest.raises(ValueError, match="by_process"):
        s.where(comm="cc")
    assert s.where("read").processes == []
    with pytest.raises(ValueError, match="no summary by"):
        s.by("colour")  # type: ignore[call-overload]


@given(traces())
def test_by_pid_and_comm_are_the_filters(trace: Trace) -> None:
    s = trace.summary()
    for pid, part in s.by("pid").items():
        assert content(part) == content(s.where(pid=pid))
    for comm, part in s.by("comm").items():
        assert content(part) == content(s.where(comm=comm))
    assert sum(part.total_calls for part in s.by("comm").values()) == s.total_calls
    assert sum(p.calls for p in s.processes) == s.total_calls


@given(traces(), traces(), traces())
def test_addition_is_associative_and_commutative(a: Trace, b: Trace, c: Trace) -> None:
    x, y, z = a.summary(), b.summary(), c.summary()
    assert content(x + y) == content(y + x)
    assert content((x + y) + z) == content(x + (y + z)) == content(merge_summaries([z, x, y]))
    assert content(sum([x, y, z])) == content(x + y + z)  # type: ignore[arg-type]


def test_addition_keeps_processes_of_other_runs_apart() -> None:
    from fasttrace.data.processes import Process

    def run(start_ns: int, comm: str) -> Summary:
        events = make_events({"nr": READ, "pid": 2, "time_ns": start_ns})
        process = Process(2, comm=comm, start_ns=start_ns, serial=1)
        return Trace(events, processes=[process], engine=comm).summary()

    both = run(10, "a") + run(20, "b")
    assert {comm: part.total_calls for comm, part in both.by("comm").items()} == {"a": 1, "b": 1}
    assert both.by("pid")[2].total_calls == 2
    assert both.engine == "mixed"
    assert len((both + run(10, "a")).processes) == 2


def test_addition_with_a_summary_not_by_process() -> None:
    by_process = live({"nr": READ, "pid": 5}, by_pid=True)
    both = by_process + live({"nr": READ, "pid": 5})
    assert both.total_calls == 2
    assert not both.by_process
    assert by_process.by_process


def test_numpy_is_not_loaded() -> None:
    """A live summary is made and printed without numpy: that would cost more than all else."""
    code = (
        "import sys\n"
        "from fasttrace._core import ProcessRow\n"
        "from fasttrace._tally import Tally\n"
        "from fasttrace.data.summary import Summary\n"
        "from fasttrace.data.processes import from_rows\n"
        "t = Tally(); t.add(bytes(93) + b'\\1\\0\\0')\n"
        "rows = [ProcessRow(5, 1, 1, 0, 10, 20, 1, b'cat', b'cat\\0', '', '')]\n"
        "s = Summary.from_tally(t, processes=from_rows(rows))\n"
        "assert 'read' in str(s) and s.to_json() and s.calls['read'] == 1\n"
        "assert 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_numbers_used_here_have_these_names() -> None:
    s = live(*({"nr": nr} for nr in (READ, WRITE, STAT, GETPID, OPENAT)))
    assert set(s.calls) == {"read", "write", "stat", "getpid", "openat"}


def test_made_up_numbers_share_a_row_in_the_end() -> None:
    s = live(*({"nr": 2000 + i} for i in range(3000)), {"nr": READ})
    assert s.calls["syscall_0x3ff+"] == 3000 - 1024
    assert len(s.calls) == 1024 + 2
    assert s.total_calls == 3001
