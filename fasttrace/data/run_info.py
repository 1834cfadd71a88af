"""What is known of a run besides its calls."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TypedDict


class RunInfo(NamedTuple):
    """argv: the command, empty for an attached process. exit_status: as subprocess has it, or None.
    engine: what recorded it. wall_ns: how long the recording took. lost: events missing, always 0
    unless a disk was full. realtime_offset_ns: add it to `time_ns` for nanoseconds since 1970, or
    None. finished: False if the recorder was killed, or still runs. results: False if only the
    calls were recorded, not how they ended. host: where it was recorded, or what that was labelled
    with; "" where it is not known."""

    argv: Sequence[str] = ()
    exit_status: int | None = None
    engine: str = ""
    wall_ns: int = 0
    lost: int = 0
    realtime_offset_ns: int | None = None
    finished: bool = True
    results: bool = True
    host: str = ""


NOTHING_KNOWN = RunInfo()


class About(TypedDict, total=False):
    """The same, as what may differ from a RunInfo."""

    argv: Sequence[str]
    exit_status: int | None
    engine: str
    wall_ns: int
    lost: int
    realtime_offset_ns: int | None
    finished: bool
    results: bool
    host: str


def show_all(made: type) -> None:
    """Let help() and editors name what a class is told about a run."""
    from fasttrace.text.signatures import show_options

    init: Callable[..., None] = (
        made.__dict__.get("__init__") or made.__mro__[1].__dict__["__init__"]
    )
    show_options(init, About, RunInfo._field_defaults)


def _shown(name: str) -> Any:
    return property(attrgetter(f"info.{name}"))


class OfRun:
    """What has the `info` of a run, and shows it by name."""

    info: RunInfo

    @property
    def argv(self) -> list[str]:
        return list(self.info.argv)

    exit_status: int | None = _shown("exit_status")
    engine: str = _shown("engine")
    wall_ns: int = _shown("wall_ns")
    lost: int = _shown("lost")
    realtime_offset_ns: int | None = _shown("realtime_offset_ns")
    finished: bool = _shown("finished")
    results: bool = _shown("results")
    host: str = _shown("host")
