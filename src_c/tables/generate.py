"""Generate the syscall tables (src_c/tables/<abi>.c) from the data files beside this script.

    python src_c/tables/generate.py                      # data files -> C
    python src_c/tables/generate.py --numbers INCLUDE    # uapi headers -> numbers.txt, then C
    python src_c/tables/generate.py --collect            # tracefs (root) -> signatures.txt, then C

Sources:
    numbers.txt     asm/unistd_64.h and asm/unistd_32.h of Linux 7, for every architecture in the
                    PyPI wheel `ziglang` 0.17 (INCLUDE is its folder ziglang/lib/libc/include)
    signatures.txt  tracefs, events/syscalls/sys_enter_*/format; what is not there by hand from the
                    man pages and the kernel's prototypes
    classes.txt     strace's classes, see its first lines
    ../decode/      what the arguments point to: calls.txt there and what it names
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from capture_programs import Programs

HERE = Path(__file__).parent
TRACEFS = Path("/sys/kernel/tracing/events/syscalls")

HEADERS = {
    "x86_64": "x86-linux-any/asm/unistd_64.h",
    "i386": "x86-linux-any/asm/unistd_32.h",
    "aarch64": "aarch64-linux-any/asm/unistd_64.h",
    "riscv64": "riscv-linux-any/asm/unistd_64.h",
}
# The kernel's functions whose names are not the calls' (64-bit).
TRACEFS_NAMES = {
    "newfstat": "fstat",
    "newlstat": "lstat",
    "newstat": "stat",
    "newuname": "uname",
    "umount": "umount2",
}
BY_HAND = "# From the man pages and the kernel's prototypes"

# Arguments that are paths to be read when the call begins, by their names; `name` is one in these.
PATH_NAMES = {
    "filename",
    "pathname",
    "path",
    "oldname",
    "newname",
    "dev_name",
    "dir_name",
    "from_pathname",
    "to_pathname",
    "new_root",
    "put_old",
    "special",
    "specialfile",
    "library",
    "u_name",
}
NAME_IS_PATH = {"acct", "name_to_handle_at", "umount", "umount2"}


def data_lines(name: str) -> list[str]:
    lines = (HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def read_numbers() -> dict[str, dict[int, str]]:
    numbers: dict[str, dict[int, str]] = {abi: {} for abi in HEADERS}
    for line in data_lines("numbers.txt"):
        abi, nr, name = line.split()
        numbers[abi][int(nr)] = name
    return numbers


def write_numbers(include: Path) -> None:
    out = ["# Syscall numbers from the uapi headers of Linux 7, see generate.py: abi number name"]
    for abi, header in HEADERS.items():
        found = re.findall(r"#define __NR_(\w+)\s+(\d+)", (include / header).read_text())
        out += [f"{abi} {nr} {name}" for name, nr in sorted(found, key=lambda row: int(row[1]))]
    (HERE / "numbers.txt").write_text("\n".join(out) + "\n")


def collect_signatures() -> None:
    found = {}
    for path in TRACEFS.glob("sys_enter_*/format"):
        name = path.parent.name.removeprefix("sys_enter_")
        fields = re.findall(r"field:([^;]+);\s*offset:(\d+)", path.read_text())
        # The first 16 bytes are the common fields and the number.
        args = [re.sub(r"\s*\*\s*", " *", field) for field, at in fields if int(at) >= 16]
        found[TRACEFS_NAMES.get(name, name)] = ", ".join(args) or "void"
    text = (HERE / "signatures.txt").read_text()
    head, by_hand = text[: text.index("\n") + 1], text[text.index(BY_HAND) :]
    hand_names = {line.split("(")[0] for line in by_hand.splitlines()}
    lines = [f"{name}({found[name]})" for name in sorted(found) if name not in hand_names]
    source = (
        "# From tracefs, events/syscalls/sys_enter_*/format (x86_64), by generate.py --collect:"
    )
    (HERE / "signatures.txt").write_text("\n".join([head.rstrip(), source, *lines, by_hand]))


def read_signatures() -> dict[str, list[str]]:
    signatures = {}
    for line in data_lines("signatures.txt"):
        match = re.fullmatch(r"((?:\w+:)?\w+)\((.*)\)", line)
        assert match, line
        signatures[match[1]] = [] if match[2] == "void" else match[2].split(", ")
    return signatures


def path_args(name: str, args: list[str]) -> int:
    mask = 0
    for i, arg in enumerate(args):
        match = re.fullmatch(r"(?:const )?char \*(?:const )?(\w+)", arg)
        if match and (match[1] in PATH_NAMES or (match[1] == "name" and name in NAME_IS_PATH)):
            mask |= 1 << i
    return mask


def generate() -> None:
    numbers, signatures = read_numbers(), read_signatures()
    classes = [line.split(": ", 1) for line in data_lines("classes.txt")]
    members = [(name, set(names.split())) for name, names in classes]
    programs = Programs()
    for abi, table in numbers.items():
        rows, order = [], sorted(table, key=lambda nr: table[nr])
        for nr, name in sorted(table.items()):
            args = signatures.get(f"{abi}:{name}", signatures.get(name))
            assert args is not None, f"{abi}: no signature for {name}"
            assert len(args) <= 6, f"{abi}: too many arguments for {name}"
            mask = sum(1 << i for i, (_, names) in enumerate(members) if name in names)
            paths = path_args(name, args)
            only_paths, all_there_is = programs.of_call(abi, name, paths)
            rows.append(
                f'\t[{nr}] = {{"{name}", "{", ".join(args)}", '
                f"0x{mask:05x}, {len(args)}, 0x{paths:02x}, {only_paths}, {all_there_is}}},"
            )
        by_name = ",\n\t".join(
            ", ".join(str(nr) for nr in order[i : i + 16]) for i in range(0, len(order), 16)
        )
        (HERE / f"{abi}.c").write_text(
            "/* Generated by generate.py from the data files beside it. */\n"
            '#include "tables/tables.h"\n\n'
            f"static const struct ft_syscall calls[] = {{\n{chr(10).join(rows)}\n}};\n\n"
            f"static const uint16_t by_name[] = {{\n\t{by_name},\n}};\n\n"
            f"const struct ft_syscall_table ft_syscalls_{abi} = {{\n"
            "\tcalls, sizeof(calls) / sizeof(*calls), by_name, "
            "sizeof(by_name) / sizeof(*by_name)};\n"
        )
    lines = [
        f"\tFT_NR_{abi.upper()}_{name} = {nr},"
        for abi, table in numbers.items()
        for nr, name in sorted(table.items())
    ]
    (HERE / "numbers.h").write_text(
        "/* Generated by generate.py from numbers.txt: edit that. Of every ABI. */\n"
        "#ifndef FT_NUMBERS_H\n#define FT_NUMBERS_H\n\n"
        f"enum {{\n{chr(10).join(lines)}\n}};\n\n#endif\n"
    )
    programs.write()
    names = ", ".join(f'"{name}"' for name, _ in members)
    (HERE / "classes.h").write_text(
        "/* Generated by generate.py from classes.txt: edit that. Bit i of ft_syscall.classes. */\n"
        f"#define FT_SYSCALL_CLASSES {names}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--numbers", type=Path, metavar="INCLUDE")
    parser.add_argument("--collect", action="store_true")
    options = parser.parse_args()
    if options.numbers:
        write_numbers(options.numbers)
    if options.collect:
        collect_signatures()
    generate()


if __name__ == "__main__":
    main()
