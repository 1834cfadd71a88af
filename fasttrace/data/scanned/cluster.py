"""The same question, asked of a Dask cluster: some files to a worker at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fasttrace.data.export.extras import extra
from fasttrace.data.scanned.counting import Row
from fasttrace.errors import FasttraceError, TraceError
from fasttrace.text.terminal import printable

T = TypeVar("T")

_PARTS = 4  # for each thread of a worker, so that none is left with the last large ones
_WAIT_S = 10


def answers_of_all(
    scheduler: str, answer: Callable[[Sequence[str]], T], files: Sequence[str]
) -> list[T]:
    """What `answer` gives of all files, in parts. TraceError: the cluster cannot be reached, has no
    workers, or one of them failed."""
    distributed = extra("distributed", "dask")
    where = printable(scheduler)
    try:
        client = distributed.Client(scheduler, timeout=_WAIT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise TraceError(f"no Dask scheduler answers at {where}: {_line(error)}") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise TraceError(f"the Dask scheduler at {where} has no workers: start dask worker")
        parts = max(1, min(len(files), threads * _PARTS))
        shares = [list(files[i::parts]) for i in range(parts)]
        try:
            answers: list[T] = client.gather(client.map(answer, shares, pure=False))
        except FasttraceError:
            raise
        except Exception as error:
            raise TraceError(f"a worker of {where} failed: {_line(error)}") from None
    return answers


def asked_of_all(
    scheduler: str, answer: Callable[[Sequence[str]], list[Row]], files: Sequence[str]
) -> list[Row]:
    """Rows of all parts, one behind the other."""
    return [row for rows in answers_of_all(scheduler, answer, files) for row in rows]


def _line(error: BaseException) -> Any:
    return printable(" ".join(str(error).split())) or type(error).__name__
