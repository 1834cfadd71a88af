"""capture.txt read, and made the table of capture programs (capture.c): see generate.py."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent

WHEN = {"entry": "FT_CAPTURE_ENTRY", "success": "FT_CAPTURE_SUCCESS", "exit": "FT_CAPTURE_EXIT"}
# Word: what, limit, size of an element.
WHAT = {
    "path": ("FT_CAPTURE_STRING", "FT_LIMIT_PATH", 1),
    "string": ("FT_CAPTURE_STRING", "FT_LIMIT_DATA", 1),
    "data": ("FT_CAPTURE_BYTES", "FT_LIMIT_DATA", 1),
    "struct": ("FT_CAPTURE_BYTES", "FT_LIMIT_STRUCTURE", 1),
    "list": ("FT_CAPTURE_BYTES", "FT_LIMIT_LIST", 1),
    "ioctl": ("FT_CAPTURE_IOCTL", "FT_LIMIT_STRUCTURE", 1),
    "iovec": ("FT_CAPTURE_IOVEC", "FT_LIMIT_DATA", 1),
    "strings": ("FT_CAPTURE_STRINGS", "FT_LIMIT_DATA", 1),
    "pointers": ("FT_CAPTURE_POINTERS", "FT_LIMIT_DATA", 1),
    "msghdr": ("FT_CAPTURE_MSGHDR", "FT_LIMIT_DATA", 1),
    "mmsghdr": ("FT_CAPTURE_MMSGHDR", "FT_LIMIT_DATA", 1),
}
NESTED = ("iovec", "strings", "pointers", "msghdr", "mmsghdr")
OP = re.compile(
    r"(?P<arg>[0-5]) (?P<when>\w+) (?P<what>\w+)"
    r"(?: (?P<length>\d+(?:/\d+)?|(?:\*?arg[0-5]|result)(?:\*\d+)?|bits\(arg[0-5]\)))?"
    r"(?: if arg(?P<if_arg>[0-5]) (?P<if_set>[\d ]+))?"
)
LENGTH = re.compile(r"(\*?)(?:arg([0-5])|result)(?:\*(\d+))?")

# Of the 64-bit architectures and of the other one: what these commands of terminals read (in) and
# write (out); include/uapi/asm-generic/ioctls.h, struct termios and termios2 and winsize there.
TERMINAL = {
    0x01: ("out", 36), 0x02: ("in", 36), 0x03: ("in", 36), 0x04: ("in", 36),  # TCGETS, TCSETS...
    0x05: ("out", 18), 0x06: ("in", 18), 0x07: ("in", 18), 0x08: ("in", 18),  # TCGETA, TCSETA...
    0x0F: ("out", 4), 0x10: ("in", 4),  # TIOCGPGRP, TIOCSPGRP
    0x11: ("out", 4), 0x12: ("in", 1),  # TIOCOUTQ, TIOCSTI
    0x13: ("out", 8), 0x14: ("in", 8),  # TIOCGWINSZ, TIOCSWINSZ
    0x15: ("out", 4), 0x16: ("in", 4), 0x17: ("in", 4), 0x18: ("in", 4),  # TIOCMGET, TIOCMBIS...
    0x19: ("out", 4), 0x1A: ("in", 4), 0x1B: ("out", 4),  # TIOCGSOFTCAR, TIOCSSOFTCAR, FIONREAD
    0x20: ("in", 4), 0x21: ("in", 4), 0x23: ("in", 4), 0x24: ("out", 4),  # TIOCPKT, FIONBIO...
    0x29: ("out", 4), 0x52: ("in", 4),  # TIOCGSID, FIOASYNC
}  # fmt: skip


class Op(NamedTuple):
    """One row of ft_capture_ops."""

    arg: int
    when: str
    what: str
    count: str
    source: int  # argument that the count comes from
    limit: str
    if_arg: int
    if_set: int
    size: int

    def row(self) -> str:
        return (
            f"\t{{{self.arg}, {self.when}, {self.what}, {self.count}, {self.source}, {self.limit}, "
            f"{self.if_arg}, 0, {self.if_set:#x}, {self.size}, 0}},"
        )


Program = tuple[Op, ...]


def path_ops(mask: int) -> list[Op]:
    """Of the arguments that are paths."""
    return [read_op(f"{i} entry path", "") for i in range(6) if mask >> i & 1]


def read_op(text: str, abi: str) -> Op:
    match = OP.fullmatch(text)
    assert match, f"capture.txt: {text}"
    what, limit, size = WHAT[match["what"]]
    count, source = "FT_COUNT_ONE", 0
    length = match["length"]
    if length is None:
        assert match["what"] not in ("data", "struct", "list", "iovec", "mmsghdr"), text
    elif length[0].isdigit():
        sizes = length.split("/")
        size = int(sizes[-1 if abi == "i386" else 0])
    elif length.startswith("bits"):
        count, source, size = "FT_COUNT_ARGUMENT", int(length[-2]), 0
    else:
        found = LENGTH.fullmatch(length)
        assert found, text
        count = "FT_COUNT_BEHIND" if found[1] else "FT_COUNT_ARGUMENT"
        if found[2] is None:
            count = "FT_COUNT_RESULT"
        source = int(found[2] or 0)
        size = int(found[3] or 1)
    values = [int(word) for word in (match["if_set"] or "").split()]
    assert all(value < 64 and not value & 0x180 for value in values), text
    return Op(
        arg=int(match["arg"]),
        when=WHEN[match["when"]],
        what=what,
        count=count,
        source=source,
        limit=limit,
        if_arg=int(match["if_arg"] or 0),
        if_set=sum(1 << value for value in values),
        size=size,
    )


def read_programs(names: set[str]) -> dict[str, str]:
    """The text of each call's ops, by `name` or `abi:name`."""
    programs = {}
    for line in (HERE / "capture.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, ops = line.split(": ", 1)
            assert name not in programs, f"capture.txt: {name} twice"
            assert name.split(":")[-1] in names, f"capture.txt: no call is {name}"
            programs[name] = ops
    return programs


class Programs:
    """All that are different, numbered; 0 is the empty one."""

    def __init__(self, names: set[str]) -> None:
        self._texts = read_programs(names)
        self._numbers: dict[Program, int] = {(): 0}

    def number(self, ops: list[Op]) -> int:
        """Those at the entry come first."""
        program = tuple(sorted(ops, key=lambda op: op.when != "FT_CAPTURE_ENTRY"))
        return self._numbers.setdefault(program, len(self._numbers))

    def of_call(self, abi: str, name: str, path_mask: int) -> tuple[int, int]:
        """The program that copies paths alone, and that which copies all."""
        paths = path_ops(path_mask)
        text = self._texts.get(f"{abi}:{name}", self._texts.get(name, ""))
        ops = paths + [read_op(op, abi) for op in text.split("; ") if op]
        return self.number(paths), self.number(ops)

    def write(self) -> None:
        rows: list[str] = []
        programs = []
        nested = {WHAT[what][0] for what in NESTED}
        first = 0
        for ops in self._numbers:
            entry = sum(op.when == "FT_CAPTURE_ENTRY" for op in ops)
            follows = int(any(op.what in nested for op in ops))
            programs.append(f"\t{{{first}, {len(ops)}, {entry}, {follows}}},")
            rows += [op.row() for op in ops]
            first += len(ops)
        terminal = [
            f"\t[{low:#04x}] = {size} | FT_IOCTL_{way.upper()},"
            for low, (way, size) in TERMINAL.items()
        ]
        (HERE / "capture.c").write_text(
            "/* Generated by generate.py from capture.txt, and the paths in signatures.txt. */\n"
            '#include "tables/capture.h"\n\n'
            + "const struct ft_capture_op ft_capture_ops[] = {\n"
            + "\n".join(rows)
            + "\n};\n\nconst struct ft_capture_program ft_capture_programs[] = {\n"
            + "\n".join(programs)
            + "\n};\n\nconst uint16_t ft_capture_program_count =\n"
            "\tsizeof(ft_capture_programs) / sizeof(*ft_capture_programs);\n\n"
            "const uint8_t ft_capture_terminal[256] = {\n" + "\n".join(terminal) + "\n};\n"
        )
