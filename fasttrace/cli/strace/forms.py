"""In which form calls are told: -v, -X, -e abbrev=, verbose=, raw=, read=, write=."""

from typing import NamedTuple

from fasttrace._tables import ABIS, NR_MAX
from fasttrace.cli.strace import expressions
from fasttrace.cli.strace.getopt import BadArgument
from fasttrace.syscalls.sets import EVERYTHING, NOTHING, Selection

FORM_KEYS = ("v", "X", "abbrev", "verbose", "raw", "read", "write")
_STYLES = {"abbrev": 0, "raw": 1, "verbose": 2}
_WHOLE, _SHALLOW, _RAW = 1, 2, 4


class Forms(NamedTuple):
    """What those options say.

    Attributes:
        abbrev: the calls whose structures are abbreviated.
        verbose: those of which structures are shown at all.
        raw: those whose arguments are numbers.
        reads, writes: see `expressions.descriptors`; empty: none.
        constants: as `Story` wants it.
    """

    abbrev: Selection = EVERYTHING
    verbose: Selection = EVERYTHING
    raw: Selection = NOTHING
    reads: bytes = b""
    writes: bytes = b""
    constants: int = 0

    def given(self, key: str, text: str) -> "Forms":
        """With one more option; the last of a kind counts. Raises BadOption, BadArgument."""
        if key == "v":
            return self._replace(abbrev=NOTHING)
        if key == "X":
            if text not in _STYLES:
                raise BadArgument
            return self._replace(constants=_STYLES[text])
        if key in ("read", "write"):
            found = expressions.descriptors(text)
            return self._replace(reads=found) if key == "read" else self._replace(writes=found)
        calls = expressions.calls(text)
        if key == "abbrev":
            return self._replace(abbrev=calls)
        return self._replace(verbose=calls) if key == "verbose" else self._replace(raw=calls)

    @property
    def dumps(self) -> bool:
        """Whether data is wanted beyond what lines show."""
        return any(self.reads) or any(self.writes)

    @property
    def environments(self) -> bool:
        """Whether those of programs are wanted."""
        return self.abbrev != EVERYTHING

    def table(self) -> list[bytes] | None:
        """What `Story` wants for each call of each ABI; None: it is the same for all."""
        if (self.abbrev, self.verbose, self.raw) == (EVERYTHING, EVERYTHING, NOTHING):
            return None
        found = []
        for abi in range(len(ABIS)):
            whole, shown, raw = (one.mask(abi) for one in (self.abbrev, self.verbose, self.raw))
            found.append(
                bytes(
                    (_WHOLE * (~whole >> nr & 1))
                    | (_SHALLOW * (~shown >> nr & 1))
                    | (_RAW * (raw >> nr & 1))
                    for nr in range(NR_MAX)
                )
            )
        return found
