"""As much of JSON Schema as fasttrace/data/event.schema.json uses; another word is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
NO_RULES = {"$schema", "$id", "$defs", "title", "description"}


class Schema:
    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root

    def fits(self, value: Any) -> bool:
        return self._fits(self.root, value)

    def _fits(self, schema: dict[str, Any], value: Any) -> bool:
        return all(
            getattr(self, f"_{word.lstrip('$')}")(said, value, schema)
            for word, said in schema.items()
            if word not in NO_RULES
        )

    def _ref(self, said: str, value: Any, _: Any) -> bool:
        place, _, name = said.rpartition("/")
        assert place == "#/$defs"
        return self._fits(self.root["$defs"][name], value)

    def _type(self, said: str | list[str], value: Any, _: Any) -> bool:
        return any(TYPES[name](value) for name in ([said] if isinstance(said, str) else said))

    def _const(self, said: Any, value: Any, _: Any) -> bool:
        return type(said) is type(value) and said == value

    def _enum(self, said: list[Any], value: Any, _: Any) -> bool:
        return any(self._const(one, value, None) for one in said)

    def _pattern(self, said: str, value: Any, _: Any) -> bool:
        return not isinstance(value, str) or re.search(said, value) is not None

    def _minimum(self, said: int, value: Any, _: Any) -> bool:
        return not TYPES["integer"](value) or value >= said

    def _required(self, said: list[str], value: Any, _: Any) -> bool:
        return not isinstance(value, dict) or all(name in value for name in said)

    def _minProperties(self, said: int, value: Any, _: Any) -> bool:
        return not isinstance(value, dict) or len(value) >= said

    def _properties(self, said: dict[str, Any], value: Any, _: Any) -> bool:
        return not isinstance(value, dict) or all(
            self._fits(said[name], one) for name, one in value.items() if name in said
        )

    def _additionalProperties(self, said: Any, value: Any, schema: dict[str, Any]) -> bool:
        if not isinstance(value, dict):
            return True
        others = [one for name, one in value.items() if name not in schema.get("properties", {})]
        return all(said is not False and self._fits(said, one) for one in others)

    def _items(self, said: dict[str, Any], value: Any, _: Any) -> bool:
        return not isinstance(value, list) or all(self._fits(said, one) for one in value)

    def _minItems(self, said: int, value: Any, _: Any) -> bool:
        return not isinstance(value, list) or len(value) >= said

    def _maxItems(self, said: int, value: Any, _: Any) -> bool:
        return not isinstance(value, list) or len(value) <= said

    def _anyOf(self, said: list[Any], value: Any, _: Any) -> bool:
        return any(self._fits(one, value) for one in said)

    def _oneOf(self, said: list[Any], value: Any, _: Any) -> bool:
        return sum(self._fits(one, value) for one in said) == 1

    def _not(self, said: dict[str, Any], value: Any, _: Any) -> bool:
        return not self._fits(said, value)
