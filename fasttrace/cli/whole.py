"""All verbs in one argparse parser, for what is generated from it: completion, the man page."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from fasttrace.cli import ABOUT, VERBS
from fasttrace.cli.parser import VerbParser

if TYPE_CHECKING:
    from fasttrace.cli import Verb, Verbs


def whole_parser(mark: Callable[[argparse.Action], None]) -> argparse.ArgumentParser:
    """mark: called with each option and argument."""
    parser = argparse.ArgumentParser("fasttrace", description=ABOUT, allow_abbrev=False)
    parser.add_argument("-V", "--version", action="store_true", help="show the version")
    _add(parser, VERBS, "", "fasttrace.cli", mark)
    return parser


def _add(
    parser: argparse.ArgumentParser,
    verbs: dict[str, str],
    prefix: str,
    package: str,
    mark: Callable[[argparse.Action], None],
) -> None:
    group = parser.add_subparsers(metavar="VERB", parser_class=_VerbOfMany)
    for name, about in verbs.items():
        module = import_module(f"{package}.{name}")
        words = f"{prefix}{name}"
        takes_command = getattr(module, "TAKES_COMMAND", hasattr(module, "main"))
        made = group.add_parser(
            name, help=about, about=about, words=words, example=module.EXAMPLE, takes=takes_command
        )
        if hasattr(module, "VERBS"):
            inner = cast("Verbs", module)
            _add(made, inner.VERBS, f"{words} ", inner.__name__, mark)
        elif hasattr(module, "configure"):
            cast("Verb", module).configure(made)
        if takes_command:
            made.add_argument(
                "command", metavar="COMMAND", nargs=argparse.REMAINDER, help="what to run"
            )
        for action in made._actions:
            mark(action)


class _VerbOfMany(VerbParser):
    def __init__(self, *, about: str, words: str, example: str, takes: bool, **given: Any) -> None:
        super().__init__(words, about, example, takes_command=takes)
