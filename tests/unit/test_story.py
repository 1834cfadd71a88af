"""Promise: the calls of all tasks become one text in the order of time, however they are delivered.

What strace itself writes is the judge in tests/integration/test_strace_lines.py; here is the order.
"""

from __future__ import annotations

from typing import Any

import pytest
from synthetic import make_events

from fasttrace._decode import Story
from fasttrace.data.events import Flag, Kind
from fasttrace.syscalls.names import syscall_number

STYLE: dict[str, Any] = {
    "signals": (1 << 64) - 1,
    "realtime_ns": 0,
    "column": 40,
    "string_max": 32,
    "who": 2,
    "clock": 0,
    "clock_digits": 0,
    "relative": False,
    "relative_digits": 0,
    "took": False,
    "took_digits": 0,
    "numbers": False,
    "places": False,
    "hex": 0,
    "statuses": 7,
    "attaches": False,
    "exits": True,
    "supersedes": True,
    "leaders": False,
    "separately": False,
    "modes": True,
}
ALL = None


def call(name: str, start: int, end: int | None, tid: int, **fields: Any) -> dict[str, Any]:
    """Of thread `tid` in process 10; no end: it never returns."""
    event = {"nr": syscall_number(name), "time_ns": start, "pid": 10, "tid": tid, "ret": 0}
    if end is None:
        return {**event, "flags": Flag.UNFINISHED, **fields}
    return {**event, "duration_ns": end - start, **fields}


def ends(start: int, tid: int, status: int = 0) -> dict[str, Any]:
    thread = Flag.THREAD if tid != 10 else 0
    fields = {"time_ns": start, "pid": 10, "tid": tid, "ret": status, "flags": thread}
    return {"kind": Kind.EXIT, **fields}


def birth(start: int, tid: int) -> dict[str, Any]:
    fields = {"time_ns": start, "pid": 10, "tid": 10, "ret": tid, "args": [10, 0, 0, 0, 0, 0]}
    return {"kind": Kind.FORK, "nr": 3, "flags": Flag.THREAD, **fields}


def begun(**style: Any) -> Story:
    return Story(**{**STYLE, **style})


def add(story: Story, *events: dict[str, Any]) -> None:
    story.add(make_events(*events).tobytes(), b"", 0)


def told(story: Story, sure_ns: int | None = ALL) -> list[str]:
    """Lines, with single blanks."""
    text = b"".join(text for _, text in story.tell(sure_ns)).decode()
    return [" ".join(line.split()) for line in text.splitlines()]


def test_calls_of_two_tasks_stand_in_the_order_of_time() -> None:
    story = begun()
    add(story, birth(0, 11), call("getpid", 1, 2, 10), call("gettid", 5, 6, 10))
    add(story, call("getuid", 3, 4, 11), call("getgid", 7, 8, 11))
    names = [line.split()[1].partition("(")[0] for line in told(story)]
    assert names == ["getpid", "getuid", "gettid", "getgid"]


def test_what_may_have_something_before_it_waits() -> None:
    """Task 11 has delivered up to 4 only: what 10 did at 5 is told when it has gone beyond."""
    story = begun()
    add(story, birth(0, 11), call("getpid", 1, 2, 10), call("gettid", 5, 6, 10))
    add(story, call("getuid", 3, 4, 11))
    assert told(story, 0) == ["10 getpid() = 0", "11 getuid() = 0"]
    add(story, call("getgid", 7, 8, 11))
    assert told(story, 0) == ["10 gettid() = 0"]
    assert told(story) == ["11 getgid() = 0"]


def test_what_ended_long_ago_is_told_though_a_task_is_silent() -> None:
    story = begun()
    add(story, birth(0, 11), call("getpid", 1, 2, 10), call("gettid", 5, 6, 10))
    assert told(story, 0) == []
    assert told(story, 100) == ["10 getpid() = 0", "10 gettid() = 0"]


def test_a_call_that_others_fall_into_is_told_in_two_lines() -> None:
    story = begun()
    add(story, birth(0, 11), call("wait4", 1, 9, 10, ret=11), call("getuid", 3, 4, 11))
    add(story, ends(5, 11, 0x200))
    assert told(story) == [
        "10 wait4(0, <unfinished ...>",
        "11 getuid() = 0",
        "11 +++ exited with 2 +++",
        "10 <... wait4 resumed>NULL, 0, NULL) = 11",
    ]


def test_a_call_ends_where_its_task_does() -> None:
    story = begun()
    add(story, call("getpid", 1, 2, 10), call("exit_group", 3, None, 10), ends(5, 10, 9))
    assert told(story)[1:] == ["10 exit_group(0) = ?", "10 +++ killed by SIGKILL +++"]


def test_a_signal_stands_behind_the_call_that_it_interrupts() -> None:
    """It is seen before the call is known to have ended."""
    story = begun()
    add(
        story,
        {
            "kind": Kind.SIGNAL,
            "nr": 14,
            "time_ns": 5,
            "pid": 10,
            "tid": 10,
            "args": [128] + [0] * 5,
        },
        call("pause", 1, 8, 10, ret=-514, flags=Flag.ERROR | Flag.INTERRUPTED),
    )
    lines = told(story)
    assert lines[0].startswith("10 pause() = ? ERESTARTNOHAND")
    assert lines[1] == "10 --- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---"


def test_an_execve_by_a_thread_goes_on_as_its_process() -> None:
    story = begun()
    add(
        story,
        birth(0, 11),
        call("getpid", 1, 2, 10),
        call("pause", 3, None, 10),
        {"kind": Kind.EXEC, "time_ns": 6, "pid": 10, "tid": 10, "ret": 11},
        call("execve", 5, 8, 11),
        call("getpid", 9, 10, 10),
    )
    assert told(story) == [
        "10 getpid() = 0",
        "10 pause( <unfinished ...>",
        "11 execve(NULL, NULL, NULL <unfinished ...>",
        "10 <... pause resumed>) = ?",
        "10 +++ superseded by execve in pid 11 +++",
        "10 <... execve resumed>) = 0",
        "10 getpid() = 0",
    ]


def test_a_call_that_is_seen_to_wait_is_told_before_it_ends() -> None:
    """And once only, when it comes; not where memory would have to be shown."""
    story = begun()
    add(story, call("getpid", 1, 2, 10))
    told(story, 0)
    assert story.idle(50) == [(10, 0, 2)]
    story.suppose(10, 0, syscall_number("openat"), [1, 4096, 0, 0, 0, 0])
    assert told(story, 100) == []
    story.suppose(10, 0, syscall_number("read"), [3, 4096, 7, 0, 0, 0])
    assert told(story, 100) == ["10 read(3,"]
    assert story.idle(50) == []
    add(story, call("read", 3, 200, 10, ret=7, args=[3, 4096, 7, 0, 0, 0]))
    assert told(story) == ["0x1000, 7) = 7"]


def test_a_call_that_is_made_again_ends_under_the_name_that_it_was_seen_by() -> None:
    """/proc has restart_syscall(2) where the engine has the call that the program made."""
    story = begun()
    add(story, call("getpid", 1, 2, 10))
    told(story, 0)
    story.suppose(10, 0, syscall_number("restart_syscall"), [0] * 6)
    begin = "10 restart_syscall(<... resuming interrupted getpid ...>"
    assert told(story, 100) == [begin]
    add(story, call("nanosleep", 3, 200, 10, args=[4096, 0, 0, 0, 0, 0]))
    assert told(story) == [") = 0"]


def test_what_waits_at_the_end_is_told_as_detached_from() -> None:
    story = begun()
    add(story, call("getpid", 1, 2, 10))
    assert told(story, 0) == ["10 getpid() = 0"]
    story.suppose(10, 0, syscall_number("pause"), [0] * 6)
    assert told(story) == ["10 pause( <detached ...>"]


@pytest.mark.parametrize(
    ("statuses", "names"), [(1, ["getpid"]), (2, ["close"]), (4, ["exit_group"])]
)
def test_only_calls_that_end_in_the_wanted_way(statuses: int, names: list[str]) -> None:
    story = begun(statuses=statuses, exits=False)
    bad = call("close", 3, 4, 10, ret=-9, flags=Flag.ERROR)
    add(story, call("getpid", 1, 2, 10), bad, call("exit_group", 5, None, 10), ends(6, 10))
    assert [line.split()[1].partition("(")[0] for line in told(story)] == names


def test_texts_of_separate_tasks_do_not_mix() -> None:
    story = begun(separately=True, who=0)
    add(story, birth(0, 11), call("pause", 1, 9, 10), call("getuid", 3, 4, 11))
    texts = dict(story.tell(ALL))
    assert [tid for tid, text in texts.items() if b"<unfinished" in text] == []
    assert texts[10].startswith(b"pause()")
    assert texts[11].startswith(b"getuid()")


def test_a_hundred_thousand_calls_of_many_tasks_come_out_in_order() -> None:
    """More than the buffer holds, delivered task by task."""
    story = begun(clock=2, clock_digits=9)
    tasks, calls = 50, 2000
    add(story, *(birth(0, 11 + i) for i in range(tasks)))
    for i in range(tasks):
        events = make_events(call("getpid", 0, 1, 11 + i)).repeat(calls)
        events["time_ns"] = [10 + i + tasks * n for n in range(calls)]
        story.add(events.tobytes(), b"", 0)
    lines = told(story)
    times = [line.split()[1] for line in lines]
    assert len(lines) == tasks * calls
    assert times == sorted(times)


def test_long_queues_that_come_and_go_lose_nothing() -> None:
    """The room of one that is empty is used for another, also for one that is told in part."""
    story = begun()
    add(story, birth(0, 11))
    told(story)
    at = 1
    for tid, first, second in [(10, 3000, 9000), (11, 500, 8000), (10, 6000, 10), (11, 9000, 9000)]:
        lines = []
        for count, sure in [(first, at + first // 2), (second, ALL)]:
            events = make_events(call("getpgid", 0, 0, tid)).repeat(count)
            events["time_ns"] = events["args"][:, 0] = range(at, at + count)
            at += count
            story.add(events.tobytes(), b"", 0)
            lines += told(story, sure)
        begin = at - first - second
        assert lines == [f"{tid} getpgid({n}) = 0" for n in range(begin, at)]
