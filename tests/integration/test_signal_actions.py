"""Promise: who handles or ignores SIGSYS or SIGTRAP records itself, and they stay as set."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from support import running

import fasttrace
from fasttrace._core import inline_unusable
from fasttrace.tracing.tracer import Tracer

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))

GO = """
package main
import ("fmt"; "os"; "os/signal"; "sync"; "syscall")
func main() {
    var group sync.WaitGroup
    came := make(chan os.Signal, 16)
    signal.Notify(came, syscall.SIGTRAP, syscall.SIGSYS)
    for g := 0; g < 200; g++ {
        group.Add(1)
        go func() { defer group.Done(); for i := 0; i < 20; i++ { syscall.Getppid() } }()
    }
    group.Wait()
    for _, s := range []syscall.Signal{syscall.SIGTRAP, syscall.SIGSYS} {
        syscall.Kill(os.Getpid(), s)
        fmt.Println(<-came)
    }
}
"""


def is_inline(summary: fasttrace.Summary) -> bool:
    return {(p.engine, p.fallback) for p in summary.processes} == {("inline", "")}


@pytest.mark.parametrize("args", [(), ("threads",)], ids=["alone", "threads"])
def test_actions_are_kept_as_set(tracees, tmp_path, args):
    with (tmp_path / "out").open("w+") as out:
        with Tracer(
            tracees.command("own_traps", *args), tally=True, events=False, stdout=out
        ) as tracer:
            tracer.wait()
        assert Path(out.name).read_text() == "kept\n"
    assert tracer.exit_status == 0
    assert is_inline(tracer.summary())


def test_what_our_caller_ignores_the_command_ignores(tracees):
    """Its maker told it so, before there was a tracer."""
    before = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGSYS, signal.SIGTRAP)}
    try:
        summary = fasttrace.summary(tracees.command("own_traps", "ignored"), engine="inline")
    finally:
        for number, action in before.items():
            signal.signal(number, action)
    assert summary.exit_status == 7
    assert is_inline(summary)


def masks(pid: int) -> dict[str, int]:
    """Of the two signals: proc_pid_status(5)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    both = 1 << signal.SIGSYS - 1 | 1 << signal.SIGTRAP - 1
    fields = dict(line.split(":\t") for line in lines if line.startswith("Sig"))
    return {name: int(fields[name], 16) & both for name in ("SigBlk", "SigIgn", "SigCgt")}


def test_an_attached_process_is_left_with_them(tracees):
    with running(tracees.command("own_traps", "waits")) as process:
        before = masks(process.pid)
        assert before["SigIgn"]
        assert before["SigCgt"]
        for _ in range(3):
            with Tracer(pid=process.pid, engine="inline", tally=True, events=False) as tracer:
                process.stdin.write("x")
                process.stdin.flush()
                while not tracer.summary().calls.get("nfsservctl"):
                    assert not tracer.wait(0.01)
            assert is_inline(tracer.summary())
            assert masks(process.pid) == before
        assert process.end() == ("kept\n", "ended 0")


def test_who_leaves_the_engine_keeps_them(tracees, tmp_path):
    with (tmp_path / "out").open("w+") as out:
        summary = fasttrace.summary(
            tracees.command("own_traps", "leaves"), engine="inline", stdout=out
        )
        assert Path(out.name).read_text() == "kept\n"
    assert [(p.engine, "gs" in p.fallback) for p in summary.processes] == [("ptrace", True)] * 2


def test_a_go_program_records_itself(tmp_path):
    """Its runtime handles all signals."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    (tmp_path / "main.go").write_text(GO)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GOCACHE": str(tmp_path / "cache")}
    program = str(tmp_path / "main")
    subprocess.run(["go", "build", "-o", program, "main.go"], check=True, cwd=tmp_path, env=env)
    bare = subprocess.run([program], check=True, capture_output=True).stdout
    with (tmp_path / "out").open("w+") as out:
        summary = fasttrace.summary([program], engine="inline", stdout=out)
        assert Path(out.name).read_bytes() == bare
    assert summary.exit_status == 0
    assert summary.calls["getppid"] == 4000
    assert is_inline(summary)
