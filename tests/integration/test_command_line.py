"""Promise: the command line leaves the program alone, ends as it ends, shows what was asked for,
and says what is wrong in one line."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import FASTTRACE, LIMIT_S, cli, line, one_line, program, running, until

import fasttrace
from fasttrace._core import inline_unusable
from fasttrace.data.events import Flag, Kind, payload_items
from fasttrace.syscalls.names import syscall_number

# What `--engine auto` takes here.
ENGINE = "ptrace" if inline_unusable() else "inline"

# What the program sees and how it ends


@pytest.mark.parametrize("status", [0, 1, 3, 126, 127, 255])
def test_exits_as_the_program_does(status: int) -> None:
    done = cli("summary", "sh", "-c", f"echo out; exit {status}")
    assert done.returncode == status
    assert done.stdout == "out\n"
    assert "exit_group" in done.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGSEGV", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_dies_of_the_same_signal(name: str) -> None:
    number = signal.Signals[name]
    done = cli("summary", "sh", "-c", f"kill -{int(number)} $$")
    assert done.returncode == -number
    assert f"killed by signal {int(number)}" in done.stderr


def test_only_the_program_dumps_core(tmp_path: Path) -> None:
    if Path("/proc/sys/kernel/core_pattern").read_text().startswith("|"):
        pytest.skip("cores go to a program here, whatever the limit is")

    def cores_wanted() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    shell = f"cd {tmp_path}; kill -SEGV $$"
    with running(*FASTTRACE, "summary", "sh", "-c", shell, preexec_fn=cores_wanted) as traced:
        _, status = os.waitpid(traced.pid, 0)
        traced.returncode = os.waitstatus_to_exitcode(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    assert not os.WCOREDUMP(status)


@pytest.mark.parametrize("verb", ["summary", "trace", "record"])
def test_standard_streams_are_the_programs(verb: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = "cat; echo to stderr >&2; exit 7"
    done = cli(verb, "-o", str(out), "sh", "-c", code, stdin=None, input="through\n")
    assert done.returncode == 7
    assert done.stdout == "through\n"
    assert done.stderr == "to stderr\n"
    assert out.exists()


def test_options_after_the_command_are_its_own() -> None:
    assert cli("summary", "echo", "--json", "-e", "x").stdout == "--json -e x\n"
    assert cli("summary", "--json", "--", "echo", "--", "-p").stdout == "-- -p\n"


def test_python_does_not_hand_down_what_it_ignores() -> None:
    done = cli("summary", "sh", "-c", "kill -PIPE $$; echo survived")
    assert done.returncode == -signal.SIGPIPE
    assert done.stdout == ""


# The results


def test_json_of_a_summary_says_what_the_table_says(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = cli("summary", "--json", "-o", str(out), "sh", "-c", "cat /nowhere; exit 3")
    assert done.returncode == 3
    shown = json.loads(out.read_text())
    assert set(shown) == {
        *("argv", "exit_status", "engine", "fallbacks", "wall_ns", "total_calls", "total_errors"),
        *("lost", "finished", "syscalls", "processes"),
    }
    assert shown["argv"] == ["sh", "-c", "cat /nowhere; exit 3"]
    assert (shown["exit_status"], shown["engine"], shown["lost"]) == (3, ENGINE, 0)
    assert shown["total_calls"] == sum(s["calls"] for s in shown["syscalls"])
    assert shown["total_calls"] == sum(p["calls"] for p in shown["processes"])
    assert [p["comm"] for p in shown["processes"]] == ["sh", "cat"]
    by_name = {s["name"]: s for s in shown["syscalls"]}
    assert by_name["openat"]["errnos"]["ENOENT"] >= 1


def test_summary_sorted_and_by_process(tmp_path: Path) -> None:
    done = cli(
        "summary", "--json", "--sort", "calls", "--by", "comm", "sh", "-c", "cat </dev/null; :"
    )
    shown = json.loads(done.stderr)
    counts = [s["calls"] for s in shown["syscalls"]]
    assert counts == sorted(counts, reverse=True)
    assert set(shown["by_comm"]) == {"sh", "cat"}
    assert shown["total_calls"] == sum(g["total_calls"] for g in shown["by_comm"].values())


def test_a_tracer_in_the_tree_is_told_why_it_fails() -> None:
    """PTRACE_TRACEME of a process that is traced already."""
    code = "import ctypes, sys; sys.exit(ctypes.CDLL(None).ptrace(0, 0, 0, 0) != -1)"
    done = cli("summary", sys.executable, "-ISc", code)
    assert done.returncode == 0
    assert "a process has one tracer, and here that is fasttrace" in done.stderr


def test_no_follow_leaves_children_alone() -> None:
    done = cli("summary", "--json", "--no-follow", "sh", "-c", "cat </dev/null; :")
    assert len(json.loads(done.stderr)["processes"]) == 1


def test_trace_shows_calls_as_text() -> None:
    done = cli("trace", "-e", "openat,%process", "sh", "-c", "cat /nowhere; exit 3", env=_C_LOCALE)
    lines = done.stderr.splitlines()
    (failed,) = (text for text in lines if '"/nowhere"' in text and "openat" in text)
    assert "= -1 ENOENT (No such file or directory) <" in failed
    assert any('--- exec ["cat", "/nowhere"] ---' in text for text in lines)
    assert any("--- SIGCHLD from pid" in text for text in lines)
    assert lines[-1].endswith("--- exited with 3 ---")
    assert "\x1b" not in done.stderr


_C_LOCALE = {**os.environ, "LC_ALL": "C"}


def test_trace_json_is_one_object_per_line(tmp_path: Path) -> None:
    out = tmp_path / "calls"
    assert cli("trace", "--json", "-o", str(out), "true").returncode == 0
    calls = [json.loads(text) for text in out.read_text().splitlines()]
    assert calls[-1]["kind"] == "exit"
    assert next(c["name"] for c in calls if c["kind"] == "syscall") == "execve"


def test_trace_comes_as_it_happens() -> None:
    code = "print('ready', flush=True); input()"
    with running(*FASTTRACE, "trace", *program(code)) as traced:
        # The program waits for us: what is shown now is shown while it runs.
        assert "--- exec [" in line(traced.stderr)
        assert line(traced.stdout) == "ready\n"
        until(traced.stderr, "write(1, ")
        traced.stdin.write(b"\n")  # type: ignore[union-attr]
        until(traced.stderr, "exited with 0")
        assert traced.wait(LIMIT_S) == 0


def written(folder: Path) -> bytes:
    """The bytes that a recorded program was seen to write."""
    trace = fasttrace.load(folder)
    stream = trace.payload.data
    nr = syscall_number("write")
    (event,) = trace.events[(trace.events["kind"] == Kind.SYSCALL) & (trace.events["nr"] == nr)]
    if not event["flags"] & Flag.PAYLOAD:
        return b""
    (item,) = payload_items(stream, int(event["payload"]))
    return item.data


def test_a_record_keeps_as_much_data_as_it_is_told_to(tmp_path: Path) -> None:
    text = "x" * 99
    for options, kept in (
        ([], 32),
        (["-s", "7"], 7),
        (["-s100"], 100),
        (["--no-payload"], 0),
    ):
        folder = tmp_path / f"{kept}.fst"
        done = cli("record", "-o", str(folder), *options, "/bin/echo", text)
        assert (done.returncode, done.stdout) == (0, text + "\n")
        assert written(folder) == (text + "\n").encode()[:kept]
    done = cli("record", "-o", str(tmp_path / "no"), "-s", "0", "/bin/echo")
    assert done.returncode == 2
    assert "'0' is no number from 1 to 32768" in done.stderr


def test_a_record_can_be_reported(tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    done = cli("record", "-o", str(folder), "sh", "-c", "cat /nowhere; exit 3")
    assert done.returncode == 3
    shown = json.loads(cli("report", str(folder), "--json").stdout)
    assert shown["exit_status"] == 3
    assert shown["lost"] == 0
    table = cli("report", str(folder), "--sort", "name", "--by", "pid")
    assert table.returncode == 0
    assert "openat" in table.stdout
    assert table.stderr == ""
    calls = cli("report", str(folder), "--calls", "-e", "openat").stdout.splitlines()
    by_name = {s["name"]: s["calls"] for s in shown["syscalls"]}
    assert sum("openat(" in text for text in calls) == by_name["openat"]
    as_json = cli("report", str(folder), "--calls", "--json").stdout.splitlines()
    kinds = [json.loads(text)["kind"] for text in as_json]
    assert kinds.count("syscall") == shown["total_calls"]


def test_doctor_says_that_tracing_works_here() -> None:
    done = cli("doctor", "--json")
    assert done.returncode == 0
    shown = json.loads(done.stdout)
    assert (shown["works"], shown["engine"]) == (True, ENGINE)
    states = {check["name"]: check["state"] for check in shown["checks"]}
    assert states["trace"] == "ok"
    assert "bad" not in states.values()
    text = cli("doctor")
    assert text.returncode == 0
    assert all(name in text.stdout for name in states)


# Bad input


@pytest.mark.parametrize(
    ("args", "status", "remedy"),
    [
        (["summary"], 2, "no command"),
        (["summary", "--bogus", "ls"], 2, "--bogus"),
        (["summary", "--sort", "size", "ls"], 2, "size"),
        (["summary", "-e", "openatt", "ls"], 2, "openat"),
        (["summary", "-e", "%fiel", "ls"], 2, "file"),
        (["summary", "-e", "/(", "ls"], 2, "'('"),
        (["summary", "--engine", "inline", "--no-follow", "ls"], 1, "--engine ptrace"),
        (["summary", "no-such-program"], 127, "not found"),
        (["summary", "/no/such/program"], 127, "not found"),
        (["summary", "/"], 126, "directory"),
        (["summary", "/etc/passwd"], 126, "chmod +x"),
        (["summary", "-o", "/no/such/folder/x", "ls"], 1, "-o"),
        (["trace", "-o", "/", "ls"], 1, "-o"),
        (["record", "ls"], 2, "-o"),
        (["record", "-o", "/", "ls"], 1, "exists"),
        (["record", "-o", "/no/such/x.fst", "ls"], 1, "/no/such"),
        (["report"], 2, "FOLDER"),
        (["report", "/no/such.fst"], 1, "/no/such.fst"),
        (["report", "/etc"], 1, "/etc"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_bad_input_is_one_line_with_the_remedy(args: list[str], status: int, remedy: str) -> None:
    assert remedy in one_line(cli(*args), status)


def test_a_script_without_its_first_line(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    assert "#!" in one_line(cli("summary", str(script)), 126)


def test_a_command_that_cannot_start_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    one_line(cli("record", "-o", str(folder), "/etc/passwd"), 126)
    assert not folder.exists()


def test_too_many_arguments_are_one_line_with_a_remedy() -> None:
    big = "x" * 120_000
    code = (
        "import sys; from fasttrace.cli import main;"
        f"sys.exit(main(['summary', 'true'] + ['{'x'}' * {len(big)}] * 100))"
    )
    done = subprocess.run(
        program(code), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert "xargs" in one_line(done, 126)


def test_without_arguments_there_is_help() -> None:
    done = cli()
    assert done.returncode == 2
    assert done.stdout == ""
    assert "summary" in done.stderr


# What it costs to start


HEAVY = {"numpy", "json", "pathlib", "subprocess", "asyncio", "dataclasses"}
START = """
import builtins, gc, sys

compiled, looks, compiles = [], [], compile
def noted(source, filename, *args, **options):
    if filename == "<string>":
        compiled.append(source)
    return compiles(source, filename, *args, **options)
builtins.compile = noted
from fasttrace.__main__ import main

gc.collect()
gc.callbacks.append(lambda phase, info: looks.append(phase))
main()
print(sorted(set(sys.modules) & HEAVY), compiled, looks)
"""


@pytest.mark.parametrize(
    ("verb", "unused"),
    [
        ("summary", {"fasttrace._decode", "fasttrace.data.events", "fasttrace.syscalls.sets"}),
        ("strace", {"argparse", "fasttrace.data.events", "fasttrace.data.calls"}),
    ],
)
def test_a_start_does_nothing_that_takes_long(verb: str, unused: set[str], tmp_path: Path) -> None:
    """It imports nothing that is heavy or not needed, looks for no garbage, and compiles no text:
    typing does that for each field of a NamedTuple in a module with `annotations` of the future.
    -S: no site-packages, whose .pth files may import what they like."""
    code = f"HEAVY = {HEAVY | unused!r}\n{START}"
    command = [sys.executable, "-S", "-c", code, verb, "-o", str(tmp_path / "out"), "true"]
    env = {**os.environ, "PYTHONPATH": str(Path(fasttrace.__file__).parents[1])}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT_S, check=False, env=env
    )
    assert (done.stdout, done.stderr) == ("[] [] []\n", "")
