"""What to alter: rules, and their rows for the C core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fasttrace import _core, _tables
from fasttrace._tables import ABIS
from fasttrace.syscalls.sets import Selection

NO_END = 0xFFFFFFFF


@dataclass(frozen=True)
class AlterRule:
    """What to do with some calls of a set.

    ``ret`` is what the call that is not made returns, -errno for an error; None: it is made.
    ``last`` NO_END: no last one. ``step`` 0: only the first. Delays are in nanoseconds. A poke is
    the index of an argument, 0 to 5, and what to write where it points to.
    """

    calls: Selection
    ret: int | None = None
    signal: int = 0
    syscall: str = ""
    delay_enter: int | None = None
    delay_exit: int | None = None
    poke_enter: tuple[tuple[int, bytes], ...] = ()
    poke_exit: tuple[tuple[int, bytes], ...] = ()
    first: int = 1
    last: int = NO_END
    step: int = 1

    @property
    def flags(self) -> int:
        """What it does (enum ft_inject); 0: nothing."""
        return (
            (_core.INJECT_RETURN if self.ret is not None else 0)
            | (_core.INJECT_SIGNAL if self.signal else 0)
            | (_core.INJECT_DELAY_ENTER if self.delay_enter is not None else 0)
            | (_core.INJECT_DELAY_EXIT if self.delay_exit is not None else 0)
            | (_core.INJECT_POKE if self.poke_enter or self.poke_exit else 0)
        )

    def row(self, abi: int, nr: int) -> _core.Injection:
        """For the C core, for one call of one ABI."""
        flags, number, ret = self.flags, 0, self.ret or 0
        if ABIS[abi] == "i386":  # as its registers hold it
            ret = (ret + (1 << 31)) % (1 << 32) - (1 << 31)
        # As with strace: a call that is made anyhow is not made as another one.
        other = _tables.number(abi, self.syscall) if self.syscall else None
        if flags & _core.INJECT_RETURN and other is not None:
            flags, number = flags | _core.INJECT_NUMBER, other
        signature = _tables.signature(abi, nr)
        arity = 6 if signature is None else len(signature)
        pokes = tuple(
            _core.Poke(arg, at_exit, data)
            for at_exit, some in ((False, self.poke_enter), (True, self.poke_exit))
            for arg, data in some
            if arg < arity
        )
        return _core.Injection(
            abi=abi,
            nr=nr,
            first=self.first,
            last=self.last,
            step=self.step,
            what=flags,
            ret=ret,
            signal=self.signal,
            number=number,
            delay_enter_ns=self.delay_enter or 0,
            delay_exit_ns=self.delay_exit or 0,
            pokes=pokes,
        )


def rows_of(rules: Iterable[AlterRule]) -> list[_core.Injection]:
    """One for each call of each ABI; of several rules for a call the last one holds."""
    of_call: dict[tuple[int, int], AlterRule] = {}
    for rule in rules:
        for abi in range(len(ABIS)):
            of_call.update(((abi, nr), rule) for nr in rule.calls.numbers(abi))
    return [rule.row(abi, nr) for (abi, nr), rule in sorted(of_call.items(), key=lambda i: i[0])]


def altered_calls(rows: Iterable[_core.Injection]) -> Selection:
    """The calls that rows alter."""
    masks = [0] * len(ABIS)
    for row in rows:
        masks[row.abi] |= 1 << row.nr
    return Selection(masks)
