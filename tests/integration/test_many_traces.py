"""Promise: recordings of many machines say where they were made, and one question is answered over
all of them as over each alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE

import fasttrace


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FASTTRACE, *map(str, args)], capture_output=True, text=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_recording_keeps_the_label_of_its_host(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "x.fst"
    done = run("record", "--engine", engine, "--host-label", "db 'ü'", "-o", path, "true")
    assert done.returncode == 0, done.stderr
    trace = fasttrace.load(path)
    assert trace.host == "db 'ü'"
    assert fasttrace.record(["true"], path=tmp_path / "y.fst", host_label="a").host == "a"
    assert fasttrace.record(["true"], path=tmp_path / "z.fst").host == os.uname().nodename
    assert fasttrace.trace(["true"]).host == os.uname().nodename
    pytest.importorskip("pyarrow")
    trace.to_parquet(tmp_path / "x.parquet")
    back = fasttrace.read_parquet(tmp_path / "x.parquet")
    assert back.host == "db 'ü'"
    assert back.to_arrow(["host"])["host"].unique().to_pylist() == ["db 'ü'"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings of three hosts."""
    pytest.importorskip("duckdb")
    folder = tmp_path_factory.mktemp("runs")
    for i in range(6):
        trace = fasttrace.trace(["cat", "/etc/hostname", f"/no/such/{i}"], stdout=-3, stderr=-3)
        info = trace.info._replace(host=f"host-{i % 3}")
        named = fasttrace.Trace(trace.events, trace.payload, info, processes=trace.processes)
        named.to_parquet(folder / f"{i}.parquet")
    return folder


def test_one_question_has_one_answer_in_a_table_or_json(runs: Path) -> None:
    shown = run("scan", runs, "-e", "openat", "--failed", "--by", "host,path", "--json")
    assert shown.returncode == 0, shown.stderr
    answer = json.loads(shown.stdout)
    assert (answer["files"], answer["by"]) == (6, ["host", "path"])
    assert {(row["host"], row["path"]) for row in answer["groups"]} >= {
        (f"host-{i % 3}", f"/no/such/{i}") for i in range(6)
    }
    table = run("scan", *sorted(runs.iterdir()), "--by", "comm", "--top", "1").stdout.splitlines()
    assert table[0].split()[-1] == "comm"
    assert table[2].split()[-1] == "cat"
    assert table[-1].endswith("6 traces")
    alone = sum(len(list(fasttrace.load(path).calls())) for path in runs.iterdir())
    assert table[-1].startswith(f"{alone} calls, ")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["nowhere"], 1, "no file is there for nowhere"),
        (["{runs}", "--by", "host,planet"], 2, "no groups by 'planet'"),
        (["{runs}", "-e", "nope"], 2, "unknown system call 'nope'"),
        (["{runs}", "--top", "0"], 2, "no number of lines"),
        ([], 2, "the following arguments are required: FILES"),
        (["/etc/passwd"], 1, "/etc/passwd cannot be read"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_line(
    runs: Path, words: list[str], status: int, message: str
) -> None:
    done = run("scan", *(word.replace("{runs}", str(runs)) for word in words))
    assert done.returncode == status
    assert message in done.stderr
    assert done.stderr.startswith("fasttrace: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_verbs_that_show_a_recording_take_its_parquet_file(runs: Path, tmp_path: Path) -> None:
    file, folder = runs / "0.parquet", tmp_path / "x.fst"
    fasttrace.load(file).save(folder)
    for words in (["report", "--calls"], ["tree"]):
        one, other = (run(words[0], path, *words[1:]) for path in (file, folder))
        assert one.returncode == 0, one.stderr
        assert one.stdout == other.stdout
    assert run("diff", "--exit-code", file, folder).returncode == 0


# In a process of its own: its workers, and who counts their semaphores, would be children of the
# tests, of which others wait for all; its threads would take signals that others send themselves.
ON_A_CLUSTER = '''
import os, subprocess, sys
from pathlib import Path

import distributed
import pytest

import fasttrace


def check(runs, damaged, address):
    here, there = fasttrace.scan(runs), fasttrace.scan(runs, scheduler=address)
    chosen = {"syscall": "openat", "failed": True, "host": "host-1"}
    assert there.where(**chosen).summary().rows == here.where(**chosen).summary().rows != []
    query, merge = "select count(*) n from traces", "select sum(n)::int from parts"
    assert there.sql(query, merge=merge).fetchall() == here.sql(query, merge=merge).fetchall()
    with pytest.raises(ValueError, match="each worker asks its files"):
        there.sql(query)
    command = [sys.executable, "-m", "fasttrace", "scan", "--json", runs]
    shown = subprocess.check_output([*command, "--scheduler", address])
    assert shown == subprocess.check_output(command) != b""
    with pytest.raises(fasttrace.TraceError, match="damaged.parquet cannot be counted"):
        fasttrace.scan([runs, damaged], scheduler=address).summary()


def here():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def on_two_machines():
    """The scheduler in this network namespace, its worker in another, a cable between them."""
    address = "tcp://10.9.9.1:8786"
    dask = [sys.executable, "-m", "dask"]
    worker = [*dask, "worker", address, "--no-nanny", "--no-dashboard", "--host", "10.9.9.2"]
    script = "read go; ip address add 10.9.9.2/24 dev there; ip link set there up"
    there = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", f'{script}; exec "$@"', "sh", *worker],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while os.readlink(f"/proc/{there.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        os.sched_yield()
    for words in (
        "link set lo up",
        f"link add here type veth peer name there netns {there.pid}",
        "address add 10.9.9.1/24 dev here",
        "link set here up",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    head = subprocess.Popen([*dask, "scheduler", "--host", address, "--no-dashboard"])
    print("go", file=there.stdin)
    there.stdin.close()
    with distributed.Client(address, timeout=60) as client:
        client.wait_for_workers(1, timeout=60)
        (seen,) = client.scheduler_info()["workers"]
        assert seen.startswith("tcp://10.9.9.2:")
    yield address
    for process in (there, head):
        process.kill()
        process.wait()


if __name__ == "__main__":
    for address in globals()[sys.argv[1]]():
        check(*sys.argv[2:], address)
    print("checked")
'''


# As root of a namespace of one's own, so that nobody may do this, too.
TWO_MACHINES = ("unshare", "--map-root-user", "--net")


@pytest.mark.parametrize("where", ["here", "on_two_machines"])
def test_a_cluster_answers_as_this_machine_does(runs: Path, tmp_path: Path, where: str) -> None:
    pytest.importorskip("distributed")
    around: tuple[str, ...] = ()
    if where == "on_two_machines":
        around = TWO_MACHINES
        if not shutil.which("ip") or subprocess.run([*around, "true"], check=False).returncode:
            pytest.skip("ip(8) or user namespaces are not to be had here")
    script, damaged = tmp_path / "on_a_cluster.py", tmp_path / "damaged.parquet"
    script.write_text(ON_A_CLUSTER)
    whole = bytearray((runs / "0.parquet").read_bytes())
    whole[4 : len(whole) // 2] = bytes(len(whole) // 2 - 4)
    damaged.write_bytes(whole)
    done = subprocess.run(
        [*around, sys.executable, script, where, runs, damaged],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "checked\n", done.stderr


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://127.0.0.1:x"])
def test_a_scheduler_that_is_not_there_is_one_line(runs: Path, address: str) -> None:
    pytest.importorskip("distributed")
    done = run("scan", runs, "--scheduler", address)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no Dask scheduler answers at" in done.stderr
