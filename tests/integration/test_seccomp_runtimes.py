"""Promise: container runtimes and bubblewrap do with a profile what our filter says.

The program in the container is the judge (tests/tracees/seccomp_judge.c), linked statically, which
is told of no filter: the runtime's own is what it finds.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from seccomp_judge import DOCKER, UNASKED, Job, line, looks_like, predicted

from fasttrace.seccomp.ask.diff import diff
from fasttrace.seccomp.filter.compile import Compiled, compile_profile
from fasttrace.seccomp.filter.interpret import Program
from fasttrace.seccomp.profile.reader import load, parse
from fasttrace.seccomp.profile.resolve import resolve
from fasttrace.seccomp.profile.values import Limits, Profile

pytest.importorskip("pyseccomp")

SOURCE = Path(__file__).parents[1] / "tracees" / "seccomp_judge.c"
_PTRACE_ATTACH, _PTRACE_DETACH, _PTRACE_SECCOMP_GET_FILTER = 16, 17, 0x420C


def condition(op: str, value: int, second: int = 0) -> dict[str, Any]:
    return {"index": 2, "op": f"SCMP_CMP_{op}", "value": value, "valueTwo": second}


OPERATORS: dict[str, Any] = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [
        {
            "names": [name],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": 90 + i,
            "args": [condition(*test)],
        }
        for i, (name, test) in enumerate(
            {
                "getppid": ("NE", 7),
                "getuid": ("LT", 1 << 32),
                "getgid": ("LE", 1 << 31),
                "geteuid": ("EQ", (1 << 64) - 1),
                "getegid": ("GE", 1 << 63),
                "getpgrp": ("GT", 0xFFFFFFFF),
                "umask": ("MASKED_EQ", 0xF0000000F, 0x300000001),
            }.items()
        )
    ]
    + [
        # One argument twice is OR; the profile's own default and unknown names are skipped.
        {
            "names": ["alarm", "no_such_call"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": 89,
            "args": [condition("EQ", 1), condition("EQ", 2)],
        },
        {"names": ["getpid"], "action": "SCMP_ACT_ALLOW"},
    ],
}
# crun 1.8 does not run where cgroup 1 and 2 are mixed, so it gets a cgroup 2 of its own to look at.
CRUN = """
mount -t cgroup2 none /sys/fs/cgroup
exec crun --cgroup-manager=disabled run "$0"
"""
CALLS = (110, 102, 104, 107, 108, 111, 95, 37)
ARGS = (0, 1, 2, 7, 1 << 31, (1 << 32) - 1, 1 << 32, 0x300000001, 1 << 63, (1 << 64) - 1)


def operators() -> Profile:
    return parse(json.dumps(OPERATORS))


def docker() -> Profile:
    """Docker's default profile as moby gives it to the runtime."""
    if not DOCKER.exists():
        pytest.skip(f"no {DOCKER}")
    found = resolve(load(DOCKER))
    plain = (replace(rule, includes=Limits(), excludes=Limits()) for rule in found.rules)
    return replace(
        found.profile, arch_map=(), architectures=found.architectures, rules=tuple(plain)
    )


def jobs(compiled: Compiled) -> list[Job]:
    """Calls that do no harm, and such as are refused; the latter of all numbers."""
    found: list[Job] = [("p", nr, (0, 0, arg)) for nr in CALLS for arg in ARGS]
    found += [(mode, nr, ()) for mode in "pi" for nr in range(480)]
    return [
        job for job in found if not predicted(compiled, job).lets_through and job[:2] not in UNASKED
    ]


class Bundle:
    """An OCI bundle with the judge in it."""

    def __init__(self, folder: Path, judge: Path, profile: Profile) -> None:
        self.folder = folder
        self.compiled = compile_profile(profile)
        self.root = folder / "rootfs"
        for name in ("dev", "proc"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(judge, self.root / "judge")
        process = {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/judge", "-"],
            "cwd": "/",
            "noNewPrivileges": True,
        }
        config = {
            "ociVersion": "1.0.2",
            "process": process,
            "root": {"path": "rootfs"},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {
                "namespaces": [{"type": "mount"}],
                "seccomp": json.loads(profile.to_json()),
            },
        }
        (folder / "config.json").write_text(json.dumps(config))

    def compiled_by(self, runtime: str) -> Compiled:
        """What a runtime makes of the profile: crun's has no ENOSYS part; bubblewrap gets ours."""
        if runtime == "crun":
            return compile_profile(self.compiled.resolved.profile, enosys_part=False)
        return self.compiled

    @contextmanager
    def running(self, runtime: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
        """A runtime and the pid of its judge, which waits for jobs; skips if there is none."""
        if shutil.which(runtime) is None:
            pytest.skip(f"{runtime} is not installed")
        name = f"fasttrace-{os.getpid()}"
        code = os.memfd_create("filter")
        os.write(code, self.compiled.code)
        os.lseek(code, 0, os.SEEK_SET)
        command = {
            "runc": [*("runc", "run", name)],
            "crun": ["unshare", "-m", "sh", "-c", CRUN, name],
            "bwrap": [
                *("bwrap", "--bind", str(self.root), "/", "--seccomp", str(code), "/judge", "-")
            ],
        }[runtime]
        pipe = subprocess.PIPE
        made = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
            cwd=self.folder,
            pass_fds=[code],
        )
        try:
            # A child of its asks for its parent, which all filters let through: then it is up.
            assert made.stdin
            assert made.stdout
            try:
                made.stdin.write(line(("p", 110, (0, 0, 7))))
                made.stdin.flush()
            except BrokenPipeError:
                pass
            word, _, pid = made.stdout.readline().partition(" ")
            if word != "ret":
                _, errors = made.communicate()
                pytest.skip(f"{runtime} does not run here: {errors.strip().splitlines()[-1:]}")
            yield made, int(pid)
        finally:
            os.close(code)
            if made.poll() is None:
                made.communicate()


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    path = tmp_path_factory.mktemp("static") / "judge"
    flags = ["-std=gnu11", "-O1", "-static", "-pthread"]
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    built = subprocess.run(["gcc", *flags, "-o", path, SOURCE], capture_output=True, text=True)
    if built.returncode:
        pytest.skip(f"no static judge: {built.stderr.splitlines()[0]}")
    return path


@pytest.fixture(params=[operators, docker], ids=["operators", "docker"])
def bundle(request, judge, tmp_path):
    return Bundle(tmp_path, judge, request.param())


@pytest.mark.parametrize("runtime", ["runc", "crun", "bwrap"])
def test_same_verdicts(bundle, runtime):
    """What our interpreter says is refused, the runtime's container refuses in the same way."""
    compiled = bundle.compiled_by(runtime)
    asked = jobs(compiled)
    assert len(asked) > 30
    with bundle.running(runtime) as (made, _):
        output, _ = made.communicate("".join(map(line, asked)))
    answers = output.splitlines()
    assert len(answers) == len(asked)
    for job, answer in zip(asked, answers, strict=True):
        assert answer == looks_like(predicted(compiled, job), job[0], ""), job


@pytest.mark.parametrize("runtime", ["runc", "crun"])
def test_same_filter(bundle, runtime):
    """The filter that is installed, read back from the kernel, means what ours means."""
    with bundle.running(runtime) as (made, pid):
        code = installed_filter(pid)
        made.communicate()
    ours = bundle.compiled_by(runtime)
    theirs = replace(ours, program=Program(code))
    assert not diff(ours, theirs)


def installed_filter(pid: int) -> bytes:
    """The newest filter of a process, by ptrace(2)'s PTRACE_SECCOMP_GET_FILTER (Linux 4.4)."""
    libc = ctypes.CDLL(None, use_errno=True)
    ptrace = libc.ptrace
    ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    ptrace.restype = ctypes.c_long
    if ptrace(_PTRACE_ATTACH, pid, None, None) == -1:
        pytest.skip(f"ptrace: {os.strerror(ctypes.get_errno())}")
    os.waitpid(pid, 0x40000000)  # __WALL
    try:
        size = ptrace(_PTRACE_SECCOMP_GET_FILTER, pid, None, None)
        if size == -1:
            pytest.skip(f"PTRACE_SECCOMP_GET_FILTER: {os.strerror(ctypes.get_errno())}")
        code = ctypes.create_string_buffer(8 * size)
        assert ptrace(_PTRACE_SECCOMP_GET_FILTER, pid, None, code) == size
        return code.raw
    finally:
        ptrace(_PTRACE_DETACH, pid, None, None)
