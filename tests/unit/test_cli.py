"""Promise: options end where the command begins, what is wrong is one line and status 2, our output
goes where it should and outlives its reader, and signals do what they are meant for."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from queue import SimpleQueue

import pytest

from fasttrace import cli
from fasttrace.cli import signals
from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, add_tracing_options
from fasttrace.cli.signals import Relay
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
        (["-p", "1", "-p", "2"], "-p is given twice"),
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
def test_unknown_verb(word: str, hint: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main([word]) == 2
    error = capfd.readouterr().err
    assert hint in error
    assert error.count("\n") == 1


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
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
    (["report", "x", "y"], "unrecognized arguments: y"),
    (["report", "x", "--by", "pid", "--by", "comm"], "--by is given twice"),
    (["summary", "--no-results", "-p", "1"], "--no-results is for a command"),
    (["summary", "--no-results", "--no-follow", "ls"], "--no-results saves nothing with"),
    (["summary", "--no-results", "--sort", "errors", "ls"], "leaves nothing to sort by errors"),
    (["summary", "--no-results", "--sort=time", "ls"], "leaves nothing to sort by time"),
    (["summary", "--duration", "1", "ls"], "--duration goes with -p"),
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


@pytest.mark.parametrize("path", ["/no/such/folder/x", "/", "-"])
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


class FakeTracer:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.exit_status: int | None = None
        self.filtered = False
        self.heard: SimpleQueue[str] = SimpleQueue()

    def is_of_tree(self, pid: int) -> bool:
        return False

    def send_signal(self, number: int) -> None:
        self.asked.append(signal.Signals(number).name)
        self.heard.put(self.asked[-1])

    def kill(self) -> None:
        self.asked.append("kill")

    def detach(self) -> None:
        if self.filtered:
            raise ValueError
        self.asked.append("detach")


class Clock:
    """A clock that jumps from one request to the next."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 10.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def tracer() -> FakeTracer:
    return FakeTracer()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(signals, "monotonic", made)
    return made


def relay(tracer: FakeTracer, *, attached: bool = False) -> Relay:
    return Relay(tracer, attached=attached)  # type: ignore[arg-type]


def test_first_request_is_passed_on_and_the_second_kills(tracer: FakeTracer, clock: Clock) -> None:
    r = relay(tracer)
    r.take(signal.SIGTERM, from_terminal=False)
    assert tracer.asked == ["SIGTERM"]
    assert r.killed_by is None
    r.take(signal.SIGINT, from_terminal=False)
    assert tracer.asked == ["SIGTERM", "kill"]
    assert r.killed_by == signal.SIGINT


def test_ctrl_c_is_the_programs_own_business(tracer: FakeTracer, clock: Clock) -> None:
    r = relay(tracer)
    for _ in range(10):
        r.take(signal.SIGINT, from_terminal=True)
    assert tracer.asked == []


def test_one_request_sent_to_us_and_to_our_group_counts_once(
    tracer: FakeTracer, clock: Clock
) -> None:
    clock.step = 0.01
    clock.now = 100.0
    r = relay(tracer)
    r.take(signal.SIGTERM, from_terminal=False)
    r.take(signal.SIGTERM, from_terminal=False)
    assert tracer.asked == ["SIGTERM"]


def test_user_signals_are_passed_on_and_never_kill(tracer: FakeTracer, clock: Clock) -> None:
    r = relay(tracer)
    for _ in range(5):
        r.take(signal.SIGUSR1, from_terminal=False)
    assert tracer.asked == ["SIGUSR1"] * 5


@pytest.mark.parametrize("from_terminal", [True, False])
def test_attached_it_detaches(tracer: FakeTracer, clock: Clock, from_terminal: bool) -> None:
    relay(tracer, attached=True).take(signal.SIGINT, from_terminal=from_terminal)
    assert tracer.asked == ["detach"]


@pytest.mark.parametrize("filtered", [True, False])
def test_orphans_are_let_go_at_the_second_request(
    tracer: FakeTracer, clock: Clock, filtered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: SimpleQueue[str] = SimpleQueue()
    monkeypatch.setattr(signals, "say", said.put)
    tracer.exit_status = 0
    tracer.filtered = filtered
    r = relay(tracer)
    r.take(signal.SIGINT, from_terminal=True)
    assert tracer.asked == []
    assert "once more" in said.get(timeout=60)
    r.take(signal.SIGINT, from_terminal=True)
    assert tracer.asked == (["kill"] if filtered else ["detach"])


def test_children_that_outlive_the_first_request_are_killed_by_the_second(
    tracer: FakeTracer, clock: Clock
) -> None:
    r = relay(tracer)
    r.take(signal.SIGTERM, from_terminal=False)
    tracer.exit_status = -signal.SIGTERM
    r.take(signal.SIGTERM, from_terminal=False)
    assert tracer.asked == ["SIGTERM", "kill"]


def test_after_the_end_nothing_is_asked_of_the_tracer(tracer: FakeTracer, clock: Clock) -> None:
    r = relay(tracer)
    r.end()
    r.take(signal.SIGTERM, from_terminal=False)
    assert tracer.asked == []


def test_relay_leaves_handlers_and_mask_as_they_were(tracer: FakeTracer) -> None:
    before = [signal.getsignal(s) for s in signals.ENDING]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    r = relay(tracer)
    assert set(r.start()) == set(signals.ENDING + signals._FOR_THE_PROGRAM)
    r.serve()
    assert signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    os.kill(os.getpid(), signal.SIGTERM)
    r.end()
    r.stop()
    assert [signal.getsignal(s) for s in signals.ENDING] == before
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask


def test_what_was_blocked_stays_blocked_for_the_program(tracer: FakeTracer) -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    r = relay(tracer)
    assert signal.SIGUSR1 not in r.start()
    r.stop()
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def test_a_signal_before_the_start_is_passed_on(tracer: FakeTracer) -> None:
    r = relay(tracer)
    r.start()
    os.kill(os.getpid(), signal.SIGTERM)
    assert tracer.asked == []
    r.serve()
    assert tracer.heard.get(timeout=60) == "SIGTERM"
    r.stop()


def test_what_was_ignored_stays_ignored(tracer: FakeTracer) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        r = relay(tracer)
        r.start()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        r.serve()
        os.kill(os.getpid(), signal.SIGHUP)
        r.stop()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert tracer.asked == []
