"""Makes umask(n) from all kinds of places in Python, and says for each where that is.

Each place has a number of its own. A line of JSON on stdout: the number, and the frames that
sys._getframe() tells of there, the innermost first, as [file, line, function].
"""

# ruff: noqa: B018, C400, C408

import asyncio
import contextlib
import ctypes
import json
import os
import subprocess
import sys
import threading

umask = os.umask
libc = ctypes.CDLL(None)


def say(n, ahead=0, frame=None):
    """ahead: so many lines on the call is."""
    frame = frame or sys._getframe(1)
    stack = []
    while frame:
        code = frame.f_code
        stack.append([code.co_filename, frame.f_lineno, code.co_qualname])
        frame = frame.f_back
    stack[0][1] += ahead
    os.write(1, (json.dumps([n, stack]) + "\n").encode())


def function():
    say(1), umask(1)


def loops():
    for n in range(2, 5):
        say(n), umask(n)
    while True:
        say(5, ahead=1)
        umask(5)
        break


def several_lines():
    return [
        say(6, ahead=2),
        len("a text"),
        umask(6),
        dict(
            key=say(7, ahead=1),
            other=umask(7),
        ),
    ]


def decorated(wrapped):
    def wrapper(*args):
        say(8), umask(8)
        return wrapped(*args)

    return wrapper


@decorated
def with_decorator(n):
    say(n), umask(n)


def comprehensions():
    [(say(10), umask(10)) for _ in range(1)]
    {(say(11), umask(11)) for _ in range(1)}
    {say(12): umask(12) for _ in range(1)}
    list((say(13), umask(13)) for _ in range(1))


def generator():
    yield
    say(14), umask(14)
    yield from delegated()


def delegated():
    say(15), umask(15)
    yield


class Thing:
    say(16), umask(16)

    def method(self):
        say(17), umask(17)

    @property
    def attribute(self):
        say(18), umask(18)

    def __del__(self):
        say(19), umask(19)


def raising():
    try:
        1 / 0
    except ZeroDivisionError:
        say(20), umask(20)
    finally:
        say(21), umask(21)
    with context():
        say(23), umask(23)


@contextlib.contextmanager
def context():
    say(22), umask(22)
    yield


def by_c():
    """C that calls Python, and C that makes the call."""
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(called_back)
    libc.qsort((ctypes.c_int * 2)(2, 1), 2, ctypes.sizeof(ctypes.c_int), compare)
    say(25), libc.umask(25)
    sorted([1], key=lambda _: (say(26), umask(26)))


def called_back(one, other):
    say(24), umask(24)
    return 0


async def main():
    await asyncio.gather(task(27), task(28))
    async for n in ticks():
        say(n), umask(n)


async def task(n):
    say(n), umask(n)
    await asyncio.sleep(0)
    say(n + 100), umask(n + 100)


async def ticks():
    say(29), umask(29)
    yield 30


def threads():
    def run(first):
        for n in range(first, first + 10):
            say(n), umask(n)

    running = [threading.Thread(target=run, args=(first,)) for first in (140, 150, 160)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def codes():
    """Code that goes, so that what comes next may lie in its place."""
    for n in range(200, 240):
        source = "\n" * n + f"say({n}), umask({n})\n"
        exec(compile(source, f"code-{n}.py", "exec"), {"say": say, "umask": umask})


def long_code():
    """A location table of many bytes, with lines that go back and far ahead."""
    lines = [f"x{n} = {n}" for n in range(3000)]
    lines[2500] = "say(241), umask(241)"
    exec(compile("\n".join(lines), "long.py", "exec"), {"say": say, "umask": umask})
    source = "1, (" + "\n" * 70000 + "say(242), umask(242))\n"
    exec(compile(source, "far.py", "exec"), {"say": say, "umask": umask})


def deep(left):
    if left:
        return deep(left - 1)
    say(245), umask(245)


def names():
    for n, name in enumerate(["ascii", "Größe.py", "файл.py", "𝄞.py", "b\udcff.py"], 246):
        source = f"def ünï_{n}():\n\n    say({n}), umask({n})\nünï_{n}()\n"
        exec(compile(source, name, "exec"), {"say": say, "umask": umask})


def children():
    pid = os.fork()
    if not pid:
        say(255), umask(255)
        os._exit(0)
    os.waitpid(pid, 0)
    say(256), umask(256)
    subprocess.run([sys.executable, "-c", "import os; os.umask(257)"], check=True)


INNER = """
import json, os, sys
def inner():
    os.umask(260)
    codes = sys._getframe(0).f_code, sys._getframe(1).f_code
    stack = [[code.co_filename, line, code.co_qualname] for code, line in zip(codes, (4, 8))]
    print(json.dumps([260, stack]), flush=True)
inner()
"""


def interpreters():
    try:
        import _interpreters as module
    except ImportError:
        try:
            import _xxsubinterpreters as module
        except ImportError:
            return
    inner = module.create()
    module.run_string(inner, INNER)
    say(261), umask(261)
    thread = threading.Thread(target=lambda: (say(262), umask(262)))
    thread.start()
    thread.join()
    module.destroy(inner)
    say(263), umask(263)


function()
loops()
several_lines()
with_decorator(9)
comprehensions()
list(generator())
thing = Thing()
thing.method()
thing.attribute
del thing
raising()
by_c()
asyncio.run(main())
threads()
codes()
long_code()
deep(100)
names()
children()
interpreters()
