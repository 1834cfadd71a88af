"""Promise: the man page tells every verb and every option; docs/manpage.py writes it anew."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from fasttrace.cli import VERBS
from fasttrace.cli.whole import whole_parser

PAGE = Path(__file__).parents[2] / "docs/fasttrace.1"


def test_verbs_and_options_are_in_the_man_page() -> None:
    told = re.sub(r"\\(?:f[BIR]|[,/])", "", PAGE.read_text()).replace("\\-", "-")
    seen: list[argparse.Action] = []
    whole_parser(seen.append)
    options = {option for action in seen for option in action.option_strings}
    options -= {"-h", "--help"}
    assert {"--engine", "-p", "--audit"} <= options
    words = set(told.replace(",", " ").split())
    assert [option for option in sorted(options) if option not in words] == []
    assert [verb for verb in VERBS if f"fasttrace {verb}" not in told] == []
