"""Which phases of a test nothing happens in, by what pytest knows before: they need not be watched.

Where a module's function asks for no fixture nothing is set up but the module and what it is in,
before the first one, and nothing torn down but these, after the last. Where anything else might
run, be it once in a thousand tests, the answer is that it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

# Marks that pytest looks at before the setup, some with code of the test's.
_CONDITIONS = frozenset(("skip", "skipif", "xfail"))
_PHASES = ("pytest_runtest_setup", "pytest_runtest_teardown")


class Phases:
    """Asked before each phase of each test, in turn."""

    def __init__(self) -> None:
        self._plain: pytest.Item | None = None  # whose setup held nothing
        self._place: tuple[pytest.Collector | None, int] = (None, 0)
        self._is_pytest_alone = False

    def may_set_up(self, item: pytest.Item) -> bool:
        """Whether something may run in its setup."""
        is_plain = self._is_plain(item)
        self._plain = item if is_plain else None
        return not is_plain

    def may_tear_down(self, item: pytest.Item, following: pytest.Item | None) -> bool:
        """Whether something may run in its teardown."""
        plain, self._plain = self._plain, None
        if plain is not item or following is None or following.parent is not item.parent:
            return True
        added = _active(item).get(item)
        return added is None or list(added[0]) != [item.teardown] or not self._knows_hooks(item)

    def _is_plain(self, item: pytest.Item) -> bool:
        if (
            type(item) is not pytest.Function
            or type(item.parent) is not pytest.Module
            or item.fixturenames
        ):
            return False
        active = _active(item)
        # It is a stack: above a module that is set up all is.
        if not active or next(reversed(active)) is not item.parent:
            return False
        if any(mark.name in _CONDITIONS for mark in item.iter_markers()):
            return False
        return self._knows_hooks(item)

    def _knows_hooks(self, item: pytest.Item) -> bool:
        """Whether no plugin and no conftest.py has a part in the phases."""
        hook = item.config.hook
        place = item.parent, sum(len(getattr(hook, phase).get_hookimpls()) for phase in _PHASES)
        if place != self._place:
            self._place = place
            self._is_pytest_alone = all(
                _is_of_pytest(one.function)
                for phase in _PHASES
                for one in getattr(item.ihook, phase).get_hookimpls()
            )
        return self._is_pytest_alone


def _active(item: pytest.Item) -> dict[Any, Any]:
    """What is set up, outermost first, each with what was asked to be done after it. Nothing: this
    pytest does not tell."""
    stack = getattr(getattr(item.session, "_setupstate", None), "stack", None)
    return stack if isinstance(stack, dict) else {}


def _is_of_pytest(function: Callable[..., object]) -> bool:
    """nose.py of pytest 7 runs code of the test's."""
    module = getattr(function, "__module__", "")
    return module.startswith(("_pytest.", "fasttrace.testing.")) and module != "_pytest.nose"
