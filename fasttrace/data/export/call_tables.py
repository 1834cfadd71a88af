"""What is known of the arguments of each call: tables by ABI and number."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from fasttrace import _tables
from fasttrace._tables import ABIS, NR_MAX

CALLS = len(ABIS) * NR_MAX
"""The number of call `nr` of ABI `abi` in these tables is abi * NR_MAX + nr, below this one."""


@lru_cache(maxsize=1)
def paths_of_calls() -> bytes:
    """For each ABI and number the bits of the arguments that are paths."""
    return bytes(_tables.path_args(abi, nr) for abi in range(len(ABIS)) for nr in range(NR_MAX))


_DESCRIPTORS = ("fd_in", "fd_out", "fdin", "fdout", "fildes", "mqdes")


@lru_cache(maxsize=1)
def descriptors_of_calls() -> npt.NDArray[np.uint8]:
    """For each ABI and number the first argument that is a descriptor, 255 for none; the last
    entry is for all that the tables do not know."""
    first = np.full(CALLS + 1, 255, np.uint8)
    for number in range(CALLS):
        for i, (name, type) in enumerate(_tables.signature(*divmod(number, NR_MAX)) or ()):
            is_one = name in _DESCRIPTORS or (name.endswith("fd") and name != "max_fd")
            if is_one and "*" not in type:
                first[number] = i
                break
    return first
