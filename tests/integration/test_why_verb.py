"""Promise: `fasttrace why` tells where the time of a recording or a command went, and by whose
doing."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE, running

import fasttrace
from fasttrace.analysis.causes import observed
from fasttrace.analysis.finding import Finding, Why

PYTHON = (sys.executable, "-c")

STORM = """
import os
for i in range(400):
    try:
        os.stat(f"/nowhere/of/mine/{i % 5}.py")
    except FileNotFoundError:
        pass
"""


def why(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FASTTRACE, "why", *words], capture_output=True, text=True, timeout=60, cwd=cwd
    )


def findings(
    monkeypatch: pytest.MonkeyPatch, engine: str, *command: str, descriptors: bool = True
) -> Why:
    """All that there are: how long anything takes is the machine's affair."""
    monkeypatch.setattr(observed, "SHARE", 0)
    monkeypatch.setattr(observed, "LEAST_NS", 1)
    t = fasttrace.trace(command, engine=engine, descriptors=descriptors, stdout=subprocess.DEVNULL)
    found = t.why()
    for one in found:
        assert len(t.events[one.rows]) == one.count > 0
    return found


def of_kind(found: Iterable[Finding], kind: str) -> list[Finding]:
    return [one for one in found if one.kind == kind]


@pytest.mark.parametrize("engine", ENGINES)
def test_who_waits_for_which_child(engine: str, tmp_path: Path) -> None:
    script = "sleep 0.1; (sleep 0.05; exit 3) & wait $!; true"
    folder = tmp_path / "x.fst"
    record = [*FASTTRACE, "record", "--engine", engine, "-o", folder, "sh", "-c", script]
    subprocess.run(record, timeout=60, check=True)
    shown = why(folder, "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    found = [one for one in json.loads(shown.stdout)["findings"] if one["kind"] == "children"]
    t = fasttrace.load(folder)
    sh, subshell = sorted(found, key=lambda one: one["processes"][0]["pid"] != t.events["pid"][0])
    assert "for 2 children" in sh["title"]
    assert "sleep" in sh["text"]
    assert "exited with 0" in sh["text"]
    assert {t[row].name for row in sh["rows"]} == {"wait4"}
    assert "exited with 3" in sh["text"]
    assert "for its child sleep" in subshell["title"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_search_in_vain_names_what_was_looked_for(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = of_kind(findings(monkeypatch, engine, *PYTHON, STORM), "missing files")
    assert one.count >= 400
    assert "0.py (80 times, 1 place)" in one.text
    assert "/nowhere/of/mine/ (400)" in one.text


# Who is waited for waits itself until the other one sleeps.
PARTNERS = """
import os, select, socket, sys, time
how = sys.argv[1]
if how == "tcp":
    server = socket.create_server(("127.0.0.1", 0))
elif how == "unix":
    server = socket.socket(socket.AF_UNIX)
    server.bind("")  # a name of the kernel's choice
    server.listen()
elif how == "pipe":
    reading, writing = os.pipe()
else:
    ours, theirs = socket.socketpair()
if os.fork() == 0:
    if how in ("tcp", "unix"):
        theirs = socket.socket(server.family)
        theirs.connect(server.getsockname())
    while open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()[0] != "S":
        time.sleep(0.001)
    time.sleep(0.05)
    if how == "pipe":
        os.write(writing, b"late")
    else:
        theirs.send(b"late")
    os._exit(0)
if how in ("tcp", "unix"):
    ours, _ = server.accept()
if how == "epoll":
    epoll = select.epoll()
    epoll.register(ours, select.EPOLLIN)
    epoll.poll()
elif how == "select":
    select.select([ours], [], [])
elif how == "poll":
    poll = select.poll()
    poll.register(0, 0)
    poll.register(ours, select.POLLIN)
    poll.poll()
if how == "pipe":
    os.read(reading, 10)
else:
    ours.recv(10)
os.wait()
"""
CONTENDED = """
#include <pthread.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all;
static void *run(void *p)
{
    (void)p;
    pthread_barrier_wait(&all);
    for (int i = 0; i < 10; i++) {
        pthread_mutex_lock(&lock);
        usleep(5000);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}
int main(void)
{
    pthread_t threads[3];
    pthread_barrier_init(&all, NULL, 3);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, run, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
"""
RETRIES = """
import os
ours, _ = os.pipe()
os.set_blocking(ours, False)
for i in range(200):
    try:
        os.read(ours, 1)
    except BlockingIOError:
        pass
"""
POLLER = """
import os, time
for i in range(30):
    if os.path.exists("/nowhere/flag"):
        break
    time.sleep(0.001)
"""
HANGS = """
import sys
print("ready", flush=True)
sys.stdin.read()
"""
ENDS = {"pipe": ("pipe", "write"), "poll": ("poll", "sendto"), "select": ("poll", "sendto")}
ENDS |= {"epoll": ("poll", "sendto")}


@pytest.mark.parametrize("how", ["pipe", "pair", "tcp", "unix", "poll", "select", "epoll"])
@pytest.mark.parametrize("engine", ENGINES)
def test_who_is_at_the_other_end_is_found(
    how: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(monkeypatch, engine, *PYTHON, PARTNERS, how)
    kind, call = ENDS.get(how, ("socket", "sendto"))
    (sleeper,) = of_kind(found, "sleep")
    other = f"(pid {sleeper.processes[0].pid}), by its {call}"
    (one,) = [one for one in of_kind(found, kind) if other in one.text]
    assert one.processes != sleeper.processes
    assert one.cost_ns >= 50_000_000
    (path,) = of_kind(found, "critical path")
    assert f"(pid {sleeper.processes[0].pid})" in path.text


@pytest.mark.parametrize("how", ["pipe", "pair"])
def test_what_pipe_and_socketpair_make_is_known_without_links(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(monkeypatch, "auto", *PYTHON, PARTNERS, how, descriptors=False)
    (sleeper,) = of_kind(found, "sleep")
    kind, call = ENDS.get(how, ("socket", "sendto"))
    other = f"(pid {sleeper.processes[0].pid}), by its {call}"
    assert [one for one in of_kind(found, kind) if other in one.text]
    assert any("record -y" in note for note in found.notes)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_contended_lock_names_the_threads(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    (tmp_path / "lock.c").write_text(CONTENDED)
    program = str(tmp_path / "lock")
    subprocess.run(["gcc", "-pthread", "-o", program, tmp_path / "lock.c"], check=True)
    found = of_kind(findings(monkeypatch, engine, program), "futex")
    contended = [one for one in found if " threads of lock" in one.title]
    assert any("by its futex" in one.text for one in contended)
    assert any("for the end of a thread" in one.title for one in found)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_copier_byte_by_byte_is_told_what_it_costs(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dd = ("dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=1000", "status=none")
    found = of_kind(findings(monkeypatch, engine, *dd), "small pieces")
    assert {one.title.partition(") ")[2] for one in found} == {
        "read 999 bytes in 999 calls from /dev/zero",
        "wrote 999 bytes in 999 calls to /dev/null",
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_who_tries_again_and_who_polls_is_told(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = of_kind(findings(monkeypatch, engine, *PYTHON, RETRIES), "retries")
    assert one.count == 200
    assert "tried read of pipe:[" in one.title
    (one,) = of_kind(findings(monkeypatch, engine, *PYTHON, POLLER), "polling")
    assert "asked 30 times with" in one.title
    assert "about /nowhere/flag" in one.title


def test_ctrl_c_ends_the_program_and_it_is_told_where_the_time_went() -> None:
    command = [*FASTTRACE, "why", "sh", "-c", "echo ready; exec sleep 9"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGINT)
        _, text = run.communicate(timeout=60)
    assert run.returncode == -signal.SIGINT
    assert "from the first call to the last" in text


def test_what_hangs_is_told_of_when_it_is_attached_to() -> None:
    with running([sys.executable, "-c", HANGS]) as target:
        attach = [*FASTTRACE, "why", "--json", "-p", str(target.pid), "--duration", "0.5"]
        run = subprocess.run(attach, capture_output=True, text=True, timeout=60)
        target.end()
    (one,) = json.loads(run.stderr)["findings"]
    assert one["kind"] == "pipe"
    assert one["cost_ns"] >= 400_000_000
    assert "in a call that never returned" in one["text"]


def test_a_recording_that_was_cut_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    record = [*FASTTRACE, "record", "-o", folder, "sh", "-c", "kill -9 $PPID; sleep 9"]
    subprocess.run(record, timeout=60)
    run = why(folder)
    assert run.returncode == 0
    assert "is not finished" in run.stderr


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("command", [["true"], ["cat", "/etc/hostname"]])
def test_of_a_clean_program_there_is_nothing_to_tell(
    engine: str, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(monkeypatch, engine, *command)
    # What is told of files depends on the time that they take.
    assert {one.kind for one in found} <= {"file"}


def test_the_command_keeps_its_output_and_its_status(tmp_path: Path) -> None:
    run = why("sh", "-c", "echo out; exit 7", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (7, "out\n")
    assert "from the first call to the last" in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x.fst"], "x.fst does not exist; give the folder that `record -o` wrote"),
        (["."], ". holds no trace (no meta.json); give the folder that `record -o` wrote"),
        ([".", "--bad"], "unrecognized arguments: --bad; see fasttrace why --help"),
        ([".", "--pid", "1"], "unrecognized arguments: --pid 1; see fasttrace why --help"),
        ([".", "-p", "1"], "give a recording, or what to run or attach to, not both"),
        ([], "no command: what shall be traced?; see fasttrace why --help"),
        (["nosuchprogram"], "nosuchprogram: command not found; check the spelling and PATH"),
    ],
)
def test_a_mistake_is_told_in_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    run = why(*words, cwd=tmp_path)
    assert run.returncode in (1, 2, 127)
    assert run.stderr.startswith(f"fasttrace: {said}"), run.stderr
    assert run.stderr.count("\n") == 1
