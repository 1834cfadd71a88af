"""The end of a command line: as the traced program ended."""

from __future__ import annotations

import os
import signal


def die_of(number: int) -> None:
    """End this process by a signal, without a core dump of its own. Returns only if it cannot."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
