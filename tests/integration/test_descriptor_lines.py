"""Promise: -y, -yy, --decode-fds, -P and --trace-fds of fasttrace strace tell of descriptors what
the installed strace tells, which looks into /proc at each call.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from strace_text import differences
from support import ENGINES, FASTTRACE

STRACE = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not STRACE, reason="strace is not installed")
LIMIT_S = 120

# Numbers that differ from run to run: inodes, ports, processes.
_NUMBER = re.compile(
    r"(?P<before>\b[\w-]+:\[(?:ROUTE:)?|->|127\.0\.0\.1:|::1\]:|0\.0\.0\.0:|/#|<pid:|"
    r"pidfd_open\(|nl_pid=)(?P<number>\d+)(?![.\d])"
)
_PORT_OF = ("127.0.0.1:", "::1]:", "0.0.0.0:")
_RANDOM = [
    (r"htons\(\d+\)", "htons()"),
    (r"getpid\(\) +=.*", "getpid()"),
    (r"nl_pad=0x\w+, ", ""),
    (r", u64=\d+", ""),
]
# When Python's memory grows depends on where it begins.
_GROWTH = re.compile(r"mmap\(NULL, \d+, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS")


def without_growth(text: str) -> str:
    """A call in two lines is left out with both."""
    kept: list[str] = []
    begun: set[str] = set()
    for line in text.splitlines(keepends=True):
        tid, _, rest = line.partition(" ")
        rest = rest.strip()
        if _GROWTH.match(rest):
            begun |= {tid} if rest.endswith("<unfinished ...>") else set()
        elif tid in begun and rest.startswith("<... mmap resumed>"):
            begun.remove(tid)
        else:
            kept.append(line)
    return "".join(kept)


def numbered(text: str) -> str:
    """Each of them by the place where it first came. A port of UDP may be one of TCP's too, or what
    a process or an inode is called."""
    text = without_growth(text)
    for pattern, new in _RANDOM:
        text = re.sub(pattern, new, text)
    seen: dict[tuple[str, str], int] = {}

    def place(line: str, found: re.Match[str]) -> str:
        kind = "number"
        if found["before"] in _PORT_OF:
            kind = "UDP" if "<UDP" in line else "TCP"
        return f"{found['before']}#{seen.setdefault((kind, found['number']), len(seen))}"

    lines = text.splitlines(keepends=True)
    return "".join(_NUMBER.sub(partial(place, line), line) for line in lines)


def both(engine: str, folder: Path, options: list[str], command: list[str]) -> tuple[str, str]:
    """Our lines and strace's of the same command."""
    texts = []
    for program in ([*FASTTRACE, "strace", "--engine", engine], [STRACE]):
        # Outside the folder that programs list.
        file = folder.parent / f"{folder.name}.{len(texts)}"
        run = subprocess.run(
            [*program, "-f", "-o", str(file), *options, *command],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            stdin=subprocess.DEVNULL,
            cwd=folder,
        )
        assert run.returncode == 0, run.stderr
        texts.append(numbered(file.read_text()))
    return texts[0], texts[1]


def alike(engine: str, folder: Path, options: list[str], command: list[str]) -> str:
    """Our lines, which are strace's."""
    mine, its = both(engine, folder, options, command)
    assert differences(mine, its) == []
    return mine


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


COMMANDS = {
    "cat": ["cat", "/etc/hostname"],
    "ls": ["ls", "-l", "/etc/alternatives"],
    "redirections": ["bash", "-c", "exec 7</etc/passwd 8<&7 9>/dev/null 8<&-; exec true"],
    "pipes": ["sh", "-c", "sleep 0.1 | sleep 0.3"],  # whose ends come one after the other
    "tar": ["tar", "cf", "/dev/null", "/usr/include/asm-generic"],
    "find": ["find", "/usr/include/linux/can"],
    "cd": ["sh", "-c", "cd /usr; cd lib; exec cat os-release"],
}


@pytest.mark.parametrize("option", ["-y", "-yy"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_descriptors_are_told_as_strace_tells_them(
    name: str, engine: str, option: str, tmp_path: Path
) -> None:
    mine = alike(engine, tmp_path, [option], COMMANDS[name])
    assert "3</etc/ld.so.cache>" in mine


PROGRAMS = {
    "names": r"""
import os
for name in (b"plain", b"a b", b"<x>", b"\n\t\\\"", b"\xff\xc3\xa9", b"n" * 250, b"1<2"):
    fd = os.open(name, os.O_CREAT | os.O_RDWR)
    os.write(fd, b"x")
    os.close(fd)
os.mkdir("deep")
os.chdir("deep")
fd = os.open(".", os.O_RDONLY)
os.close(os.open("../plain", os.O_RDONLY, dir_fd=fd))
os.stat("..", dir_fd=fd)
""",
    "deleted and renamed": r"""
import os
os.mkdir("one")
fd = os.open("one/a", os.O_CREAT | os.O_RDWR)
os.write(fd, b"1")
os.rename("one/a", "one/b")
os.write(fd, b"2")
os.rename("one", "two")
os.write(fd, b"3")
over = os.open("x", os.O_CREAT | os.O_RDWR)
os.rename("two/b", "x")
os.write(over, b"4")
os.write(fd, b"5")
os.unlink("x")
os.write(fd, b"6")
""",
    "copies": r"""
import fcntl, os
fd = os.open("/etc/passwd", os.O_RDONLY)
a, b = os.dup(fd), os.dup2(fd, 40)
c = fcntl.fcntl(fd, fcntl.F_DUPFD, 30)
d = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 50)
os.close(fd)
for one in (a, b, c, d):
    os.read(one, 4)
os.dup2(os.open("/etc/hostname", os.O_RDONLY), b)
os.read(b, 3)
os.closerange(29, 60)
os.set_inheritable(a, True)
os.execv("/bin/cat", ["cat", f"/proc/self/fd/{a}"])
""",
    "sockets": r"""
import os, socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.socket()
client.connect(server.getsockname())
served, _ = server.accept()
client.send(b"x")
served.recv(1)
six = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
six.bind(("::1", 0))
six.listen(1)
six.close()
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
other = socket.socket(type=socket.SOCK_DGRAM)
other.connect(udp.getsockname())
other.send(b"y")
udp.recv(4)
raw = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
raw.bind((0, 0))
raw.getsockname()
waiting = socket.socket()
waiting.setblocking(False)
waiting.connect_ex(server.getsockname())
waiting.getpeername()
""",
    "local sockets": r"""
import os, socket
a, b = socket.socketpair()
a.send(b"x")
b.recv(1)
for name in ("path <1>", "\0abstract\n"):
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen(1)
    client = socket.socket(socket.AF_UNIX)
    client.connect(name)
    served, _ = server.accept()
    served.send(b"x")
    client.recv(1)
    client.close()
    served.close()
    server.close()
fd = os.open("sent", os.O_CREAT | os.O_RDWR)
socket.send_fds(a, [b"x"], [fd, 0])
_, fds, _, _ = socket.recv_fds(b, 1, 4)
os.write(fds[0], b"x")
os.close(fds[1])
""",
    "no files": r"""
import os, select
r, w = os.pipe()
os.write(w, b"1")
os.read(r, 1)
e = os.eventfd(1)
os.read(e, 8)
m = os.memfd_create("x <y>")
os.write(m, b"1")
p = os.pidfd_open(os.getpid())
os.fstat(p)
poller = select.epoll()
poller.register(r, select.EPOLLIN)
select.select([r, e], [w], [], 0)
waits = select.poll()
waits.register(w, select.POLLOUT)
waits.register(r, select.POLLIN)
waits.poll(0)
t = os.open(".", os.O_TMPFILE | os.O_RDWR)
os.write(t, b"1")
""",
    "processes": r"""
import os, threading
fd = os.open("/etc/passwd", os.O_RDONLY)
child = os.fork()
if not child:
    os.read(fd, 1)
    os.close(fd)
    fd = os.open("/etc/hostname", os.O_RDONLY)
    os.chdir("/")
    os.stat("etc")
    os.read(fd, 1)
    os._exit(0)
os.waitpid(child, 0)
os.read(fd, 1)
os.stat("missing") if os.path.exists("missing") else None
def thread():
    os.close(fd)
    os.dup2(os.open("/etc/group", os.O_RDONLY), 20)
one = threading.Thread(target=thread)
one.start()
one.join()
os.read(20, 1)
os.posix_spawn("/bin/cat", ["cat", "/etc/hostname"], os.environ,
    file_actions=[(os.POSIX_SPAWN_DUP2, 20, 5)])
os.wait()
""",
}


@pytest.mark.parametrize("option", ["-y", "-yy"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_a_program_does_with_descriptors_is_followed(
    name: str, engine: str, option: str, tmp_path: Path
) -> None:
    # Which threads wait for one another is chance.
    options = [option, "-e", "trace=%desc,%file,%network"]
    mine, its = "", ""
    # Each in a folder of its own, whose name is as long.
    for place, program in (
        ("ours", [*FASTTRACE, "strace", "--engine", engine]),
        ("them", [STRACE]),
    ):
        (tmp_path / place).mkdir()
        file = tmp_path / f"{place}.txt"
        run = subprocess.run(
            [*program, "-f", "-o", str(file), *options, *python(PROGRAMS[name])],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            stdin=subprocess.DEVNULL,
            cwd=tmp_path / place,
        )
        assert run.returncode == 0, run.stderr
        text = numbered(file.read_text().replace(f"{tmp_path}/{place}", "/HERE"))
        mine, its = (text, its) if place == "ours" else (mine, text)
    assert differences(mine, its) == []


@pytest.mark.parametrize(
    "options",
    [
        ["--decode-fds=dev"],
        ["-e", "decode-fds=!path"],
        ["-y", "-x"],
        ["-yy", "-z"],
        ["-yy", "-e", "trace=read,write,close"],
        ["-P", "/etc/hostname"],
        ["-y", "-P", "/etc/hostname", "-P", "/dev/null"],
        ["-P", "/etc/hostname", "-e", "trace=read"],
        ["-P", "/nowhere"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("engine", ENGINES)
def test_options_choose_what_is_told(engine: str, options: list[str], tmp_path: Path) -> None:
    mine = alike(engine, tmp_path, options, ["cat", "/etc/hostname", "/etc/passwd"])
    assert "+++ exited with 0 +++" in mine


@pytest.mark.parametrize("engine", ENGINES)
def test_trace_fds_shows_the_calls_that_are_given_one_of_these(engine: str, tmp_path: Path) -> None:
    """strace has had it since 6.9."""
    file = tmp_path / "x"
    words = [*FASTTRACE, "strace", "--engine", engine, "-f", "-o", str(file)]
    subprocess.run(
        [*words, "--trace-fds=1,77", "sh", "-c", "echo 1; cat /etc/hostname"], check=True
    )
    lines = [line.split(maxsplit=1)[1] for line in file.read_text().splitlines()]
    calls = [line for line in lines if not line.startswith(("---", "+++"))]
    assert 'write(1, "1\\n", 2)                = 2' in calls
    assert all(re.match(r"\w+\((1[,)]|3, NULL, 1,)", line) for line in calls), calls


def counts(text: str) -> list[tuple[str, ...]]:
    """Of a table: calls, errors, name."""
    lines = text[text.index("% time") :].splitlines()[2:-2]
    return sorted(tuple(line.split()[3:]) for line in lines)


@pytest.mark.parametrize("options", [["-c"], ["-C", "-y"], ["-c", "-e", "trace=read,dup2"]])
@pytest.mark.parametrize("engine", ENGINES)
def test_of_a_path_the_same_calls_are_counted_as_by_strace(engine: str, options: list[str]) -> None:
    """Without one there is no table."""
    script = "cat < /etc/passwd; cat /etc/passwd /etc/group; cat /etc/passwd/x"
    words = ["-f", *options, "-P", "/etc/passwd", "-P", "/etc/passwd/x", "sh", "-c", script]
    tracers = [["strace"], [*FASTTRACE, "strace", "--engine", engine]]
    runs = [
        subprocess.run([*tracer, *words], capture_output=True, text=True, check=False).stderr
        for tracer in tracers
    ]
    assert counts(runs[0]) == counts(runs[1])
    assert any(name == "read" for *_, name in counts(runs[1]))
    table = subprocess.run(
        [*tracers[1], "-f", "-c", "--trace-fds=77", "cat", "/etc/passwd"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert table == ""


@pytest.mark.parametrize("engine", ENGINES)
def test_calls_that_only_tell_of_descriptors_are_not_counted(engine: str) -> None:
    """With -C, and a set of calls."""
    words = [*FASTTRACE, "strace", "--engine", engine, "-f", "-y", "-C", "-e", "trace=read"]
    run = subprocess.run(
        [*words, "cat", "/etc/hostname"], capture_output=True, text=True, check=True
    )
    table = run.stderr[run.stderr.index("% time") :]
    assert re.findall(r"\w+$", table, re.M) == ["syscall", "read", "total"]
