"""Tables of the report: HTML in which what a traced program can choose is nothing but text."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from fasttrace.text.html import escaped
from fasttrace.text.terminal import printable

_LONGEST = 600  # an argument list may have megabytes


def shown(text: str, longest: int = _LONGEST) -> str:
    r"""Text from outside as HTML shows it, on one line and cut where it has more characters.

    >>> shown("</script>\x1b"), shown("abcdef", 4)
    ('&lt;/script&gt;\\x1b', 'abcd… (2 more characters)')
    """
    if len(text) <= longest:
        return escaped(text)
    return f"{escaped(text[:longest])}… ({len(text) - longest:,} more characters)"


def plot_text(text: str) -> str:
    """The same for plotly, to which tags are tags also in labels, and which knows few entities.

    >>> plot_text("<b>'&quot;")
    "&lt;b&gt;'&amp;quot;"
    """
    return html.escape(printable(text[:_LONGEST]), quote=False)


def json_script(data: Any) -> str:
    """JSON that can stand within a script element: nothing in it ends that, or begins a comment.

    >>> json_script(["</script><!--"])
    '["\\\\u003c/script\\\\u003e\\\\u003c!--"]'
    """
    text = json.dumps(data, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


class Cell(NamedTuple):
    """html: what is seen, made already. value: what it is sorted by; None: its text."""

    html: str
    value: int | float | None = None


class Heading(NamedTuple):
    """align: "<" (left) or ">" (right). kind: a class of its cells, too."""

    text: str
    align: str = ">"
    kind: str = ""


def text_cell(text: str) -> Cell:
    return Cell(shown(text))


def code_cell(text: str) -> Cell:
    return Cell(f"<code>{shown(text)}</code>")


def count_cell(count: int | None) -> Cell:
    """None: it is not known."""
    return Cell("-", -1) if count is None else Cell(f"{count:,}" if count else "", count)


def table(name: str, headings: Sequence[Heading], rows: Iterable[Sequence[Cell]]) -> str:
    """A table that page.js makes sortable and searchable, in a box of its own that can be scrolled.

    name: what its rows are, for who cannot see it.
    """
    heads = "".join(f'<th scope="col"{_class(head)}>{head.text}</th>' for head in headings)
    lines = [
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'
        f'<table class="data" data-name="{name}"><thead><tr>{heads}</tr></thead><tbody>'
    ]
    lines += [
        "<tr>"
        + "".join(_cell(cell, head) for cell, head in zip(row, headings, strict=True))
        + "</tr>"
        for row in rows
    ]
    lines.append("</tbody></table></div>")
    return "\n".join(lines)


def _cell(cell: Cell, head: Heading) -> str:
    value = "" if cell.value is None else f' data-v="{cell.value}"'
    return f"<td{_class(head)}{value}>{cell.html}</td>"


def _class(head: Heading) -> str:
    names = " ".join(filter(None, ("n" if head.align == ">" else "", head.kind)))
    return f' class="{names}"' if names else ""


def section(id: str, title: str, body: str, note: str = "") -> str:
    """note: what was left out, or added up; HTML."""
    told = f'\n<p class="note">{note}</p>' if note else ""
    head = f'<section id="{id}" aria-labelledby="{id}-title">\n<h2 id="{id}-title">{title}</h2>'
    return f"{head}{told}\n{body}\n</section>"


def nothing(what: str) -> str:
    return f'<p class="none">{what}</p>'


def top_note(shown: int, count: int, what: str, order: str) -> str:
    """What is said of a table that has only its first rows."""
    if shown == count:
        return ""
    return f"The {shown:,} {order} of {count:,} {what}; the others are not in this page."
