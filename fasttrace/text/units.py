"""Durations as people read them."""

from __future__ import annotations

_UNITS = ((1_000_000_000, "s "), (1_000_000, "ms"), (1_000, "us"))


def duration(ns: int) -> str:
    """Three digits and a unit of two characters, so that a right-aligned column lines up.

    >>> duration(7), duration(1234), duration(56_780_000), duration(9_990_000_000)
    ('7 ns', '1.23 us', '56.8 ms', '9.99 s ')
    """
    for size, unit in _UNITS:
        # What would be rounded to 1000 of a unit is 1.00 of the next.
        if ns >= size * 0.9995:
            value = ns / size
            decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:.{decimals}f} {unit}"
    return f"{ns} ns"
