"""Promise: a socket that its program keeps locked holds nobody up who looks up what it is."""

from __future__ import annotations

import os

import pytest
from support import ENGINES, Builder

import fasttrace
from fasttrace.data.events import Flag, PayloadType, payload_items


@pytest.mark.skipif(os.getuid() != 0, reason="userfaultfd(2) for the kernel's faults is for root")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_locked_socket_has_no_addresses_and_holds_nobody_up(
    engine: str, tracees: Builder
) -> None:
    """Its execve goes on after 0.3 s, with the link alone. Of what is sent nothing is copied, for a
    task that records itself would wait for the page itself."""
    trace = fasttrace.trace(
        tracees.command("locked_socket"), engine=engine, descriptors=True, capture="paths"
    )
    assert trace.exit_status == 0
    last = trace.where(syscall="execve").events[-1]
    assert last["flags"] & Flag.PAYLOAD
    items = list(payload_items(memoryview(trace.payload), int(last["payload"])))
    words = [item.data.split(b"\0") for item in items if item.type == PayloadType.LINK]
    sockets = [word for word in words if word[0].startswith(b"socket:[")]
    assert sockets == [[sockets[0][0], b"TCP"]]
