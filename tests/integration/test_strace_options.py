"""Promise: fasttrace strace reads its options as the installed strace does, refuses what it refuses
in the same words, and outlives its reader."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import LIMIT_S, run
from strace_text import by_age, plain
from support import ENGINES, FASTTRACE

STRACE = "strace"  # as it is called, so it names itself
pytestmark = pytest.mark.skipif(not shutil.which(STRACE), reason="strace is not installed")
OURS = [*FASTTRACE, "strace"]


REFUSED = [
    ["-e", "bogus", "true"],
    ["-e", "trace=read,bogus", "true"],
    ["-e", "trace=/bogus", "true"],
    ["-e", "trace=,", "true"],
    ["-e", "signal=!,", "true"],
    ["-e", "status=", "true"],
    ["--columns=x", "true"],
    ["--string-lim=x", "true"],
    ["--timestamps=x", "true"],
    ["-e", "signal=FOO", "true"],
    ["-e", "status=foo", "true"],
    ["-e", "quiet=foo", "true"],
    ["-e", "inject=foo", "true"],
    ["-e", "fault=close:error=FOO", "true"],
    ["--bogus", "true"],
    ["--bogus=1", "true"],
    ["--summary=1", "true"],
    ["--trac", "true"],
    ["--tr=close", "true"],
    ["--trace"],
    ["-g", "true"],
    ["-fg", "true"],
    ["-r=x", "true"],
    ["-p"],
    ["-p", "1x"],
    ["-p", "99999999999"],
    ["-p", "99999999"],
    [],
    ["-f"],
    ["nonexistentcmd"],
    ["./nonexistent"],
    ["-o", "/nonexistent/x", "true"],
    ["-a", "x", "true"],
    ["-s", "x", "true"],
    ["-s", "-1", "true"],
    ["-X", "foo", "true"],
    ["-I", "9", "true"],
    ["-c", "-S", "foo", "true"],
    ["-c", "-U", "foo", "true"],
    ["-U", "name", "true"],
    ["-w", "true"],
    ["-c", "-C", "true"],
    ["-c", "-ff", "-o", "x", "true"],
    ["-ff", "-o", "|cat", "true"],
    ["--absolute-timestamps=foo", "true"],
    ["--relative-timestamps=foo", "true"],
    ["--syscall-times=foo", "true"],
    ["--strings-in-hex=foo", "true"],
]


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_strace_refuses_is_refused_in_its_words(words: list[str], tmp_path: Path) -> None:
    mine, its = run(OURS, *words, cwd=tmp_path), run([STRACE], *words, cwd=tmp_path)
    assert (mine.returncode, mine.stdout, mine.stderr) == (1, "", its.stderr)
    assert its.returncode == 1


@pytest.mark.parametrize(
    "words",
    [["-k"]],
    ids=" ".join,
)
def test_what_is_not_there_is_named(words: list[str]) -> None:
    done = run(OURS, *words, "true")
    name = words[0][:2]
    assert done.returncode == 1
    assert done.stderr.startswith(f"strace: option {name} is not supported by fasttrace\n")


SHOWN = [
    ["-t"],
    ["-tt"],
    ["-ttt"],
    ["-r"],
    ["-rt"],
    ["-r", "-ttt"],
    ["-T"],
    ["-n"],
    ["-Tn", "-a", "60"],
    ["-a1"],
    ["--absolute-timestamps=ns"],
    ["--absolute-timestamps=unix,ms"],
    ["--absolute-timestamps=format:time,precision:us"],
    ["--relative-timestamps=ms"],
    ["--syscall-times=ns"],
    ["-qq"],
    ["-f", "-tt", "-T"],
    ["-z"],
    ["-Z"],
    ["-e", "status=failed,unfinished"],
    ["-x"],
    ["-xx"],
]


def shape(text: str) -> list[str]:
    """Lines, each digit of what changes as 0."""
    text = re.sub(r"^(\[pid +)\d+", r"\1P", text, flags=re.M)
    text = re.sub(r"strace: Process \d+ attached\n", "", text)
    return [re.sub(r"\d", "0", line) for line in text.splitlines()]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_heads_times_and_columns_are_straces(words: list[str]) -> None:
    command = [*words, "-e", "trace=close,access,exit_group", "cat", "/etc/hostname"]
    assert shape(run(OURS, *command).stderr) == shape(run([STRACE], *command).stderr)


def test_times_are_those_of_the_calls() -> None:
    """A sleep of 50 ms: -T tells at least as much, and -r of the next line; -ttt tells now."""
    words = ["-ttt", "-T", "-e", "trace=clock_nanosleep", "sleep", "0.05"]
    line = run(OURS, *words).stderr.splitlines()[0]
    seconds, took = re.fullmatch(r"(\d+\.\d{6}) .* = 0 <(\d\.\d{6})>", line).groups()  # type: ignore[union-attr]
    assert float(took) >= 0.05
    assert abs(float(seconds) - time.time()) < LIMIT_S
    lines = run(OURS, "-r", "sleep", "0.05").stderr.splitlines()
    after = next(i for i, line in enumerate(lines) if "clock_nanosleep" in line) + 1
    assert float(lines[after].split()[0]) >= 0.05


def test_only_the_first_process_is_told_without_f() -> None:
    words = ["-e", "trace=exit_group", "sh", "-c", "(exit 3)"]
    assert run(OURS, *words).stderr.count("exited with") == 1
    assert run(OURS, "-f", *words).stderr.count("exited with") == 2


def test_processes_are_told_on_standard_error_while_there_are_several() -> None:
    errors = run(OURS, "-f", "-e", "trace=exit_group", "sh", "-c", "(exit 3); exit 4").stderr
    child = re.search(r"^strace: Process (\d+) attached$", errors, re.M)
    assert child is not None
    assert re.search(rf"^\[pid +{child[1]}\] \+\+\+ exited with 3 \+\+\+$", errors, re.M)
    assert "\nexit_group(4)                           = ?\n+++ exited with 4 +++\n" in errors


def test_a_file_for_each_task(tmp_path: Path) -> None:
    assert run(OURS, "-ff", "-o", tmp_path / "x", "sh", "-c", "(exit 3); exit 4").returncode == 4
    files = [tmp_path / f"x.{tid}" for tid in by_age(f.suffix[1:] for f in tmp_path.iterdir())]
    assert len(files) == 2
    ends = [file.read_text().splitlines()[-1] for file in files]
    assert ends == ["+++ exited with 4 +++", "+++ exited with 3 +++"]
    assert all("unfinished" not in file.read_text() for file in files)


def test_a_file_is_emptied_or_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("before\n")
    run(OURS, "-A", "-o", file, "true")
    assert file.read_text().startswith("before\nexecve(")
    run(OURS, "-o", file, "true")
    assert file.read_text().startswith("execve(")


@pytest.mark.parametrize("sign", ["|", "!"])
def test_lines_go_to_the_input_of_a_command(sign: str, tmp_path: Path) -> None:
    """All of them, before we end."""
    done = run(OURS, "-f", "-o", f"{sign}cat > {tmp_path}/x", "true")
    assert done.returncode == 0
    lines = plain((tmp_path / "x").read_text())["P0"]
    assert lines[-1] == "+++ exited with 0 +++"


def test_a_command_that_does_not_read_does_not_end_the_program() -> None:
    done = run(
        OURS, "-o", "|true", "sh", "-c", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); pwd; done"
    )
    assert done.stdout.count("\n") == 2000


def test_who_looks_at_a_closed_pipe_dies_of_it() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([*OURS, "true"], stderr=write, timeout=LIMIT_S)
    finally:
        os.close(write)
    assert done.returncode in (0, -signal.SIGPIPE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told_once_and_the_program_runs_on() -> None:
    done = run(OURS, "-o", "/dev/full", "sh", "-c", "echo on; exit 3")
    assert (done.returncode, done.stdout) == (3, "on\n")
    assert done.stderr == "strace: /dev/full: No space left on device\n"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
def test_closed_descriptors_do_not_matter(closed: str) -> None:
    words = " ".join([*OURS, "sh", "-c", "'exit 3'", closed])
    assert run(["sh", "-c"], words).returncode == 3


def test_only_calls_that_are_traced_are_altered() -> None:
    words = ["-e", "inject=openat:error=ENOENT", "-e", "trace=exit_group", "cat", "/etc/hostname"]
    mine, its = run(OURS, *words), run([STRACE], *words)
    assert (mine.returncode, mine.stderr) == (its.returncode, its.stderr)
    assert "openat" not in mine.stderr


def test_counts_of_calls_are_those_of_strace() -> None:
    def counts(command: list[str]) -> set[tuple[str, str]]:
        lines = run(command, "-c", "cat", "/etc/hostname").stderr.splitlines()[2:-2]
        return {(line.split()[3], line.split()[-1]) for line in lines}

    assert counts(OURS) == counts([STRACE])


@pytest.mark.parametrize("columns", ["calls,name,errors,min-time,max-time", "name", "calls"])
def test_columns_of_the_table_are_straces(columns: str) -> None:
    words = ["-c", "-S", "name", "-U", columns, "cat", "/etc/hostname"]

    def shapes(command: list[str]) -> list[str]:
        return [re.sub(r"\d\.\d+", "T", line) for line in run(command, *words).stderr.splitlines()]

    assert shapes(OURS) == shapes([STRACE])


def test_the_environment_of_the_command_changes() -> None:
    words = ["-E", "FIRST=1", "-E", "HOME", "-o", "/dev/null", "sh", "-c", "echo $FIRST-$HOME-"]
    assert run(OURS, *words).stdout == run([STRACE], *words).stdout == "1--\n"


def test_an_injected_error_is_shown_as_such() -> None:
    words = [
        "-e",
        "inject=openat:error=ENOENT:when=1",
        "-e",
        "trace=openat",
        "cat",
        "/etc/hostname",
    ]
    mine, its = run(OURS, *words), run([STRACE], *words)
    assert (mine.returncode, mine.stderr) == (its.returncode, its.stderr)
    assert "(INJECTED)" in mine.stderr


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "rule",
    [
        "retval=3",
        "signal=USR1",
        "signal=USR1:error=EIO",
        "delay_enter=1",
        "delay_exit=1:retval=3",
        "poke_enter=@arg2=414141",
        "poke_exit=@arg2=414141:signal=USR1",
        "poke_enter=@arg2=414141:retval=3:delay_exit=1",
    ],
)
def test_what_was_done_to_a_call_is_named(rule: str, engine: str) -> None:
    """Whether its result is another, what it points to, or only when it was made."""
    script = "trap '' USR1; echo hi"
    words = ["-f", "-e", "trace=write", "-e", f"inject=write:{rule}:when=1", "sh", "-c", script]
    texts = [run(tracer, *words).stderr for tracer in ([*OURS, "--engine", engine], [STRACE])]
    notes = [
        re.findall(r"= \S+(?: [A-Z]\w+ \(.*?\))?((?: \(.*\))?)$", text, re.M) for text in texts
    ]
    assert notes[0] == notes[1]
    assert notes[0]


def test_signals_that_are_not_wanted_are_left_out() -> None:
    words = [
        "-e",
        "trace=none",
        "-e",
        "signal=!USR1",
        "sh",
        "-c",
        "trap : USR1 HUP; kill -USR1 $$; kill -HUP $$",
    ]
    assert re.findall(r"--- (\w+)", run(OURS, *words).stderr) == ["SIGHUP"]


def test_a_process_that_waits_shows_what_it_waits_in() -> None:
    """And is let go upon Ctrl-C, of which we die as strace does."""
    with subprocess.Popen(["sh", "-c", "read x"], stdin=subprocess.PIPE) as waiting:
        while not Path(f"/proc/{waiting.pid}/syscall").read_text().startswith("0 0x0 "):
            os.sched_yield()  # it is still on its way there
        command = [*OURS, "-p", str(waiting.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as shown:
            assert shown.stderr is not None
            assert shown.stderr.readline() == f"strace: Process {waiting.pid} attached\n"
            assert shown.stderr.read(8) == "read(0, "
            shown.send_signal(signal.SIGINT)
            rest = shown.stderr.read()
            assert shown.wait(LIMIT_S) == -signal.SIGINT
            assert rest == f" <detached ...>\nstrace: Process {waiting.pid} detached\n"
        waiting.communicate(b"x\n")
        assert waiting.returncode == 0


def test_several_processes_are_one_story() -> None:
    """Named as $(pidof ...) does; until the last has ended, or all are let go together."""
    with (
        subprocess.Popen(["sh", "-c", "read x; exit 3"], stdin=subprocess.PIPE) as first,
        subprocess.Popen(["sh", "-c", "read x; exit 4"], stdin=subprocess.PIPE) as second,
    ):
        command = [*OURS, "-p", f"{first.pid} {second.pid}"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as shown:
            assert shown.stderr is not None
            for target in (first, second):
                assert shown.stderr.readline() == f"strace: Process {target.pid} attached\n"
            first.communicate(b"x\n")
            lines = []
            while not lines or "exited" not in lines[-1]:
                lines.append(shown.stderr.readline())
            assert re.fullmatch(rf"\[pid +{first.pid}\] \+\+\+ exited with 3 \+\+\+\n", lines[-1])
            second.communicate(b"x\n")
            assert shown.stderr.read().endswith("\n+++ exited with 4 +++\n")
            assert shown.wait(LIMIT_S) == 0


def test_a_link_of_straces_name_is_strace(tmp_path: Path) -> None:
    link = tmp_path / "strace"
    link.write_text(
        f"#!{sys.executable}\nfrom fasttrace.cli import main\nraise SystemExit(main())\n"
    )
    link.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""}
    assert run([str(link)], "-V", env=env).returncode == 0
    assert (
        run([str(link)], "-e", "foo", "x", env=env).stderr == "strace: invalid system call 'foo'\n"
    )
    assert run([str(link)], "/bin/true", env=env).stderr.endswith("+++ exited with 0 +++\n")
