"""Promise: `fasttrace bench` measures the user's command and shows what it has, whatever ends
it; its figures are not tested, for they are the machine's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from command_line import FASTTRACE, cli, one_line, program, running, until

QUICK = ("bench", "-n", "1", "--engine", "ptrace", "--against", "none")


def test_table_on_standard_output() -> None:
    done = cli(*QUICK, "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "exit status 3" in done.stdout
    assert "\nuntraced" in done.stdout
    assert "\nfasttrace ptrace" in done.stdout
    assert "--engine ptrace -o /dev/null -- sh -c 'echo out" in done.stdout
    assert "error:" not in done.stdout
    assert "\x1b" not in done.stdout


def test_json_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = cli(*QUICK, "--json", "-o", str(out), "true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    shown = json.loads(out.read_text())
    alone, ours = shown["contenders"]
    assert (alone["name"], ours["name"]) == ("untraced", "fasttrace ptrace")
    assert ours["stops_per_call"] > 1
    assert ours["calls_counted"] == shown["calls"] > 5
    assert len(ours["walls_ns"]) == len(ours["true_walls_ns"]) == 1
    assert ours["exit_statuses"] == [0]
    assert not shown["interrupted"]


def test_all_engines_that_work() -> None:
    shown = json.loads(cli("bench", "-n", "1", "--against", "none", "--json", "true").stdout)
    names = [one["name"] for one in shown["contenders"]] + [o["name"] for o in shown["left_out"]]
    assert set(names) == {"untraced", "fasttrace ptrace", "fasttrace inline"}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_strace_is_measured_as_it_is_used() -> None:
    args = ("-n", "1", "--engine", "ptrace", "--against", "strace", "--json")
    shown = json.loads(cli("bench", *args, "sh", "-c", ":").stdout)
    strace = shown["contenders"][2]
    assert strace["name"] == "strace"
    assert "strace" in strace["version"]
    assert abs(strace["calls_counted"] - shown["calls"]) <= 5
    assert strace["command"] == ["strace", "-f", "-c", "-o", "/dev/null", "--", "sh", "-c", ":"]


def test_peers_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "true").symlink_to(shutil.which("true") or sys.executable)
    env = {**os.environ, "PATH": str(tmp_path)}
    args = ("bench", "-n", "1", "--engine", "ptrace")
    done = cli(*args, "--against", "strace,perf", "true", env=env)
    assert done.returncode == 0
    assert "left out: strace: not installed\nleft out: perf: not installed" in done.stdout
    assert "bpftrace (" not in done.stdout
    done = cli(*args, "true", env=env)
    assert done.returncode == 0
    assert (
        "not measured: strace (not installed), perf (not installed), bpftrace (not installed)"
        in done.stdout
    )


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["no-such-program"], 127, "command not found"),
        (["./no/such/program"], 127, "command not found"),
        (["/etc/passwd"], 126, "not executable"),
        (
            ["--against", "strace,truss", "true"],
            2,
            "no peer 'truss'; known: strace, perf, bpftrace",
        ),
        (["--engine", "warp", "true"], 2, "warp"),
        (["-n", "0", "true"], 2, "'0' is no number of rounds"),
        (["-n", "1"], 2, "no command"),
        (["-p", "1"], 2, "-p"),
        (["-o", "/no/such/folder/x", "true"], 1, "choose another -o"),
    ],
)
def test_what_is_wrong_is_one_line(args: list[str], status: int, message: str) -> None:
    assert message in one_line(cli("bench", *args), status)


def test_help_says_where_the_output_goes() -> None:
    assert "/dev/null" in cli("bench", "--help").stdout


def test_another_exit_status_under_a_tracer() -> None:
    code = "import re; s = open('/proc/self/status').read()"
    seen = "exit(re.search(r'TracerPid:\\s+(\\d+)', s)[1] != '0')"
    done = cli(*QUICK, "--", *program(f"{code}; {seen}"))
    assert done.returncode == 1
    assert "error: under fasttrace ptrace the command ended with exit status 1" in done.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_ends_with_what_it_has_and_ends_the_command(name: str, tmp_path: Path) -> None:
    """The command says how far it is through a FIFO, for its output is thrown away."""
    runs = tmp_path / "runs"
    os.mkfifo(runs)
    # The first run, which counts the calls, ends; the second, untraced, is the one to be ended.
    shell = f"mkdir {tmp_path}/first && echo >{runs} || {{ echo $$ >{runs}; exec sleep 60; }}"
    number = signal.Signals[name]
    with running(*FASTTRACE, *QUICK, "--", "sh", "-c", shell) as bench:
        # With a writer of our own it has no end between two of theirs.
        with open(os.open(runs, os.O_RDWR)) as told:  # noqa: PTH123
            assert told.readline() == "\n"
            pid = int(told.readline())
        bench.send_signal(number)
        assert "interrupted: 0 of 1 rounds" in until(bench.stdout, "interrupted")
        assert bench.wait(60) == -number
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
