"""ioctls.txt: the commands of ioctl(2), with their numbers, from all uapi headers."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from description import HERE

# What a command is defined as: one of the macros of linux/ioctl.h, or of a header's own.
MADE = re.compile(r"\b[A-Z]*_?S?_?IO(?:C|R|W|WR)?\s*\(|\b_IOC_")
# Headers that write some as plain numbers, and what the names of these begin with.
PLAIN = {
    "asm-generic/ioctls.h": "T|FIO",
    "asm-generic/sockios.h": "FIO|SIOC",
    "linux/sockios.h": "SIOC",
    "linux/loop.h": "LOOP_",
    "linux/hdreg.h": "HDIO_",
    "linux/cdrom.h": "CDROM|DVD_",
    "linux/kd.h": "K|GIO_|PIO_",
    "linux/vt.h": "VT_",
    "linux/fb.h": "FBIO",
    "linux/lp.h": "LP[A-Z]",
    "linux/wireless.h": "SIOC",
    "scsi/sg.h": "SG_",
    "scsi/scsi_ioctl.h": "SCSI_IOCTL_",
}
# Bits and defaults, which are no commands.
NOT_THESE = re.compile(r"_|TIOCPKT_|TIOCM_|TIOCSER_TEMT|SG_SCATTER_SZ|SG_DEF_|SG_MAX_|SG_BIG_BUFF")
NO_COMMANDS = ("asm-generic/ioctl.h",)
LEAST = 0x100  # a plain number below is something else
HEAD = """#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/time.h>
#include <sys/socket.h>
#include <linux/types.h>
#include <linux/ioctl.h>
#include <linux/fiemap.h>
#include <asm/termbits.h>
"""


def names_in(header: str, text: str) -> list[str]:
    text = re.sub(r"/\*.*?\*/", " ", text.replace("\\\n", " "), flags=re.S)
    plain = re.compile(PLAIN.get(header, "(?!)"))
    found: dict[str, None] = {}
    for match in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(\S.*)$", text, re.M):
        name, body = match[1], match[2].strip()
        is_plain = plain.match(name) and re.fullmatch(r"0x[\dA-Fa-f]{4}|\(?\w+\s*\+\s*\w+\)?", body)
        if (MADE.search(body) or is_plain) and not NOT_THESE.match(name):
            found[name] = None
    return list(found)


def numbers(header: str, names: list[str], flags: list[str]) -> dict[str, int]:
    """What a compiler takes them for; one that it does not understand is not there."""
    left = names
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "probe.c"), Path(folder, "probe")
        while left:
            head = f"{HEAD}#include <{header}>\nint main(void)\n{{\n"
            lines = [f'\tprintf("{n} %u\\n", (unsigned)({n}));\n' for n in left]
            source.write_text(f"{head}{''.join(lines)}\treturn 0;\n}}\n")
            command = ["gcc", "-w", "-fmax-errors=0", *flags, "-o", binary, source]
            done = subprocess.run(command, capture_output=True, text=True)
            if not done.returncode:
                out = subprocess.run([binary], capture_output=True, text=True, check=True).stdout
                return {name: int(value) for name, value in map(str.split, out.splitlines())}
            wrong = re.findall(r"probe\.c:(\d+):\d+: (?:error|note)", done.stderr)
            first = head.count("\n") + 1
            unknown = {left[int(at) - first] for at in wrong if int(at) >= first}
            if not unknown:
                return {}  # the header is for others than programs
            left = [name for name in left if name not in unknown]
    return {}


def is_shared(row: str, known: dict[str, tuple[int, int]]) -> bool:
    """Of a part of a video device, though the device itself has it."""
    name = row.split()[0]
    return known.get(name.replace("_SUBDEV_", "_"), ()) == known[name] and "_SUBDEV_" in name


def write_ioctls(include: Path) -> None:
    """Of 64-bit programs, and of 32-bit ones where that is another number."""
    roots = [include / "any-linux-any", include / "x86-linux-any"]
    flags = [f"-I{root}" for root in reversed(roots)]
    out = [
        "# Commands of ioctl(2), by generate.py --values: name, number, that on i386 if another."
    ]
    known: dict[str, tuple[int, int]] = {}
    for root in roots:
        # v4l2-subdev.h behind videodev2.h
        for path in sorted(root.rglob("*.h"), key=lambda one: (one.name == "v4l2-subdev.h", one)):
            header = str(path.relative_to(root))
            if header in NO_COMMANDS:
                continue
            names = names_in(header, path.read_text(errors="replace"))
            wide = numbers(header, names, flags)
            narrow = numbers(header, list(wide), [*flags, "-m32"])
            rows = []
            for name, value in wide.items():
                pair = (value, narrow.get(name, value))
                if value < LEAST and header != "linux/fs.h":
                    continue
                if known.setdefault(name, pair) != pair:
                    sys.exit(f"{header}: {name} is {pair}, and {known[name]}")
                other = f" {pair[1]:#x}" if pair[1] != value else ""
                rows.append(f"{name} {value:#x}{other}")
            rows = [row for row in rows if row not in out and not is_shared(row, known)]
            if rows:
                out += [f"# {header}", *rows]
    (HERE / "ioctls.txt").write_text("\n".join(out) + "\n")
