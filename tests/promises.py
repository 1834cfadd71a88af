"""What the test files promise, each in the first paragraph of its docstring.

`python tests/promises.py` writes docs/promises.md, which lists it.
"""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"
HEAD = """# What is promised, and which test holds it

From the first lines of the test files, by `python tests/promises.py`. Against whom the promises
hold that are about hostile programs is told in [limits.md](limits.md).
"""
KINDS = {
    "integration": "With real programs, as root and as an ordinary user, on both engines",
    "altering": "Of calls that are altered, on both engines",
    "hostile": "Against programs that attack their tracer",
    "browser": "In a browser, where there is one",
    "unit": "Without a traced program",
}


def files() -> list[Path]:
    return sorted(TESTS.rglob("test_*.py"))


def promise(path: Path) -> str:
    """The first paragraph of a test file, whatever its lines; "" if it is no promise."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    if not text.startswith("Promise: "):
        return ""
    return " ".join(text.removeprefix("Promise: ").split("\n\n")[0].split())


def page() -> str:
    parts = [HEAD]
    for folder, title in KINDS.items():
        rows = [
            f"| {promise(path)} | `{folder}/{path.name}` |"
            for path in files()
            if path.parent.name == folder
        ]
        parts.append("\n".join([f"## {title}\n", "| promise | test |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
