"""Names that people write for arguments: AF_INET, CLONE_NEWUSER, TIOCSTI, 0x20000, -1."""

from __future__ import annotations

from functools import lru_cache

from fasttrace.errors import ProfileError

_TOP = 1 << 64

# linux/sched.h: os has these only from Python 3.12 on.
CLONE = {
    "CLONE_NEWTIME": 0x80,
    "CLONE_VM": 0x100,
    "CLONE_FS": 0x200,
    "CLONE_FILES": 0x400,
    "CLONE_SIGHAND": 0x800,
    "CLONE_PIDFD": 0x1000,
    "CLONE_PTRACE": 0x2000,
    "CLONE_VFORK": 0x4000,
    "CLONE_PARENT": 0x8000,
    "CLONE_THREAD": 0x10000,
    "CLONE_NEWNS": 0x20000,
    "CLONE_SYSVSEM": 0x40000,
    "CLONE_SETTLS": 0x80000,
    "CLONE_PARENT_SETTID": 0x100000,
    "CLONE_CHILD_CLEARTID": 0x200000,
    "CLONE_DETACHED": 0x400000,
    "CLONE_UNTRACED": 0x800000,
    "CLONE_CHILD_SETTID": 0x1000000,
    "CLONE_NEWCGROUP": 0x2000000,
    "CLONE_NEWUTS": 0x4000000,
    "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
    "CLONE_IO": 0x80000000,
}

# linux/personality.h
PERSONALITY = {
    "PER_LINUX": 0,
    "PER_LINUX32": 8,
    "UNAME26": 0x20000,
    "ADDR_NO_RANDOMIZE": 0x40000,
    "FDPIC_FUNCPTRS": 0x80000,
    "MMAP_PAGE_ZERO": 0x100000,
    "ADDR_COMPAT_LAYOUT": 0x200000,
    "READ_IMPLIES_EXEC": 0x400000,
    "ADDR_LIMIT_32BIT": 0x800000,
    "SHORT_INODE": 0x1000000,
    "WHOLE_SECONDS": 0x2000000,
    "STICKY_TIMEOUTS": 0x4000000,
    "ADDR_LIMIT_3GB": 0x8000000,
}

# linux/prctl.h
PRCTL = {
    "PR_SET_PDEATHSIG": 1,
    "PR_GET_PDEATHSIG": 2,
    "PR_GET_DUMPABLE": 3,
    "PR_SET_DUMPABLE": 4,
    "PR_GET_KEEPCAPS": 7,
    "PR_SET_KEEPCAPS": 8,
    "PR_SET_NAME": 15,
    "PR_GET_NAME": 16,
    "PR_GET_SECCOMP": 21,
    "PR_SET_SECCOMP": 22,
    "PR_CAPBSET_READ": 23,
    "PR_CAPBSET_DROP": 24,
    "PR_SET_TSC": 26,
    "PR_SET_TIMERSLACK": 29,
    "PR_SET_MM": 35,
    "PR_SET_CHILD_SUBREAPER": 36,
    "PR_GET_CHILD_SUBREAPER": 37,
    "PR_SET_NO_NEW_PRIVS": 38,
    "PR_GET_NO_NEW_PRIVS": 39,
    "PR_CAP_AMBIENT": 47,
    "PR_SET_VMA": 0x53564D41,
    "PR_SET_PTRACER": 0x59616D61,
}

_MODULES = ("socket", "termios", "fcntl", "mmap", "signal", "resource", "os")


def value_of(text: str) -> int:
    """The value of an argument as the kernel sees it, unsigned 64-bit; names may be joined by |.

    ProfileError: no number and no name that we know.

    >>> value_of("AF_INET"), value_of("CLONE_NEWUSER|CLONE_VM"), hex(value_of("-1"))
    (2, 268435712, '0xffffffffffffffff')
    """
    value = 0
    for word in text.split("|"):
        value |= _word(word.strip())
    return value


def _word(word: str) -> int:
    try:
        value = int(word, 0) if len(word) < 40 else _TOP
    except ValueError:
        found = _names().get(word)
        if found is None:
            raise ProfileError(_unknown(word)) from None
        value = found
    if not -_TOP // 2 <= value < _TOP:
        raise ProfileError(f"{word[:40]} does not fit into 64 bits")
    return value % _TOP


def _unknown(word: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, _names(), 1)
    hint = f"did you mean {close[0]}?" if close else "give a number, as 0x10"
    return f"no constant {word[:60]!r}; {hint}"


@lru_cache(maxsize=1)
def _names() -> dict[str, int]:
    from importlib import import_module

    found: dict[str, int] = {}
    for module in map(import_module, _MODULES):
        for name in dir(module):
            value = getattr(module, name)
            if name.isupper() and isinstance(value, int):
                found.setdefault(name, int(value))
    # Not all of Linux's families and requests are in Python's modules.
    found.setdefault("AF_VSOCK", 40)
    found.setdefault("AF_ALG", 38)
    found.setdefault("TIOCSTI", 0x5412)
    found.setdefault("TIOCLINUX", 0x541C)
    return {**found, **CLONE, **PERSONALITY, **PRCTL}
