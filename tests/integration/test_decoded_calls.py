"""Promise: `Trace.calls` gives what traced programs did as Python values, the same as their lines.

The calls are those of whole programs and of tests/c/decoded_*.c, which make some 4,000.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from pathlib import Path

import pytest
from compiled import decoder_program
from support import ENGINES, Builder
from told import differences, is_named

import fasttrace

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "ls": ["ls", "-lR", "/etc/default"],
    "sh": ["sh", "-c", "cat /etc/passwd | grep root; cat /nowhere; exit 3"],
    "python": [
        sys.executable,
        "-c",
        "import socket, subprocess\n"
        "a, b = socket.socketpair(); a.sendmsg([b'x', b'y']); b.recv(9)\n"
        "socket.socket().connect_ex(('127.0.0.1', 1))\n"
        "socket.socket(socket.AF_UNIX).connect_ex('\\0abc')\n"
        "subprocess.run(['true'])",
    ],
}


MANY = {"decoded_calls": 2500, "decoded_families": 1000}


@pytest.fixture(
    scope="module",
    params=[(name, model) for name in MANY for model in ("-m64", "-m32")],
    ids=" ".join,
)
def many_calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    name, model = request.param
    program = tmp_path_factory.mktemp("decoded") / name
    if decoder_program(name, ["-g", "-O0", model], program):
        pytest.skip(f"gcc {model} does not work here")
    return program


def check(trace: fasttrace.Trace) -> int:
    calls = list(trace.calls())
    assert [found for one in calls for found in differences(one)] == []
    assert [one for one in calls if not is_named(one.args)] == []
    assert pickle.loads(pickle.dumps(calls)) == calls
    return len(calls)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_values_of_whole_programs_are_those_of_their_lines(engine: str, program: str) -> None:
    trace = fasttrace.trace(PROGRAMS[program], engine=engine, stdout=-3, stderr=-3)
    assert check(trace) > 30
    assert all(one.comm for one in trace.calls())


@pytest.mark.parametrize("engine", ENGINES)
def test_values_of_all_kinds_of_calls_are_those_of_their_lines(
    engine: str, many_calls: Path, tmp_path: Path
) -> None:
    trace = fasttrace.trace([str(many_calls), str(tmp_path)], engine=engine, string_limit=4096)
    assert check(trace) > MANY[many_calls.name]


@pytest.mark.parametrize("engine", ENGINES)
def test_instructions_of_programs_are_data(engine: str, tracees: Builder) -> None:
    """Also of those that are newer than strace 6.1."""
    trace = fasttrace.trace([*tracees.command("tells_programs"), "newer"], engine=engine)
    assert check(trace) > 20
    calls = trace.calls()
    filters = next(call.args["args"] for call in calls if call.name == "seccomp")
    assert filters["len"] == len(filters["filter"]) == 512
    assert str(filters["filter"][0x15]) == "BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0x15, 0, 0xff)"
    insns = next(call.args["attr"]["insns"] for call in calls if call.name == "bpf")
    assert [str(insns[code]["code"]) for code in (0x1E, 0x81)] == [
        "BPF_JMP32|BPF_X|BPF_JEQ",
        "BPF_LDX|BPF_W|BPF_MEMSX",
    ]
    assert (insns[0x81]["dst_reg"].text, insns[0x81]["off"]) == ("BPF_REG_1", -16641)


@pytest.mark.parametrize("engine", ENGINES)
def test_messages_and_what_they_lie_in_are_data(engine: str, tracees: Builder) -> None:
    trace = fasttrace.trace(tracees.command("tells_ipc_status"), engine=engine)
    assert check(trace) > 20
    sent = next(call.args["msgp"] for call in trace.calls() if call.name == "msgsnd")
    assert (sent["mtype"], sent["mtext"]) == (5, b"what ")


@pytest.mark.parametrize("engine", ENGINES)
def test_calls_come_while_the_program_waits_for_us(engine: str) -> None:
    """It reads what is written only when its first call has been seen."""
    code = "import os; os.access('/begun', 0); os.read(0, 1); os.access('/ended', 0)"
    theirs, ours = os.pipe()
    with fasttrace.Tracer([sys.executable, "-c", code], stdin=theirs, engine=engine) as tracer:
        os.close(theirs)
        paths = []
        for call in tracer.calls():
            path = call.args.get("pathname")
            if path == "/begun":
                os.write(ours, b"x")
            if call.name.startswith(("access", "faccessat")):
                paths.append(path)
    os.close(ours)
    assert [path for path in paths if path in ("/begun", "/ended")] == ["/begun", "/ended"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_signal_has_its_siginfo(engine: str) -> None:
    code = "import os, signal; signal.signal(10, lambda *_: 0); os.kill(os.getpid(), 10)"
    trace = fasttrace.trace([sys.executable, "-c", code], engine=engine)
    (sent,) = [event for event in trace.where(kind="signal") if event.nr == 10]
    assert sent.siginfo is not None
    assert (str(sent.siginfo.si_signo), str(sent.siginfo.si_code)) == ("SIGUSR1", "SI_USER")
    assert sent.siginfo.si_pid == sent.pid
    assert sent.args == {}
    records = [one for one in trace.to_records() if one["kind"] == "signal" and one["nr"] == 10]
    assert [one["siginfo"]["si_pid"] for one in records] == [sent.pid]
