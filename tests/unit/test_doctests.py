"""Promise: the examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import fasttrace

MODULES = [
    module.name
    for module in pkgutil.walk_packages(fasttrace.__path__, "fasttrace.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", ["fasttrace", *MODULES])
def test_the_examples_of_a_module_hold(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_there_are_examples_to_test():
    finder = doctest.DocTestFinder()
    examples = sum(
        len(test.examples)
        for name in ["fasttrace", *MODULES]
        for test in finder.find(importlib.import_module(name))
    )
    assert examples >= 10
