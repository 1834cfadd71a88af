"""Tables for notebooks: HTML in which nothing from outside is more than text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from fasttrace.text.terminal import printable


def escaped(text: str) -> str:
    """Text from outside, on one line, as HTML shows it.

    >>> escaped("<b>" + chr(27))
    '&lt;b&gt;\\\\x1b'
    """
    return html.escape(printable(text))


def html_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], align: str, caption: str
) -> str:
    """A table; align: for each column "<" (left) or ">" (right). caption: below it, a paragraph for
    each line."""
    sides = ["left" if side == "<" else "right" for side in align]
    lines = ["<table>", f"<thead>{_row('th', headings, sides)}</thead>", "<tbody>"]
    lines += [_row("td", row, sides) for row in rows]
    lines += ["</tbody>", "</table>"]
    lines += [f"<p>{escaped(line)}</p>" for line in caption.split("\n") if line]
    return "\n".join(lines)


def html_bars(rows: Sequence[tuple[str, int, str]], title: str) -> str:
    """Bars as long as numbers say: rows are of a name, its number, and what is written behind."""
    most = max((number for _, number, _ in rows), default=0) or 1
    lines = [
        "<table>",
        f'<thead><tr><th colspan="3" style="text-align: left">{escaped(title)}</th>',
    ]
    lines += ["</tr></thead>", "<tbody>"]
    for name, number, text in rows:
        # Of currentColor it is seen on light and on dark pages.
        bar = (
            f'<div style="width: {max(300 * number // most, 1)}px; height: 0.8em; '
            'background: currentColor; opacity: 0.55"></div>'
        )
        cells = [f'<td style="text-align: right">{escaped(name)}</td>']
        cells += [f'<td style="text-align: left">{bar}</td>']
        cells += [f'<td style="text-align: left">{escaped(text)}</td>']
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])


def _row(tag: str, cells: Sequence[str], sides: Sequence[str]) -> str:
    made = (
        f'<{tag} style="text-align: {side}">{escaped(cell)}</{tag}>'
        for cell, side in zip(cells, sides, strict=True)
    )
    return f"<tr>{''.join(made)}</tr>"
