"""Python functions that stand between a program and its kernel, call by call.

A call that has a handler stops until the handler is done; the other tasks run on. Only one handler
runs at a time, in the thread that called `Tracer.run`.

What a handler reads in memory another thread of the program, or a process that shares it, may
change before the kernel reads it again: a decision by such bytes is for testing, never a wall
against hostile code. Registers, and so the arguments themselves, nobody else can change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from fasttrace._tables import ABIS, ERRNO_MAX, NR_MAX
from fasttrace.alter.task import Memory, Registers
from fasttrace.errors import HandlerError
from fasttrace.syscalls.names import syscall_name, syscall_number
from fasttrace.syscalls.sets import Selection, parse_selection

if TYPE_CHECKING:
    from fasttrace._core import HandedCall, Session

# enum ft_hand_over
_AT_ENTRY, _AT_EXIT = 1, 2
# ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (include/linux/errno.h)
_RESTARTS = (512, 513, 514, 516)


class Answer(NamedTuple):
    """What becomes of a call: see `HandledCall.reply` and `HandledCall.change`."""

    reply: int | None = None
    nr: int | None = None
    args: tuple[int, ...] | None = None


class HandledCall(Memory):
    """A system call that a handler has before it.

    name, nr, abi: as in a trace. pid, tid: whose it is. args: six unsigned numbers. at_exit: it has
    been made, and `ret` (-errno for an error) is its result; else `ret` is 0. time_ns: when it
    stopped (CLOCK_MONOTONIC). registers: see `Registers`; what is set holds when the call goes on.
    """

    def __init__(self, handed: HandedCall) -> None:
        self.abi = ABIS[handed.abi] if handed.abi < len(ABIS) else f"abi_{handed.abi}"
        self.nr = handed.nr
        self.name = syscall_name(handed.nr, handed.abi)
        self.pid = handed.pid
        self.tid = handed.tid
        self.args = handed.args
        self.ret = handed.ret
        self.at_exit = handed.at_exit
        self.time_ns = handed.time_ns
        self._changed: dict[str, int] = {}
        self.registers = Registers(handed.registers, self._changed.update)
        self._signal = 0
        self._end: str | None = None
        self._made: Answer | None = None

    def __repr__(self) -> str:
        args = ", ".join(hex(arg) if arg > 9 else str(arg) for arg in self.args)
        result = f" = {self.ret}" if self.at_exit else ""
        return f"<HandledCall {self.name}({args}){result} of {self.tid}>"

    @property
    def interrupted(self) -> bool:
        """At exit: a signal, or our looking at the task, has ended the call early. `ret` is -512 to
        -516 (ERESTARTSYS ...); the kernel makes the call again, or EINTR of it."""
        return self.at_exit and -self.ret in _RESTARTS

    def reply(self, value: int = 0, *, errno: int | str | None = None) -> Answer:
        """To be returned: at entry the call is not made, and this is its result; at exit it takes
        the place of the result.

        Args:
            value: the result; -errno for an error.
            errno: or the error, by number or name.
        """
        if errno is not None:
            if value:
                raise ValueError("a reply is a value or an errno, not both")
            value = -_errno_number(errno)
        if not -(1 << 63) <= value < 1 << 64:
            raise ValueError(f"a result has 64 bits: {value}")
        self._made = Answer(reply=value)
        return self._made

    def change(self, call: str | int | None = None, args: Sequence[int] | None = None) -> Answer:
        """To be returned at entry: another call is made, or this one with other arguments.

        Args:
            call: its name or number; None: the same. LookupError: no such name in this ABI.
            args: up to six; those not given stay as they are.
        """
        if self.at_exit:
            raise ValueError(f"{self.name} has been made: it can be replied to, not changed")
        if args is not None and len(args) > 6:
            raise ValueError(f"a call has six arguments, not {len(args)}")
        nr = syscall_number(call, self.abi) if isinstance(call, str) else call
        merged = None if args is None else (*args, *self.args[len(args) :])
        self._made = Answer(nr=nr, args=merged)
        return self._made

    def deliver(self, signal: int | str) -> None:
        """A signal for the task, by number or name; it comes when the call ends."""
        from fasttrace.alter.language import signal_number

        value = signal if isinstance(signal, str) else str(int(signal))
        self._signal = signal_number(f"deliver({signal!r})", value)

    def detach(self) -> None:
        """After this call let go of all tasks, which run on untraced: `Tracer.detach`."""
        self._end = "detach"

    def stop(self) -> None:
        """After this call end the run as `Tracer.stop`: kill a command, detach from a process."""
        self._end = "stop"


Handler: TypeAlias = "Callable[[HandledCall], Answer | None]"
AnyHandler = TypeVar("AnyHandler", bound=Handler)


class Handlers:
    """Which functions are called for which calls, in the order of their registration."""

    def __init__(self) -> None:
        self._entries: list[tuple[Selection, Handler]] = []
        self._exits: list[tuple[Selection, Handler]] = []

    def __bool__(self) -> bool:
        return bool(self._entries or self._exits)

    def add(self, sets: Sequence[str | Selection], handler: Handler, *, at_exit: bool) -> None:
        """SelectionError: a set cannot be read; ValueError: there is none."""
        if not sets:
            raise ValueError("name the calls to handle, such as on_entry('openat')")
        chosen = Selection()
        for one in sets:
            chosen |= parse_selection(one) if isinstance(one, str) else one
        (self._exits if at_exit else self._entries).append((chosen, handler))

    @property
    def calls(self) -> Selection:
        """All calls that have a handler."""
        chosen = Selection()
        for some, _ in self._entries + self._exits:
            chosen |= some
        return chosen

    def table(self) -> list[bytes]:
        """For the C core: what is handed over when."""
        entry, exit_ = Selection(), Selection()
        for some, _ in self._entries:
            entry |= some
        for some, _ in self._exits:
            exit_ |= some
        return [
            bytes(
                (entry.mask(abi) >> nr & 1) * _AT_ENTRY | (exit_.mask(abi) >> nr & 1) * _AT_EXIT
                for nr in range(NR_MAX)
            )
            for abi in range(len(ABIS))
        ]

    def serve(self, session: Session, handed: HandedCall, *, stop: str, on_error: str) -> None:
        """Ask the handlers of a call and let it go on. Raises what a handler raises.

        Args:
            stop, on_error: "kill" or "detach".
        """
        try:
            call = HandledCall(handed)
            answer = self._ask(call)
            session.answer(
                handed.tid,
                reply=answer.reply,
                nr=answer.nr,
                args=answer.args,
                signal=call._signal,
                end=stop if call._end == "stop" else call._end or "",
                registers=call._changed or None,
            )
        except BaseException:
            if not session.forked:
                session.answer(handed.tid, end=on_error)  # it must not wait for ever
            raise

    def _ask(self, call: HandledCall) -> Answer:
        some = self._exits if call.at_exit else self._entries
        for chosen, handler in some:
            if not chosen.contains(call.nr, call.abi):
                continue
            answer = handler(call)
            if answer is None and call._made is None:
                continue
            if answer is not call._made:
                name = getattr(handler, "__name__", repr(handler))
                raise HandlerError(
                    f"handler {name} of {call.name} returned {answer!r}: return None, or what "
                    "call.reply() or call.change() gave"
                )
            assert answer is not None
            return answer
        return Answer()


def _errno_number(error: int | str) -> int:
    from fasttrace.syscalls.errnos import errno_number

    number = error if isinstance(error, int) else errno_number(error)
    if not 0 < number <= ERRNO_MAX:
        raise ValueError(f"not an errno: {number}; they are 1 to {ERRNO_MAX}, as in `errno`")
    return number
