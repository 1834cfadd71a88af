"""C programs of the tests, compiled once: for a session, or for all sessions that have the same
folder in FASTTRACE_COMPILED."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]


@functools.cache
def _folder() -> Path:
    given = os.environ.get("FASTTRACE_COMPILED")
    if given:
        return Path(given)
    ours = tempfile.TemporaryDirectory(prefix="compiled-")
    _kept.append(ours)
    return Path(ours.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []  # for as long as we run


@functools.cache
def _included() -> bytes:
    """And the tracees, of which some are made of others."""
    kinds = [("src_c", "*.h"), ("tests", "*.h"), ("tests/tracees", "*.c")]
    found = sorted(path for folder, kind in kinds for path in (ROOT / folder).rglob(kind))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in found)).digest()


def compile_c(
    command: Sequence[str | Path], output: Path, sources: Sequence[Path]
) -> subprocess.CompletedProcess[str]:
    """What `command -o output sources` does, where the output is a file of its own."""
    told = hashlib.sha256(_included())
    for part in (*command, *sources):
        told.update(str(part).replace(str(ROOT), "").encode() + b"\0")
    for source in sources:
        told.update(source.read_bytes() + b"\0")
    kept = _folder() / told.hexdigest()
    words = [*command, "-o", output, *sources]
    if kept.exists():
        shutil.copy(kept, output)
        return subprocess.CompletedProcess(words, 0, "", "")
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    if done.returncode == 0:
        new = kept.with_name(f"{kept.name}.{os.getpid()}")
        shutil.copy(output, new)
        # Who comes second leaves it as it is: it may be another user's, which nobody else replaces
        # in a folder that is sticky.
        with contextlib.suppress(FileExistsError):
            kept.hardlink_to(new)
        new.unlink()
    return done


def decoder_program(name: str, flags: Sequence[str], program: Path) -> str:
    """tests/c/NAME.c with the decoder; what the compiler said, if it cannot be compiled here."""
    command = ["gcc", "-std=gnu11", f"-I{ROOT / 'src_c'}", *flags]
    sources = [ROOT / f"tests/c/{name}.c", *sorted((ROOT / "src_c/decode").glob("*.c"))]
    objects = [program.with_name(f"{source.stem}.o") for source in sources]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        compiled = pool.map(
            lambda source, made: compile_c([*command, "-c"], made, [source]), sources, objects
        )
        for one in compiled:
            if one.returncode:
                return one.stderr
    return subprocess.run(
        [*command, "-o", program, *objects], capture_output=True, text=True, timeout=300
    ).stderr
