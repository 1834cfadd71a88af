"""Promise: the verbs on profiles print what they found and exit accordingly."""

from __future__ import annotations

import json

import numpy as np
import pytest
from seccomp_profiles import profile, rule

import fasttrace
from fasttrace.cli import main
from fasttrace.cli.seccomp import VERBS

pytest.importorskip("pyseccomp")

HERE = ("--arch", "amd64", "--kernel", "6.1")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """a.json and b.json in the working directory."""
    monkeypatch.chdir(tmp_path)
    one = profile(rule("execve exit_group read"), rule("socket", "ALLOW", "0 LT 3"))
    other = profile(rule("execve exit_group write"), rule("socket", "ALLOW", "0 LT 2"))
    (tmp_path / "a.json").write_text(one.to_json())
    (tmp_path / "b.json").write_text(other.to_json())
    return tmp_path


@pytest.fixture
def run(capfd):
    """The command line: (exit status, standard output, standard error)."""

    def run(*args: str) -> tuple[int, str, str]:
        status = main(["seccomp", *args])
        captured = capfd.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.mark.parametrize("verb", ["check", "explain", "diff", "merge"])
def test_help(run, verb):
    """Every verb tells what it does, with an example that begins with its name."""
    status, output, _ = run(verb, "--help")
    assert status == 0
    assert f"example: fasttrace seccomp {verb} " in " ".join(output.split())


def test_without_a_verb(run):
    """The verbs, on stderr and as a mistake; asked for, on stdout."""
    status, output, errors = run()
    assert (status, output) == (2, "")
    assert all(verb in errors for verb in VERBS)
    assert run("--help")[:2] == (0, errors)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["explian"], "there is no verb 'explian'; did you mean explain? see fasttrace seccomp"),
        (["nonsense"], "there is no verb 'nonsense': one of generate, run, check, explain, diff"),
        (["--json"], "unknown option --json: options stand after the verb"),
        (["explain", "a.json"], "the following arguments are required: CALL"),
        (["explain", "none.json", "read"], "cannot read the profile none.json: No such file"),
        (["explain", "a.json", "raed"], "no system call 'raed' on amd64; did you mean read"),
        (["check", "a.json", "--caps", "X"], "no capability 'X'"),
        (["diff", "a.json"], "the following arguments are required: SECOND"),
        (["merge"], "the following arguments are required: PROFILE"),
    ],
)
def test_mistakes(run, files, args, message):
    """One line, exit status 2."""
    status, output, errors = run(*args)
    assert (status, output) == (2, "")
    assert errors.startswith("fasttrace: ")
    assert message in errors
    assert errors.count("\n") == 1


def test_explain(run, files):
    """A line for a call, or a line for each of its cases."""
    status, output, _ = run("explain", "a.json", "read", "socket", "socket:AF_INET6", *HERE)
    assert status == 0
    assert [line.split() for line in output.splitlines()] == [
        ["read", "ALLOW", "syscalls[0]"],
        ["socket", "depends", "on", "its", "arguments"],
        ["family", "<=", "2", "ALLOW", "syscalls[1]"],
        ["family", ">=", "3", "ERRNO(EPERM)", "the", "default"],
        ["socket:AF_INET6", "ERRNO(EPERM)", "the", "default"],
    ]


def test_explain_json(run, files):
    """An object for each call, in lines."""
    _, output, _ = run("explain", "a.json", "read", "socket:10", "--json", *HERE)
    read, socket = map(json.loads, output.splitlines())
    assert read["cases"] == [
        {
            "action": "ALLOW",
            "data": 0,
            "value": 0x7FFF0000,
            "when": "",
            "example": [0] * 6,
            "reasons": ["syscalls[0]"],
        }
    ]
    assert (socket["nr"], socket["args"]) == (41, {"0": 10})
    assert (socket["cases"][0]["action"], socket["cases"][0]["data"]) == ("ERRNO", 1)


def save_trace(path) -> None:
    events = np.zeros(4, fasttrace.EVENT_DTYPE)
    events["kind"] = 1
    events["nr"] = [59, 0, 1, 1]
    fasttrace.Trace(events, argv=["x"], exit_status=0).save(path)


def test_check(run, files):
    """What it is, what is odd, what a trace would have lost; 1 if there is any of the last."""
    status, output, _ = run("check", "a.json", *HERE)
    assert status == 0
    assert output.splitlines() == [
        "valid: 2 of 2 rules apply on amd64, kernel 6.1.0, 14 capabilities",
        output.splitlines()[1],
    ]
    assert output.splitlines()[1].startswith("default: ERRNO(EPERM) and ENOSYS for newer calls; ")
    save_trace(files / "x.fst")
    status, output, _ = run("check", "a.json", "--trace", "x.fst", *HERE)
    assert status == 1
    assert output.splitlines()[2:] == [
        "x.fst: 2 calls would not go through",
        "  2  write  ERRNO(EPERM)",
    ]
    assert run("check", "a.json", "--trace", "none.fst")[0] == 1  # TraceError


def test_check_json(run, files):
    """One object with all of it."""
    save_trace(files / "x.fst")
    status, output, _ = run("check", "a.json", "--trace", "x.fst", "--json", *HERE)
    found = json.loads(output)
    assert status == 1
    assert (found["valid"], found["architectures"]) == (True, ["SCMP_ARCH_X86_64"])
    assert (found["findings"], found["applied"]) == ([], 2)
    ((trace),) = found["traces"]
    assert [(one["name"], one["count"], one["action"]) for one in trace["lost"]] == [
        ("write", 2, "ERRNO")
    ]


def test_diff(run, files):
    """0: the same; 1: what is allowed, refused, changed."""
    assert run("diff", "a.json", "a.json", *HERE) == (0, "", "")
    status, output, _ = run("diff", "a.json", "b.json", *HERE)
    assert status == 1
    assert [line.split() for line in output.splitlines()] == [
        ["-", "read", "ALLOW", "->", "ERRNO(EPERM)"],
        ["-", "socket", "family", "2", "ALLOW", "->", "ERRNO(EPERM)"],
        ["+", "write", "ERRNO(EPERM)", "->", "ALLOW"],
    ]
    _, output, _ = run("diff", "a.json", "b.json", "--json", *HERE)
    found = json.loads(output)
    assert [(one["kind"], one["name"]) for one in found["changes"]] == [
        ("refused", "read"),
        ("refused", "socket"),
        ("allowed", "write"),
    ]


def test_merge_into_one_of_its_sources(run, files):
    """The output may be an input: all is read before anything is written."""
    assert run("merge", "a.json", "b.json", "-o", "a.json", *HERE) == (0, "", "")
    _, output, _ = run("diff", "b.json", "a.json", *HERE)
    assert [line.split()[:2] for line in output.splitlines()] == [["+", "read"], ["+", "socket"]]
    before = (files / "a.json").read_text()
    assert run("merge", "a.json", "b.json", "a.json", "-o", "a.json", *HERE)[0] == 0
    assert (files / "a.json").read_text() == before


def test_a_merge_that_fails_writes_nothing(run, files):
    """Not even where the output is one of the sources."""
    (files / "c.json").write_text(profile(default="KILL").to_json())
    before = (files / "a.json").read_text()
    status, _, errors = run("merge", "a.json", "c.json", "-o", "a.json", *HERE)
    assert status == 2
    assert "make defaultAction the same" in errors
    assert (files / "a.json").read_text() == before


def test_merge_tells_conflicts(run, files):
    """On stderr; the profile is on stdout."""
    (files / "c.json").write_text(profile(rule("read", "TRAP")).to_json())
    status, output, errors = run("merge", "a.json", "c.json", *HERE)
    assert status == 0
    assert json.loads(output)["defaultAction"] == "SCMP_ACT_ERRNO"
    assert errors == (
        "fasttrace: read: c.json says TRAP (syscalls[0]), a.json ALLOW (syscalls[0]): ALLOW\n"
    )
