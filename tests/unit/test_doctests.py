"""Promise: the examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import fasttrace

MODULES = [
    module.name
    for module in pkgutil.walk_packages(fasttrace.__path__, "fasttrace.")
    if not module.name.endswith("__main__")
]


def imported(name: str) -> ModuleType | None:
    """None: it imports a package of others that is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "fasttrace":
            raise
        return None


@pytest.mark.parametrize("name", ["fasttrace", *MODULES])
def test_the_examples_of_a_module_hold(name):
    module = imported(name)
    if module is None:
        pytest.skip("what this imports is an extra that is not installed")
    assert doctest.testmod(module).failed == 0


def test_there_are_examples_to_test():
    finder = doctest.DocTestFinder()
    examples = sum(
        len(test.examples)
        for name in ["fasttrace", *MODULES]
        if (module := imported(name)) is not None
        for test in finder.find(module)
    )
    assert examples >= 10
