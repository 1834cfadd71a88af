"""The table of capture programs (capture.c), made of what the decoder's calls.txt says.

A call's lines there say of each argument what it points to and when that is worth reading; that
is copied, at that moment: `in` before the call, `out` after it if it succeeded, `exit` after it in
any case, `inout` twice. A line that begins with + is for this alone. See generate.py.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "decode"))

from description import Argument, Descriptions, Line, read_calls, read_copies  # noqa: E402

ABI_MODELS = {
    "x86_64": "x86_64",
    "i386": "i386",
    "aarch64": "generic64",
    "riscv64": "generic64",
}
ENTRY, SUCCESS, EXIT = "FT_CAPTURE_ENTRY", "FT_CAPTURE_SUCCESS", "FT_CAPTURE_EXIT"
# A vector is shown where the call failed, too.
VECTORS_AT = {SUCCESS: EXIT}
PHASES = {"in": (ENTRY,), "out": (SUCCESS,), "inout": (ENTRY, SUCCESS), "exit": (EXIT,)}
# What has no size: how it is copied, up to which limit.
STRINGS = {
    "path": ("FT_CAPTURE_STRING", "FT_LIMIT_PATH"),
    "name": ("FT_CAPTURE_STRING", "FT_LIMIT_PATH"),
    "string": ("FT_CAPTURE_STRING", "FT_LIMIT_DATA"),
    "strings": ("FT_CAPTURE_STRINGS", "FT_LIMIT_DATA"),
    "environment": ("FT_CAPTURE_POINTERS", "FT_LIMIT_DATA"),
}
# Whose pointers are followed; before recvmsg(2) nothing is where they lead.
FOLLOWED = {
    "iovec_in": "FT_CAPTURE_IOVEC",
    "iovec_out": "FT_CAPTURE_IOVEC",
    "msghdr": "FT_CAPTURE_MSGHDR",
    "msghdr_got": "FT_CAPTURE_MSGHDR",
    "mmsghdr": "FT_CAPTURE_MMSGHDR",
    "msgbuf": "FT_CAPTURE_MSGBUF",
}
# Whose arrays are copied as lists of files are: as many as the kernel lets a user's program have.
PROGRAMS = ("call_filter", "packet_filter", "bpf_insn")
STEPS_MAX = 3  # FT_CAPTURE_STEPS
IOCTL_SAYS_IT, IOCTL_SIZE, IOCTL_ROWS = 0x10000, 0x3FFF, 8
IF_VALUES = 64  # that one op knows, from the smallest on


class What(NamedTuple):
    """What is copied: count * size bytes."""

    what: str
    count: str
    source: int  # argument that the count comes from
    limit: str
    size: int


class If(NamedTuple):
    """Only where the bits `mask` of an argument are one of some values, from `base` on."""

    arg: int = 0
    mask: int = 0
    base: int = 0
    values: int = 0


class Step(NamedTuple):
    """One row of ft_capture_steps: a pointer inside what was copied."""

    stride: int  # bytes of an element; 0: there is one
    at: int
    width: int
    at_exit: bool  # that it was copied then
    # Place and bytes of the number in the same element that counts, and of one that is tested.
    count: tuple[int, int] = (0, 0)
    tested: tuple[int, int] = (0, 0)
    mask: int = 0
    value: int = 0
    unlike: int = 0

    def row(self, up: int) -> str:
        return (
            f"\t{{{up}, {self.stride}, {self.at}, {self.count[0]}, {self.tested[0]}, {self.width}, "
            f"{self.count[1]}, {self.tested[1]}, {self.unlike}, {int(self.at_exit)}, 0, "
            f"{self.mask:#x}, {self.value:#x}}},"
        )


class Op(NamedTuple):
    """One row of ft_capture_ops."""

    arg: int
    when: str
    what: What
    condition: If = If()
    steps: tuple[Step, ...] = ()

    def row(self, step: int) -> str:
        w, c = self.what, self.condition
        return (
            f"\t{{{self.arg}, {self.when}, {w.what}, {w.count}, {w.source}, {w.limit}, "
            f"{c.arg}, {step}, {w.size}, {c.mask:#x}, {c.base:#x}, 0, {c.values:#x}}},"
        )


Program = tuple[Op, ...]
LINK = re.compile(
    r"(result|argument|pair|messages|cwd|all|vcpu)(?: arg([0-5]))? (success|exit)"
    r"(?: if arg([0-5])=(\w+))?"
)


def read_links(known: Descriptions) -> dict[str, list[Op]]:
    """links.txt: by call, how what descriptors are is looked up."""
    found: dict[str, list[Op]] = {}
    for line in (HERE / "links.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        head, calls = line.split(": ", 1)
        match = LINK.fullmatch(head)
        assert match, f"links.txt: {head}"
        which, source = f"FT_LINKS_{match[1].upper()}", int(match[2] or 0)
        when = {"success": SUCCESS, "exit": EXIT}[match[3]]
        condition = If()
        if match[5]:
            (command,) = known.numbers(match[5])
            condition = If(int(match[4]), 0xFFFFFFFF, command, 1)
        for name in calls.split():
            what = What("FT_CAPTURE_LINK", which, source, "0", 0)
            found.setdefault(name, []).append(Op(6, when, what, condition))
    return found


def path_ops(mask: int) -> list[Op]:
    """Of the arguments that are paths."""
    what = What(*STRINGS["path"][:1], "FT_COUNT_ONE", 0, STRINGS["path"][1], 1)
    return [Op(i, ENTRY, what) for i in range(6) if mask >> i & 1]


class Reader:
    """The descriptions as one ABI sees them."""

    def __init__(self, known: Descriptions, abi: str) -> None:
        self._known = known
        self._model = ABI_MODELS[abi]

    def register(self, arguments: list[Argument], name: str) -> int:
        """What has 64 bits takes two registers of i386."""
        at = 0
        for argument in arguments:
            if argument.name == name:
                return at
            wide = self._model == "i386" and self._known.is_wide(argument.type)
            at += 2 if wide else 1
        raise ValueError(f"no argument is {name}")

    def what(
        self, text: str, arguments: list[Argument], when: str, *, counted: bool = False
    ) -> What:
        """Of a type, without its phase; counted: by a field of the structure that it is in."""
        if counted:
            one = self.what(f"{text.partition('[')[0]}[1]", arguments, when)
            return one._replace(count="FT_COUNT_FIELD")
        match = re.fullmatch(r"([\w:]+)(?:\[([^\]]+)\])?", text)
        assert match, text
        name, count = match[1], match[2]
        if name in STRINGS:
            what, limit = STRINGS[name]
            return What(what, "FT_COUNT_ONE", 0, limit, 1)
        known, what = self._known, "FT_CAPTURE_BYTES"
        if name in known.pointers:
            counted, source, fixed = self.count(count, arguments)
            word = 4 if self._model == "i386" else 8
            return What(what, counted, source, "FT_LIMIT_STRUCTURE", word * fixed)
        if name in FOLLOWED and not (name == "msghdr_got" and when == ENTRY):
            counted, source, _ = self.count(count, arguments)
            return What(FOLLOWED[name], counted, source, "FT_LIMIT_DATA", 1)
        if name in ("bytes", "hexbytes", "text"):
            size, limit = 1, "FT_LIMIT_DATA"
        elif known.is_code_of(name, "bits"):
            size, limit = 0, "FT_LIMIT_STRUCTURE"
        elif name == "cstr":
            size, limit = 1, "FT_LIMIT_STRUCTURE"
        elif known.is_code_of(name, "list"):
            size, limit = 1, "FT_LIMIT_LIST"
        elif name in PROGRAMS:
            size, limit = known.size(name, self._model), "FT_LIMIT_LIST"
        else:
            size, limit = known.size(name, self._model), "FT_LIMIT_STRUCTURE"
        counted, source, fixed = self.count(count, arguments)
        return What(what, counted, source, limit, size * fixed)

    def count(self, text: str | None, arguments: list[Argument]) -> tuple[str, int, int]:
        """How many: the kind, the argument that says it, the number by which the size grows."""
        if text is None or text.isdigit():
            return "FT_COUNT_ONE", 0, int(text or 1)
        if text == "ret":
            return "FT_COUNT_RESULT", 0, 1
        kind = "FT_COUNT_BEHIND" if text.startswith("*") else "FT_COUNT_ARGUMENT"
        return kind, self.register(arguments, text.removeprefix("*")), 1

    def conditions(self, line: Line) -> list[If]:
        """The first that a capture program can ask for; more may be copied than is shown."""
        for text in line.conditions:
            match = re.fullmatch(r"(\w+)(?:&(\w+))?=(.+)", text)
            if not match:
                continue
            arg = self.register(line.arguments, match[1])
            mask = self._known.number(match[2]) if match[2] else 0xFFFFFFFF
            values = {
                n & 0xFFFFFFFF for word in match[3].split("|") for n in self._known.numbers(word)
            }
            return [If(arg, mask, value, 1) for value in values]
        return []

    def ops(self, lines: list[Line], copies: list[Line]) -> list[Op]:
        """Of a call's lines; a copy is instead of what a line says of the same memory."""
        always: dict[tuple[int, str], What] = {}
        sometimes: dict[tuple[int, str, What], list[If]] = {}
        said = {key for line in copies if not line.conditions for key in self.pointers(line)}
        rows = [(line, key, what) for line in lines for key, what in self.pointers(line).items()]
        rows = [row for row in rows if row[1] not in said]
        rows += [(line, key, what) for line in copies for key, what in self.pointers(line).items()]
        for line, key, what in rows:
            conditions = self.conditions(line)
            if conditions:
                sometimes.setdefault((*key, what), []).extend(conditions)
            else:
                always.setdefault(key, what)
        found = [Op(arg, when, what) for (arg, when), what in always.items()]
        for (arg, when, what), conditions in sometimes.items():
            # As many bytes as the call says hold any structure, but not what it leads to.
            if (arg, when) not in always or what.what in FOLLOWED.values():
                found += [Op(arg, when, what, one) for one in joined(conditions)]
        return found + self.behind([*lines, *copies])

    def behind(self, lines: list[Line]) -> list[Op]:
        """What pointers in structures lead to, those of structures that are nearer first."""
        found: dict[tuple[int, str, What, tuple[Step, ...]], list[If]] = {}
        for line in lines:
            for (arg, when), text in self.texts(line).items():
                for then, what, steps in self.leads(text, when):
                    rows = found.setdefault((arg, then, what, steps), [])
                    rows += self.conditions(line) or [If()]
        ops = []
        for (arg, when, what, steps), conditions in found.items():
            if If() in conditions:
                ops.append(Op(arg, when, what, If(), steps))
            else:
                ops += [Op(arg, when, what, one, steps) for one in joined(conditions)]
        return sorted(ops, key=lambda op: len(op.steps))

    def leads(
        self, text: str, when: str, to: tuple[Step, ...] = ()
    ) -> list[tuple[str, What, tuple[Step, ...]]]:
        """Where the pointers in what a type says lead: when it is read, what, by which way."""
        known, (name, _, count) = self._known, text.rstrip("]").partition("[")
        found: list[tuple[str, What, tuple[Step, ...]]] = []
        if name in FOLLOWED or name in known.codes:
            return found
        if name in known.pointers:
            phase, _, rest = known.pointers[name].partition(" ")
            word = 4 if self._model == "i386" else 8
            ways = [(phase, rest, Step(word, 0, word, when != ENTRY))]
        elif (name, self._model) in known.structs:
            stride = known.size(name, self._model) if count else 0
            ways = self.fields(name, Step(stride, 0, 0, when != ENTRY))
        else:
            return found
        for phase, rest, step in ways:
            then = {"in": when, "out": SUCCESS, "exit": EXIT}[phase.removesuffix("64")]
            what = self.what(rest, [], then, counted=bool(step.count[1]))
            found.append((then, what, (*to, step)))
            found += self.leads(rest, then, (*to, step))
        return found

    def fields(self, name: str, step: Step) -> list[tuple[str, str, Step]]:
        """A structure's pointers, and those of the structures in it: phase, type, place."""
        known = self._known
        struct, found = known.structs[name, self._model], list[tuple[str, str, Step]]()
        _, _, offsets = known.struct_layout(struct, self._model)
        names = [one.name for one in struct.fields]

        def place(name: str) -> tuple[int, int]:
            i = names.index(name)
            size, _ = known.layout(
                known.type(struct.fields[i].type, [n for n in names if n != "_"], of_struct=True),
                self._model,
            )
            return step.at + offsets[i], size

        shown = struct.shown() if struct.base else names
        for one, offset in zip(struct.fields, offsets, strict=True):
            if one.name not in shown:
                continue
            phase, _, rest = one.type.partition(" ")
            if phase.removesuffix("64") in PHASES:
                word = 8 if phase.endswith("64") or self._model != "i386" else 4
                there = step._replace(at=step.at + offset, width=word)
                count = rest.rstrip("]").partition("[")[2]
                if count and count != "ret" and not count.isdigit():
                    there = there._replace(count=place(count))
                if one.condition and one.condition not in ("any", "changed"):
                    match = re.fullmatch(r"(\w+)(?:&(\w+))?(!?=)(\w+)", one.condition)
                    assert match, one.condition
                    there = there._replace(
                        tested=place(match[1]),
                        mask=known.number(match[2]) if match[2] else 0xFFFFFFFF,
                        value=known.number(match[4]),
                        unlike=int(match[3] == "!="),
                    )
                found.append((phase, rest, there))
            elif (one.type, self._model) in known.structs:
                found += self.fields(one.type, step._replace(at=step.at + offset))
        return found

    def pointers(self, line: Line) -> dict[tuple[int, str], What]:
        """By register and moment."""
        found = {}
        for (at, when), text in self.texts(line).items():
            what = self.what(text, line.arguments, when)
            if what.what == "FT_CAPTURE_IOVEC":
                when = VECTORS_AT.get(when, when)
            found[at, when] = what
        return found

    def texts(self, line: Line) -> dict[tuple[int, str], str]:
        """The types that pointers lead to, by register and moment."""
        found = {}
        for argument in line.arguments:
            if not argument.shown:
                continue
            for part in re.split(r" (?:\+|=>) ", argument.type):
                phase, _, rest = part.partition(" ")
                if phase in PHASES:
                    at = self.register(line.arguments, argument.name)
                    found.update({(at, when): rest.strip() for when in PHASES[phase]})
        return found


def not_said(op: Op) -> list[Op]:
    """An op of ioctl(2) for those of its commands that do not say themselves what it copies."""
    if op.steps:
        return [op]
    condition, way = op.condition, 30 if op.when == ENTRY else 31
    commands = [condition.base + i for i in range(IF_VALUES) if condition.values >> i & 1]
    if op.what.what == "FT_CAPTURE_BYTES" and op.when != EXIT:
        commands = [
            command
            for command in commands
            if command >= IOCTL_SAYS_IT
            and not (command >> way & 1 and (command >> 16 & IOCTL_SIZE) >= op.what.size)
        ]
    found = joined([condition._replace(base=command, values=1) for command in commands])
    return [op._replace(condition=one) for one in found]


def joined(conditions: list[If]) -> list[If]:
    """The same in as few as can be."""
    found: list[If] = []
    for arg, mask in dict.fromkeys((one.arg, one.mask) for one in conditions):
        left = sorted({one.base for one in conditions if (one.arg, one.mask) == (arg, mask)})
        while left:
            base = 0 if left[0] < IF_VALUES else left[0]
            here = [value for value in left if value < base + IF_VALUES]
            found.append(If(arg, mask, base, sum(1 << (value - base) for value in here)))
            left = left[len(here) :]
    return found


class Programs:
    """All that are different, numbered; 0 is the empty one."""

    def __init__(self) -> None:
        self._known = Descriptions()
        self._calls, self._copies = read_calls(), read_copies()
        self._links = read_links(self._known)
        self._numbers: dict[Program, int] = {(): 0}

    def number(self, ops: list[Op]) -> int:
        """Those at the entry come first, of descriptors last; the nearer before the further."""
        program = tuple(sorted(ops, key=lambda op: (op.when != ENTRY, op.arg, len(op.steps))))
        return self._numbers.setdefault(program, len(self._numbers))

    def of_call(self, abi: str, name: str, path_mask: int) -> tuple[int, int]:
        """The program that copies paths alone, and that which copies all."""
        paths, own = path_ops(path_mask), f"{abi}:{name}"
        lines = self._calls.get(own, self._calls.get(name, []))
        copies = self._copies.get(own, self._copies.get(name, []))
        ops = Reader(self._known, abi).ops(lines, copies)
        if name == "ioctl":
            # Most commands say how much, or ft_capture_ioctls does.
            ops = [one for op in ops for one in not_said(op)]
            said = What("FT_CAPTURE_IOCTL", "FT_COUNT_ONE", 0, "FT_LIMIT_STRUCTURE", 1)
            ops += [Op(2, when, said) for when in (ENTRY, SUCCESS)]
        links = self._links.get(name, [])
        return self.number(paths + links), self.number(list(dict.fromkeys(paths + ops + links)))

    def ioctls(self) -> dict[int, dict[int, str]]:
        """ioctl(2)'s commands that do not say themselves how much they read and write: by their
        upper bytes and then their lower ones.
        """
        reader, rows = Reader(self._known, "x86_64"), dict[int, dict[int, str]]()
        for line in self._calls["ioctl"] + self._copies["ioctl"]:
            for (_, when), what in reader.pointers(line).items():
                for one in reader.conditions(line):
                    if one.base < IOCTL_SAYS_IT and what.what == "FT_CAPTURE_BYTES":
                        assert 0 < what.size <= IOCTL_SIZE, line
                        way = "FT_IOCTL_IN" if when == ENTRY else "FT_IOCTL_OUT"
                        row = rows.setdefault(one.base >> 8, {})
                        known = row.get(one.base & 0xFF, "")
                        row[one.base & 0xFF] = f"{known or what.size} | {way}"
        assert len(rows) < IOCTL_ROWS, rows.keys()
        return rows

    def write(self) -> None:
        rows: list[str] = []
        programs = []
        steps = {(): 0}
        first = 0
        for ops in self._numbers:
            entry = sum(op.when == ENTRY for op in ops)
            links = sum(op.what.what == "FT_CAPTURE_LINK" for op in ops)
            programs.append(f"\t{{{first}, {len(ops)}, {entry}, {links}}},")
            for op in ops:
                assert len(op.steps) <= STEPS_MAX, op
                for i in range(len(op.steps)):
                    steps.setdefault(op.steps[: i + 1], len(steps))
            rows += [op.row(steps[op.steps]) for op in ops]
            first += len(ops)
        ioctls = sorted(self.ioctls().items())
        numbers = [f"[{high:#04x}] = {i + 1}" for i, (high, _) in enumerate(ioctls)]
        sizes = [
            f"\t\t[{i + 1}] = {{\n"
            + "".join(f"\t\t\t[{low:#04x}] = {size},\n" for low, size in sorted(row.items()))
            + "\t\t},\n"
            for i, (_, row) in enumerate(ioctls)
        ]
        (HERE / "capture.c").write_text(
            "/* Generated by generate.py from decode/calls.txt and paths in signatures.txt. */\n"
            '#include "tables/capture.h"\n\n'
            + "const struct ft_capture_op ft_capture_ops[] = {\n"
            + "\n".join(rows)
            + "\n};\n\nconst struct ft_capture_step ft_capture_steps[] = {\n\t{0},\n"
            + "\n".join(way[-1].row(steps[way[:-1]]) for way in steps if way)
            + "\n};\n\nconst struct ft_capture_program ft_capture_programs[] = {\n"
            + "\n".join(programs)
            + "\n};\n\nconst uint16_t ft_capture_program_count =\n"
            "\tsizeof(ft_capture_programs) / sizeof(*ft_capture_programs);\n\n"
            "const struct ft_capture_ioctls ft_capture_ioctls = {\n"
            f"\t.row = {{ {', '.join(numbers)} }},\n\t.size = {{\n{''.join(sizes)}\t}},\n}};\n"
        )
