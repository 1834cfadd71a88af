"""A traced task's registers and memory."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fasttrace.alter import memory
from fasttrace.errors import NoSuchProcess

if TYPE_CHECKING:
    from fasttrace._core import Session


class Registers(MutableMapping[str, int]):
    """A task's registers by name (x86-64: r15, r14, rbp, rbx, ..., as in struct user_regs_struct).

    Values are unsigned. They can be set, by item; none can be added or deleted.
    """

    def __init__(self, values: Mapping[str, int], put: Callable[[dict[str, int]], None]) -> None:
        self._values = dict(values)
        self._put = put

    def __getitem__(self, name: str) -> int:
        return self._values[name]

    def __setitem__(self, name: str, value: int) -> None:
        if name not in self._values:
            raise KeyError(f"no register {name!r}: one of {' '.join(self._values)}")
        if not -(1 << 63) <= value < 1 << 64:
            raise ValueError(f"{name} holds 64 bits, not {value}")
        value &= (1 << 64) - 1
        self._put({name: value})
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError("a register cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Registers {', '.join(f'{n}={v:#x}' for n, v in self._values.items())}>"


class Memory:
    """What a task's memory can be asked for; `tid` is the task's."""

    tid: int

    def read_memory(self, address: int, size: int) -> bytes:
        """As `memory.read`: fewer bytes where the memory ends; MemoryFault: none."""
        return memory.read(self.tid, address, size)

    def write_memory(self, address: int, data: bytes) -> None:
        """As `memory.write`: MemoryFault says how many bytes were written."""
        memory.write(self.tid, address, data)

    def read_string(self, address: int, limit: int = 4096) -> bytes:
        """The bytes before a NUL, at most `limit`."""
        return memory.read_string(self.tid, address, limit)


class Task(Memory):
    """A task of a session, to be looked at while it runs.

    Its registers are read and written with the task stopped for that moment; its memory as it is.
    """

    def __init__(self, session: Callable[[], Session], tid: int) -> None:
        self._session = session
        self.tid = tid

    def __repr__(self) -> str:
        return f"<Task {self.tid}>"

    @property
    def registers(self) -> Registers:
        """Read now; setting an item writes it at once. ProcessLookupError: the task has gone.

        ``task.registers = {"rax": 0}`` writes several in one stop.
        """
        with self._must_be():
            return Registers(self._session().registers(self.tid), self._put)

    @registers.setter
    def registers(self, values: Mapping[str, int]) -> None:
        self._put(dict(values))

    def _put(self, values: dict[str, int]) -> None:
        with self._must_be():
            self._session().set_registers(self.tid, values)

    @contextmanager
    def _must_be(self) -> Iterator[None]:
        try:
            yield
        except ProcessLookupError:
            text = f"the session has no task {self.tid}: it has ended, or is not traced"
            raise NoSuchProcess(errno.ESRCH, text) from None
