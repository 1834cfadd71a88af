"""What counting every call costs, against nothing and against strace."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from workloads import execs

import fasttrace

NULL = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
FASTTRACE = [sys.executable, "-m", "fasttrace"]
STRACE = shutil.which("strace")


def dd(count: int) -> list[str]:
    return ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={count}"]


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_dd_against_strace(in_turn, quiet):
    argv = dd(200_000)
    in_turn(
        {
            "fasttrace summary": lambda: quiet([*FASTTRACE, "summary", *argv]),
            "strace -f -c": lambda: quiet(["strace", "-f", "-c", "-o", "/dev/null", *argv]),
            "untraced": lambda: quiet(argv),
        },
        limits={"strace -f -c": 0.5},
    )


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_fork_exec_against_strace(in_turn, quiet):
    argv = ["sh", "-c", execs(200)]
    in_turn(
        {
            "fasttrace summary": lambda: quiet([*FASTTRACE, "summary", *argv]),
            "strace -f -c": lambda: quiet(["strace", "-f", "-c", "-o", "/dev/null", *argv]),
            "untraced": lambda: quiet(argv),
        }
    )


PERL_STAT = ["perl", "-e", "stat '/etc/passwd' for 1 .. 1_000_000"]


@pytest.mark.parametrize("argv", [dd(2_000_000), PERL_STAT], ids=["dd", "perl_stat"])
def test_filter_without_hot_call(in_turn, quiet, argv):
    """On dd's empty calls what is left is the kernel's own price of a filter, 9 ns a call."""
    in_turn(
        {
            "summary(trace='%process')": lambda: fasttrace.summary(argv, trace="%process", **NULL),
            "untraced": lambda: quiet(argv),
        },
        limits={"untraced": 1.05},
    )


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_filter_against_strace(in_turn, quiet):
    argv = dd(2_000_000)
    traced = ["strace", "-f", "--seccomp-bpf", "-c", "-e", "trace=%process", "-o", "/dev/null"]
    in_turn(
        {
            "fasttrace summary -e %process": lambda: quiet(
                [*FASTTRACE, "summary", "-e", "%process", *argv]
            ),
            "strace --seccomp-bpf": lambda: quiet([*traced, *argv]),
            "untraced": lambda: quiet(argv),
        }
    )
