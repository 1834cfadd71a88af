"""Generate generated_layouts.c from layouts.txt, and layouts.txt from the headers of a CPython.

    python src_c/python/generate.py                      # layouts.txt -> C
    python src_c/python/generate.py --measure INCLUDE    # headers -> layouts.txt, then C
    python src_c/python/generate.py --measure INCLUDE --free-threaded

INCLUDE is a folder like /usr/include/python3.12, which must have `internal/` in it; a compiler says
what lies where in it. A free-threaded build, which has a layout of its own ("3.13t"), has the same
headers. From 3.13 on the interpreter tells most of it itself (_Py_DebugOffsets at the
start of _PyRuntime); then a field has `word N` behind it, the word of that structure to ask.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
NONE = 0xFFFFFFFF

STRUCTURES = {
    "runtime": "_PyRuntimeState",
    "interpreter": "PyInterpreterState",
    "thread": "PyThreadState",
    "frame": "_PyInterpreterFrame",
    "code": "PyCodeObject",
    "object": "PyObject",
    "bytes": "PyBytesObject",
    "str": "PyASCIIObject",
}
# Fields in the order of struct ft_python_layout: the expression, by version where it differs, and
# where _Py_DebugOffsets says it.
FIELDS: dict[str, tuple[str, str | None]] = {
    "runtime_head": ("interpreters.head", "runtime_state.interpreters_head"),
    "interpreter_next": ("next", "interpreter_state.next"),
    "interpreter_threads": ("threads.head", "interpreter_state.threads_head"),
    "thread_next": ("next", "thread_state.next"),
    "thread_id": ("thread_id", "thread_state.thread_id"),
    "thread_frame": ("current_frame", "thread_state.current_frame"),
    "cframe_frame": ("", None),
    "frame_code": ("f_executable", "interpreter_frame.executable"),
    "frame_previous": ("previous", "interpreter_frame.previous"),
    "frame_instruction": ("instr_ptr", "interpreter_frame.instr_ptr"),
    "frame_owner": ("owner", "interpreter_frame.owner"),
    "code_file": ("co_filename", "code_object.filename"),
    "code_name": ("co_qualname", "code_object.qualname"),
    "code_lines": ("co_linetable", "code_object.linetable"),
    "code_first_line": ("co_firstlineno", "code_object.firstlineno"),
    "code_start": ("co_code_adaptive", "code_object.co_code_adaptive"),
    "code_units": ("ob_base.ob_size", None),
    "code_copies": ("co_tlbc", "code_object.co_tlbc"),
    "frame_copy": ("tlbc_index", "interpreter_frame.tlbc_index"),
    "object_type": ("ob_type", "pyobject.ob_type"),
    "bytes_size": ("ob_base.ob_size", None),
    "bytes_data": ("ob_sval", None),
    "str_length": ("length", None),
    "str_state": ("state", None),
    "str_ascii": ("", None),
    "str_compact": ("", None),
    "str_kind_bit": ("", None),
    "shim_owner": ("", None),
}
UNTIL_3_12 = {"frame_code": "f_code", "frame_instruction": "prev_instr", "thread_frame": "cframe"}

PROBE = """
#define Py_BUILD_CORE 1
#include <Python.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static unsigned kind_bit(void)
{
	union { unsigned char bytes[sizeof(PyASCIIObject)]; PyASCIIObject object; } one;
	unsigned state;

	memset(&one, 0, sizeof(one));
	one.object.state.kind = 1;
	memcpy(&state, one.bytes + offsetof(PyASCIIObject, state), sizeof(state));
	return __builtin_ctz(state);
}

int main(void)
{
	printf("version 3.%d\\n", PY_MINOR_VERSION);
	printf("release %s\\n", PY_VERSION);
@
	return 0;
}
"""


def measure(include: Path, threaded: bool) -> tuple[str, str, dict[str, tuple[int, int]]]:
    """The version, as "3.13" or "3.13t", the release, and of each field its number and its word in
    _Py_DebugOffsets, or 0."""
    text = (include / "patchlevel.h").read_text()
    found = re.search(r"#define PY_MINOR_VERSION\s+(\d+)", text)
    assert found
    minor = int(found[1])
    copies = threaded and minor >= 14
    lines = []
    for name, (field, debug) in FIELDS.items():
        if name in ("code_copies", "frame_copy") and not copies:
            lines.append(f'\tprintf("{name} {NONE} 0\\n");')
            continue
        structure = STRUCTURES.get(name.split("_")[0])
        member = UNTIL_3_12.get(name, field) if minor <= 12 else field
        value = f"offsetof({structure}, {member})"
        if name == "cframe_frame":
            value = "offsetof(_PyCFrame, current_frame)" if minor <= 12 else f"{NONE}u"
        elif name == "str_ascii":
            value = "sizeof(PyASCIIObject)"
        elif name == "str_compact":
            value = "sizeof(PyCompactUnicodeObject)"
        elif name == "str_kind_bit":
            value = "kind_bit()"
        elif name == "shim_owner":
            value = "FRAME_OWNED_BY_CSTACK" if minor >= 12 else f"{NONE}u"
            value = "FRAME_OWNED_BY_INTERPRETER" if minor >= 14 else value
        word = f"offsetof(_Py_DebugOffsets, {debug}) / 8" if debug and minor >= 13 else "0"
        lines.append(f'\tprintf("{name} %lu %lu\\n", (long)({value}), (long)({word}));')
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "probe.c"), Path(folder, "probe")
        source.write_text(PROBE.replace("@", "\n".join(lines)))
        folders = [f"-I{include}", f"-I{include / 'internal'}"]
        defines = ["-DPy_GIL_DISABLED=1"] if threaded else []
        subprocess.run(["gcc", "-w", *defines, *folders, "-o", binary, source], check=True)
        output = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in output.splitlines()]
    numbers = {name: (int(value), int(word)) for name, value, word in rows[2:]}
    return f"3.{minor}{'t' if threaded else ''}", rows[1][1], numbers


def blocks() -> dict[str, list[str]]:
    """layouts.txt: the lines of each version, comments included."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (HERE / "layouts.txt").read_text().splitlines():
        if re.fullmatch(r"3\.\d+t?", line):
            lines = found[line] = []
        elif line.strip():
            lines.append(line.strip())
    return found


def read(lines: list[str]) -> dict[str, tuple[int, int]]:
    numbers = {}
    for line in lines:
        if line.startswith("#"):
            continue
        name, value, *word = line.split()
        numbers[name] = (NONE if value == "none" else int(value), int(word[1]) if word else 0)
    assert list(numbers) == list(FIELDS), set(numbers) ^ set(FIELDS)
    return numbers


def write_text(found: dict[str, list[str]]) -> None:
    head = "# Where CPython's fields lie on 64-bit Linux; see generate.py, which measures them.\n"
    text = (f"\n{name}\n" + "".join(f"    {line}\n" for line in found[name]) for name in found)
    (HERE / "layouts.txt").write_text(head + "".join(text))


def add(include: Path, threaded: bool) -> None:
    version, release, numbers = measure(include, threaded)
    found = blocks()
    found[version] = [f"# measured with the headers of {release}"] + [
        f"{name} {'none' if value == NONE else value}{f' word {word}' if word else ''}"
        for name, (value, word) in numbers.items()
    ]
    write_text(dict(sorted(found.items())))


def write_c() -> None:
    out = [
        "/* Generated by src_c/python/generate.py from layouts.txt; do not edit. */",
        '#include "python/layouts.h"',
        "",
        "const struct ft_python_version ft_python_versions[] = {",
    ]
    for version, lines in sorted(blocks().items()):
        numbers = read(lines)
        minor = version.removeprefix("3.").removesuffix("t")
        out += ["\t{", f"\t\t.minor = {minor},"]
        out += ["\t\t.free_threaded = true,"] if version.endswith("t") else []
        out += ["\t\t.layout = {"]
        out += [
            f"\t\t\t.{name} = {'FT_PYTHON_NONE' if value == NONE else value},"
            for name, (value, _) in numbers.items()
        ]
        words = [word for _, word in numbers.values()]
        rows = [", ".join(map(str, words[i : i + 12])) for i in range(0, len(words), 12)]
        out += [
            "\t\t},",
            "\t\t.debug_word = {",
            *(f"\t\t\t{row}," for row in rows),
            "\t\t},",
            "\t},",
        ]
    out += [
        "};",
        "const uint32_t ft_python_version_count =",
        "\tsizeof(ft_python_versions) / sizeof(ft_python_versions[0]);",
    ]
    (HERE / "generated_layouts.c").write_text("\n".join(out) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--measure", type=Path, metavar="INCLUDE")
    parser.add_argument("--free-threaded", action="store_true")
    args = parser.parse_args()
    if args.measure:
        add(args.measure, args.free_threaded)
    write_c()


if __name__ == "__main__":
    main()
