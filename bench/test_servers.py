"""What a client notices of a traced server: the time for so many requests.

All servers run at once, each for itself, and only the one that is asked has something to do.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from workloads import ENVIRONMENT

from fasttrace._core import inline_unusable

NULL = subprocess.DEVNULL
LIMIT_S = 30

FASTTRACE = [sys.executable, "-m", "fasttrace", "summary", "-o", os.devnull, "--engine"]
TRACERS = {
    "inline": [*FASTTRACE, "inline", "--"],
    "untraced": [],
    "ptrace": [*FASTTRACE, "ptrace", "--"],
    "strace -f -c": ["strace", "-f", "-c", "-o", os.devnull, "--"],
}
ASKED = {"untraced": 1.18}  # 0.85 of its throughput

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))


class Server(NamedTuple):
    """command: how it is started; ask: what sends so many requests."""

    command: list[str]
    ends: int
    ask: Callable[[int], list[str]]


def find(name: str) -> str:
    """Also where Debian keeps what is for administrators, or of several versions."""
    versions = map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *versions]))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


NGINX = """
daemon off; worker_processes 2; user root; pid {folder}/pid; error_log {folder}/errors;
events {{ }}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; return 200 "some text\\n"; }} }}
"""


def ab(port: int) -> Callable[[int], list[str]]:
    client = find("ab")
    url = f"http://127.0.0.1:{port}/"
    return lambda n: [client, "-q", "-k", "-n", str(8000 * n), "-c", "8", url]


def nginx(folder: Path, port: int) -> Server:
    (folder / "conf").write_text(NGINX.format(folder=folder, port=port))
    command = [find("nginx"), "-e", f"{folder}/errors", "-c", f"{folder}/conf"]
    return Server(command, signal.SIGQUIT, ab(port))


GO = """
package main
import ("fmt"; "net/http"; "os"; "os/signal")
func main() {
    http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "text") })
    go http.ListenAndServe("127.0.0.1:" + os.Args[1], nil)
    ends := make(chan os.Signal, 1)
    signal.Notify(ends, os.Interrupt)
    <-ends
}
"""


def go(folder: Path, port: int) -> Server:
    (folder / "main.go").write_text(GO)
    env = {**ENVIRONMENT, "HOME": str(folder), "GOCACHE": f"{folder.parent}/cache"}
    build = [find("go"), "build", "-o", "server", "main.go"]
    subprocess.run(build, cwd=folder, env=env, check=True)
    return Server([f"{folder}/server", str(port)], signal.SIGINT, ab(port))


def postgresql(folder: Path, port: int) -> Server:
    """Under a user of its own, which it insists on."""
    user: list[str] = []
    if os.geteuid() == 0:
        user = [find("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"]
        os.chown(folder, 65534, 65534)
        for above in (folder, *list(folder.parents)[:-1]):
            above.chmod(above.stat().st_mode | 0o011)
    init = [*user, find("initdb"), "-A", "trust", "-U", "me", "-D", f"{folder}/data"]
    subprocess.run(init, check=True, stdout=NULL)
    where = ["-h", "127.0.0.1", "-p", str(port)]
    command = [*user, find("postgres"), "-D", f"{folder}/data", *where, "-k", str(folder)]
    client = [find("pgbench"), *where, "-U", "me", "-n", "-S", "-c", "4"]
    return Server(command, signal.SIGINT, lambda n: [*client, "-t", str(4000 * n), "postgres"])


def is_up(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: list[str], port: int, ends: int) -> Iterator[None]:
    """Its group is told to end: not all tracers pass a signal on."""
    quiet = {"stdin": NULL, "stdout": NULL, "stderr": NULL, "env": ENVIRONMENT}
    with subprocess.Popen(command, **quiet, start_new_session=True) as process:
        until = time.monotonic() + LIMIT_S
        while not is_up(port):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield
        os.killpg(process.pid, ends)


def asks(command: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, stdout=NULL, stderr=NULL, env=ENVIRONMENT)


@pytest.mark.parametrize("make", [nginx, go, postgresql], ids=lambda make: make.__name__)
def test_server(make: Callable[[Path, int], Server], in_turn, tmp_path: Path):
    tracers = {name: words for name, words in TRACERS.items() if not words or find(words[0])}
    with ExitStack() as stack:
        contenders = {}
        for i, (name, words) in enumerate(tracers.items()):
            folder, port = tmp_path / str(i), free_port()
            folder.mkdir()
            server = make(folder, port)
            stack.enter_context(running([*words, *server.command], port, server.ends))
            if make is postgresql:
                init = [find("pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "me", "-i", "-q"]
                subprocess.run([*init, "postgres"], check=True, stdout=NULL, stderr=NULL)
            contenders[name] = asks(server.ask(1))
        in_turn(contenders, limits=ASKED)
