"""Draw what `fasttrace trace` shows on a terminal: docs/trace.svg.

python docs/terminal.py

Runs curl against a server of its own. Needs curl, and rich, which the extra `top` brings.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).with_name("trace.svg")
COLUMNS = 134
CALLS = "openat,%network,write"


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def traced(port: int) -> tuple[str, str]:
    """The command line, and what it writes on a terminal."""
    url = f"http://127.0.0.1:{port}/"
    words = ["trace", "-y", "-e", CALLS, "curl", "-s", url]
    done = subprocess.run(
        [sys.executable, "-m", "fasttrace", *words],
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere", "FORCE_COLOR": "1"}
        | {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=60,
        cwd="/",
    )
    return f"fasttrace trace -y -e {CALLS} curl -s {url}", done.stdout


def is_shown(line: str) -> bool:
    """Not what each program does at its start."""
    words = (".so", "locale", "exec [", "ssl", "/proc/", "nscd", "UNIX", "sockname", "peername")
    return not any(word in line for word in words)


def main() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command, text = traced(server.server_address[1])
    server.shutdown()
    lines = [line for line in text.splitlines() if is_shown(line)]
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")), no_wrap=True)
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, overflow="ellipsis")
    svg = console.export_svg(title="fasttrace trace", theme=MONOKAI, unique_id="trace")
    PICTURE.write_text(svg)


if __name__ == "__main__":
    main()
