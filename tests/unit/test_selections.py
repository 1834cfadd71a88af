"""Promise: a set names the calls that strace's language means, and its seccomp program selects just
those."""

from __future__ import annotations

import ctypes
import os
import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fasttrace
from fasttrace import _tables, errors
from fasttrace._tables import NR_MAX
from fasttrace.errors import SelectionError
from fasttrace.syscalls.architectures import AUDIT_ARCH
from fasttrace.syscalls.bpf import RET_ALLOW, RET_TRACE, program
from fasttrace.syscalls.names import ABIS, syscall_number
from fasttrace.syscalls.sets import CLASSES, EVERYTHING, NOTHING, Selection, parse_selection

WORDS = ["openat", "read", "%file", "%%stat", "/^get", "?nosuch", "300", "all", "none", "kill@32"]
selections = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).flatmap(
    lambda words: st.sampled_from(["", "!"]).map(
        lambda sign: parse_selection(sign + ",".join(words))
    )
)


@pytest.mark.parametrize(
    ("expression", "inside", "outside"),
    [
        ("openat,read", {"openat", "read"}, {"write"}),
        ("trace=openat", {"openat"}, {"read"}),
        ("%file", {"openat", "execve", "newfstatat"}, {"read", "fstat"}),
        ("file,network", {"openat", "socket"}, {"read"}),
        ("%%stat", {"stat", "lstat", "fstat", "newfstatat", "statx"}, {"statfs"}),
        ("%file,!stat", {"openat", "lstat"}, {"stat", "read"}),
        ("!openat,read", {"write"}, {"openat", "read"}),
        ("!!read", {"read"}, {"write"}),
        ("/^(read|write)$", {"read", "write"}, {"readv"}),
        ("/open", {"openat", "mq_open"}, {"read"}),
        ("?nosuch,read", {"read"}, {"write"}),
        ("?%nosuch,?/nosuch,read", {"read"}, {"write"}),
        ("0", {"read"}, {"write"}),
        ("read@64", {"read"}, {"write"}),
        ("read@32,write", {"write"}, {"read"}),
        ("all", {"read", "write"}, set()),
        ("none", set(), {"read", "write"}),
        ("read,", {"read"}, {"write"}),
        (" read , write ", {"read", "write"}, {"open"}),
    ],
)
def test_a_set_names_what_it_says(expression, inside, outside):
    names = parse_selection(expression).names("x86_64")
    assert inside <= names
    assert not outside & names


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("opnat", "did you mean openat"),
        ("clock", "did you mean"),
        ("%nosuch", "one of %file %process"),
        ("/(", "bad regular expression"),
        ("/nosuch", "no system call matches"),
        ("", "empty"),
        (",", "empty"),
        ("!", "empty"),
        ("!read,!write", "write !read,write"),
        ("99999999999999999999", "too large"),
        ("read@16", "read@64 or read@32"),
        ("READ", "unknown system call"),
        ("-1", "unknown system call"),
        ("?", "unknown system call"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(expression, message):
    with pytest.raises(SelectionError, match=message) as caught:
        parse_selection(expression)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2
    assert isinstance(caught.value, ValueError)


@given(
    st.text(max_size=30) | st.lists(st.sampled_from([*WORDS, *CLASSES, "!", ",", "?"])).map("".join)
)
def test_any_text_parses_or_raises_selection_error(text):
    try:
        selection = parse_selection(text)
    except SelectionError:
        return
    assert isinstance(selection, Selection)


def test_the_former_names_still_work() -> None:
    with pytest.warns(DeprecationWarning, match="parse_selection"):
        parse_filter = fasttrace.parse_filter
    assert parse_filter is fasttrace.parse_selection is parse_selection
    with pytest.warns(DeprecationWarning, match="SelectionError"):
        assert fasttrace.FilterError is fasttrace.SelectionError is SelectionError
    with pytest.warns(DeprecationWarning, match="SelectionError"):
        assert errors.FilterError is SelectionError
    assert not {"FilterError", "parse_filter"} & {*fasttrace.__all__, *dir(fasttrace)}


@given(selections, selections)
def test_sets_obey_the_laws_of_sets(a, b):
    assert ~~a == a
    assert ~(a | b) == ~a & ~b
    assert a - b == a & ~b
    assert (a | EVERYTHING) == EVERYTHING
    assert (a & NOTHING) == NOTHING
    for nr in (0, 1, 257, 300, 1022, 1023, 5000):
        assert (a | b).contains(nr) == (a.contains(nr) or b.contains(nr))
        assert (~a).contains(nr) != a.contains(nr)


@given(selections)
def test_policy_has_the_members_and_their_paths(selection):
    for abi in range(len(ABIS)):
        plain = array("H", selection.policy(abi))
        assert len(plain) == NR_MAX
        assert plain.tolist() == [selection.contains(nr, abi) for nr in range(NR_MAX)]
        for capture in ("paths", "all"):
            numbers = array("H", selection.policy(abi, capture=capture))
            for nr in range(NR_MAX):
                program = _tables.capture_program(abi, nr, paths=capture == "paths")
                assert numbers[nr] == (program << 1 | 1 if plain[nr] else 0)
                assert bool(program) >= bool(_tables.path_args(abi, nr))


def run_bpf(code: bytes, data: bytes) -> tuple[int, int]:
    """Interpret classic BPF; returns the verdict and the instructions it took."""
    program = list(struct.iter_unpack("<HBBI", code))
    a = at = steps = 0
    while True:
        op, jt, jf, k = program[at]
        steps += 1
        at += 1
        if op == 0x20:
            (a,) = struct.unpack_from("<I", data, k)
        elif op == 0x05:
            at += k
        elif op == 0x15:
            at += jt if a == k else jf
        elif op == 0x35:
            at += jt if a >= k else jf
        elif op == 0x06:
            return k, steps
        else:
            raise AssertionError(f"opcode {op:#x}")


def seccomp_data(nr: int, arch: int, arg0: int = 0) -> bytes:
    return struct.pack("<IIQ6Q", nr, arch, 0, arg0, 0, 0, 0, 0, 0)


@given(selections, st.sampled_from(ABIS))
def test_the_bpf_program_selects_what_contains_says(selection, abi):
    code = program(selection)
    assert len(code) // 8 <= 4096
    seccomp, prctl = syscall_number("seccomp", abi), syscall_number("prctl", abi)
    for nr in [*range(0, 520), 1022, 1023, 1024, 0x40000000, 0xFFFFFFFF]:
        verdict, steps = run_bpf(code, seccomp_data(nr, AUDIT_ARCH[abi]))
        want = selection.contains(nr, abi) or nr == seccomp
        assert verdict == (RET_TRACE if want else RET_ALLOW), nr
        assert steps < 40
    assert run_bpf(code, seccomp_data(prctl, AUDIT_ARCH[abi], 22))[0] == RET_TRACE


@given(selections)
def test_bpf_traces_every_call_of_a_foreign_abi(selection):
    assert run_bpf(program(selection), seccomp_data(0, 0xC0000016))[0] == RET_TRACE


@pytest.mark.parametrize("expression", ["getppid", "%file,!stat", "/^get", "!/.", "none"])
def test_the_kernel_takes_the_filter(expression):
    """RET_TRACE without a tracer means ENOSYS (seccomp(2)): that tells which calls are chosen."""
    selection = parse_selection(expression)
    code = program(selection)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(code, len(code))
        prog = ctypes.create_string_buffer(
            struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
        )
        libc.prctl(38, 1, 0, 0, 0)
        installed = libc.syscall(syscall_number("seccomp"), 1, 0, prog)
        answers = [installed == 0]
        for name in ("getppid", "getuid", "chdir"):
            ctypes.set_errno(0)
            libc.syscall(syscall_number(name), 0)
            answers.append(ctypes.get_errno() == 38)
        os.write(write, bytes(answers))
        os._exit(0)
    os.waitpid(pid, 0)
    answers = os.read(read, 16)
    os.close(read)
    os.close(write)
    names = selection.names()
    assert list(answers) == [True, *(name in names for name in ("getppid", "getuid", "chdir"))]
