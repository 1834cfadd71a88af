"""Promise: an audit counts the calls that a filter would refuse, as the filter does, in constant
memory."""

from __future__ import annotations

from typing import Any

from seccomp_observed import Event, call
from synthetic import item, make_events

from fasttrace.data.events import Kind
from fasttrace.seccomp.ask.audit import Audit, Refused
from fasttrace.seccomp.filter.interpret import Program, Verdict


def program(*code: tuple[int, int, int, int]) -> Program:
    import struct

    return Program(b"".join(struct.pack("<HBBI", *one) for one in code))


REFUSES_FAMILY_40 = program(
    (0x20, 0, 0, 0),
    (0x15, 0, 3, 41),
    (0x20, 0, 0, 16),
    (0x15, 0, 1, 40),
    (0x06, 0, 0, 0x50001),
    (0x06, 0, 0, 0x7FFF0000),
)


def rows(audit: Audit, *events: Event, payload: bytes = b"") -> list[tuple[str, int, str]]:
    audit.add(make_events(*events), memoryview(payload))
    return [(row.call, row.count, row.process) for row in audit.rows()]


def test_audit_counts_what_would_be_refused() -> None:
    events = [call("socket", 40), call("socket", 2), call("socket", 1 << 32 | 40), call("read")]
    audit = Audit(REFUSES_FAMILY_40)
    assert rows(audit, *events) == [("socket(family=40)", 2, "")]
    assert rows(audit, *events) == [("socket(family=40)", 4, "")]
    assert audit.calls == 8


def test_audit_names_the_program_of_the_moment() -> None:
    def named(kind: Kind, pid: int, offset: int, **more: Any) -> Event:
        return {"kind": kind, "pid": pid, "tid": pid, "payload": offset, **more}

    shell, other = item(b"sh", type=4), item(b"other", type=4)
    fork = {"kind": Kind.FORK, "pid": 1, "tid": 1, "args": (2, 0, 0, 0, 0, 0)}
    found = rows(
        Audit(REFUSES_FAMILY_40),
        named(Kind.EXEC, 1, 0),
        call("socket", 40),
        fork,
        call("socket", 40, pid=2),
        named(Kind.EXEC, 2, len(shell)),
        call("socket", 40, pid=2),
        call("socket", 40),
        payload=shell + other,
    )
    assert found == [("socket(family=40)", 1, "other"), ("socket(family=40)", 3, "sh")]


def test_audit_in_constant_memory() -> None:
    """Too many different arguments are counted together."""
    anything = program((0x20, 0, 0, 0), (0x15, 0, 3, 3), (0x20, 0, 0, 16), (0x25, 0, 1, 9),
                       (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000))  # fmt: skip
    found = rows(Audit(anything), *(call("close", fd) for fd in range(5000)))
    assert len(found) == 257
    assert sum(count for _, count, _ in found) == 4990
    assert found[0][0] == "close(...)"


def test_audit_agrees_with_the_filter_call_by_call() -> None:
    """This one kills where (arg1 & 6) + arg0 is 7."""
    calculates = program((0x20, 0, 0, 24), (0x54, 0, 0, 6), (0x07, 0, 0, 0), (0x20, 0, 0, 16),
                         (0x0C, 0, 0, 0), (0x15, 0, 1, 7),
                         (0x06, 0, 0, 0), (0x06, 0, 0, 0x7FFF0000))  # fmt: skip
    events = [call("close", a, b) for a in range(10) for b in range(10)]
    refused = sum(not calculates.run(3, 0xC000003E, (a, b)).lets_through
                  for a in range(10) for b in range(10))  # fmt: skip
    assert refused > 0
    assert sum(count for _, count, _ in rows(Audit(calculates), *events)) == refused


def test_a_refused_call_is_written_as_text() -> None:
    verdict = Verdict.of(0x50001)
    assert Refused("read", "x86_64", (), verdict, "", 1).call == "read"
    assert Refused("read", "i386", None, verdict, "", 1).call == "read@i386(...)"
    assert Refused("ioctl", "x86_64", ((1, 0x5401),), verdict, "", 1).call == "ioctl(cmd=0x5401)"
