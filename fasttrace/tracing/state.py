"""What a tracer can tell of its session: snapshot, processes, the summary."""

from __future__ import annotations

import os
import time
import warnings
from typing import TYPE_CHECKING

from fasttrace._core import Session, process_rows
from fasttrace.errors import ForkedError

if TYPE_CHECKING:
    from fasttrace._core import Stats
    from fasttrace.data.processes import Process
    from fasttrace.data.run_info import RunInfo
    from fasttrace.data.summary import Summary
    from fasttrace.tracing.sessions import SessionOptions


class Snapshot:
    """What a session can tell at one moment."""

    def __init__(self, session: Session, tally: bool) -> None:
        self.stats = session.stats()
        self.processes = session.processes()
        self.engine_calls = session.engine_calls()
        self.tally = session.tally() if tally else None


class Observing:
    """The part of `Tracer` that only looks."""

    engine: str
    _session: Session | None
    _options: SessionOptions
    _last: Snapshot | None

    @property
    def argv(self) -> list[str]:
        raise NotImplementedError

    @property
    def has_results(self) -> bool:
        raise NotImplementedError

    def _begin(self) -> None:
        raise NotImplementedError

    @property
    def snapshot(self) -> Snapshot:
        """The state now; after the end, the last one."""
        self._begin()
        if self._session is not None:
            return Snapshot(self._session, self._options.tally)
        if self._last is None:  # it was left in a forked child
            raise ForkedError
        return self._last

    @property
    def stats(self) -> Stats:
        """Counters: events, taken, lost, calls, stops, waits_full, start_ns, end_ns, ..."""
        self._begin()
        return self.snapshot.stats if self._session is None else self._session.stats()

    @property
    def lost(self) -> int:
        """Events that were written and could not be delivered: always 0."""
        return self.stats["lost"]

    @property
    def exit_status(self) -> int | None:
        """As subprocess has it: the exit code, or -n for death by signal n; None: still runs."""
        status = self.stats["root_status"]
        return None if status == -1 else os.waitstatus_to_exitcode(status)

    @property
    def wall_ns(self) -> int:
        """From the start to the end of the last task, or to now."""
        stats = self.stats
        return (stats["end_ns"] or time.monotonic_ns()) - stats["start_ns"]

    @property
    def info(self) -> RunInfo:
        """What is known by now besides the calls."""
        from fasttrace.data.run_info import RunInfo

        return RunInfo(
            argv=self.argv,
            exit_status=self.exit_status,
            engine=self.engine,
            wall_ns=self.wall_ns,
            lost=self.lost,
            finished=bool(self.stats["end_ns"]),
            results=self.has_results,
            host=os.uname().nodename,
        )

    @property
    def processes(self) -> list[Process]:
        """All processes seen, in order of appearance."""
        return self._process_list(self.snapshot)

    def is_of_tree(self, pid: int) -> bool:
        """Whether the process with this pid is of the traced tree, living or dead.

        A child that is not followed is, while it lives; a stranger that has got the pid of one of
        the tree, after its end, is not.
        """
        asked: set[int] = set()
        while pid > 1 and pid not in asked:
            asked.add(pid)
            end_ns = None if self._session is None else self._session.end_of(pid)
            if end_ns == 0:
                return True
            from fasttrace.system import procfs

            birth = procfs.birth(pid)
            if end_ns is not None and (birth is None or birth.start_ns < end_ns):
                return True
            if birth is None:
                return False
            pid = birth.parent
        return False

    @property
    def engine_calls(self) -> dict[tuple[int, int], int]:
        """Calls that the inline engine had the program's tasks make, by (tid, syscall number).

        They are in no trace; the kernel's own counts have them. Without ``by_process`` they are
        counted together, with tid 0. Empty for other engines.
        """
        return {(row.pid, row.nr): row.calls for row in self.snapshot.engine_calls.rows()}

    @property
    def injected(self) -> dict[tuple[int, int], int]:
        """The former name of `engine_calls`."""
        warnings.warn("Tracer.injected is engine_calls now", DeprecationWarning, stacklevel=2)
        return self.engine_calls

    def _process_list(self, snapshot: Snapshot) -> list[Process]:
        from fasttrace.data.processes import from_rows

        return from_rows(process_rows(*snapshot.processes))

    def summary(self) -> Summary:
        """The counts so far; needs ``tally=True``."""
        from fasttrace.data.summary import Summary

        info, snapshot = self.info, self.snapshot
        if snapshot.tally is None:
            raise ValueError("the tracer keeps no tally: pass tally=True")
        return Summary(snapshot.tally, info, processes=lambda: self._process_list(snapshot))
