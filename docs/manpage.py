"""Writes docs/fasttrace.1, the man page, from the parsers of the command line.

Needs argparse-manpage (the extra `lint`); tests/unit/test_manpage.py tells when it is to run again.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

os.environ["COLUMNS"] = "80"

from argparse_manpage.manpage import Manpage

from fasttrace.cli.whole import whole_parser

PAGE = Path(__file__).with_name("fasttrace.1")
END = r"""
.SH EXIT STATUS
That of the command that was traced: 128 and the number of the signal that it died of, 127 if it was
not found, 126 if it could not be executed, 2 for a usage error, 1 for what else went wrong.
.SH SEE ALSO
.BR strace (1),
.BR ptrace (2),
.BR seccomp (2).
The documentation of the project, docs/.
"""


def page() -> str:
    parser = whole_parser(lambda action: None)
    parser.man_short_description = "count, record and show system calls"  # type: ignore[attr-defined]
    text = str(Manpage(parser))
    # No date: a page that is made anew of the same options is the same.
    title = '.TH FASTTRACE "1" "" "fasttrace" "User Commands"'
    text = re.sub(r"^\.TH .*$", title, text, flags=re.M)
    return text.rstrip() + END


if __name__ == "__main__":
    PAGE.write_text(page())
