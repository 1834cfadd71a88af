"""Promise: the profile made from a run lets the program run again, with the same output and end,
though it kills for every other call; and its audit has nothing to tell."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import FASTTRACE, LIMIT_S, cli, line, one_line, running

import fasttrace
from fasttrace.seccomp import Profile, generate, load
from fasttrace.tracing.tracer import Tracer

pytest.importorskip("pyseccomp")

from fasttrace.seccomp.ask.audit import Audit
from fasttrace.seccomp.filter.interpret import Program
from fasttrace.seccomp.filter.wall import wall_of

KILL = "SCMP_ACT_KILL_PROCESS"
QUIET: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
PIPES: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True}
THREADS = (
    "import threading\n"
    "ts = [threading.Thread(target=print, args=(i,)) for i in range(1)]\n"
    "[t.start() for t in ts]; [t.join() for t in ts]\n"
)
CHILDREN = (
    "import subprocess, multiprocessing.dummy as m\n"
    "print(m.Pool(3).map(lambda x: subprocess.check_output(['echo', str(x)]), range(4)))\n"
)
SHELL = (
    "ls / | sort | head -3; for i in 1 2; do (echo $i); done; trap 'echo usr1' USR1; kill -USR1 $$"
)

PROGRAMS = {
    "python": [sys.executable, "-c", "import json, socket; socket.socket(); print(json.dumps(1))"],
    "threads": [sys.executable, "-c", THREADS],
    "children": [sys.executable, "-c", CHILDREN],
    "bash": ["bash", "-c", f"{SHELL}; exit 5"],
    "git": ["git", "version"],
    "perl": ["perl", "-e", "print join(',', sort { $a <=> $b } 3, 1, 2), `echo hi`"],
    "sqlite3": [
        "sqlite3",
        ":memory:",
        "create table t(x); insert into t values(1); select * from t",
    ],
    "busybox": ["busybox", "sh", "-c", "echo a | busybox cat; busybox ls / | busybox wc -l"],
    "gcc": ["gcc", "-S", "-o", "-", "-x", "c", "/dev/null"],
    "go": ["runc", "--version"],
    "killed": ["sh", "-c", "echo out; kill -9 $$"],
    "segfault": ["sh", "-c", "kill -SEGV $$"],
    "missing": ["sh", "-c", "cat /no/such/file; no-such-program"],
}
TRACEES = [
    *("i386", "int80", "blocked_calls_i386", "musl_hello", "static_hello", "fork_tree", "clone3"),
    *("vfork_exec", "exec_from_thread", "thread_races", "many_threads", "sig_restart_matrix"),
    *("restart_syscall", "siglongjmp", "own_filter", "clone_flags"),
]


def ended(command: list[str], **options: Any) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, **options
    )
    return done.returncode, done.stdout, done.stderr


def behind(profile: Profile, folder: Path) -> list[str]:
    path = folder / "profile.json"
    path.write_text(profile.to_json())
    return [sys.executable, "-m", "fasttrace", "seccomp", "run", "--profile", str(path), "--"]


def audited(profile: Profile, command: list[str]) -> list[object]:
    audit = Audit(Program(wall_of(profile).program))
    with Tracer(command, **QUIET, stderr=subprocess.DEVNULL) as tracer:
        for block in tracer.blocks():
            events = np.frombuffer(memoryview(block), fasttrace.EVENT_DTYPE)
            audit.add(events, block.payload, block.payload_base)
    assert audit.calls > 0
    return list(audit.rows())


def check(command: list[str], folder: Path, engine: str = "auto") -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    made = generate(
        fasttrace.trace(command, engine=engine, **QUIET, stderr=subprocess.DEVNULL),
        default_action=KILL,
    )
    assert made.notices == () or "clone3" in made.notices[0]
    assert ended([*behind(made.profile, folder), *command]) == ended(command)
    assert audited(made.profile, command) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_again_under_its_profile(name: str, tmp_path: Path) -> None:
    check(PROGRAMS[name], tmp_path)


@pytest.mark.parametrize("name", TRACEES)
def test_a_tracee_runs_again_under_its_profile(name: str, tracees: Any, tmp_path: Path) -> None:
    check(tracees.command(name), tmp_path)


@pytest.mark.parametrize("name", ["bash", "python"])
def test_with_the_engine_that_stops_at_each_call(name: str, tmp_path: Path) -> None:
    check(PROGRAMS[name], tmp_path, "ptrace")


def test_a_profile_without_one_call_does_not(tmp_path: Path) -> None:
    """So the tests above can fail."""
    command = PROGRAMS["perl"]
    made = generate(fasttrace.trace(command, **QUIET), default_action=KILL)
    without = [one.names for one in made.profile.rules if "wait4" in one.names]
    assert len(without) == 1
    text = made.profile.to_json().replace('"wait4"', '"getpid"')
    path = tmp_path / "profile.json"
    path.write_text(text)
    assert cli("seccomp", "run", "--profile", str(path), *command).returncode == -31
    assert [row.name for row in audited(load(path), command)] == ["wait4"]


def test_as_the_container_runtimes_compile_it_for_32_bit_programs(tracees: Any) -> None:
    trace = fasttrace.trace(tracees.command("i386"), **QUIET)
    made = generate(trace)
    assert made.abis == ("x86_64", "i386")
    assert made.profile.architectures == ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")


# The command line


def test_two_commands_from_a_question_to_a_tested_profile(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    command = ["sh", "-c", "echo out; exit 3"]
    made = cli("seccomp", "generate", "-o", str(path), *command)
    assert (made.returncode, made.stdout) == (3, "out\n")
    told = made.stderr
    assert f"fasttrace seccomp run --profile {path} sh -c 'echo out; exit 3'" in told
    done = cli("seccomp", "run", "--profile", str(path), *command)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "")


def test_runs_are_put_together(tmp_path: Path) -> None:
    """Saved ones, the one of this command, and a profile that is there already."""
    first, second, path = tmp_path / "1.fst", tmp_path / "2.fst", tmp_path / "p.json"
    for folder, command in ((first, ["uname"]), (second, ["cat", "/dev/null"])):
        fasttrace.record(command, path=folder, **QUIET)
    saved = cli("seccomp", "generate", "--from", str(first), "--from", str(second))
    assert saved.returncode == 0
    path.write_text(saved.stdout)
    both = {name for rule in load(path).rules for name in rule.names}
    assert {"uname", "fadvise64"} <= both
    assert "getppid" not in both
    done = cli(
        *("seccomp", "generate", "-o", str(path), "--update", str(path), "--from", str(first)),
        *(sys.executable, "-c", "import os; os.getppid()"),
    )
    assert done.returncode == 0, done.stderr
    assert both | {"getppid"} <= {name for rule in load(path).rules for name in rule.names}
    for command in (["uname"], ["cat", "/dev/null"]):
        assert cli("seccomp", "run", "--profile", str(path), *command).returncode == 0


def test_a_running_service(tracees: Any, tmp_path: Path) -> None:
    """Its start was not seen, and that is said."""
    path = tmp_path / "p.json"
    with running(*tracees.command("reader")) as target:
        assert target.stdout is not None
        target.stdout.readline()
        done = cli(
            *("seccomp", "generate", "-o", str(path), "--floor"),
            *("-p", str(target.pid), "--duration", "0.2"),
        )
    assert done.returncode == 0, done.stderr
    assert "its start was not seen" in done.stderr
    names = {name for rule in load(path).rules for name in rule.names}
    assert {"read", "set_tid_address", "execve"} <= names


def test_ctrl_c_ends_a_service_and_not_its_profile(tracees: Any, tmp_path: Path) -> None:
    """A terminal's goes to all; the program dies of it, its profile is written."""
    path = tmp_path / "p.json"
    command = [*FASTTRACE, "seccomp", "generate", "-o", str(path), *tracees.command("reader")]
    with running(*command, start_new_session=True) as process:
        assert line(process.stdout) == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(LIMIT_S) == -signal.SIGINT
    assert "read" in {name for rule in load(path).rules for name in rule.names}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["true"], "give -o FILE"),
        (["-o", "x", "--groups", "true"], "--groups goes with"),
        (["-o", "x", "--format", "systemd", "--update", "x", "true"], "--update"),
        (["-o", "x"], "no command"),
        (["-o", "x", "--default", "sometimes", "true"], "sometimes"),
        (["-o", "x", "--limit", "-1", "true"], "--limit"),
        (["-o", "x", "--update", "/no/such/file", "true"], "cannot read the profile"),
        (["--from", "/no/such/folder"], "/no/such/folder"),
    ],
)
def test_mistakes_are_one_line(args: list[str], message: str, tmp_path: Path) -> None:
    done = cli("seccomp", "generate", *args, cwd=tmp_path)
    assert message in one_line(done, 1 if args[0] == "--from" else 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "place", [lambda folder: folder, lambda folder: folder / "none" / "p.json"]
)
def test_no_place_for_the_profile_is_said_before_the_run(
    place: Callable[[Path], Path], tmp_path: Path
) -> None:
    done = cli("seccomp", "generate", "-o", str(place(tmp_path)), "sh", "-c", "echo ran")
    assert "cannot write" in one_line(done, 1)


@pytest.mark.parametrize("no_new_privs", [True, False])
def test_in_a_container(no_new_privs: bool, tmp_path: Path) -> None:
    """As docker runs it: runc compiles and installs the profile."""
    runc, busybox = shutil.which("runc"), shutil.which("busybox")
    if os.geteuid() != 0 or runc is None or busybox is None:
        pytest.skip("needs root, runc and a static busybox")
    bin = tmp_path / "rootfs" / "bin"
    for folder in (bin, *(tmp_path / "rootfs" / name for name in ("proc", "dev", "sys", "etc"))):
        folder.mkdir(parents=True)
    shutil.copy(busybox, bin / "busybox")
    script = ["/bin/busybox", "sh", "-c", "echo in; busybox ls / | busybox wc -l; exit 4"]
    subprocess.run([runc, "spec"], cwd=tmp_path, check=True)
    config = json.loads((tmp_path / "config.json").read_text())
    config["process"] |= {"args": script, "terminal": False, "noNewPrivileges": no_new_privs}

    def contained(seccomp: object) -> subprocess.CompletedProcess[bytes]:
        config["linux"]["seccomp"] = seccomp
        (tmp_path / "config.json").write_text(json.dumps(config))
        name = f"fasttrace-{os.getpid()}-{no_new_privs}"
        return subprocess.run([runc, "run", name], cwd=tmp_path, **PIPES, timeout=LIMIT_S)

    if contained({"defaultAction": "SCMP_ACT_ALLOW"}).returncode != 4:
        pytest.skip("runc does not run here")
    trace = fasttrace.trace(["busybox", *script[1:]], **QUIET)
    made = generate(trace, container=True)
    done = contained(json.loads(made.profile.to_json()))
    assert (done.returncode, done.stdout) == (4, b"in\n5\n"), done.stderr
    without = made.profile.to_json().replace('"dup2"', '"bpf"')
    assert contained(json.loads(without)).stdout != done.stdout
