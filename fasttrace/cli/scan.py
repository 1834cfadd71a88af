"""`fasttrace scan`: count the calls of many recordings, which are Parquet files."""

from __future__ import annotations

import argparse
import signal

from fasttrace.cli.filters import add_filter_options, conditions_of
from fasttrace.cli.output import Output
from fasttrace.cli.parser import VerbParser, a_number_of_lines
from fasttrace.errors import UsageError

EXAMPLE = "fasttrace scan 'runs/*.parquet' --by host,syscall"
TAKES_COMMAND = False


def configure(parser: VerbParser) -> None:
    parser.add_argument(
        "files",
        metavar="FILES",
        nargs="+",
        help="Parquet files, folders, patterns, or URLs of them",
    )
    parser.add_argument("-e", dest="expression", metavar="SET", help="only these calls")
    parser.add_argument(
        "--by",
        default="host,syscall",
        metavar="KEY[,KEY]",
        help="a line for each host, syscall, comm, pid, tid, abi, errno, path, fd, file, or what of"
        " these there is together (host,syscall)",
    )
    parser.add_argument("--top", type=a_number_of_lines, metavar="N", help="show the first N lines")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster, whose workers read the files: tcp://HOST:8786",
    )
    add_filter_options(
        parser,
        saved=True,
        path="name, as their first, a path with TEXT in it; or that matches: '*.so'",
        fd="are given, as their first, one of these descriptors",
    )
    parser.add_argument("--host", metavar="NAME", help="recorded on this host")


def run(args: argparse.Namespace) -> int:
    from fasttrace.data.scanned.scan import scan

    conditions = conditions_of(args) | {"syscall": args.expression, "host": args.host}
    try:
        scanned = scan(args.files, scheduler=args.scheduler)
        summary = scanned.where(**conditions).summary(by=args.by.split(","))
    except ValueError as error:
        raise UsageError(str(error)) from None
    output = Output(fd=1)
    if args.json:
        import json

        shown = {"files": summary.files, "by": summary.by, "groups": summary.rows[: args.top]}
        output.write(json.dumps(shown) + "\n")
    else:
        output.write(summary.text(top=args.top, width=output.width) + "\n")
    return -signal.SIGPIPE if output.is_unread() else output.status
