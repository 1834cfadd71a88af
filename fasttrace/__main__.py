"""`python -m fasttrace` is the command `fasttrace`."""

import sys

from fasttrace.cli import command

sys.exit(command())
