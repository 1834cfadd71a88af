"""Tables as text: columns as wide as their widest cell, two blanks apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Columns:
    """The columns of some rows, of which the last ones may be missing.

    >>> columns = Columns([("name", "size"), ("a", "10"), ("all",)], "<>")
    >>> columns.line(("a", "10"))
    'a       10'
    >>> columns.rule()
    '----  ----'

    Args:
        align: for each column "<" (left) or ">" (right).
    """

    def __init__(self, rows: Iterable[Sequence[str]], align: str) -> None:
        self._align = align
        self._widths = [0] * len(align)
        for row in rows:
            for i, cell in enumerate(row):
                self._widths[i] = max(self._widths[i], len(cell))

    def line(self, cells: Sequence[str]) -> str:
        padded = [*cells, *[""] * (len(self._align) - len(cells))]
        columns = zip(padded, self._align, self._widths, strict=True)
        return "  ".join(f"{cell:{align}{width}}" for cell, align, width in columns)

    def rule(self) -> str:
        return "  ".join("-" * width for width in self._widths)
