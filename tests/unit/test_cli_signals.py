"""Promise: signals that reach the command line do what they are meant for."""

from __future__ import annotations

import os
import signal
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from fasttrace.cli import signals
from fasttrace.cli.signals import Relay

pytestmark = pytest.mark.own_process


class FakeTracer:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.exit_status: int | None = None
        self.filtered = False
        self.heard: SimpleQueue[str] = SimpleQueue()
        self.processes: list[SimpleNamespace] = []

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
def test_attached_to_a_process_it_detaches(
    tracer: FakeTracer, clock: Clock, from_terminal: bool
) -> None:
    relay(tracer, attached=True).take(signal.SIGINT, from_terminal=from_terminal)
    assert tracer.asked == ["detach"]


@pytest.mark.parametrize("filtered", [True, False])
def test_orphans_are_let_go_at_the_second_request(
    tracer: FakeTracer, clock: Clock, filtered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: SimpleQueue[str] = SimpleQueue()
    monkeypatch.setattr(signals, "say", said.put)
    tracer.exit_status = 0
    tracer.processes = [SimpleNamespace(exit_status=status) for status in (0, None)]
    tracer.filtered = filtered
    r = relay(tracer)
    r.take(signal.SIGINT, from_terminal=True)
    assert tracer.asked == []
    assert "once more" in said.get(timeout=60)
    r.take(signal.SIGINT, from_terminal=True)
    assert tracer.asked == (["kill"] if filtered else ["detach"])


def test_where_nobody_is_left_there_is_nothing_to_say(
    tracer: FakeTracer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second signal to the group, as by timeout(1), comes when the first one has ended all."""
    monkeypatch.setattr(signals, "say", lambda text: pytest.fail(text))
    tracer.exit_status = -2
    tracer.processes = [SimpleNamespace(exit_status=-2)]
    relay(tracer).take(signal.SIGINT, from_terminal=True)
    assert tracer.asked == []


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
