"""Generate the decoder's descriptors (src_c/decode/generated_*) from the data files here, and what
is captured (src_c/tables), which they say, too.

    python src_c/decode/generate.py                    # data files -> C
    python src_c/decode/generate.py --values INCLUDE   # headers -> values.txt, then C

Sources:
    calls.txt, structs.txt, sets.txt, types.txt, multiplexed.txt
                  by hand, from the man pages and the kernel's headers
    ioctls.txt    by --values: the commands of ioctl(2) in all uapi headers of the same
    values.txt    by --values: numbers of the names in sets.txt: the uapi headers of Linux 7 in the
                  PyPI wheel `ziglang` 0.17 (INCLUDE is its folder ziglang/lib/libc/include); those
                  of sockets, which no uapi header has, from the C library's <sys/socket.h>
    ../tables/    numbers and signatures; a call without a line in calls.txt is shown by its C types
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from description import (
    HERE,
    MODELS,
    Argument,
    Descriptions,
    Field,
    Line,
    blocks,
    read_calls,
)
from header_values import write_values
from ioctl_values import write_ioctls

# What a condition may say but for a field's value, and how ft_field says it.
OF_THE_CALL = {"failed": 3, "changed": 4, "any": 5, "succeeded": 6}
BECOMES = 0x80  # in a list of fields
MORE = 0xFF  # there
ABI_MODELS = {"x86_64": 0, "i386": 2, "aarch64": 1, "riscv64": 1}
RESULTS = (
    "int",
    "fd",
    "pid",
    "pgid",
    "sid",
    "uid",
    "gid",
    "addr",
    "mode",
    "flags",
    "names",
    "enum",
    "handler",
    "signal",
)
RESULTS += ("seals", "ioprio", "poll", "select", "sleep", "entry", "clone", "clone3", "sigreturn")
RESULTS += ("found", "vcpu")


def syscall_tables() -> ModuleType:
    """The generator of ../tables, which reads numbers and signatures."""
    path = HERE.parent / "tables" / "generate.py"
    spec = importlib.util.spec_from_file_location("syscall_tables", path)
    assert spec
    assert spec.loader
    sys.path.append(str(path.parent))  # where it finds what it imports
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_signature(name: str, signature: list[str], paths: int) -> Line:
    """A call that calls.txt does not have: numbers by their C types."""
    arguments = []
    for i, text in enumerate(signature):
        match = re.fullmatch(r"(.*?)(\w+)(?:\[\w*\])?", text)
        assert match, text
        ctype, word = match[1].replace("const", "").strip(), match[2]
        if paths >> i & 1:
            shown = "in path"
        elif ctype.endswith("*"):
            shown = "addr"
        elif ctype in ("umode_t", "mode_t"):
            shown = "mode"
        elif re.search(r"fd$|^fildes$", word):
            shown = "fd"
        elif re.search(r"flags?$|^prot$|mask$", word):
            shown = "xlong" if "long" in ctype else "x32"
        elif ctype in (
            "int",
            "pid_t",
            "key_t",
            "timer_t",
            "mqd_t",
            "qid_t",
            "key_serial_t",
            "idtype_t",
        ):
            shown = "int"
        elif ctype in ("uid_t", "gid_t"):
            shown = "uid"
        elif ctype == "clockid_t":
            shown = "clock"
        elif ctype in ("unsigned int", "unsigned", "uint32_t", "u32", "__u32"):
            shown = "uint"
        elif ctype in ("long", "long int", "off_t", "loff_t", "ssize_t", "__s64"):
            shown = "long"
        elif re.search(r"addr|^start$|ptr$", word):
            shown = "addr"
        else:
            shown = "xlong" if ctype == "unsigned long" else "ulong"
        arguments.append(Argument(word, shown))
    return Line(name, [], arguments, "int")


class Writer:
    """The generated C."""

    def __init__(self) -> None:
        self.known = Descriptions()
        self.tables = syscall_tables()
        self.shapes: list[str] = []
        self.arguments: list[str] = []
        self.conditions: list[str] = []
        self.condition_at: dict[tuple[str, ...], int] = {}
        self.argument_at: dict[tuple[str, ...], int] = {}

    def rows(self, table: list[str], at: dict[tuple[str, ...], int], wanted: list[str]) -> int:
        key = tuple(wanted)
        if key not in at:
            at[key] = len(table)
            table.extend(wanted)
        return at[key]

    def result(self, text: str) -> tuple[str, int]:
        kind, _, rest = text.partition(" ")
        assert kind in RESULTS, text
        index = self.known.struct_index if kind == "found" else self.known.set_index
        return f"FT_RESULT_{kind.upper()}", index[rest] if rest else 0

    def condition(self, text: str, names: list[str]) -> list[str]:
        """Rows of one condition: one for each value; the last of them ends the alternatives."""
        match = re.fullmatch(r"(\w+)(?:&(\w+))?(!?=)(.+)", text)
        assert match, text
        argument = names.index(match[1])
        mask = self.known.number(match[2]) if match[2] else 0xFFFFFFFF
        values = [n for word in match[4].split("|") for n in self.known.numbers(word)]
        unlike = int(match[3] == "!=")
        assert not (unlike and len(values) > 1), text
        return [
            f"{{ 0x{mask:x}, 0x{value & 0xFFFFFFFF:x}, {argument}, {unlike}, {more} }}"
            for value, more in zip(values, [1] * (len(values) - 1) + [0], strict=True)
        ]

    def shape(self, line: Line, variants: int) -> None:
        names = [a.name for a in line.arguments]
        assert len(names) <= 6, line.name
        rows = [
            f'{{ "{a.name}", {self.known.type(a.type, names)}, {int(not a.shown)} }}'
            for a in line.arguments
        ]
        conditions = [row for c in line.conditions for row in self.condition(c, names)]
        kind, ref = self.result(line.result)
        first = self.rows(self.arguments, self.argument_at, rows) if rows else 0
        at = self.rows(self.conditions, self.condition_at, conditions) if conditions else 0
        bare = line.name.partition(":")[2] or line.name
        self.shapes.append(
            f'{{ "{bare}", {len(bare)}, {len(rows)}, {variants}, {len(conditions)}, {first}, {at}, '
            f"{kind}, {ref} }}"
        )

    def write_sets(self) -> None:
        known, out, table = self.known, [], []
        for name, one in known.sets.items():
            members = []
            for member, mask in one.members:
                value = one.values.get(member, known.values[member]) & 0xFFFFFFFFFFFFFFFF
                if value >> 32 == 0xFFFFFFFF and value >> 31 & 1:
                    value &= 0xFFFFFFFF  # a negative int
                bits = known.number(mask) if mask else value if one.is_flags else 0
                members.append((value, bits, member))
            if one.values:
                members = several_names(members)
            if not one.is_flags:
                first: dict[int, tuple[int, int, str]] = {}
                for row in members:
                    first.setdefault(row[0], row)
                members = sorted(first.values())
            rows = "".join(f'\t{{ 0x{v:x}, 0x{m:x}, "{n}", {len(n)} }},\n' for v, m, n in members)
            out.append(f"static const struct ft_member {name}[] = {{\n{rows}}};\n")
            kind = int(one.is_flags) + one.has_parts
            table.append(f'\t{{ "{one.unknown}", {name}, {len(members)}, {kind} }},\n')
        text = "\n".join(out) + f"\nconst struct ft_set ft_sets[] = {{\n{''.join(table)}}};\n"
        self.put("generated_sets.c", "sets.txt and values.txt", text)

    def write_structs(self) -> None:
        known, out, tables = self.known, [], []
        for model in MODELS:
            table = []
            for name in known.struct_index:
                struct = known.structs.get((name, model))
                if struct is None:
                    table.append("\t{ 0 },\n")
                    continue
                size, _, offsets = known.struct_layout(struct, model)
                named = [
                    (f, at) for f, at in zip(struct.fields, offsets, strict=True) if f.name != "_"
                ]
                names = [f.name for f, _ in named]
                rows, text = [], ""
                for one, at in named:
                    index = known.type(one.type, names, of_struct=True)
                    condition = self.field_condition(one, names)
                    shown = one.name.partition("@")[0]
                    rows.append(f'\t{{ "{shown}", {len(shown)}, {index}, {at}, {condition} }},\n')
                fields = f"{model}_{struct.base or name}"
                if not struct.base:
                    text = f"static const struct ft_field {fields}[] = {{\n{''.join(rows)}}};\n"
                lists = [fields]
                whole = [word for word in struct.whole if word != "..."]
                for kind, words in (("brief", struct.brief), ("whole", whole)):
                    listed = ", ".join(self.listed(word, names) for word in words)
                    list_name = f"{model}_{name}_{kind}"
                    if words:
                        text += f"static const uint8_t {list_name}[] = {{ {listed} }};\n"
                    lists.append(list_name if words else "NULL")
                out.append(text)
                least = struct.least or size
                counts = [len(rows), len(struct.brief), len(whole), len(struct.whole) - len(whole)]
                counts += [int(struct.is_short), size, least]
                table.append(f"\t{{ {', '.join((*lists, *map(str, counts)))} }},\n")
            tables.append(f"\t{{\n{''.join(table)}\t}},\n")
        text = (
            "\n".join(out)
            + "\nconst struct ft_struct ft_structs[FT_MODELS][FT_STRUCTS] = {\n"
            + "".join(tables)
            + "};\n"
        )
        self.put("generated_structs.c", "structs.txt", text)

    def listed(self, word: str, names: list[str]) -> str:
        if word == "...":
            return str(MORE)
        at = names.index(word.removeprefix("=>"))
        assert at < BECOMES - 1, names
        return str(at | BECOMES if word.startswith("=>") else at)

    def field_condition(self, one: Field, names: list[str]) -> str:
        if one.condition is None:
            return "0, 0, 0, 0"
        if one.condition in OF_THE_CALL:
            return f"0, 0, 0, {OF_THE_CALL[one.condition]}"
        said = one.condition.removeprefix("failed and ")
        match = re.fullmatch(r"(\w+)(?:&(\w+))?(!?=)(\w+)", said)
        assert match, one.condition
        mask = self.known.number(match[2]) if match[2] else 0xFFFFFFFF
        unlike = 2 if match[3] == "!=" else 1
        if said != one.condition:
            assert unlike == 2, one.condition
            unlike = OF_THE_CALL["failed"]
        value = self.known.number(match[4])
        return f"0x{value:x}, 0x{mask:x}, {names.index(match[1])}, {unlike}"

    def write_calls(self) -> None:
        calls, tables = read_calls(), self.tables
        signatures = tables.read_signatures()
        at: dict[str, int] = {}
        by_abi = []
        for abi, numbers in tables.read_numbers().items():
            rows = ["0"] * (max(numbers) + 1)
            for nr, name in numbers.items():
                own = f"{abi}:{name}"
                signed = own if own in signatures else name
                if own in calls or name in calls:
                    key = own if own in calls else name
                    lines = calls[key]
                else:
                    key, args = f"{signed}()", signatures[signed]
                    paths = tables.path_args(name, args)
                    lines = [by_signature(name, args, paths)]
                if key not in at:
                    at[key] = len(self.shapes) + 1
                    for line in lines:
                        self.shape(line, len(lines) - 1 if line is lines[0] else 0)
                rows[nr] = str(at[key])
            body = ",\n\t".join(", ".join(rows[i : i + 20]) for i in range(0, len(rows), 20))
            by_abi.append((abi, body, len(rows)))
        subcalls = []
        for head, _ in blocks("multiplexed.txt"):
            other, number, key, *order = head.split()
            if key not in at:
                at[key] = len(self.shapes) + 1
                for line in calls[key]:
                    self.shape(line, len(calls[key]) - 1 if line is calls[key][0] else 0)
            nr = next(n for n, name in tables.read_numbers()["i386"].items() if name == other)
            in_memory = other == "socketcall"
            count = int(order[0]) if in_memory else len(order)
            places = "0" if in_memory else ", ".join(order)
            subcalls.append(
                f"{{ {nr}, {number}, {count}, {int(in_memory)}, {{ {places} }}, {at[key]} }}"
            )
        left = calls.keys() - at.keys()
        assert not left, f"no ABI has {left}"
        lists = [
            ("argument", self.arguments),
            ("condition", self.conditions),
            ("shape", self.shapes),
        ]
        text = "".join(
            f"const struct ft_{name} ft_{name}s[] = {{\n\t{lines_of(rows)}\n}};\n\n"
            for name, rows in lists
        )
        for abi, body, _ in by_abi:
            text += f"static const uint16_t of_{abi}[] = {{\n\t{body}\n}};\n\n"
        text += "const struct ft_shapes_of_abi ft_shapes_of[FT_ABI_COUNT] = {\n"
        for abi, _, count in by_abi:
            model = f"FT_MODEL_{MODELS[ABI_MODELS[abi]].upper()}"
            text += f"\t[FT_ABI_{abi.upper()}] = {{ of_{abi}, {count}, {model} }},\n"
        text += "};\n\n"
        text += f"const struct ft_subcall ft_subcalls[] = {{\n\t{lines_of(subcalls)}\n}};\n\n"
        text += f"const uint16_t ft_subcall_count = {len(subcalls)};\n"
        self.put(
            "generated_calls.c", "calls.txt, multiplexed.txt and the tables of ../tables", text
        )

    def write_types(self) -> None:
        known = self.known
        shows = ", ".join(f"ft_show_{name}" for name in known.shows)
        codes = ", ".join(f"ft_read_{name}" for name in known.codes)
        rows = lines_of([row.row() for row in known.types])
        text = (
            f"const struct ft_type ft_types[] = {{\n\t{rows}\n}};\n\n"
            f"const ft_show_fn ft_shows[] = {{\n\t{shows},\n}};\n\n"
            f"const ft_read_fn ft_reads[] = {{\n\t{codes},\n}};\n"
        )
        self.put("generated_types.c", "types.txt and all types that are used", text)
        sets = ",\n\t".join(f"FT_SET_{name.upper()}" for name in known.sets)
        structs = ",\n\t".join(f"FT_STRUCT_{name.upper()}" for name in known.struct_index)
        shown = "\n".join(f"ft_show ft_show_{name};" for name in known.shows)
        read = "\n".join(f"ft_read ft_read_{name};" for name in known.codes)
        (HERE / "generated.h").write_text(
            "/* Generated by generate.py: what the data files name. */\n"
            "#ifndef FT_DECODE_GENERATED_H\n#define FT_DECODE_GENERATED_H\n\n"
            f"enum {{\n\t{sets},\n\tFT_SETS\n}};\n\n"
            f"enum {{\n\t{structs},\n\tFT_STRUCTS\n}};\n\n#endif\n"
        )
        (HERE / "families.h").write_text(
            "/* Generated by generate.py from types.txt: the functions of types with code. */\n"
            "#ifndef FT_DECODE_FAMILIES_H\n#define FT_DECODE_FAMILIES_H\n\n"
            f'#include "decode/descriptors.h"\n\n{shown}\n{read}\n\n#endif\n'
        )

    def put(self, name: str, sources: str, text: str) -> None:
        include = "families.h" if name == "generated_types.c" else "descriptors.h"
        (HERE / name).write_text(
            f"/* Generated by generate.py from {sources}: edit those. */\n"
            f'#include "decode/{include}"\n\n{text}'
        )


def several_names(members: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """One for each value: all its names, as nobody knows which is meant."""
    names: dict[int, set[str]] = {}
    for value, _, name in members:
        names.setdefault(value, set()).add(name)
    return [(value, 0, " or ".join(sorted(found))) for value, found in names.items()]


def lines_of(rows: list[str]) -> str:
    return ",\n\t".join(rows) + ","


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--values", type=Path, metavar="INCLUDE")
    options = parser.parse_args()
    if options.values:
        write_ioctls(options.values)
        write_values(options.values)
    writer = Writer()
    writer.write_sets()
    writer.write_calls()
    writer.write_structs()
    writer.write_types()
    writer.tables.generate()


if __name__ == "__main__":
    main()
