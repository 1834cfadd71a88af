"""Promise: a command runs behind its wall from its execve on, to the letter and with nothing else
changed; what the wall answers is in the trace, each call once."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import FASTTRACE, cli, line, one_line, running

import fasttrace
from fasttrace.data.events import Flag, Kind
from fasttrace.errors import CommandNotExecutable, EngineUnavailable, ProfileError
from fasttrace.tracing.tracer import Tracer

ALLOW, LOG = 0x7FFF0000, 0x7FFC0000
TRACE, TRAP, KILL_PROCESS, KILL_THREAD = 0x7FF00000, 0x30000, 0x80000000, 0
REFUSED = 0x50000 | errno.EXDEV
ENGINES = ["ptrace", "auto"]


def wall(answers: dict[str, int], default: int = ALLOW) -> bytes:
    """A filter that gives one answer per name."""
    code = [(0x20, 0, 0, 0)]
    for name, answer in answers.items():
        code += [(0x15, 0, 1, fasttrace.syscall_number(name)), (0x06, 0, 0, answer)]
    code.append((0x06, 0, 0, default))
    return b"".join(struct.pack("<HBBI", *one) for one in code)


def profile(folder: Path, default: str = "SCMP_ACT_ALLOW", **actions: str) -> str:
    """A profile as JSON: an action for each name."""
    path = folder / "profile.json"
    rules = [{"names": [name], "action": action} for name, action in actions.items()]
    path.write_text(json.dumps({"defaultAction": default, "syscalls": rules}))
    return str(path)


@pytest.fixture
def compiled() -> None:
    pytest.importorskip("pyseccomp")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody may read; pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


# What the trace of a walled command holds


def seen(command: list[str], answer: int, engine: str = "auto") -> fasttrace.Trace:
    program = wall({"getpriority": answer})
    trace = fasttrace.trace(command, seccomp=program, engine=engine, stdout=subprocess.DEVNULL)
    assert trace.engine == "ptrace"
    assert trace.lost == 0
    return trace


def refused(trace: fasttrace.Trace) -> list[tuple[int, bool]]:
    """Result, and whether there was none, of each getpriority."""
    found = trace.where(syscall="getpriority")
    return [(call.ret, Flag.UNFINISHED in call.flags) for call in found]


def deaths(trace: fasttrace.Trace) -> list[int | None]:
    return sorted(p.exit_status for p in trace.processes)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_error_is_the_result(tracees, engine):
    trace = seen(tracees.command("refused"), REFUSED, engine)
    assert refused(trace) == [(-errno.EXDEV, False)] * 3
    assert deaths(trace) == [0, 0]


def test_a_call_that_kills_its_process_is_there_once_and_without_result(tracees):
    trace = seen(tracees.command("refused"), KILL_PROCESS)
    assert refused(trace) == [(0, True)]
    assert deaths(trace) == [-signal.SIGSYS]


def test_a_call_that_kills_its_thread_is_there_once_and_without_result(tracees):
    """Thread and child die alone, the first thread last."""
    trace = seen(tracees.command("refused"), KILL_THREAD)
    assert refused(trace) == [(0, True)] * 3
    assert deaths(trace) == [-signal.SIGSYS, -signal.SIGSYS]


def test_a_trap_is_a_signal_and_no_result(tracees):
    trace = seen(tracees.command("refused"), TRAP)
    assert refused(trace) == [(0, True)]
    signals = trace.where(kind=Kind.SIGNAL).events
    assert signals["nr"].tolist() == [signal.SIGSYS]
    assert deaths(trace) == [-signal.SIGSYS]


def test_a_trap_that_is_handled(tracees):
    trace = seen(tracees.command("refused", "handle"), TRAP)
    assert refused(trace) == [(0, True)] * 3
    signals = trace.where(kind=Kind.SIGNAL).events["nr"].tolist()
    assert signals.count(signal.SIGSYS) == 3
    assert trace.where(syscall="rt_sigreturn").events["nr"].size == 3
    assert deaths(trace) == [0, 2]  # the child's status: handled in the thread, and in itself


@pytest.mark.parametrize("answer", [ALLOW, LOG])
def test_what_is_let_through_is_as_ever(tracees, answer):
    trace = seen(tracees.command("refused"), answer)
    assert [(ret > 0, unfinished) for ret, unfinished in refused(trace)] == [(True, False)] * 3


def test_a_call_for_a_tracer_fails_as_without_one(tracees):
    """The profile's SCMP_ACT_TRACE is not for us."""
    trace = seen(tracees.command("refused"), TRACE)
    assert refused(trace) == [(-errno.ENOSYS, False)] * 3


@pytest.mark.parametrize("results", [True, False])
def test_a_selection_sees_what_the_wall_refuses(tracees, results):
    """A filter of ours would not get to see it: the wall's answer comes first."""
    command = tracees.command("refused")
    with Tracer(
        command,
        seccomp=wall({"getpriority": REFUSED}),
        trace="getpriority",
        results=results,
        tally=True,
        events=False,
        stdout=subprocess.DEVNULL,
    ) as tracer:
        tracer.wait()
    assert tracer.summary().calls == {"getpriority": 3}
    assert tracer.exit_status == 0


def test_every_way_to_run_takes_a_wall(tracees, tmp_path):
    command, program = tracees.command("refused"), wall({"getpriority": REFUSED})
    quiet = {"seccomp": program, "stdout": subprocess.DEVNULL}
    counts = fasttrace.summary(command, **quiet)
    errnos = {entry.name: entry.errnos for entry in counts.syscalls}
    assert errnos["getpriority"] == {"EXDEV": 3}
    recorded = fasttrace.record(command, path=tmp_path / "x.fst", **quiet)
    assert refused(recorded) == [(-errno.EXDEV, False)] * 3
    streamed = [ret for part in fasttrace.stream(command, **quiet) for ret in part["ret"]]
    assert streamed.count(-errno.EXDEV) == 3


def test_a_walled_command_can_be_detached_from():
    """Unlike one behind a filter of ours, it needs no tracer."""
    code = "import os,sys; print('ready', flush=True); sys.stdin.read(); os.getpriority(0, 0)"
    read, write = os.pipe()
    out, into = os.pipe()
    with Tracer(
        [sys.executable, "-c", code],
        seccomp=wall({"getpriority": REFUSED}),
        events=False,
        stdin=read,
        stdout=into,
        stderr=subprocess.DEVNULL,
    ) as tracer:
        os.close(read)
        os.close(into)
        with os.fdopen(out, "rb") as lines:
            assert lines.readline() == b"ready\n"
        tracer.detach()
        assert tracer.wait(30)
        os.close(write)
        _, status = os.waitpid(tracer.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 1  # it met the wall, after us


# What cannot be


@pytest.mark.parametrize("answer", [REFUSED, KILL_PROCESS, KILL_THREAD, TRAP])
def test_a_wall_that_refuses_execve_is_told_in_one_line(answer):
    with pytest.raises(CommandNotExecutable, match=r"no program can start.*allow execve") as caught:
        fasttrace.summary(["true"], seccomp=wall({"execve": answer}))
    assert caught.value.exit_status == 126


def test_inline_refuses_to_run_under_a_wall():
    with pytest.raises(EngineUnavailable, match="runs under a seccomp profile"):
        Tracer(["true"], seccomp=wall({}), engine="inline")


def test_no_wall_around_a_running_process():
    with pytest.raises(ValueError, match="only wall itself in"):
        Tracer(pid=os.getpid(), seccomp=wall({}))


@pytest.mark.parametrize("program", [b"", b"1234567", b"\0" * 8 * 4097])
def test_what_is_no_program_is_refused(program):
    with pytest.raises(ProfileError, match="1 to 4096 instructions"):
        Tracer(["true"], seccomp=program)


def test_a_program_that_the_kernel_does_not_take():
    with pytest.raises(CommandNotExecutable, match="kernel does not take the profile: Invalid"):
        fasttrace.summary(["true"], seccomp=b"\xff" * 8)


def test_nobody_is_here_to_be_notified(compiled, tmp_path):
    path = profile(tmp_path, getpid="SCMP_ACT_NOTIFY")
    with pytest.raises(ProfileError, match=r"syscalls\[0\] asks an agent"):
        Tracer(["true"], seccomp=path)


# fasttrace seccomp run


@pytest.mark.usefixtures("compiled")
class TestRun:
    def test_what_the_wall_forbids_fails(self, tmp_path):
        path = profile(tmp_path, uname="SCMP_ACT_ERRNO")
        done = cli("seccomp", "run", "--profile", path, "uname")
        assert done.returncode == 1
        assert done.stdout == ""
        assert "Operation not permitted" in done.stderr

    @pytest.mark.parametrize("status", [0, 1, 77, 255])
    def test_exits_as_the_program_does(self, tmp_path, status):
        path = profile(tmp_path)
        done = cli("seccomp", "run", "--profile", path, "sh", "-c", f"echo out; exit {status}")
        assert (done.returncode, done.stdout, done.stderr) == (status, "out\n", "")

    @pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT"])
    def test_dies_of_the_same_signal(self, tmp_path, name):
        number = signal.Signals[name]
        path = profile(tmp_path)
        done = cli("seccomp", "run", "--profile", path, "sh", "-c", f"kill -{int(number)} $$")
        assert (done.returncode, done.stderr) == (-number, "")

    def test_killed_by_the_wall(self, tmp_path):
        path = profile(tmp_path, uname="SCMP_ACT_KILL_PROCESS")
        assert cli("seccomp", "run", "--profile", path, "uname").returncode == -signal.SIGSYS

    def test_it_is_the_command_itself(self, tmp_path):
        """Its pid, its streams; and nobody traces it."""
        path = profile(tmp_path)
        code = 'echo $$; grep TracerPid /proc/$$/status; read x; echo "got $x"'
        command = [*FASTTRACE, "seccomp", "run", "--profile", path, "sh", "-c", code]
        with running(*command) as process:
            assert line(process.stdout) == f"{process.pid}\n"
            assert line(process.stdout) == "TracerPid:\t0\n"
            assert process.stdin is not None
            process.stdin.write(b"word\n")
            assert line(process.stdout) == "got word\n"
            assert process.wait(60) == 0

    def test_signals_are_as_they_should_be(self, tmp_path):
        """Python ignores SIGPIPE for itself."""
        path = profile(tmp_path)
        done = cli("seccomp", "run", "--profile", path, "grep", "SigIgn", "/proc/self/status")
        ignored = int(done.stdout.split()[1], 16)
        assert not ignored >> (signal.SIGPIPE - 1) & 1

    def test_no_new_privs_only_where_it_must_be(self, open_folder):
        path = profile(open_folder)
        command = ["seccomp", "run", "--profile", path, "grep", "NoNewPrivs", "/proc/self/status"]
        if os.geteuid() == 0:
            assert cli(*command).stdout == "NoNewPrivs:\t0\n"
        done = as_nobody(*command)
        assert done.stdout == "NoNewPrivs:\t1\n", done.stderr

    def test_without_privileges_under_audit(self, open_folder):
        path = profile(open_folder, uname="SCMP_ACT_ERRNO")
        done = as_nobody("seccomp", "run", "--audit", "--profile", path, "uname")
        assert (done.returncode, done.stdout) == (0, "Linux\n"), done.stderr
        assert "uname" in done.stderr

    @pytest.mark.parametrize(
        ("actions", "command", "status", "message"),
        [
            ({"execve": "SCMP_ACT_ERRNO"}, ["true"], 126, "it answers execve with ERRNO(EPERM)"),
            ({"execve": "SCMP_ACT_KILL"}, ["true"], 126, "with KILL_THREAD; allow execve"),
            ({}, ["no-such-program"], 127, "command not found"),
            ({}, ["/no/such/program"], 127, "command not found"),
            ({}, ["/etc/passwd"], 126, "not executable"),
            ({}, ["/"], 126, "is a directory"),
            # Behind this wall nothing could be said any more.
            (
                dict.fromkeys(("write", "openat", "newfstatat", "read"), "SCMP_ACT_KILL_PROCESS"),
                ["/etc/passwd"],
                126,
                "not executable",
            ),
        ],
    )
    def test_what_cannot_start_is_one_line(self, tmp_path, actions, command, status, message):
        path = profile(tmp_path, **actions)
        assert message in one_line(cli("seccomp", "run", "--profile", path, *command), status)

    def test_a_file_of_no_format(self, tmp_path):
        path = profile(tmp_path, write="SCMP_ACT_KILL_PROCESS")
        script = tmp_path / "script"
        script.write_text("echo x\n")
        script.chmod(0o755)
        assert "#!" in one_line(cli("seccomp", "run", "--profile", path, str(script)), 126)

    @pytest.mark.parametrize("option", [["--json"], ["-o", "x"]])
    def test_options_of_the_audit_alone(self, tmp_path, option):
        done = cli("seccomp", "run", "--profile", profile(tmp_path), *option, "true")
        assert "go with --audit" in one_line(done, 2)

    def test_a_profile_that_is_missing_is_one_line(self, tmp_path):
        path = str(tmp_path / "none.json")
        assert "cannot read" in one_line(cli("seccomp", "run", "--profile", path, "true"), 2)


def as_nobody(*args: str) -> subprocess.CompletedProcess[str]:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv to become nobody")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    done = subprocess.run(
        [*nobody, "--bounding-set=-all", *FASTTRACE, *args], capture_output=True, text=True
    )
    unread = ("ModuleNotFoundError", "No module named", "pip install")
    if any(words in done.stderr for words in unread):
        pytest.skip("nobody may not read our modules")
    return done


# fasttrace seccomp run --audit


@pytest.mark.usefixtures("compiled")
class TestAudit:
    def test_nothing_is_refused_and_all_is_told(self, tracees, tmp_path):
        path = profile(tmp_path, getpriority="SCMP_ACT_KILL_PROCESS", wait4="SCMP_ACT_LOG")
        out = tmp_path / "out"
        done = cli(
            *("seccomp", "run", "--audit", "--json", "-o", str(out), "--profile", path),
            *tracees.command("refused"),
        )
        assert done.returncode == 0
        assert done.stderr == ""
        assert "handled 0" in done.stdout
        told = json.loads(out.read_text())
        assert told["refused"] == [
            {
                "syscall": "getpriority",
                "abi": "x86_64",
                "args": {},
                "action": "KILL_PROCESS",
                "process": "refused",
                "count": 3,
            }
        ]
        assert told["calls"] > 3

    def test_the_arguments_that_decide(self, tmp_path):
        path = tmp_path / "profile.json"
        arg = {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}
        rule = {"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 9, "args": [arg]}
        path.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
        code = "import os; [os.getpriority(i > 3, 0) for i in range(9)]; exit(3)"
        done = cli(
            *("seccomp", "run", "--audit", "--profile", str(path), sys.executable, "-c", code)
        )
        assert done.returncode == 3
        heading, rule_line, row, _, total = done.stderr.splitlines()
        assert heading.split() == ["syscall", "action", "count", "process"]
        assert set(rule_line) == {"-", " "}
        call, action, count, process = row.split()
        assert (call, action, count) == ("getpriority(which=1)", "ERRNO(EBADF)", "5")
        assert process.startswith("python")
        assert total.startswith("5 of ")

    def test_each_process_has_its_own(self, tmp_path):
        path = profile(tmp_path, uname="SCMP_ACT_ERRNO", geteuid="SCMP_ACT_ERRNO")
        done = cli(
            *("seccomp", "run", "--audit", "--json", "--profile", path),
            *("sh", "-c", "uname; uname; id -u >/dev/null; exec uname"),
        )
        assert done.stdout == "Linux\n" * 3
        found = {
            (row["syscall"], row["process"]): row["count"]
            for row in json.loads(done.stderr)["refused"]
        }
        assert found["uname", "uname"] == 3
        assert {process for name, process in found if name == "geteuid"} == {"sh", "id"}
