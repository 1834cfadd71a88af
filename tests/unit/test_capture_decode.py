"""Promise: memory that the decoder shows is captured; what is captured is shown, or named here."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

SRC = Path(__file__).parents[2] / "src_c"
PHASES = {
    "in": {"entry"},
    "out": {"success"},
    "exit": {"exit"},
    "inout": {"entry", "success"},
}
# (call, argument, when): nobody captures these, so their addresses are shown.
NOT_CAPTURED = {
    ("arch_prctl", 1, "success"),  # by its command, which is too large a number for a condition
    ("process_vm_readv", 3, "entry"),  # vectors of addresses in another process
    ("process_vm_writev", 3, "entry"),
    ("process_madvise", 1, "entry"),
}
# Results of these are told behind the call's (poll), or nothing shows them yet.
NOT_SHOWN = {
    *(("poll", 0, "success"), ("ppoll", 0, "success"), ("ppoll", 2, "success")),
    *(("capget", 1, "success"), ("capset", 1, "entry"), ("pselect6", 5, "entry")),
    *(("bpf", 1, "entry"), ("perf_event_open", 0, "entry"), ("syslog", 1, "success")),
    *(("io_uring_setup", 1, "entry"), ("io_uring_setup", 1, "success")),
    *(("landlock_create_ruleset", 0, "entry"), ("recvmmsg", 4, "success")),
    *(("splice", 1, "success"), ("splice", 3, "success")),
    *(("copy_file_range", 1, "success"), ("copy_file_range", 3, "success")),
}


@pytest.fixture
def modules() -> Any:
    """The generators' own readers."""
    folders = [str(SRC / "decode"), str(SRC / "tables")]
    sys.path[:0] = folders
    try:
        description = importlib.import_module("description")
        generate = importlib.import_module("generate")
        yield description, generate.syscall_tables(), importlib.import_module("capture_programs")
    finally:
        for folder in folders:
            sys.path.remove(folder)
        for name in ("description", "generate", "capture_programs"):
            sys.modules.pop(name, None)


def test_memory_is_captured_if_and_only_if_it_is_shown(modules: Any) -> None:
    """Argument by argument, before and after each call of x86-64."""
    description, tables, programs = modules
    calls, signatures = description.read_calls(), tables.read_signatures()
    captured: dict[str, set[tuple[int, str]]] = {}
    for line in tables.data_lines("capture.txt"):
        name, ops = line.split(": ", 1)
        for op in ops.split("; "):
            match = programs.OP.fullmatch(op.strip())
            captured.setdefault(name, set()).add((int(match["arg"]), match["when"]))
    not_captured, not_shown = set(), set()
    for name in tables.read_numbers()["x86_64"].values():
        paths = tables.path_args(name, signatures[name])
        have = {(i, "entry") for i in range(6) if paths >> i & 1} | captured.get(name, set())
        want = {
            (i, phase)
            for line in calls.get(name, [])
            for i, argument in enumerate(line.arguments)
            if argument.shown
            for phase in PHASES.get(argument.type.split()[0], ())
        }
        if name not in calls:
            want = {(i, "entry") for i in range(6) if paths >> i & 1}
        not_captured |= {(name, *one) for one in want - have}
        not_shown |= {(name, *one) for one in have - want}
    assert not_captured == NOT_CAPTURED
    assert not_shown == NOT_SHOWN
