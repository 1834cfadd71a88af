"""`python -m fasttrace` is the command `fasttrace`, as what pip installs is."""

import gc
import sys

# What is loaded at a start stays: to look for garbage in it, time and again, is a tenth of a start.
_OBJECTS_BEFORE_A_LOOK = 50_000


def main() -> int:
    """Ctrl-C while all this is loaded ends it as it does any program, without a traceback."""
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK)
    import signal

    was = signal.getsignal(signal.SIGINT)
    if was is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fasttrace.cli import command

    if was is signal.default_int_handler:
        signal.signal(signal.SIGINT, was)
    return command()


if __name__ == "__main__":
    sys.exit(main())
