"""Promise: servers, shells and runtimes record themselves, and do what they do without a tracer."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fasttrace._core import inline_unusable
from fasttrace.tracing.tracer import Tracer

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))

LIMIT_S = 30
NULL = subprocess.DEVNULL
SCRIPTS = {
    "bash": [
        "bash",
        "--norc",
        "-c",
        "trap 'echo trapped' TRAP; trap '' SYS; kill -TRAP $$; kill -SYS $$; /bin/echo one;"
        " (kill -TRAP $BASHPID; echo not reached); echo $?;"
        " trap - TRAP; (kill -TRAP $BASHPID); echo $?",
    ],
    "ruby": [
        "ruby",
        "-e",
        "trap('TRAP') { puts 'trapped' }; Process.kill('TRAP', $$); sleep 0.05;"
        "puts `echo one`; puts (1..1000).sum; exit 3",
    ],
    "perl": [
        "perl",
        "-e",
        "$SIG{TRAP} = sub { print 'trapped' }; kill 'TRAP', $$; print `echo one`",
    ],
    "valgrind": ["valgrind", "-q", "echo", "one"],
}


def find(program: str, *folders: Path) -> str:
    """Also where Debian keeps what is for administrators, or of several versions."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", *map(str, folders)])
    found = shutil.which(program, path=path)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def is_inline(tracer: Tracer) -> bool:
    return {(p.engine, p.fallback) for p in tracer.processes} == {("inline", "")}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_does_the_same_and_records_itself(name: str, tmp_path: Path) -> None:
    find(SCRIPTS[name][0])
    bare = subprocess.run(SCRIPTS[name], capture_output=True, stdin=NULL)
    with (tmp_path / "out").open("wb") as out:
        quiet = {"stdin": NULL, "stdout": out, "stderr": NULL}
        with Tracer(SCRIPTS[name], engine="inline", tally=True, events=False, **quiet) as tracer:
            tracer.wait()
    assert (tmp_path / "out").read_bytes() == bare.stdout
    assert tracer.exit_status == bare.returncode
    assert is_inline(tracer)


@contextmanager
def traced(command: list[str], is_ready: Callable[[], bool], ends: int) -> Iterator[Tracer]:
    """A server, until it is told to end by a signal."""
    quiet = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    with Tracer(command, engine="inline", tally=True, events=False, **quiet) as tracer:
        until = time.monotonic() + LIMIT_S
        while not is_ready():
            assert time.monotonic() < until
            assert not tracer.wait(0.05), f"it ended with {tracer.exit_status}"
        yield tracer
        assert tracer.pid is not None
        os.kill(tracer.pid, ends)
        assert tracer.wait(LIMIT_S)
    assert tracer.exit_status == 0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


NGINX = """
daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/errors;
events {{ }}
http {{
    access_log off;
    {temporary}
    server {{ listen 127.0.0.1:{port}; location / {{ root {folder}; }} }}
}}
"""


def test_nginx_with_its_workers_records_itself(tmp_path: Path) -> None:
    """It ignores SIGSYS, and as root its workers are another user's."""
    nginx, port = find("nginx"), free_port()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, port=port, temporary=temporary))
    (tmp_path / "page").write_bytes(b"x" * 100_000)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == tmp_path.owner() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "errors").touch()
    url = f"http://127.0.0.1:{port}/page"

    def answers() -> bool:
        try:
            return len(urllib.request.urlopen(url, timeout=5).read()) == 100_000
        except OSError:
            return False

    command = [nginx, "-e", f"{tmp_path}/errors", "-c", str(config)]
    with traced(command, answers, signal.SIGQUIT) as tracer:
        assert all(answers() for _ in range(200))
    assert is_inline(tracer)
    assert len(tracer.processes) == 3
    summary = tracer.summary()
    assert summary.calls["sendfile"] + summary.calls.get("writev", 0) >= 200


def test_postgresql_records_itself(tmp_path: Path) -> None:
    """Under a user of its own, which it insists on."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    postgres, initdb = find("postgres", *versions), find("initdb", *versions)
    psql = find("psql", *versions)
    user: list[str] = []
    if os.geteuid() == 0:
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        find(user[0])
        for folder in (tmp_path, *tmp_path.parents):
            if folder.owner() == tmp_path.owner() and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o011)
    data = tmp_path / "data"
    data.mkdir()
    if user:
        os.chown(data, 65534, 65534)
    made = subprocess.run(
        [*user, initdb, "-A", "trust", "-U", "me", "-D", data], capture_output=True
    )
    assert made.returncode == 0, made.stderr
    port = str(free_port())
    ask = [psql, "-h", "127.0.0.1", "-p", port, "-U", "me", "-At", "postgres", "-c"]

    def answers(question: str = "select 1") -> bytes:
        return subprocess.run([*ask, question], capture_output=True, check=False).stdout

    where = ["-D", str(data), "-p", port, "-h", "127.0.0.1", "-k", str(data)]
    with traced([*user, postgres, *where], lambda: answers() == b"1\n", signal.SIGINT) as tracer:
        answers("create table t (n int); insert into t select generate_series(1, 10000)")
        assert answers("select sum(n) from t") == b"50005000\n"
    assert is_inline(tracer)
    assert tracer.summary().calls["pwrite64"] > 10
