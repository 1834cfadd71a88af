"""Promise: the event record is the same in C, in Python and in numpy; payloads need not be
trusted.
"""

from __future__ import annotations

import errno

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import item

import fasttrace
from fasttrace import _tally
from fasttrace.data.events import EVENT_DTYPE, EVENT_SIZE, Flag, Kind, PayloadFlag, payload_items
from fasttrace.data.processes import split_argv
from fasttrace.syscalls.errnos import errno_name, errno_number


def test_dtype_is_the_c_layout() -> None:
    assert fasttrace.EVENT_DTYPE is EVENT_DTYPE
    assert EVENT_DTYPE.itemsize == EVENT_SIZE == 96
    fields = EVENT_DTYPE.fields
    assert fields is not None
    for name, element, offset, size in _tally.EVENT_FIELDS:
        dtype, at = fields[name][:2]
        assert (dtype.base.str, at, dtype.itemsize) == (element, offset, size)
    assert sum(size for *_, size in _tally.EVENT_FIELDS) == EVENT_SIZE


def test_enums_are_those_of_c() -> None:
    assert {k.name: k.value for k in Kind} == _tally.KINDS
    assert {str(f.name): f.value for f in Flag} == _tally.FLAGS


def test_every_errno_has_a_name_that_leads_back() -> None:
    for number in [*errno.errorcode, *range(512, 518), 524, 4000]:
        assert errno_number(errno_name(number)) == number
    assert errno_name(11) == "EAGAIN"
    assert errno_name(95) == "EOPNOTSUPP"
    assert errno_name(512) == "ERESTARTSYS"
    assert errno_number("ewouldblock") == 11
    with pytest.raises(ValueError, match="ENOPE"):
        errno_number("ENOPE")


def test_payload_items_of_one_event() -> None:
    data = (
        b"x" * 8
        + item(b"/etc/a", arg=0, flags=1, address=77)
        + item(b"b" * 8, arg=2)
        + item(b"other")
    )
    found = list(payload_items(memoryview(data), 8))
    assert [(i.arg, i.type, i.text, i.address) for i in found] == [
        (0, 1, "/etc/a", 77),
        (2, 1, "bbbbbbbb", 0),
    ]


def test_payload_that_is_cut_is_marked() -> None:
    data = item(b"/etc/passwd", arg=1)[:20]
    (found,) = payload_items(memoryview(data), 0)
    assert found.data == b"/etc"
    assert found.flags & PayloadFlag.TRUNCATED


@given(st.binary(max_size=200), st.integers(0, (1 << 64) - 1) | st.integers(0, 200))
def test_any_bytes_are_a_payload(data: bytes, offset: int) -> None:
    assert sum(len(found.data) for found in payload_items(memoryview(data), offset)) <= len(data)


def test_argv_of_proc_cmdline() -> None:
    assert split_argv(b"") == []
    assert split_argv(b"cc\0\0-o\0") == ["cc", "", "-o"]
    assert split_argv(b"a\xff\0") == ["a\udcff"]


def test_buffer_of_odd_length_is_refused() -> None:
    with pytest.raises(ValueError, match="97 bytes"):
        _tally.Tally().add(bytes(97))
    with pytest.raises(IndexError):
        _tally.Tally().hist(0)
    with pytest.raises(ValueError, match="percentile"):
        _tally.Tally().percentile(0, 1.5)


def test_buckets_are_numpys_too() -> None:
    """The histogram's promise: a bucket is narrower than 1/32 of its values."""
    values = np.unique(np.geomspace(1, 1 << 62, 5000).astype(np.int64))
    for value in values.tolist():
        low = _tally.hist_low(_tally.hist_bucket(value))
        assert low <= value < low + max(1, low // 32 + 1)


def test_a_former_name_works_and_warns() -> None:
    with pytest.warns(DeprecationWarning, match="ALTERED"):
        assert Flag.INJECTED is Flag.ALTERED
    with pytest.raises(AttributeError):
        _ = Flag.NO_SUCH_FLAG
