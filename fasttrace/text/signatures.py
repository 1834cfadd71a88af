"""What help() and editors show of a function that passes options on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any


def show_options(
    function: Callable[..., Any], options: type, defaults: Mapping[str, object]
) -> None:
    """Let the signature of a function name each of its ``**options``.

    >>> from typing import TypedDict
    >>> class Size(TypedDict, total=False):
    ...     width: int
    >>> def draw(text, **size): ...
    >>> show_options(draw, Size, {"width": 80})
    >>> inspect.signature(draw)
    <Signature (text, *, width: 'int' = 80)>

    Args:
        options: the TypedDict that they are unpacked from.
        defaults: what each is that is not given.
    """
    signature = inspect.signature(function)
    *own, last = signature.parameters.values()
    assert last.kind is inspect.Parameter.VAR_KEYWORD
    shown = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=defaults[name],
            annotation=getattr(annotation, "__forward_arg__", annotation),
        )
        for name, annotation in options.__annotations__.items()
    ]
    function.__dict__["__signature__"] = signature.replace(parameters=[*own, *shown])
