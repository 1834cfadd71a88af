from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

from typing_extensions import Buffer

from fasttrace.decode.values import Arguments, Struct

class Lines:
    """Makes lines of blocks of events.

    dim, red, cyan, reset: escapes of a terminal, or empty. string_limit: bytes of data that are
    shown; paths are whole. told: what descriptors are: see `Story`.
    """

    def __init__(
        self,
        dim: bytes,
        red: bytes,
        cyan: bytes,
        reset: bytes,
        string_limit: int = 32,
        told: int = 0,
    ) -> None: ...
    def text(
        self,
        events: Buffer,
        payload: Buffer,
        payload_base: int,
        origin_ns: int,
        other: Callable[[int], str],
        shown: bytes | None = None,
    ) -> str:
        """All lines, in the order in which the events ended.

        payload_base: what events call payload[0]. origin_ns: CLOCK_MONOTONIC that times are counted
        from. other: the line of an event that is no syscall, by its place in `events`. shown: with
        `told`, which is followed from one call to the next: a byte for each event, 0 for those that
        only tell what descriptors are. ValueError: events are no whole number of records.
        """

TASKS_TOLD: dict[str, int]
"""Bits of what a Story tells of tasks, by strace's words for it."""

class Story:
    """What all tasks do as one text in the order of time, as strace writes it.

    Args:
        signals: bit n-1: signal n is told.
        realtime_ns: what CLOCK_REALTIME is ahead of CLOCK_MONOTONIC.
        column: where the = of a result stands.
        string_max: bytes of a string that are shown.
        who: 0: nobody, 1: "[pid N]" while there are several, 2: "N" in each line.
        clock: 0: none, 1: the time of day, 2: seconds since 1970. The digits are behind the point.
        relative: the time since the line before.
        took: how long each call took.
        numbers: of the syscalls.
        hex: strings in hexadecimal: 1: those that are no text, 2: all.
        statuses: of calls that are told: 1 successful, 2 failed, 4 unfinished.
        attaches, exits, supersedes: whether these are told.
        leaders: only the first task of each process is told.
        separately: each task has a text of its own.
        modes: it is told where a task turns to 32-bit calls, and back.
        constants: 0: names, 1: numbers, 2: numbers, with the names as a comment.
        forms: for each ABI FT_NR_MAX bytes, one for each number of a call: 1: nothing is
            abbreviated, 2: addresses instead of structures, 4: numbers alone; or-ed.
        reads, writes: a byte for each descriptor: whether what is read from it or written to it is
            dumped; the last byte is also that of all higher ones.
        told: what descriptors are: 1 paths, 2 sockets, 4 devices, 8 processes of pidfds.
        shown: bit nr of NR_MAX for each ABI: which calls are told; None: all.
        paths: only calls that name one of these, each ended by NUL, or a descriptor of one.
        fds: or one of these descriptors.
        tasks_told: of tasks: 1 what they are called, 2 their numbers in our pid namespace; or-ed.
        first_name: what a command is called before its execve, b"": that is not known.
        looks_up: what is not known of tasks is asked of /proc, now.
        until_exec: who executes another program goes on untraced; the command after so many, of
            which its own is the first, who was attached to after one less. None: nobody does.
        detaches: that is told.
    """

    def __init__(
        self,
        *,
        signals: int,
        realtime_ns: int,
        column: int,
        string_max: int,
        who: int,
        clock: int,
        clock_digits: int,
        relative: bool,
        relative_digits: int,
        took: bool,
        took_digits: int,
        numbers: bool,
        places: bool,
        hex: int,
        statuses: int,
        attaches: bool,
        exits: bool,
        supersedes: bool,
        leaders: bool,
        separately: bool,
        modes: bool,
        constants: int = 0,
        forms: list[bytes] | None = None,
        reads: bytes = b"",
        writes: bytes = b"",
        told: int = 0,
        shown: bytes | None = None,
        paths: bytes | None = None,
        fds: Sequence[int] | None = None,
        tasks_told: int = 0,
        first_name: bytes = b"",
        looks_up: bool = False,
        until_exec: int | None = None,
        detaches: bool = False,
    ) -> None: ...
    def add(self, events: Buffer, payload: Buffer, payload_base: int) -> int:
        """Copies of a block's events. payload_base: what events call payload[0]. Returns when the
        last of them ended, CLOCK_MONOTONIC."""
    def idle(self, before_ns: int) -> list[tuple[int, int, int]]:
        """Tasks, at most 64, that may be waiting in a call, as (tid, abi, since when): none of
        their calls that ended since before_ns has been added."""
    def suppose(self, tid: int, abi: int, nr: int, args: Sequence[int]) -> None:
        """A task was seen to wait in this call, six arguments: its entry is told, if that needs no
        memory."""
    def tell(self, sure_ns: int | None) -> list[tuple[int, bytes]]:
        """What can be told by now, as (tid, text); the tid counts where texts are separate.

        sure_ns: what ended before that (CLOCK_MONOTONIC) has been delivered; None: everything.
        """

class Payload:
    """The bytes that events' items lie in; they are kept as long as a call needs them.

    base: what events call payload[0]. comm_of: the name of a program, by pid and time.
    """

    def __init__(
        self, payload: Buffer, base: int = 0, comm_of: Callable[[int, int], str] | None = None
    ) -> None: ...
    @property
    def comm_of(self) -> Callable[[int, int], str] | None: ...

class Event:
    """One event, copied, and what was captured with it. Equal: the same event and payload."""

    @property
    def payload(self) -> Payload: ...
    @property
    def pid(self) -> int: ...
    @property
    def tid(self) -> int: ...
    @property
    def time_ns(self) -> int: ...
    @property
    def duration_ns(self) -> int: ...
    @property
    def raw_args(self) -> tuple[int, ...]: ...
    @property
    def ret(self) -> int: ...
    @property
    def kind(self) -> int: ...
    @property
    def nr(self) -> int: ...
    @property
    def abi_index(self) -> int: ...
    @property
    def bits(self) -> int: ...
    @property
    def args(self) -> Arguments:
        """Empty for an event that is no syscall. Made when it is first asked for."""
    @property
    def result(self) -> Any:
        """None: the call failed or never returned, or the event is none."""
    @property
    def found(self) -> Struct | None:
        """What poll(2), select(2), VIDIOC_CREATE_BUFS and their like found, if they did."""
    @property
    def told(self) -> tuple[Arguments, Any, Struct | None] | None:
        """args, result and found with what descriptors are; None: nobody has told that."""
    def restore(self, told: tuple[Arguments, Any, Struct | None]) -> None:
        """What `told` was of an event that has been pickled."""
    def line(self, string_limit: int = 32, *, whole: bool = False) -> str:
        """The call as strace writes it. string_limit: bytes of data that are shown; whole: all
        fields of structures.

        ValueError: the event is no syscall."""
    def parts(self) -> tuple[bytes, bytes, int]:
        """The event's record, its payload items, and what the record calls the first of them."""
    def identity(self) -> tuple[bytes, bytes]:
        """The same but for where the items lay."""

_E = TypeVar("_E", bound=Event)

class OpenFiles:
    """What descriptors are, followed from one event to the next."""

    def tell(self, event: Event, wanted: bool = True) -> None:
        """Take what the next event, in the order of ends, tells of descriptors. wanted: it is a
        call whose `told` shall know them."""
    def touching(
        self,
        events: Buffer,
        payload: Buffer,
        payload_base: int,
        paths: bytes,
        fds: Sequence[int],
    ) -> bytes:
        """A byte for each of the next events: whether it is a call that is given one of the paths,
        each ended by NUL, or a descriptor of one, or one of `fds`. payload_base: what events call
        payload[0]."""

def events_of(cls: type[_E], events: Buffer, payload: Payload) -> list[_E]:
    """An object of the class for each of a buffer. ValueError: no whole number of events."""

def siginfo(number: int, data: Buffer) -> Struct:
    """A signal's siginfo_t, as a 64-bit tracer gets it. ValueError: it is too short."""

JSON_VERSION: int

def json_string(data: Buffer, cut: bool = False) -> str:
    """Bytes as a value of JSON; cut: there was more. See docs/json.md."""

def siginfo_json(number: int, data: Buffer) -> str:
    """`siginfo` as a value of JSON."""

class JsonLines:
    """Makes JSON of blocks of events, an object on a line.

    string_limit: of the calls' text. descriptors: tell what they are, followed from one block to
    the next.
    """

    def __init__(self, string_limit: int = 32, descriptors: bool = False) -> None: ...
    def text(
        self,
        events: Buffer,
        payload: Buffer,
        payload_base: int,
        other: Callable[[int], str],
        comm_of: Callable[[int, int], tuple[bytes, int, int]],
        shown: bytes | None = None,
    ) -> str:
        """All lines, in the order in which the events ended.

        payload_base: what events call payload[0]. other: the line of an event that is no syscall,
        by its place in `events`. comm_of: by pid and time, the program's name as JSON, and from
        and until which time it holds; asked anew after each `other`. shown: a byte for each event,
        0 for those without a line. ValueError: events are no whole number of records.
        """

class Paths:
    """Numbers paths in the order of their first appearance, as a column with a dictionary does.

    wanted: for each ABI and number below NR_MAX a byte whose bits are the arguments that are paths.
    seed: of the hash.
    """

    def __init__(self, wanted: bytes, seed: int) -> None: ...
    def __len__(self) -> int:
        """How many different ones there were."""
    def clear(self) -> None: ...
    @property
    def size(self) -> int:
        """The bytes of all of them."""
    def number(self, events: Buffer, payload: Buffer, numbers: Buffer) -> None:
        """The first path of each event, -1 for none, into an array of int32.

        ValueError: events are no whole number of records, or `numbers` has another length.
        """
    def text(self) -> tuple[bytes, bytes]:
        """Where each word ends (int64) in the text of all of them, which is UTF-8."""

MadeOf: TypeAlias = Literal[
    "field", "time", "duration", "ret", "descriptor", "kind", "abi", "name", "errno"
]

class Fields:
    """Fills columns with what stands in the events themselves, in one pass for all of them.

    rows: of each column.
    """

    def __init__(self, rows: int) -> None: ...
    def add(
        self,
        of: MadeOf,
        values: Buffer,
        valid: Buffer | None = None,
        table: Buffer | None = None,
        shift_ns: int = 0,
        offset: int = 0,
        size: int = 0,
    ) -> None:
        """Another column; its arrays are held.

        values: of "field" what stands at `offset` of a record, in `size` bytes; of "time" int64,
        with `shift_ns` added; of "duration" uint64; of "ret" int64; of the others int32. valid:
        bool, of "duration", "ret", "descriptor" and "errno". table: of "descriptor" a byte for each
        ABI and number, the argument that is one; of the last four int32, the place of each number's
        word, -1 for none: of "kind" and "abi" 256, of "name" one for each ABI and number and 256
        for kinds, of "errno" ERRNO_MAX + 1. ValueError: an array has another length.
        """
    def fill(self, events: Buffer, row: int) -> list[int]:
        """Fill a row for each event, from `row` on.

        Which columns, in the order of `add`, have rows that are -1, for a word had no place.
        ValueError: events are no whole number of records, or more than there are rows.
        """

def item_sizes(events: Buffer, payload: Buffer, sizes: Buffer) -> None:
    """The bytes that each event's items take in the payload stream, into an array of uint64."""

def json_arguments(events: Buffer, payload: Buffer, lengths: Buffer) -> bytes:
    """The decoded arguments of each call, a JSON object by name, one behind the other; how long
    each is goes into an array of int64. 0: the event is no call, or they are too long."""

def copy_items(events: Buffer, payload: Buffer, out: Buffer) -> None:
    """These bytes, one event's behind the other's. ValueError: `out` has not just room for them."""

class Touched:
    """Which files each call of a trace has to do with: those that its paths and descriptors name.

    What descriptors are is followed from the events, so all of a trace are to be looked at, some at
    a time, in the order in which they ended.
    """

    def __init__(self) -> None: ...
    def look(self, events: Buffer, order: Buffer, payload: Buffer, payload_base: int = 0) -> bytes:
        """events: bytes of EVENT_DTYPE. order: uint32, the places of those to look at now.

        Returns rows of a uint32 and two int32: the event, the descriptor that it is given or makes
        (-1: a path), the number of its name (-1: not known). ValueError: no whole events, or there
        is none at such a place.
        """
    def names(self, first: int = 0) -> list[bytes]:
        """All names so far, by their numbers, from one on."""
    def forget(self) -> None:
        """All names: the next one is number 0. What descriptors are is still known."""
