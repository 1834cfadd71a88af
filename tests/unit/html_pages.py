"""What is in a page, for tests: its tables, its texts, and whether its tags are whole."""

from __future__ import annotations

from html.parser import HTMLParser

_EMPTY = {"meta", "link", "input", "br", "path"}


class Page(HTMLParser):
    """tables: rows of texts by data-name. texts: all text by the id of its section. tags: every
    opening tag with its attributes. data: what the script elements of JSON hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.sections: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self._section = ""
        self._table: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        assert len(named) == len(attrs), attrs
        self.tags.append((tag, named))
        if tag not in _EMPTY:
            self._open.append(tag)
        if tag == "section":
            self._section = named["id"] or ""
            self.sections[self._section] = ""
        elif tag == "table":
            self._table = self.tables[named["data-name"] or ""] = []
        elif tag == "tr":
            self._table.append([])
        elif tag in ("td", "th"):
            self._table[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        if self._section:
            self.sections[self._section] += data
        if "td" in self._open or "th" in self._open:
            self._table[-1][-1] += data

    def column(self, table: str, heading: str) -> list[str]:
        head, *rows = self.tables[table]
        at = head.index(heading)
        return [row[at] for row in rows]
