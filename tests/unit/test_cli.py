"""Promise: options end where the command begins, what is wrong is one line and status 2, and our
output goes where it should and outlives its reader."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fasttrace import cli
from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, add_tracing_options
from fasttrace.cli.tables import _SORT_KEYS
from fasttrace.data.summary_table import SORT_KEYS
from fasttrace.errors import OutputError, UsageError


def parser() -> VerbParser:
    made = VerbParser("summary", "count", "fasttrace summary ls", takes_command=True)
    add_tracing_options(made)
    made.add_argument("--json", action="store_true")
    made.add_argument("-o", dest="output")
    return made


@pytest.mark.parametrize(
    ("args", "command"),
    [
        (["ls"], ["ls"]),
        (["ls", "--json", "-e", "x"], ["ls", "--json", "-e", "x"]),
        (["--", "ls", "--", "-p"], ["ls", "--", "-p"]),
        (["-e", "open", "ls"], ["ls"]),
        (["-eopen", "ls"], ["ls"]),
        (["-e", "!open", "--json", "--", "--odd"], ["--odd"]),
        (["--engine=ptrace", "ls", "-l"], ["ls", "-l"]),
        (["-o", "--", "ls"], None),  # the file's name is missing: argparse takes no "--" for it
        (["ls", "--help"], ["ls", "--help"]),
        (["--", "--"], ["--"]),
        (["-"], ["-"]),
        (["", "x"], ["", "x"]),
    ],
)
def test_the_command_begins_at_the_first_word(args: list[str], command: list[str] | None) -> None:
    if command is None:
        with pytest.raises(UsageError):
            parser().parse(args)
    else:
        assert parser().parse(args).command == command


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "no command"),
        (["--"], "no command"),
        (["--json"], "no command"),
        (["--jso", "ls"], "--jso"),
        (["-x", "ls"], "-x"),
        (["-e"], "-e"),
        (["--engine", "warp", "ls"], "warp"),
        (["-p", "1", "ls"], "not both"),
        (["-p", "one"], "'one' is no pid"),
        (["-p", "0"], "'0' is no pid"),
        (["-p", "-5"], "-p"),
        (["-p", "99999999999"], "is no pid"),
        (["--duration", "1", "ls"], "-p PID"),
        (["-p", "1", "--duration", "soon"], "'soon' is no number"),
        (["-p", "1", "--duration", "nan"], "'nan' is no number"),
        (["-p", "1", "--duration", "-1"], "--duration"),
        (["-p", "1,"], "'1,' is no pid, and no list of some"),
        (["-p", "1", "-p", "2", "--no-follow"], "--no-follow goes with one process"),
        (["-p", "1,2", "--engine", "inline"], "--engine inline goes with one process"),
        (["-e", "read", "-e", "write"], "-e is given twice"),
        (["-e", "a", "-eb", "ls"], "-e is given twice"),
        (["--engine=ptrace", "--engine", "auto", "ls"], "--engine is given twice"),
        (["-o", "a", "-o", "a", "ls"], "-o is given twice"),
    ],
)
def test_usage_errors_are_one_line_with_a_hint(args: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parser().parse(args)
    assert "\n" not in str(caught.value)
    assert "fasttrace summary --help" in str(caught.value)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("verb", list(cli.VERBS))
def test_every_verb_has_help_with_an_example(verb: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main([verb, "--help"]) == 0
    shown = capfd.readouterr().out
    assert "example: fasttrace " + verb in shown
    assert "usage: fasttrace " + verb in shown


def test_top_help_names_every_verb(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capfd.readouterr().out
    assert all(f"\n  {verb} " in shown for verb in cli.VERBS)


def test_alone_it_shows_help_and_fails(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "usage" in captured.err


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("summry", "did you mean summary?"),
        ("ls", "fasttrace summary ls"),
        ("--json", "unknown option --json"),
    ],
)
def test_an_unknown_verb_gets_a_hint(
    word: str, hint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([word]) == 2
    error = capfd.readouterr().err
    assert hint in error
    assert error.count("\n") == 1


def test_it_says_its_own_version(capfd: pytest.CaptureFixture[str]) -> None:
    from fasttrace import __version__

    assert cli.main(["--version"]) == 0
    assert capfd.readouterr().out == f"fasttrace {__version__}\n"


@pytest.mark.parametrize("words", [("help", "summary"), ("--help", "summary"), ("-h", "summary")])
def test_help_of_a_verb(capfd: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert cli.main(words) == 0
    shown = capfd.readouterr().out
    assert cli.main(["summary", "--help"]) == 0
    assert capfd.readouterr().out == shown
    assert cli.main(["help", "seccomp", "check"]) == 0
    assert "usage: fasttrace seccomp check" in capfd.readouterr().out


ALONE = [
    (["--version", "now"], "--version goes alone"),
    (["help", "nothing"], "there is no verb 'nothing'"),
    (["report", "x", "--calls", "--sort", "calls"], "--sort is for counts"),
    (["report", "x", "--calls", "--by=pid"], "--by is for counts"),
    (["report", "x", "-s", "5"], "-s is for lines of calls"),
    (["report", "x", "--calls", "--json", "-s", "5"], "-s is for lines of calls"),
    (["report", "x", "y"], "unrecognized arguments: y"),
    (["report", "x", "--by", "pid", "--by", "comm"], "--by is given twice"),
    (["summary", "--no-results", "-p", "1"], "--no-results is for a command"),
    (["summary", "--no-results", "--no-follow", "ls"], "--no-results saves nothing with"),
    (["summary", "--no-results", "--sort", "errors", "ls"], "leaves nothing to sort by errors"),
    (["summary", "--no-results", "--sort=time", "ls"], "leaves nothing to sort by time"),
    (["summary", "--duration", "1", "ls"], "--duration goes with -p"),
    (["summary", "--by", "line", "--sort", "p99", "ls"], "--by line has nothing to sort by p99"),
    (["report", "x", "--by", "line", "--sort", "max"], "--by line has nothing to sort by max"),
    (["trace", "--frames", "3", "ls"], "--frames goes with --python"),
    (["trace", "--python", "--frames", "65", "ls"], "'65' is no number from 1 to 64"),
    (["record", "-o", "x", "--frames", "3", "ls"], "--frames goes with --python"),
    (["run", "ls"], "nothing to alter"),
    (["bench", "-n", "2", "-n", "3", "ls"], "-n is given twice"),
    (["seccomp", "run", "--profile", "x", "-o", "y", "ls"], "-o and --json go with --audit"),
    (["seccomp", "run", "--profile", "x", "--json", "ls"], "-o and --json go with --audit"),
    (["seccomp", "run", "--profile", "x", "--profile", "y", "ls"], "--profile is given twice"),
    (["seccomp", "generate", "--groups", "-o", "x", "ls"], "--groups goes with --format"),
    (
        ["seccomp", "generate", "-o", "x", "--update", "y", "--default", "EIO", "ls"],
        "--update keeps the profile's own default",
    ),
    (["seccomp", "generate", "--from", "x", "--engine", "ptrace"], "--engine goes with a command"),
    (["seccomp", "generate", "--from", "x", "--no-follow"], "--no-follow goes with a command"),
    (["seccomp", "generate", "--from", "x", "-v"], "--verbose goes with a command"),
    (["seccomp", "generate", "--from", "x", "--duration", "1"], "--duration goes with -p"),
    (["seccomp", "check", "x", "--arch", "arm64", "--arch", "amd64"], "--arch is given twice"),
    (["doctor", "now"], "unrecognized arguments: now"),
]


@pytest.mark.parametrize(("args", "message"), ALONE, ids=lambda given: " ".join(given))
def test_nothing_that_is_given_is_ignored(
    args: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """What cannot have an effect is a mistake: told before anything is read or run."""
    assert cli.main(args) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("fasttrace: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_sort_keys_are_those_of_the_table() -> None:
    assert set(_SORT_KEYS) == set(SORT_KEYS)


def test_output_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("what was there before and is longer")
    with Output(str(path)) as output:
        output.write("ä\udcff\n")
        assert not output.color
    assert path.read_text() == "ä\\udcff\n"
    assert output.status == 0


@pytest.mark.parametrize("path", ["/no/such/folder/x", "/"])
def test_output_that_cannot_be(path: str) -> None:
    with pytest.raises(OutputError, match="-o"):
        Output(path)


def test_output_outlives_its_reader() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    output = Output(fd=2)
    output._fd = writer
    output.write("x")
    assert isinstance(output.failed, BrokenPipeError)
    output.write("y")
    assert output.status == 0  # nobody wanted to read it
    os.close(writer)


def test_full_disk_is_told_once_and_remembered(capfd: pytest.CaptureFixture[str]) -> None:
    with Output("/dev/full") as output:
        output.write("x")
        output.write("y")
    assert isinstance(output.failed, OSError)
    assert output.failed.errno == errno.ENOSPC
    assert output.status == 1
    assert capfd.readouterr().err.count("cannot write /dev/full") == 1


def test_output_waits_where_the_program_made_the_pipe_non_blocking() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    output = Output(fd=2)
    output._fd = writer
    size = 1 << 20
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        got = 0
        while chunk := os.read(reader, 1 << 16):
            got += len(chunk)
        os._exit(got == size)
    os.close(reader)
    output.write("x" * size)
    os.close(writer)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    assert output.failed is None


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    name = os.ttyname(slave)
    assert Output(name).color
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Output(name).color
    os.close(master)
    os.close(slave)
