"""Promise: with descriptors=True each call that makes a descriptor tells what /proc says of it,
with each engine; without it nothing is looked up.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support import ENGINES

import fasttrace
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind, PayloadType, payload_items

CWD = -100
Made = tuple[str, int, list[tuple[int, list[str]]]]

# Each step makes descriptors and prints what they are, as the program itself sees it.
PROGRAM = r"""
import os, socket, sys
def told(*fds):
    print(*(os.readlink(f"/proc/self/fd/{fd}") for fd in fds), sep="|")
folder = sys.argv[1]
os.chdir(folder)
fd = os.open("a <b>\n", os.O_CREAT | os.O_RDWR)
told(fd)
told(os.open(folder, os.O_TMPFILE | os.O_RDWR))
told(*os.pipe())
told(os.eventfd(0), os.memfd_create("x"))
told(os.open("/dev/null", os.O_RDONLY))
a, b = socket.socketpair()
told(a.fileno(), b.fileno())
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
served, _ = server.accept()
told(server.fileno(), client.fileno(), served.fileno())
socket.send_fds(a, [b"x"], [fd, 1])
told(*socket.recv_fds(b, 1, 4)[1])
"""


def links_of(argv: list[str], engine: str, **options: object) -> list[Made]:
    return list(_links_of(argv, engine, **options))


def _links_of(argv: list[str], engine: str, **options: object) -> Iterator[Made]:
    """(name, result, [(descriptor, [link, more ...])]) of each event that has some."""
    with fasttrace.Tracer(argv, engine=engine, stdout=subprocess.DEVNULL, **options) as tracer:  # type: ignore[arg-type]
        for block in tracer.blocks():
            for event in np.frombuffer(block, EVENT_DTYPE):
                if not event["flags"] & Flag.PAYLOAD:
                    continue
                items = payload_items(block.payload, int(event["payload"]) - block.payload_base)
                links = [
                    (
                        np.uint64(item.address).astype(np.int64).item(),
                        item.data.decode().split("\0"),
                    )
                    for item in items
                    if item.type == PayloadType.LINK
                ]
                if links:
                    assert event["kind"] == Kind.SYSCALL
                    name = fasttrace.syscall_name(int(event["nr"]), int(event["abi"]))
                    yield name, int(event["ret"]), links
    assert tracer.exit_status == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_call_makes_is_what_the_program_sees(engine: str, tmp_path: Path) -> None:
    """Files, pipes, sockets with addresses, what messages bring."""
    argv = [sys.executable, "-S", "-c", PROGRAM, str(tmp_path)]
    found = links_of(argv, engine, descriptors=True)
    at = next(i for i, (name, _, _) in enumerate(found) if name == "chdir")
    assert found[at][2] == [(CWD, [str(tmp_path)])]
    made = found[at + 1 :]
    opened = [(links[0][0], links[0][1][0]) for name, _, links in made if name == "openat"]
    assert opened[0][1] == f"{tmp_path}/a <b>\n"
    assert all(ret == links[0][0] for name, ret, links in made if name == "openat")
    assert next(link for _, link in opened[1:]).startswith(f"{tmp_path}/#")
    of = {name: links for name, _, links in made}
    assert [links[0][1] for name, _, links in made if links[0][1][0] == "/dev/null"] == [
        ["/dev/null", "char", "1:3"]
    ]
    (read, a), (write, b) = of["pipe2"]
    assert a == b
    assert a[0].startswith("pipe:[")
    assert read != write
    assert of["eventfd2"][0][1] == ["anon_inode:[eventfd]"]
    assert of["memfd_create"][0][1] == ["/memfd:x (deleted)"]
    (_, one), (_, other) = of["socketpair"]
    assert one[:2] == [f"socket:[{other[2]}]", "UNIX-STREAM"]
    assert other[:2] == [f"socket:[{one[2]}]", "UNIX-STREAM"]
    (_, client), (_, served) = of["connect"][0], of["accept4"][0]
    assert client[1] == served[1] == "TCP"
    assert client[2:] == served[:1:-1]
    assert client[3] == of["listen"][0][1][2]
    assert [link for _, (link, *_) in of["recvmsg"]] == [f"{tmp_path}/a <b>\n", "/dev/null"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_new_program_tells_all_that_it_begins_with(engine: str, tmp_path: Path) -> None:
    """Not what its execve closes."""
    kept = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(kept, True)
    try:
        found = links_of(["bash", "-c", f"exec true {kept}>&-"], engine, descriptors=True)
    finally:
        os.close(kept)
    first, second = (dict(links) for name, _, links in found if name == "execve")
    assert first[kept] == [str(tmp_path)]
    assert kept not in second
    assert first[CWD] == second[CWD] == [str(Path.cwd())]
    assert {0, 1, 2} <= first.keys() & second.keys()


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_looked_up_unless_it_was_asked_for(engine: str) -> None:
    assert links_of(["cat", "/etc/hostname"], engine) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_calls_that_make_descriptors_come_with_those_that_are_wanted(engine: str) -> None:
    """Else nobody would know what a read reads."""
    found = links_of(["cat", "/etc/hostname"], engine, descriptors=True, trace="read")
    assert ["/etc/hostname"] in [link for _, _, links in found for _, link in links]


def test_a_process_that_is_attached_to_tells_all_that_it_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = "import sys; f = open(sys.argv[1], 'w'); print(flush=True); sys.stdin.read()"
        target = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "x")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[server.fileno()],
        )
        assert target.stdout is not None
        assert target.stdin is not None
        target.stdout.readline()
        with fasttrace.Tracer(pid=target.pid, descriptors=True) as tracer:
            target.stdin.close()
            blocks = list(tracer.blocks())
        target.wait()
        target.stdout.close()
    links = {}
    for block in blocks:
        for event in np.frombuffer(block, EVENT_DTYPE):
            if event["kind"] != Kind.ATTACH:
                continue
            items = payload_items(block.payload, int(event["payload"]) - block.payload_base)
            links |= {i.address: i.data.decode() for i in items if i.type == PayloadType.LINK}
    assert str(tmp_path / "x") in links.values()
    assert links[(1 << 64) + CWD] == str(Path.cwd())
    assert links[server_fd(links)].split("\0")[1] == "TCP"


def server_fd(links: dict[int, str]) -> int:
    return next(fd for fd, text in links.items() if "127.0.0.1:" in text)


@pytest.mark.parametrize(
    "options", [{"events": False}, {"results": False}, {"capture": "none"}], ids=str
)
def test_what_does_not_go_together_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="descriptors"):
        fasttrace.Tracer(["true"], descriptors=True, **options)  # type: ignore[arg-type]
