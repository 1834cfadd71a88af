"""Calls that tasks wait in: engines hand over a call when it has ended, strace shows it before."""

from __future__ import annotations

from fasttrace._decode import Story
from fasttrace.syscalls.sets import Selection
from fasttrace.system.procfs import read

# Twice this, and what it takes to come, is less than what others' lines wait for.
_EVERY_NS = 110_000_000
_IDLE_NS = 50_000_000


class Waits:
    """Looks into /proc for what tasks do of which nothing is heard.

    A call is taken for the one that its task waits in when it is there twice, some time apart, and
    nothing of the task has come meanwhile: then all that it did before has.

    Args:
        trace: the calls that are wanted; None: all.
    """

    def __init__(self, trace: Selection | None) -> None:
        self._trace = trace
        self._looked_ns = 0
        self._until_ns = 0
        self._seen: dict[int, tuple[int, str]] = {}

    def look(self, story: Story, now_ns: int, heard_ns: int) -> int:
        """Tell the story of calls that tasks wait in.

        heard_ns: up to when it knows of others. Returns up to when it may be told, since there
        may be such a call behind that.
        """
        if heard_ns - self._looked_ns < _EVERY_NS:
            return self._until_ns
        self._looked_ns = now_ns
        self._until_ns = heard_ns
        seen: dict[int, tuple[int, str]] = {}
        for tid, abi, since_ns in story.idle(max(0, heard_ns - _IDLE_NS)):
            seen[tid] = since_ns, _call_of(tid)
            if self._seen.get(tid) == seen[tid]:
                self._suppose(story, tid, abi, seen[tid][1])
            elif self._is_wanted(abi, seen[tid][1]):
                self._until_ns = min(self._until_ns, since_ns)
        self._seen = seen
        return self._until_ns

    def _is_wanted(self, abi: int, text: str) -> bool:
        words = text.split()
        if len(words) != 9:  # "running", or not in a call
            return False
        nr = int(words[0])
        return nr >= 0 and (self._trace is None or self._trace.contains(nr, abi))

    def _suppose(self, story: Story, tid: int, abi: int, text: str) -> None:
        if self._is_wanted(abi, text):
            nr, *args = text.split()[:7]
            story.suppose(tid, abi, int(nr), [int(word, 16) for word in args])


def _call_of(tid: int) -> str:
    """proc_pid_syscall(5): number, arguments, stack pointer, instruction pointer."""
    return read(f"/proc/{tid}/syscall") or ""  # it has ended, or may not be looked at
