"""Promise: however long a string is that a program points to, it is copied where there is room."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support import ENGINES, FASTTRACE, HANG_S

# More than is read at once, longer than the pages that such a string may begin and end in.
LENGTHS = [4095, 4096, 4097, 9000, 30000]


@pytest.mark.parametrize("engine", ENGINES)
def test_arguments_of_many_pages_are_whole_where_that_is_asked_for(
    engine: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["".join(chr(97 + i % 26) for i in range(length)) for length in LENGTHS]
    for limit in (5, 4095, 4096, 5000, 65536):
        command = [*FASTTRACE, "strace", "--engine", engine, "-f", "-s", str(limit), "-o", out]
        script = 'exec /bin/true "$@"'
        subprocess.run([*command, "sh", "-c", script, "sh", *words], timeout=HANG_S, check=True)
        line = next(line for line in out.read_text().splitlines() if '("/bin/true"' in line)
        for word in words:
            shown = f'"{word}"' if len(word) <= limit else f'"{word[:limit]}"...'
            assert f", {shown}" in line
