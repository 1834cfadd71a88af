from typing import NamedTuple, NoReturn, TypedDict

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

from fasttrace._tally import Tally

STAGES: tuple[str, ...]
ENGINES: tuple[str, ...]
FALLBACKS: tuple[str, ...]
STUCK: str
EVENT_SIZE: int
REGISTERS: tuple[str, ...]
INJECT_RETURN: int
INJECT_SIGNAL: int
INJECT_NUMBER: int
INJECT_DELAY_ENTER: int
INJECT_DELAY_EXIT: int
INJECT_POKE: int
HAND_ENTRY: int
HAND_EXIT: int

class Poke(NamedTuple):
    arg: int
    at_exit: bool
    data: bytes

class Injection(NamedTuple):
    """A row of Session(injections=...): see struct ft_injection. what: INJECT_* bits."""

    abi: int
    nr: int
    first: int
    last: int
    step: int
    what: int
    ret: int = 0
    signal: int = 0
    number: int = 0
    delay_enter_ns: int = 0
    delay_exit_ns: int = 0
    pokes: tuple[Poke, ...] = ()

class StartError(OSError):
    stage: str
    pid: int

class Block(Buffer):
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    @property
    def events(self) -> npt.NDArray[np.void]: ...
    @property
    def payload(self) -> memoryview: ...
    @property
    def payload_base(self) -> int: ...

def inline_unusable() -> str | None: ...

class ProcessRow(NamedTuple):
    """status: as of wait(2), -1: none yet; end_ns 0: none yet; argv: each argument ends with NUL;
    fallback: of FALLBACKS."""

    pid: int
    ppid: int
    serial: int
    status: int
    start_ns: int
    end_ns: int
    calls: int
    comm: bytes
    argv: bytes
    engine: str
    fallback: str

STRING_LIMIT_MAX: int
PYTHON_FRAMES_MAX: int
PYTHON_OLD: int
PROCESS_SIZE: int

def unread_pythons(records: bytes) -> list[tuple[int, bytes, int]]: ...
def process_rows(records: bytes, strings: bytes, *, left: bool = False) -> list[ProcessRow]: ...

class Stats(TypedDict):
    events: int
    taken: int
    lost: int
    calls: int
    stops: int
    waits_full: int
    start_ns: int
    end_ns: int
    root_pid: int
    root_status: int
    altered: int
    error: int
    tasks: int

class HandedCall(NamedTuple):
    tid: int
    pid: int
    abi: int
    nr: int
    args: tuple[int, int, int, int, int, int]
    ret: int
    at_exit: bool
    time_ns: int
    registers: dict[str, int]

def become(
    path: bytes,
    argv: list[bytes],
    env: list[bytes],
    default_signals: int,
    seccomp: bytes,
    seccomp_flags: int = 0,
) -> NoReturn: ...

class Session:
    def __init__(
        self,
        *,
        follow: bool = True,
        events: bool = True,
        tally: bool = False,
        by_process: bool = False,
        payload: bool = False,
        results: bool = True,
        engine: str = "ptrace",
        policy: list[bytes] | None = None,
        filter: bytes | None = None,
        block_events: int = 0,
        queue_blocks: int = 0,
        injections: list[Injection] | None = None,
        handled: list[bytes] | None = None,
        string_limit: int = 0,
        python_frames: int = 0,
        environments: bool = False,
        places: bool = False,
        descriptors: bool = False,
        vcpu_exits: bool = False,
        until_exec: int | None = None,
        pause_level: int = 0,
    ) -> None: ...
    def spawn(
        self,
        path: bytes,
        argv: list[bytes],
        env: list[bytes],
        cwd: bytes | None,
        stdio: tuple[int, int, int],
        default_signals: int,
        seccomp: bytes | None = None,
        seccomp_flags: int = 0,
        unblocked_signals: int = 0,
    ) -> int: ...
    @property
    def forked(self) -> bool: ...
    def attach(self, pid: int) -> int: ...
    def attach_all(self, pids: list[int]) -> int: ...
    def take(self, timeout: float | None = None) -> Block | None: ...
    def take_call(self, timeout: float | None = None) -> HandedCall | None: ...
    def answer(
        self,
        tid: int,
        *,
        reply: int | None = None,
        nr: int | None = None,
        args: tuple[int, ...] | None = None,
        signal: int = 0,
        end: str = "",
        registers: dict[str, int] | None = None,
    ) -> None: ...
    def registers(self, tid: int) -> dict[str, int]: ...
    def set_registers(self, tid: int, registers: dict[str, int]) -> None: ...
    def wait(self, timeout: float | None = None) -> bool: ...
    def kill(self) -> None: ...
    def detach(self) -> None: ...
    def signal(self, sig: int) -> None: ...
    def tally(self) -> Tally: ...
    def engine_calls(self) -> Tally: ...
    def end_of(self, pid: int) -> int | None: ...
    def processes(self) -> tuple[bytes, bytes]: ...
    def stats(self) -> Stats: ...
    def close(self) -> None: ...
