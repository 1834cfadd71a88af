"""`python -m fasttrace` is the command `fasttrace`, as what pip installs is."""

import signal
import sys


def main() -> int:
    """Ctrl-C while all this is loaded ends it as it does any program, without a traceback."""
    was = signal.getsignal(signal.SIGINT)
    if was is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fasttrace.cli import command

    if was is signal.default_int_handler:
        signal.signal(signal.SIGINT, was)
    return command()


if __name__ == "__main__":
    sys.exit(main())
