"""A session of the C core as a tracer's options want it, with the engine that suits."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from fasttrace._core import PYTHON_FRAMES_MAX, STRING_LIMIT_MAX, Session, inline_unusable
from fasttrace._tables import ABIS
from fasttrace.errors import EngineUnavailable
from fasttrace.system.log import INFO, log

if TYPE_CHECKING:
    from fasttrace._core import Injection
    from fasttrace.alter.handlers import Handlers
    from fasttrace.seccomp.filter.wall import Wall
    from fasttrace.seccomp.profile.values import Profile
    from fasttrace.syscalls.sets import Capture, Selection

Seccomp: TypeAlias = "Profile | str | os.PathLike[str] | bytes | None"

Engine: TypeAlias = Literal["auto", "ptrace", "inline"]
ENGINES: tuple[Engine, ...] = ("auto", "ptrace", "inline")
CAPTURES = ("environments", "all", "paths", "none")
PYTHON_FRAMES = 16
"""Of each call, with ``python=True``."""
# Those that make descriptors are in src_c/tables/links.txt; and those that copy, close or rename.
_DESCRIPTOR_CALLS = (
    "?open,?openat,?openat2,?creat,?open_by_handle_at,?memfd_create,?memfd_secret,?socket,?accept,"
    "?accept4,?eventfd,?eventfd2,?epoll_create,?epoll_create1,?timerfd_create,?signalfd,?signalfd4,"
    "?inotify_init,?inotify_init1,?fanotify_init,?pidfd_open,?pidfd_getfd,?userfaultfd,"
    "?perf_event_open,?bpf,?io_uring_setup,?landlock_create_ruleset,?mq_open,?fsopen,?fsmount,"
    "?fspick,?open_tree,?open_tree_attr,?pipe,?pipe2,?socketpair,?bind,?listen,?connect,?recvmsg,"
    "?recvmmsg,?chdir,?fchdir,?setns,?pivot_root,?execve,?execveat,?dup,?dup2,?dup3,?fcntl,"
    "?fcntl64,?close,?close_range,?unshare,?rename,?renameat,?renameat2,?unlink,?unlinkat,?rmdir"
)


class SessionOptions:
    """What a session is opened with. selection: what to record; None: every call. pause_level: see
    src_c/fasttrace.h."""

    def __init__(
        self,
        *,
        attach: bool,
        walled: bool,
        follow: bool,
        events: bool,
        tally: bool,
        by_process: bool,
        capture: Capture,
        string_limit: int,
        results: bool,
        selection: Selection | None,
        injections: list[Injection],
        python_frames: int,
        places: bool,
        descriptors: bool,
        vcpu_exits: bool,
        until_exec: int | None,
        pause_level: int,
    ) -> None:
        self.attach = attach
        self.walled = walled
        self.follow = follow
        self.events = events
        self.tally = tally
        self.by_process = by_process
        self.capture = capture
        self.string_limit = string_limit
        self.results = results
        self.selection = selection
        self.injections = injections
        self.python_frames = python_frames
        self.places = places
        self.descriptors = descriptors
        self.vcpu_exits = vcpu_exits
        self.until_exec = until_exec
        self.pause_level = pause_level

    @property
    def is_filtered(self) -> bool:
        """Whether under ptrace the kernel selects, by a filter that cannot be taken back."""
        # Only a process's own children inherit its filter with its tracer: with follow=False they
        # would run into RET_TRACE without one, which means ENOSYS. And what a wall answers would
        # not come to RET_TRACE: of several filters the severest has its way.
        # Nor could it be let go of.
        wanted = self.selection is not None or not self.results
        return (
            wanted
            and self.until_exec is None
            and self.follow
            and not self.attach
            and not self.walled
        )

    def check(self) -> None:
        """ValueError: they do not go together."""
        if self.until_exec is not None and (self.until_exec < 0 or not self.results):
            raise ValueError("until_exec is a number of programs, 0 or more, and needs results")
        if self.descriptors and not (self.events and self.results and self.capture != "none"):
            raise ValueError(
                "descriptors are told with events, results and what is captured: leave out"
                " events=False, results=False, capture='none' or descriptors=True"
            )

    def open(self, engine: str, handlers: Handlers | None = None) -> Session:
        """engine: "ptrace" or "inline". OSError: it does not work here."""
        capture = self.capture if self.events else "none"
        return Session(
            engine=engine,
            follow=self.follow,
            events=self.events,
            tally=self.tally,
            by_process=self.by_process,
            payload=capture != "none",
            environments=capture == "environments",
            string_limit=self.string_limit,
            python_frames=self.python_frames,
            places=self.places,
            results=self.results,
            policy=_policy(self._recorded, capture),
            filter=self._filter(handlers) if self.is_filtered and engine == "ptrace" else None,
            injections=self.injections or None,
            handled=handlers.table() if handlers else None,
            descriptors=self.descriptors,
            vcpu_exits=self.vcpu_exits,
            until_exec=None if self.until_exec is None else self.until_exec + (not self.attach),
            pause_level=self.pause_level,
        )

    @property
    def _recorded(self) -> Selection | None:
        """What is wanted, and what tells which descriptors there are."""
        if self.selection is None or not self.descriptors:
            return self.selection
        from fasttrace.syscalls.sets import parse_selection

        return self.selection | parse_selection(_DESCRIPTOR_CALLS)

    def _filter(self, handlers: Handlers | None) -> bytes:
        from fasttrace.syscalls.bpf import program
        from fasttrace.syscalls.sets import EVERYTHING

        recorded = self._recorded
        wanted = EVERYTHING if recorded is None else recorded
        if handlers:
            wanted |= handlers.calls
        if self.injections:
            from fasttrace.alter.rules import altered_calls

            wanted |= altered_calls(self.injections)
        return program(wanted)


def open_session(options: SessionOptions, engine: str) -> tuple[str, Session]:
    """The engine's name and a session with it. Raises ValueError, EngineUnavailable."""
    if engine not in ENGINES:
        raise ValueError(f"unknown engine {engine!r}: one of {', '.join(ENGINES)}")
    why = _not_inline(engine, options)
    if why is None:
        try:
            return "inline", options.open("inline")
        except OSError as error:
            why = f"it could not be set up: {os.strerror(error.errno or 0)}"
    if engine == "inline":
        raise EngineUnavailable.of(engine, why)
    if engine == "auto":
        log(INFO, "engine ptrace, not inline: %s", why)
    return "ptrace", options.open("ptrace")


def _not_inline(engine: str, options: SessionOptions) -> str | None:
    if engine == "ptrace":
        return "ptrace was asked for"
    if options.attach and engine == "auto":
        return "a process that is attached to would be killed by its traps if the tracer died"
    if not options.follow:
        return "children that are not followed would run into what it writes into the text"
    if options.walled:
        return "it runs under a seccomp profile"
    return inline_unusable()


def capture_of(capture: Capture) -> Capture:
    """ValueError: that is nothing to capture."""
    if capture not in CAPTURES:
        raise ValueError(f"unknown capture {capture!r}: one of {', '.join(CAPTURES)}")
    return capture


def string_limit(size: int) -> int:
    """ValueError: nobody keeps so many bytes."""
    if not 1 <= size <= STRING_LIMIT_MAX:
        raise ValueError(f"a string limit is 1 to {STRING_LIMIT_MAX} bytes, not {size}")
    return size


def python_frames(python: bool | int) -> int:
    """How many of each call are wanted. ValueError: nobody keeps so many."""
    frames = PYTHON_FRAMES if python is True else int(python)
    if not 0 <= frames <= PYTHON_FRAMES_MAX:
        raise ValueError(f"python is True, or 1 to {PYTHON_FRAMES_MAX} frames, not {python}")
    if frames and os.uname().machine != "x86_64":
        raise EngineUnavailable("lines of Python are found on x86-64 only: leave out python")
    return frames


def wall(seccomp: Seccomp) -> Wall | None:
    """ProfileError: it cannot be read or compiled."""
    if seccomp is None:
        return None
    from fasttrace.seccomp.filter.wall import wall_of

    return wall_of(seccomp)


def selection(trace: str | Selection | None) -> Selection | None:
    """What `trace` means; None: everything. SelectionError: it cannot be read."""
    if trace is None:
        return None
    if isinstance(trace, str):
        from fasttrace.syscalls.sets import parse_selection

        trace = parse_selection(trace)
    return None if trace.is_everything else trace


@lru_cache(maxsize=16)  # a millisecond, for who traces one block after the other
def _policy(selection: Selection | None, capture: Capture) -> list[bytes] | None:
    if selection is None:
        if capture == "none":
            return None
        from fasttrace.syscalls.sets import EVERYTHING

        selection = EVERYTHING
    return [selection.policy(abi, capture=capture) for abi in range(len(ABIS))]
