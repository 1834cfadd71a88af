"""Events that belong together by a key and their times, without a loop over them."""

from __future__ import annotations

import numpy as np

from fasttrace.analysis.causes.observed import Ints


def last_before(keys: Ints, times: Ints, asked: Ints, until: Ints) -> Ints:
    """For each that is asked for, the place of the last one with its key that is not later; -1:
    there is none.

    >>> last_before(*map(np.array, ([7, 7, 8], [10, 20, 5], [7, 7, 7, 9], [25, 15, 5, 99])))
    array([ 1,  0, -1, -1])
    """
    known = len(keys)
    if not known or not len(asked):
        return np.full(len(asked), -1, np.int64)
    key = np.concatenate([keys, asked]).astype(np.int64)
    time = np.concatenate([times, until]).astype(np.int64)
    is_asked = np.arange(len(key)) >= known
    order = np.lexsort((is_asked, time, key))
    place = np.where(is_asked[order], -1, np.arange(len(order)))
    latest = np.maximum.accumulate(place)
    found = order[np.maximum(latest, 0)]
    found[(latest < 0) | (key[found] != key[order])] = -1
    result = np.full(len(asked), -1, np.int64)
    asked_at = is_asked[order]
    result[order[asked_at] - known] = found[asked_at]
    return result


def first_after(keys: Ints, times: Ints, asked: Ints, since: Ints) -> Ints:
    """The same for the first one that is not earlier.

    >>> first_after(*map(np.array, ([7, 7, 8], [10, 20, 5], [7, 7, 7, 9], [25, 15, 5, 99])))
    array([-1,  1,  0, -1])
    """
    # Backwards, so that of several at one time it is the first as they stand.
    found = last_before(keys[::-1], -times[::-1], asked, -since)
    result: Ints = np.where(found < 0, -1, len(keys) - 1 - found)
    return result


def sum_until(keys: Ints, times: Ints, values: Ints, asked: Ints, until: Ints) -> Ints:
    """For each that is asked for, what the values with its key come to that are not later.

    >>> sum_until(*map(np.array, ([7, 7, 8], [10, 20, 5], [1, 2, 4], [7, 7, 7, 9], [25, 15, 5, 9])))
    array([3, 1, 0, 0])
    """
    known = len(keys)
    key = np.concatenate([keys, asked]).astype(np.int64)
    if not len(key):
        return np.empty(0, np.int64)
    time = np.concatenate([times, until]).astype(np.int64)
    is_asked = np.arange(len(key)) >= known
    order = np.lexsort((is_asked, time, key))
    added = np.concatenate([values, np.zeros(len(asked), np.int64)]).astype(np.int64)[order]
    total = np.cumsum(added)
    begins = np.ones(len(order), np.bool_)
    begins[1:] = key[order][1:] != key[order][:-1]
    first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
    own = total - (total[first] - added[first])
    result = np.empty(len(asked), np.int64)
    result[order[is_asked[order]] - known] = own[is_asked[order]]
    return result
