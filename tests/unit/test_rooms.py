"""Promise: `import fasttrace` is cheap, its names are never hidden by a room, and imports run down.

`lint-imports` holds the layers (pyproject.toml); here is what it cannot see.
"""

from __future__ import annotations

import ast
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fasttrace
import fasttrace.seccomp

ROOT = Path(fasttrace.__file__).parent
EXTENSIONS = {"_core", "_decode", "_tables", "_tally"}


def test_import_loads_nothing_else() -> None:
    program = (
        "import sys, fasttrace\n"
        "print(*(name for name in sys.modules if name.startswith(('fasttrace.', 'numpy'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == []


def test_no_room_hides_a_public_name() -> None:
    """Importing fasttrace.trace, if that were a module, would put it in the function's place."""
    packages = [fasttrace, fasttrace.seccomp]
    for package in packages:
        rooms = {module.name for module in pkgutil.iter_modules(package.__path__)}
        assert not rooms & set(package.__all__)


def test_only_extension_modules_come_from_the_package_itself() -> None:
    for path in ROOT.rglob("*.py"):
        names = set(_from_the_package(ast.parse(path.read_bytes())))
        assert names <= EXTENSIONS, path


def _from_the_package(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "fasttrace":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name == "fasttrace")
