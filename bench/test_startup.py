"""What importing and starting cost."""

from __future__ import annotations

import sys

PYTHON = [sys.executable, "-c"]


def test_import(in_turn, quiet, report):
    medians = in_turn(
        {
            "import fasttrace": lambda: quiet([*PYTHON, "import fasttrace"]),
            "pass": lambda: quiet([*PYTHON, "pass"]),
        }
    )
    report("ms more than pass", (medians["import fasttrace"] - medians["pass"]) * 1e3, "<= 25")


def test_summary_true(in_turn, quiet, report):
    medians = in_turn(
        {
            "summary true": lambda: quiet([sys.executable, "-m", "fasttrace", "summary", "true"]),
            "pass": lambda: quiet([*PYTHON, "pass"]),
        }
    )
    report("ms more than pass", (medians["summary true"] - medians["pass"]) * 1e3, "<= 25")
