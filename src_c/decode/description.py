"""What the data files beside this script say: sets, types, structures, calls. See generate.py."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

HERE = Path(__file__).parent
MODELS = ("x86_64", "generic64", "i386")
PHASES = {"in": "FT_IN", "out": "FT_OUT", "inout": "FT_INOUT", "exit": "FT_ALWAYS"}
SHOWN = {
    "signed": "FT_SIGNED",
    "unsigned": "FT_UNSIGNED",
    "hex": "FT_HEX",
    "octal": "FT_OCTAL",
    "address": "FT_ADDRESS",
}


def blocks(name: str) -> list[tuple[str, list[str]]]:
    """Lines without an indent, each with the indented ones below it; with sets.txt sets_*.txt."""
    found: list[tuple[str, list[str]]] = []
    files = [HERE / name, *sorted(HERE.glob(name.replace(".", "_*.")))]
    for line in (line for file in files for line in file.read_text().splitlines()):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            found[-1][1].append(line.strip())
        else:
            found.append((line.strip(), []))
    return found


@dataclass
class Set:
    name: str
    is_flags: bool
    unknown: str
    has_parts: bool = False
    members: list[tuple[str, str | None]] = field(default_factory=list)  # name, mask
    values: dict[str, int] = field(default_factory=dict)  # where they are not those of values.txt


def read_ioctls() -> dict[str, tuple[int, int]]:
    """By name: the number of 64-bit programs, and of i386's."""
    rows = (head.split() for head, _ in blocks("ioctls.txt"))
    return {name: (int(value, 0), int((other or [value])[0], 0)) for name, value, *other in rows}


def read_sets() -> tuple[dict[str, Set], dict[str, int]]:
    """The sets, and the numbers that sets.txt gives itself."""
    sets, given = {}, {}
    for head, lines in blocks("sets.txt"):
        name, kind, unknown = head.split()
        assert kind in ("flags", "parts", "enum"), head
        assert name not in sets, head
        found = sets[name] = Set(name, kind != "enum", unknown, kind == "parts")
        for line in lines:
            if line.startswith("@ioctls.txt"):
                read = read_ioctls().items()
                if line.endswith("i386"):
                    found.values = {one: narrow for one, (wide, narrow) in read if wide != narrow}
                else:
                    found.values = {one: wide for one, (wide, _) in read}
                found.members += [(one, None) for one in found.values]
                continue
            mask = re.match(r"\[(\w+)\] ", line)
            for word in line[mask.end() :].split() if mask else line.split():
                member, _, value = word.partition("=")
                if value:
                    assert given.setdefault(member, int(value, 0)) == int(value, 0), member
                found.members.append((member, mask[1] if mask else None))
    return sets, given


def read_values(given: dict[str, int]) -> dict[str, int]:
    values = {head.split()[0]: int(head.split()[1]) for head, _ in blocks("values.txt")}
    return {name: wide for name, (wide, _) in read_ioctls().items()} | values | given


@dataclass(frozen=True)
class Type:
    """One row of ft_types."""

    kind: str
    size: int = 0
    shown: str = "0"
    counted: str = "FT_COUNT_FIXED"
    ref: int = 0
    count: int = 0

    def row(self) -> str:
        numbers = (self.kind, self.size, self.shown, self.counted, self.ref, self.count)
        return f"{{ {', '.join(map(str, numbers))} }}"


@dataclass
class Field:
    name: str
    type: str
    condition: str | None
    is_other: bool = False  # in the place of the one before it


@dataclass
class Struct:
    name: str
    model: str | None
    ctype: str | None
    header: str | None
    fields: list[Field] = field(default_factory=list)
    brief: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    packed: bool = False
    is_short: bool = False  # what is abbreviated does not say so
    least: int | None = None  # bytes of the oldest callers
    base: str | None = None  # whose fields these are

    def shown(self) -> list[str]:
        """The fields that a view ever shows."""
        return [word.removeprefix("=>") for word in self.brief + self.whole if word != "..."]


def read_structs() -> list[Struct]:
    structs: list[Struct] = []
    for head, lines in blocks("structs.txt"):
        view, _, base = head.partition(" of ")
        if base:
            bases = [one for one in structs if one.name == base]
            assert bases, head
            words = {
                kind: rest.split() for kind, _, rest in (line.partition(" ") for line in lines)
            }
            assert words.keys() <= {".whole", ".brief", ".short"}, head
            for one in bases:
                brief = words.get(".brief", words.get(".short", []))
                lists = {"brief": brief, "whole": words[".whole"], "is_short": ".short" in words}
                structs.append(replace(one, name=view, ctype=None, base=base, **lists))
            continue
        match = re.fullmatch(r"(?:(\w+):)?(\w+)(?: = (.+) (\S+\.h))?", head)
        assert match, head
        found = Struct(match[2], match[1], match[3], match[4])
        for line in lines:
            if line == ".packed":
                found.packed = True
            elif line.startswith(".least "):
                found.least = int(line.split()[1])
            elif line.startswith(".brief "):
                found.brief = line.split()[1:]
            elif line.startswith(".short "):
                found.brief, found.is_short = line.split()[1:], True
            elif line.startswith(".whole "):
                found.whole += line.split()[1:]
            else:
                name, _, rest = line.removeprefix("| ").partition(" ")
                ctype, _, condition = rest.partition(" if ")
                found.fields.append(Field(name, ctype, condition or None, line.startswith("| ")))
        structs.append(found)
    return structs


class Descriptions:
    """All that the data files say, with the tables that grow while types are looked up."""

    def __init__(self) -> None:
        self.sets, given = read_sets()
        self.values = read_values(given)
        self.ioctls = read_ioctls()
        self.set_index = {name: i for i, name in enumerate(self.sets)}
        self.scalars: dict[str, tuple[int, str]] = {}
        self.codes: dict[str, str] = {}
        self.shows: list[str] = []
        self.pointers: dict[str, str] = {}
        for head, _ in blocks("types.txt"):
            name, size, *rest = head.split()
            if size == "pointer":
                self.pointers[name] = " ".join(rest)
            elif size == "code":
                self.codes[name] = rest[0] if rest else "0"
            else:
                self.scalars[name] = (0 if size == "word" else int(size), rest[0])
                if rest[0] not in SHOWN and rest[0] not in self.shows:
                    self.shows.append(rest[0])
        self.code_index = {name: i for i, name in enumerate(self.codes)}
        self.structs: dict[tuple[str, str], Struct] = {}
        names: dict[str, None] = {}
        for struct in read_structs():
            names[struct.name] = None
            for model in [struct.model] if struct.model else MODELS:
                assert (struct.name, model) not in self.structs, struct.name
                self.structs[struct.name, model] = struct
        self.struct_index = {name: i for i, name in enumerate(names)}
        self.types: dict[Type, int] = {}

    def intern(self, wanted: Type) -> int:
        return self.types.setdefault(wanted, len(self.types))

    def number(self, word: str) -> int:
        return int(word, 0) if word[0].isdigit() else self.values[word]

    def numbers(self, word: str) -> list[int]:
        """A command of ioctl(2) may have another one on i386; a set is all its members."""
        if word in self.sets:
            return [n for member, _ in self.sets[word].members for n in self.numbers(member)]
        number, other = self.number(word), self.ioctls.get(word)
        return [number] if other is None or other[1] == number else [number, other[1]]

    def type(self, text: str, names: list[str], *, of_struct: bool = False) -> int:
        """The row of a type; names: the arguments or fields that a count may name."""
        text = text.strip()
        both = re.fullmatch(r"in (.+) (\+|=>) ((?:out|exit) .+)", text)
        if both:
            asked = self.type(both[1], names, of_struct=of_struct)
            given = self.type(both[3], names, of_struct=of_struct)
            phase = "FT_JOINED" if both[2] == "+" else "FT_EXCHANGED"
            return self.intern(Type("FT_POINTER", 0, phase, ref=asked, count=given))
        phase, _, rest = text.partition(" ")
        if phase.removesuffix("64") in PHASES:
            to, size = self.type(rest, names, of_struct=of_struct), 8 * phase.endswith("64")
            return self.intern(Type("FT_POINTER", size, PHASES[phase.removesuffix("64")], ref=to))
        match = re.fullmatch(r"([\w:]+)(?:\[([^\]]+)\])?", text)
        assert match, text
        name, count = match[1], match[2]
        most, of, field = (count or "").partition(" of ")
        if of:
            at = names.index(field)
            if name == "cstr":
                return self.intern(Type("FT_CSTR", at, "0", "FT_COUNT_UP_TO", count=int(most)))
            one = self.type(name, names, of_struct=of_struct)
            return self.intern(Type("FT_ARRAY", at, "0", "FT_COUNT_UP_TO", one, int(most)))
        base, _, bits = name.partition(":")
        counted, number = self.count(count, names, of_struct) if count else ("FT_COUNT_FIXED", 0)
        if name in ("bytes", "hexbytes"):
            shown = "FT_HEX" if name == "hexbytes" else "0"
            return self.intern(Type("FT_BYTES", 1, shown, counted, count=number))
        if name in ("path", "string", "strings", "environment"):
            return self.intern(Type(f"FT_{name.upper()}"))
        if name == "name":
            return self.intern(Type("FT_STRING"))
        if name == "cstr":
            return self.intern(Type("FT_CSTR", 1, counted=counted, count=number))
        if name in self.codes:
            size, ref = self.codes[name].partition("/")[0], self.code_index[name]
            if not size[0].isdigit() or size == "0":
                assert count, f"{name}: how long is it?"
                return self.intern(Type("FT_CODE", 1, counted=counted, ref=ref, count=number))
            unit = 0 if size.endswith("w") else 1
            one = self.intern(Type("FT_CODE", unit, ref=ref, count=int(size.rstrip("w"))))
            if not count:
                return one
            return self.intern(Type("FT_ARRAY", counted=counted, ref=one, count=number))
        if name in self.scalars:
            size, shown = self.scalars[name]
            if shown in SHOWN:
                one = self.intern(Type("FT_NUMBER", size, SHOWN[shown]))
            else:
                one = self.intern(Type("FT_SHOWN", size, "0", ref=self.shows.index(shown)))
        elif name in self.pointers:
            one = self.type(self.pointers[name], [])
        elif name in self.struct_index:
            one = self.intern(Type("FT_STRUCT", ref=self.struct_index[name]))
        elif base in self.set_index:
            size = 4 if not bits else 0 if bits == "long" else int(bits) // 8
            one = self.intern(Type("FT_SET", size, ref=self.set_index[base]))
        else:
            sys.exit(f"{text}: no such type")
        if count:
            return self.intern(Type("FT_ARRAY", counted=counted, ref=one, count=number))
        return one

    def count(self, text: str, names: list[str], of_struct: bool) -> tuple[str, int]:
        if text.isdigit():
            return "FT_COUNT_FIXED", int(text)
        if text == "ret":
            return "FT_COUNT_RESULT", 0
        if text.startswith("*"):
            return "FT_COUNT_BEHIND", names.index(text[1:])
        return ("FT_COUNT_FIELD" if of_struct else "FT_COUNT_ARGUMENT"), names.index(text)

    def is_code_of(self, name: str, size: str) -> bool:
        """Whether it is a type with code whose size is told by that word."""
        return self.codes.get(name) == size

    def is_wide(self, text: str) -> bool:
        """Whether an argument takes two registers where they have 32 bits."""
        name, _, bits = text.partition(":")
        return bits == "64" if name in self.set_index else self.scalars.get(name, (0,))[0] == 8

    def size(self, name: str, model: str) -> int:
        """Bytes of one in memory; 1 where a count says it all."""
        if name in self.codes:
            word, sizes = 4 if model == "i386" else 8, self.codes[name].split("/")
            size = sizes[-1 if model == "i386" else 0]
            return (int(size[:-1]) * word if size.endswith("w") else int(size)) or 1
        return self.layout(self.type(name, []), model)[0]

    def layout(self, index: int, model: str) -> tuple[int, int]:
        """Size and alignment of a type in memory."""
        word = 4 if model == "i386" else 8
        row = list(self.types)[index]
        if row.kind == "FT_POINTER":
            return row.size or word, word
        if row.kind in ("FT_NUMBER", "FT_SHOWN", "FT_SET"):
            size = row.size or word
            return size, min(size, word)
        if row.kind == "FT_STRUCT":
            name = list(self.struct_index)[row.ref]
            size, align, _ = self.struct_layout(self.structs[name, model], model)
            return size, align
        assert row.counted in ("FT_COUNT_FIXED", "FT_COUNT_UP_TO"), f"{row}: no size"
        if row.kind == "FT_CODE" and not row.size:
            return row.count * word, word
        size, align = self.layout(row.ref, model) if row.kind == "FT_ARRAY" else (1, 1)
        return size * row.count, align

    def struct_layout(self, struct: Struct, model: str) -> tuple[int, int, list[int]]:
        """Size, alignment, and where each field lies."""
        names = [f.name for f in struct.fields if f.name != "_"]
        at, most, offsets = 0, 1, []
        for one in struct.fields:
            size, align = self.layout(self.type(one.type, names, of_struct=True), model)
            align = 1 if struct.packed else align
            if one.is_other:
                offsets.append(offsets[-1])
                at = max(at, offsets[-1] + size)
                continue
            at = (at + align - 1) // align * align
            offsets.append(at)
            at, most = at + size, max(most, align)
        return (at + most - 1) // most * most, most, offsets


@dataclass
class Argument:
    name: str
    type: str
    shown: bool = True


@dataclass
class Line:
    """A line of calls.txt."""

    name: str
    conditions: list[str]
    arguments: list[Argument]
    result: str


def read_line(head: str) -> tuple[str, list[str], list[Argument], str]:
    """Name, conditions, arguments and result as a line of calls.txt says them."""
    match = re.fullmatch(r"((?:\w+:)?\w+)(?:\[(.*?)\])?\((.*)\)(?: = (.+))?\s*", head)
    assert match, head
    given = []
    for part in match[3].split(", ") if match[3] else []:
        word, _, rest = part.partition(" ")
        given.append(Argument(word.removeprefix("-"), rest, not word.startswith("-")))
    return match[1], match[2].split(",") if match[2] else [], given, match[4] or ""


def with_types(line: Line, types: dict[str, str]) -> Line:
    """The line with other types in the places of some."""
    arguments = [
        replace(a, type=re.sub(r"\w+", lambda word: types.get(word[0], word[0]), a.type))
        for a in line.arguments
    ]
    return replace(line, arguments=arguments)


def read_calls() -> dict[str, list[Line]]:
    """By name, with the ABI before it if the line has one; variants after the first line."""
    calls: dict[str, list[Line]] = {}
    for head, _ in blocks("calls.txt"):
        if head.startswith("+"):
            continue
        if " as " in head:
            name, other, *others = re.split(" as | with ", head)
            types = dict(word.split("=") for word in " ".join(others).split())
            calls[name] = [with_types(replace(line, name=name), types) for line in calls[other]]
            continue
        name, conditions, given, result = read_line(head)
        lines = calls.setdefault(name, [])
        if not conditions:
            assert not lines, f"{name} twice"
            lines.append(Line(name, [], given, result or "int"))
            continue
        base = lines[0]
        said = {argument.name: argument for argument in given}
        arguments = []
        for a in base.arguments:
            other = said.get(a.name, a)
            arguments.append(Argument(a.name, other.type or a.type, other.shown))
        arguments += [a for a in given if a.name not in {b.name for b in base.arguments}]
        lines.append(Line(name, conditions, arguments, result or base.result))
    return calls


def read_copies() -> dict[str, list[Line]]:
    """What is copied though no line shows it, or otherwise than it is shown: the lines with a +."""
    calls, copies = read_calls(), dict[str, list[Line]]()
    for head, _ in blocks("calls.txt"):
        if not head.startswith("+"):
            continue
        name, conditions, given, _ = read_line(head[1:])
        base = calls.get(name) or calls[name.rpartition(":")[2]]
        types = {argument.name: argument.type for argument in given}
        assert types.keys() <= {argument.name for argument in base[0].arguments}, head
        arguments = [
            Argument(a.name, types.get(a.name, a.type), a.name in types) for a in base[0].arguments
        ]
        copies.setdefault(name, []).append(Line(name, conditions, arguments, ""))
    return copies
