"""How long calls took, as counts and as a picture."""

from __future__ import annotations

from fasttrace.text.html import escaped
from fasttrace.text.terminal import printable
from fasttrace.text.units import duration

_WIDTH = 40
_BLOCKS = " ▏▎▍▌▋▊▉"


class Histogram(dict[int, int]):
    """Counts of calls by the smallest duration in ns of a bucket, ascending. name: of the syscall.

    Printed it is a bar for each power of two; a notebook draws them.

        >>> print(Histogram("read", {700: 3, 1100: 12, 2100: 6}))
        read: 21 calls
        512 ns   3 ██████████
        1.02 us 12 ████████████████████████████████████████
        2.05 us  6 ████████████████████
    """

    def __init__(self, name: str, counts: dict[int, int]) -> None:
        super().__init__(counts)
        self.name = name

    @property
    def powers(self) -> dict[int, int]:
        """The same in buckets of whole powers of two, from the first with calls to the last."""
        found: dict[int, int] = {}
        for ns, count in self.items():
            power = ns.bit_length()
            found[power] = found.get(power, 0) + count
        if not found:
            return {}
        powers = range(min(found), max(found) + 1)
        return {1 << power >> 1: found.get(power, 0) for power in powers}

    def _title(self) -> str:
        calls = sum(self.values())
        return f"{printable(self.name)}: {calls:,} call{'' if calls == 1 else 's'}"

    def __repr__(self) -> str:
        rows = [(duration(ns), f"{count:,}", count) for ns, count in self.powers.items()]
        most = max((count for _, _, count in rows), default=0)
        width = max((len(text) for _, text, _ in rows), default=0)
        lines = [
            f"{low:7} {text:>{width}} {_bar(count, most)}".rstrip() for low, text, count in rows
        ]
        return "\n".join([self._title(), *lines])

    def __reduce__(self) -> tuple[type[Histogram], tuple[str, dict[int, int]]]:
        return Histogram, (self.name, dict(self))

    def _repr_html_(self) -> str:
        rows = list(self.powers.items())
        most = max((count for _, count in rows), default=0)
        bars = []
        for i, (ns, count) in enumerate(rows):
            y, length = 18 * i, 300 * count / most if most else 0
            bars.append(
                f'<text x="70" y="{y + 13}" text-anchor="end">{escaped(duration(ns))}</text>'
                f'<rect x="78" y="{y + 2}" width="{length:.1f}" height="14" fill="#4878a8"/>'
                f'<text x="{84 + length:.1f}" y="{y + 13}">{count:,}</text>'
            )
        return (
            f"<p>{escaped(self._title())}</p>\n"
            f'<svg xmlns="http://www.w3.org/2000/svg" width="480" height="{18 * len(rows) + 4}"'
            f' font-family="sans-serif" font-size="12" fill="currentColor">{"".join(bars)}</svg>'
        )


def _bar(count: int, most: int) -> str:
    """As long as its share, to an eighth of a character, and never nothing for something."""
    eighths = round(8 * _WIDTH * count / most) if most else 0
    if count and not eighths:
        eighths = 1
    return "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()
