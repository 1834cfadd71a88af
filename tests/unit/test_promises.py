"""Promise: docs/promises.md lists what is promised, and the test file that holds each promise.

`python tests/unit/test_promises.py` writes it, from the first lines of the test files.
"""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "promises.md"
HEAD = """# What is promised, and which test holds it

From the first lines of the test files, by `python tests/unit/test_promises.py`. Against whom the
promises hold that are about hostile programs is told in [limits.md](limits.md).
"""
KINDS = {
    "integration": "With real programs, as root and as an ordinary user, on both engines",
    "altering": "Of calls that are altered, on both engines",
    "hostile": "Against programs that attack their tracer",
    "unit": "Without a traced program",
}


def promise(path: Path) -> str:
    """The first paragraph, whatever its lines."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert text.startswith("Promise: "), f"{path.name} does not say what it promises"
    return " ".join(text.removeprefix("Promise: ").split("\n\n")[0].split())


def page() -> str:
    parts = [HEAD]
    for folder, title in KINDS.items():
        rows = [
            f"| {promise(path)} | `{folder}/{path.name}` |"
            for path in sorted((TESTS / folder).glob("test_*.py"))
        ]
        parts.append("\n".join([f"## {title}\n", "| promise | test |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def test_the_page_says_what_the_tests_say() -> None:
    assert PAGE.read_text() == page()


def test_each_test_is_of_a_kind_that_is_listed() -> None:
    assert {path.parent.name for path in TESTS.rglob("test_*.py")} == set(KINDS)


if __name__ == "__main__":
    PAGE.write_text(page())
