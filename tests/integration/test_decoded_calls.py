"""Promise: `Trace.calls` gives what traced programs did as Python values, the same as their lines.

The calls are those of whole programs and of tests/c/decoded_calls.c, which makes some 3,000.
"""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ENGINES
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


@pytest.fixture(scope="module", params=["-m64", "-m32"])
def many_calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    program = tmp_path_factory.mktemp("decoded") / "decoded_calls"
    sources = [ROOT / "tests/c/decoded_calls.c", *sorted((ROOT / "src_c/decode").glob("*.c"))]
    command = ["gcc", "-std=gnu11", "-O1", f"-I{ROOT / 'src_c'}", request.param, "-o", program]
    if subprocess.run([*command, *sources], capture_output=True, timeout=300).returncode:
        pytest.skip(f"gcc {request.param} does not work here")
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
    assert check(trace) > 2500
