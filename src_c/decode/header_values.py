"""values.txt: the numbers of names, as a compiler takes them from the headers. See generate.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from description import HERE, blocks, read_ioctls, read_sets


def names_wanted() -> set[str]:
    sets, given = read_sets()
    names = {name for s in sets.values() if not s.values for name, _ in s.members} - set(given)
    names |= {
        mask for s in sets.values() for _, mask in s.members if mask and not mask[0].isdigit()
    }
    for head, _ in blocks("calls.txt"):
        for condition in re.findall(r"\[([^\]]*=[^\]]*)\]\(", head):
            names |= set(
                re.findall(
                    r"\b(?!0x)[A-Z_][A-Z0-9_a-z]*", re.sub(r"(^|,)\w+(?=[&=!])", "", condition)
                )
            )
    return names - set(given) - set(read_ioctls())


PROBE = """
int printf(const char *, ...);
#define PUT(name) printf("%s %llu\\n", #name, (unsigned long long)(name))
int main(void)
{
"""


def probe(names: set[str], includes: list[str], flags: list[str]) -> dict[str, int]:
    """What the compiler takes each name for; a name that it does not know is not there."""
    head = "typedef __SIZE_TYPE__ size_t;\n#define _GNU_SOURCE\n"
    head += "".join(f"#include <{name}>\n" for name in includes) + PROBE
    left = sorted(names)
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "probe.c"), Path(folder, "probe")
        if "linux/videodev2.h" in includes:  # the kernel's headers ask for two of others
            Path(folder, "sys").mkdir()
            stddef = "#define offsetof __builtin_offsetof\n"
            Path(folder, "stddef.h").write_text(stddef)
            Path(folder, "sys", "time.h").write_text("#include <linux/time.h>\n")
            flags = [*flags, f"-I{folder}"]
        # Each that the compiler does not know costs it a search for the like of it.
        source.write_text(head + "}\n")
        command = ["gcc", "-w", "-E", "-dD", *flags, source]
        said = subprocess.run(command, capture_output=True, text=True)
        if not said.returncode:
            left = sorted(names & set(re.findall(r"\w+", said.stdout)))
        while left:
            body = "".join(f"\tPUT({name});\n" for name in left)
            text = f"{head}{body}\treturn 0;\n}}\n"
            source.write_text(text)
            done = subprocess.run(
                ["gcc", "-w", "-fmax-errors=0", *flags, "-o", binary, source],
                capture_output=True,
                text=True,
                env=os.environ | {"LC_ALL": "C"},
            )
            if not done.returncode:
                output = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
                pairs = (line.split() for line in output.splitlines())
                return {name: int(value) for name, value in pairs}
            lines = text.splitlines()
            wrong = re.findall(r"probe\.c:(\d+):\d+: error:", done.stderr)
            unknown = {
                lines[int(at) - 1].removeprefix("\tPUT(").removesuffix(");") for at in wrong
            } & set(left)
            if not unknown:
                sys.exit(done.stderr)
            left = [name for name in left if name not in unknown]
    return {}


def write_values(include: Path) -> None:
    names = names_wanted()
    headers = [head for head, _ in blocks("headers.txt")]
    kernel = [f"-I{include / folder}" for folder in ("x86-linux-any", "any-linux-any")]
    own = [name for name in headers if not name.startswith("libc ")]
    uapi = probe(names, own, ["-nostdinc", *kernel])
    libc = probe(names - set(uapi), [n[5:] for n in headers if n not in own], [])
    values = libc | uapi
    out = [
        "# Numbers of the names in sets.txt on x86, by generate.py --values.",
        "# From the uapi headers of Linux 7",
        *(f"{name} {value}" for name, value in sorted(uapi.items())),
        "# From the C library's headers",
        *(f"{name} {value}" for name, value in sorted(libc.items())),
    ]
    (HERE / "values.txt").write_text("\n".join(out) + "\n")
    if names - set(values):
        sys.exit("no header has: " + " ".join(sorted(names - set(values))))
