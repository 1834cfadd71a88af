"""Regular expressions from outside that are looked for in short names, in bounded time.

Python's matcher goes back and tries anew, so that a few characters can keep it busy for years. What
it may have to try can be counted before: as often as a part may match in different ways, those of
its neighbours are tried again.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

try:
    from re import _parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_parse as _parser

LONGEST = 32
"""Characters of the names, about."""

_WAYS_MAX = 1_000_000


def compiled(pattern: str) -> re.Pattern[str]:
    """ValueError: it is none, or could take too long."""
    try:
        with warnings.catch_warnings():  # of what may have another meaning in a Python to come
            warnings.simplefilter("ignore")
            # One parse for both would need still more of what is Python's own.
            ways = _ways(_parser.parse(pattern))
            found = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(str(error) or "nested too deeply") from None
    if ways > _WAYS_MAX:
        raise ValueError("it could take years: repeat fewer things, and none that repeats itself")
    return found


def _ways(parsed: Iterable[tuple[Any, Any]]) -> int:
    ways = 1
    for operation, argument in parsed:
        ways = min(ways * _ways_of(str(operation), argument), _WAYS_MAX + 1)
    return ways


def _ways_of(operation: str, argument: Any) -> int:
    if operation.endswith("_REPEAT"):
        low, high, body = argument
        times = min(int(high), LONGEST)
        return int((times - min(int(low), times) + 1) * _ways(body) ** times)
    if operation == "BRANCH":
        return sum(map(_ways, argument[1]))
    if operation in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
        return _ways(argument[-1])
    if operation == "ATOMIC_GROUP":
        return _ways(argument)
    if operation == "GROUPREF_EXISTS":
        return _ways(argument[1]) + _ways(argument[2] or ())
    return 1
