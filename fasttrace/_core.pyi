from typing import NoReturn, TypedDict

from typing_extensions import Buffer

from fasttrace._tally import Tally

STAGES: tuple[str, ...]
ENGINES: tuple[str, ...]
FALLBACKS: tuple[str, ...]
EVENT_SIZE: int

class StartError(OSError):
    stage: str

class Block(Buffer):
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    @property
    def payload(self) -> memoryview: ...
    @property
    def payload_base(self) -> int: ...

def inline_unusable() -> str | None: ...
def process_rows(
    records: bytes, strings: bytes
) -> list[tuple[int, int, int, int, int, int, int, bytes, bytes, int, int]]: ...

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
    error: int
    tasks: int

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
        strings: bool = False,
        results: bool = True,
        engine: str = "ptrace",
        policy: list[bytes] | None = None,
        filter: bytes | None = None,
        block_events: int = 0,
        queue_blocks: int = 0,
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
    ) -> int: ...
    def attach(self, pid: int) -> int: ...
    def take(self, timeout: float | None = None) -> Block | None: ...
    def wait(self, timeout: float | None = None) -> bool: ...
    def kill(self) -> None: ...
    def detach(self) -> None: ...
    def signal(self, sig: int) -> None: ...
    def tally(self) -> Tally: ...
    def injected(self) -> Tally: ...
    def processes(self) -> tuple[bytes, bytes]: ...
    def stats(self) -> Stats: ...
    def close(self) -> None: ...
