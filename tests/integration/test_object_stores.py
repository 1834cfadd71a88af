"""Promise: traces in an object store are asked as those on disk are, by every name that shells and
fsspec have for them, and what cannot be had there is said in one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import FASTTRACE

import fasttrace

pytestmark = pytest.mark.any_user

# Servers and readers have threads, which would take signals that other tests send themselves: each
# is a process of its own.
SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(*server.get_host_and_port(), sep=":", flush=True)
sys.stdin.read()
"""
FILL = """
import sys
import fsspec
store = fsspec.filesystem("s3")
store.mkdir("traces")
for i in range(3):
    store.put(f"{sys.argv[1]}/{i}.parquet", f"s3://traces/runs/deep/{i}.parquet")
store.put(f"{sys.argv[1]}/0.parquet", "s3://traces/odd/we[i]r*d?.parquet")
store.put(f"{sys.argv[1]}/0.parquet", "s3://traces/runs/.0.parquet.new")
store.pipe("s3://traces/cut/x.parquet", open(f"{sys.argv[1]}/0.parquet", "rb").read()[:999])
"""


def run(store: dict[str, str], *args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FASTTRACE, *map(str, args)], env=store, capture_output=True, text=True, timeout=100
    )


def python(store: dict[str, str], program: str, *args: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, args)],
        env=store,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three traces, one of which is more than its end."""
    pytest.importorskip("duckdb")
    folder = tmp_path_factory.mktemp("runs")
    for i, calls in enumerate((10, 20, 20_000)):
        events = fasttrace.Trace().events.copy()
        events.resize(calls)
        events["kind"] = fasttrace.Kind.SYSCALL
        events["nr"] = [n % 300 for n in range(calls)]
        events["duration_ns"] = [n * 7919 % 1_000_003 for n in range(calls)]
        events["args"] = [[n * 104729 % 999_983] * 6 for n in range(calls)]
        info = fasttrace.Trace().info._replace(host=f"host-{i}")
        fasttrace.Trace(events, info=info).to_parquet(folder / f"{i}.parquet")
    assert (folder / "2.parquet").stat().st_size > 3 << 16
    return folder


@pytest.fixture(scope="module")
def store(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of who asks moto's S3, with the three in a bucket."""
    pytest.importorskip("s3fs")
    pytest.importorskip("moto")
    home = tmp_path_factory.mktemp("home")
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        others = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "FSSPEC_"))}
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
        where = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://{address}"}
        environment = {
            **others,
            **keys,
            **where,
            "HOME": str(home),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        python(environment, FILL, runs)
        yield environment


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("s3://traces/runs", ["runs/deep/0", "runs/deep/1", "runs/deep/2"]),
        ("s3://traces/runs/", ["runs/deep/0", "runs/deep/1", "runs/deep/2"]),
        ("s3://traces/*/deep/[01].parquet", ["runs/deep/0", "runs/deep/1"]),
        ("s3://traces/**/1.parquet", ["runs/deep/1"]),
        ("S3://traces/runs/deep/2.parquet", ["runs/deep/2"]),
        ("s3://traces/odd/we[i]r*d?.parquet", ["odd/we[i]r*d?"]),
        ("s3://traces/odd/*", ["odd/we[i]r*d?"]),
    ],
)
def test_buckets_folders_patterns_and_names_mean_files(
    store: dict[str, str], where: str, found: list[str]
) -> None:
    done = run(store, "scan", where, "--by", "file", "--json")
    assert done.returncode == 0, done.stderr
    files = sorted(row["file"] for row in json.loads(done.stdout)["groups"])
    assert files == [f"s3://traces/{name}.parquet" for name in found]


@pytest.mark.parametrize("by", ["host,syscall", "syscall"])
def test_a_store_answers_as_the_disk_does(store: dict[str, str], runs: Path, by: str) -> None:
    there = run(store, "scan", "s3://traces/runs", "--by", by, "--json")
    here = run(store, "scan", runs, "--by", by, "--json")
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    both = run(store, "scan", runs, "s3://traces/runs", "--by", "host", "--json")
    calls = [row["calls"] for row in json.loads(both.stdout)["groups"]]
    assert sorted(calls) == [20, 40, 40_000]


def test_sql_is_asked_of_a_store_and_of_memory(store: dict[str, str], runs: Path) -> None:
    program = """
import sys
import fsspec
import fasttrace
query = "select host, count(*), sum(duration_ns) from traces group by all order by all"
there = fasttrace.scan("s3://traces/runs")
memory = fsspec.filesystem("memory")
memory.put(sys.argv[1] + "/", "/runs", recursive=True)
asked = [fasttrace.scan(where) for where in (sys.argv[1], "s3://traces/runs", "memory://runs/*")]
answers = [scan.sql(query).fetchall() for scan in asked]
assert answers[0] == answers[1] == answers[2] and len(answers[0]) == 3, answers
# A second question, of files that have come since.
memory.put(sys.argv[1] + "/0.parquet", "/runs/3.parquet")
assert len(fasttrace.scan("memory://runs").files) == 4
"""
    python(store, program, runs)


def test_a_cluster_asks_a_store(store: dict[str, str], runs: Path) -> None:
    pytest.importorskip("distributed")
    program = """
import sys
import distributed
import fasttrace
if __name__ == "__main__":
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        here, there = (
            fasttrace.scan(sys.argv[1]),
            fasttrace.scan("s3://traces/runs", scheduler=address),
        )
        assert there.summary().rows == here.summary().rows != []
        query, merge = "select count(*) n from traces", "select sum(n)::int from parts"
        assert there.sql(query, merge=merge).fetchall() == [(20030,)]
"""
    script = runs.parent / "on_a_cluster.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, script, runs], env=store, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr


NO_ANSWER = "http://127.0.0.1:9"  # discard(9), which nobody runs


@pytest.mark.parametrize(
    ("where", "changes", "message"),
    [
        ("s3://traces/no*", {}, "no file is there for s3://traces/no*"),
        ("s3://traces/no", {}, "no file is there for s3://traces/no;"),
        ("s3://no-bucket/x", {}, "s3://no-bucket/x: The specified bucket does not exist"),
        ("s3://", {}, "s3://"),
        ("s3://traces/cut", {}, "s3://traces/cut/x.parquet cannot be read, it is cut or no"),
        ("s3://traces/runs", {"AWS_ACCESS_KEY_ID": None}, "Unable to locate credentials"),
        ("s3://traces/runs", {"AWS_ENDPOINT_URL": NO_ANSWER}, "Could not connect to the endpoint"),
        ("s3://traces/runs", {"AWS_PROFILE": "nobody"}, "profile (nobody) could not be found"),
        ("nope://x/y", {}, "nothing here reads nope:// URLs"),
        ("memory://runs/*", {}, "no file is there for memory://runs/*"),
    ],
)
def test_what_a_store_does_not_give_is_one_line(
    store: dict[str, str], where: str, changes: dict[str, str | None], message: str
) -> None:
    changed = {k: v for k, v in {**store, **changes}.items() if v is not None}
    done = run(changed, "scan", where)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.startswith("fasttrace: ")
    assert message in done.stderr


WITHOUT = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from fasttrace.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("without", "where", "message"),
    [
        ("s3fs", "s3://x/y", "this needs s3fs, which is missing: pip install 'fasttrace[s3]'"),
        ("fsspec", "s3://x/y", "this needs s3fs, which is missing: pip install 'fasttrace[s3]'"),
        ("gcsfs", "gs://x/y", "this needs gcsfs, which is missing: pip install gcsfs"),
        ("fsspec", "az://x/y", "this needs adlfs, which is missing: pip install adlfs"),
        ("aiohttp", "https://x/y", "pip install 'fsspec[http]'"),
    ],
)
def test_what_reads_a_store_is_named_where_it_is_missing(
    store: dict[str, str], without: str, where: str, message: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, without, "scan", where],
        env=store,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert message in done.stderr


def test_files_need_nothing_that_reads_stores(runs: Path, tmp_path: Path) -> None:
    """Of a ``file://`` URL neither, in which % is what it is in URLs."""
    odd = tmp_path / "a b"
    odd.mkdir()
    (odd / "x.parquet").write_bytes((runs / "0.parquet").read_bytes())
    for where in (str(runs), f"file://{tmp_path}/a%20b", f"file://localhost{tmp_path}/a%20b/*"):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, "fsspec,s3fs,aiohttp", "scan", where],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


# What is asked for beyond the ends of the files does not come.
LATE = """
import os, signal, sys, threading
import s3fs
from fasttrace.cli import main
started = threading.Lock()
def cat_file(store, path, start, end):
    {answer}
s3fs.S3FileSystem.cat_file = cat_file
{run}
"""
INTERRUPTED = (
    "started.acquire(blocking=False) and os.kill(os.getpid(), signal.SIGINT);"
    " threading.Event().wait()"
)


@pytest.mark.parametrize(
    ("answer", "run", "status", "message"),
    [
        (INTERRUPTED, "sys.exit(main(sys.argv[1:]))", -signal.SIGINT, ""),
        (
            "raise OSError('gone')",
            "sys.exit(main(sys.argv[1:]))",
            1,
            "fasttrace: s3://traces/runs/deep/2.parquet cannot be counted:"
            " s3://traces/runs/deep/2.parquet cannot be read: gone\n",
        ),
    ],
    ids=["control_c", "gone"],
)
def test_what_does_not_come_ends_the_question(
    store: dict[str, str], answer: str, run: str, status: int, message: str
) -> None:
    program = LATE.format(answer=answer, run=run)
    words = [sys.executable, "-c", program, "scan", "s3://traces/runs"]
    done = subprocess.run(words, env=store, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", message)
