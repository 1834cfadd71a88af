"""Tables as text: columns as wide as their widest cell, two blanks apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_GAP = "  "
_LEAST = 5  # a terminal that leaves less to the flexible column has to wrap the lines


def with_room(
    rows: Sequence[Sequence[str]], left_out: Iterable[int], width: int | None, least: int = 0
) -> list[int]:
    """The columns of a table that there is room for on a terminal of this width.

    rows: whole, headings too. left_out: which go first, so far as it is too narrow. least: if not
    0, the last column gets along with so much.

    >>> with_room([("time", "calls", "a long name")], [0, 1], 18)
    [1, 2]
    """
    shown = list(range(len(rows[0])))
    widths = [max(len(row[i]) for row in rows) for i in shown]
    if least:
        widths[-1] = min(widths[-1], least)
    for i in left_out:
        if width is None or sum(widths[i] + len(_GAP) for i in shown) - len(_GAP) <= width:
            break
        shown.remove(i)
    return shown


class Columns:
    """The columns of some rows, of which the last ones may be missing.

    >>> columns = Columns([("name", "size"), ("a", "10"), ("all",)], "<>")
    >>> columns.line(("a", "10"))
    'a       10'
    >>> columns.rule()
    '----  ----'
    >>> Columns([("1", "a long text")], "><", width=12).line(("1", "a long text"))
    '1  a long t…'

    Args:
        align: for each column "<" (left) or ">" (right). If the last one is "<", no line ends with
            blanks.
        most: so far columns are padded; a longer cell pushes what follows it, as the line has room.
        width: of the terminal; None: nothing is ever cut.
        flexible: the column that is cut where the table is wider; None: the last "<" one.
    """

    def __init__(
        self,
        rows: Iterable[Sequence[str]],
        align: str,
        *,
        most: int | None = None,
        width: int | None = None,
        flexible: int | None = None,
    ) -> None:
        self._align = align
        self._most = most
        self._widths = [0] * len(align)
        for row in rows:
            for i, cell in enumerate(row):
                self._widths[i] = max(self._widths[i], len(cell[:most]))
        self._flexible = align.rfind("<") if flexible is None else flexible
        self._width: int | None = None
        if width is None or self._flexible < 0:
            return
        own = self._widths[self._flexible]
        self._room = width - (sum(self._widths) - own + len(_GAP) * (len(align) - 1))
        if self._room >= _LEAST:
            self._width = width
            self._widths[self._flexible] = min(own, self._room)

    def line(self, cells: Sequence[str]) -> str:
        texts = [*cells, *[""] * (len(self._align) - len(cells))]
        if self._width is None:
            return self._joined(texts)
        texts[self._flexible] = cut(texts[self._flexible], self._room)
        line = self._joined(texts)
        if len(line) <= self._width:
            return line
        # Other cells are longer than their columns.
        flexible = texts[self._flexible]
        texts = [cut(text, self._most) for text in texts]
        texts[self._flexible] = flexible
        return cut(self._joined(texts), self._width)

    def _joined(self, texts: Sequence[str]) -> str:
        columns = zip(texts, self._align, self._widths, strict=True)
        line = _GAP.join(f"{text:{align}{width}}" for text, align, width in columns)
        return line.rstrip() if self._align[-1] == "<" else line

    def rule(self, last: int | None = None) -> str:
        """last: of the last column, whatever is in it."""
        widths = self._widths if last is None else [*self._widths[:-1], last]
        return _GAP.join("-" * width for width in widths)[: self._width]

    def wrapped(self, text: str) -> list[str]:
        """A cell of the flexible column, in so many lines that nothing of it need be cut."""
        if self._width is None:
            return [text]
        import textwrap  # not for every start

        return textwrap.wrap(text, self._room, break_on_hyphens=False) or [text]


def wrapped(sentence: str, width: int | None) -> str:
    """In so many lines as the terminal needs; None: in one."""
    if width is None or len(sentence) <= width:
        return sentence
    import textwrap

    return textwrap.fill(sentence, max(width, 20), break_on_hyphens=False)


def cut(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= width else text[: width - 1] + "…"
