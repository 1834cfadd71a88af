"""Promise: `fasttrace doctor` says no only where no command can be traced, and names the remedy."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from fasttrace.errors import TraceNotPermitted
from fasttrace.system import procfs
from fasttrace.tracing import health
from fasttrace.tracing.health import Check

NO_CAPABILITIES = {"CapEff": "0", "Seccomp": "0", "NoNewPrivs": "0"}


def kernel(monkeypatch: pytest.MonkeyPatch, release: str, machine: str = "x86_64") -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release, machine=machine))


@pytest.mark.parametrize(
    ("release", "state"),
    [
        ("5.3.0", "ok"),
        ("6.18.44-fc", "ok"),
        ("10.0", "ok"),
        ("5.2.21-generic", "bad"),
        ("4.19.0-26-amd64", "bad"),
        ("strange", "bad"),
    ],
)
def test_a_kernel_too_old_is_bad(monkeypatch: pytest.MonkeyPatch, release: str, state: str) -> None:
    kernel(monkeypatch, release)
    assert health._kernel().state == state


def test_on_an_old_kernel_no_trace_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel(monkeypatch, "4.19.0")
    found = health.checks()
    assert not health.works(found)
    assert "trace" not in [check.name for check in found]


@pytest.mark.parametrize(
    ("scope", "capabilities", "state"),
    [
        (None, 0, "ok"),
        (0, 0, "ok"),
        (1, 0, "note"),
        (1, 1 << 19, "ok"),
        (2, 0, "bad"),
        (2, 1 << 19, "ok"),
        (3, 1 << 19, "bad"),
    ],
)
def test_a_ptrace_scope_counts_with_the_capability(
    monkeypatch: pytest.MonkeyPatch, scope: int | None, capabilities: int, state: str
) -> None:
    monkeypatch.setattr(procfs, "ptrace_scope", lambda: scope)
    check = health._scope({"CapEff": f"{capabilities:x}"})
    assert check.state == state
    assert bool(check.remedy) == (state != "ok")


def test_without_privileges_there_are_notes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procfs, "status", lambda pid: NO_CAPABILITIES)
    monkeypatch.setattr(procfs, "ptrace_scope", lambda: 1)
    found = {check.name: check for check in health.checks()}
    assert "CAP_SYS_PTRACE" in found["capabilities"].remedy
    assert found["capabilities"].state == "note"
    assert health.works(list(found.values()))


@pytest.mark.parametrize(("expression", "state"), [(None, "bad"), ("openat", "note")])
def test_a_trace_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch, expression: str | None, state: str
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise TraceNotPermitted(1, "forbidden; do this")

    monkeypatch.setattr(health, "Tracer", refuse)
    assert health._trace("trace", expression) == Check(
        "trace", state, "failed", "forbidden; do this"
    )


@pytest.mark.parametrize("why", [None, "it needs Linux 6.1"])
def test_inline_engine_is_announced(monkeypatch: pytest.MonkeyPatch, why: str | None) -> None:
    monkeypatch.setattr(health, "inline_unusable", lambda: why)
    check = health._inline()
    assert check.state == ("ok" if why is None else "note")
    assert (why or "") in check.remedy
