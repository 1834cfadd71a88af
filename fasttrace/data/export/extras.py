"""Packages that are not installed with fasttrace by itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from fasttrace.errors import MissingExtra


def extra(module: str, name: str) -> Any:
    """A module of an extra's package. MissingExtra: it is not installed, which names the extra."""
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or package).partition(".")[0] != package:
            raise  # it is there, but a package of its own is not
        raise MissingExtra.of(package, name) from None
