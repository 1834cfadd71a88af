"""Promise: help() and editors name every option of every public function, the same everywhere, and
what is asked for by subprocess's names is answered with ours."""

from __future__ import annotations

import ast
import importlib
import inspect
import pickle
import pydoc
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fasttrace
from fasttrace import errors
from fasttrace.tracing.options import Running, TracingOptions

ROOT = Path(fasttrace.__file__).parent
RUNS = ("record", "run", "stream", "summary", "trace")
# What a run says by itself, or has no use for.
OWN = {"argv", "events", "tally", "by_process", "strings"}


def public() -> Iterator[tuple[str, Any]]:
    """All functions, and the methods of all classes, that have a signature."""
    for name in fasttrace.__all__:
        thing = getattr(fasttrace, name)
        if inspect.isclass(thing):
            for at, method in inspect.getmembers(thing, inspect.isfunction):
                if (at == "__init__" or not at.startswith("_")) and method.__module__.startswith(
                    "fasttrace"
                ):
                    yield f"{name}.{at}", method
        elif inspect.isfunction(thing):
            yield name, thing


def test_no_public_function_hides_its_options() -> None:
    seen = dict(public())
    assert len(seen) > 60
    hidden = [
        name
        for name, function in seen.items()
        if any(
            one.kind is inspect.Parameter.VAR_KEYWORD
            for one in inspect.signature(function).parameters.values()
        )
    ]
    assert hidden == []


def test_options_are_those_of_the_tracer() -> None:
    """Their names, types and defaults."""
    tracers = inspect.signature(fasttrace.Tracer).parameters
    assert set(TracingOptions.__annotations__) == set(tracers) - OWN
    assert set(Running.__annotations__) < set(TracingOptions.__annotations__)
    for name in RUNS:
        function = getattr(fasttrace, name)
        shown = inspect.signature(function).parameters
        passed = Running if name == "run" else TracingOptions
        assert passed.__annotations__.keys() <= shown.keys()
        for option in passed.__annotations__:
            assert shown[option].default == tracers[option].default
            assert shown[option].annotation == tracers[option].annotation
        told = pydoc.plain(pydoc.render_doc(function))
        assert re.search("engine: '?Engine'? = 'auto'", told)  # quoted before 3.14


def test_choices_are_literal_types() -> None:
    from fasttrace.data.summary_table import SORT_KEYS, SortKey
    from fasttrace.syscalls.sets import Capture
    from fasttrace.tracing.sessions import CAPTURES, ENGINES, Engine

    assert typing.get_args(Engine) == ENGINES
    assert set(typing.get_args(Capture)) == set(CAPTURES)
    assert set(typing.get_args(SortKey)) == set(SORT_KEYS)


def test_all_errors_are_public_names() -> None:
    made = {name for name, one in vars(errors).items() if inspect.isclass(one)}
    made = {name for name in made if vars(errors)[name].__module__ == "fasttrace.errors"}
    assert made - {"UsageError"} <= set(fasttrace.__all__)
    for name in fasttrace.__all__:
        assert getattr(fasttrace, name) is not None


@pytest.mark.parametrize("name", ["_core", "_decode", "_tables", "_tally"])
def test_stubs_name_what_there_is(name: str) -> None:
    """Of the extension modules: each function, class and attribute, and nothing else."""
    module = importlib.import_module(f"fasttrace.{name}")
    tree = ast.parse((ROOT / f"{name}.pyi").read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            assert callable(getattr(module, node.name)), node.name
        elif isinstance(node, ast.AnnAssign):
            assert isinstance(node.target, ast.Name)
            if not isinstance(node.annotation, ast.Name) or node.annotation.id != "TypeAlias":
                assert hasattr(module, node.target.id), node.target.id
        elif isinstance(node, ast.ClassDef) and hasattr(module, node.name):
            made = getattr(module, node.name)
            said = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
            said |= {
                one.target.id
                for one in node.body
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
            }
            there = {at for at in vars(made) if not at.startswith("_")}
            assert there - said <= set(getattr(made, "_fields", ())), node.name
            missing = {at for at in said if not at.startswith("_") and not hasattr(made, at)}
            if issubclass(made, Exception):  # what its instances have
                continue
            assert missing == set(), node.name


@pytest.mark.parametrize(
    ("option", "ours"),
    [
        ({"timeout": 3}, "duration=SECONDS"),
        ({"input": b""}, "stdin=FILE"),
        ({"capture_output": True}, "stdout=FILE, stderr=FILE"),
        ({"shell": True}, r'\["sh", "-c", TEXT\]'),
        ({"exectable": "/bin/true"}, "did you mean executable"),
        ({"xyzzy": 1}, "see help"),
    ],
)
def test_an_option_of_subprocess_is_answered_with_ours(option: dict[str, Any], ours: str) -> None:
    """Before anything is run."""
    for name in RUNS:
        more = {"path": "/nowhere/x.fst"} if name == "record" else {}
        function = getattr(fasttrace, name)
        if name == "stream":  # begins when it is first asked
            function = lambda *args, **given: next(fasttrace.stream(*args, **given))  # noqa: E731
        with pytest.raises(TypeError, match=rf"^{name}\(\) has no option '\w+': .*{ours}"):
            function(["/nowhere/program"], **more, **option)


def test_a_block_has_its_events() -> None:
    with fasttrace.Tracer(["true"]) as tracer:
        blocks = list(tracer.blocks())
    for block in blocks:
        assert isinstance(block, fasttrace.Block)
        assert block.events.dtype is fasttrace.EVENT_DTYPE
        assert len(block.events) == len(block)
        assert not block.events.flags.writeable
        assert block.events.tobytes() == bytes(memoryview(block))
    calls = sum(int((block.events["kind"] == fasttrace.Kind.SYSCALL).sum()) for block in blocks)
    assert calls > 5


def test_a_histogram_is_a_dict_with_a_picture() -> None:
    counts = {0: 1, 700: 3, 1100: 12, 1900: 1, 9000: 1}
    one = fasttrace.Histogram("<b>\x1b", counts)
    assert one == counts
    assert one.powers == {0: 1, **dict.fromkeys((1, 2, 4, 8, 16, 32, 64, 128, 256), 0)} | {
        512: 3,
        1024: 13,
        2048: 0,
        4096: 0,
        8192: 1,
    }
    lines = str(one).splitlines()
    assert lines[0] == r"<b>\x1b: 18 calls"
    bars = [line.count("█") for line in lines[1:]]
    assert max(bars) == bars[11] == 40
    assert bars[10] == round(40 * 3 / 13 - 0.5)
    assert all(len(line) <= 60 for line in lines)
    page = one._repr_html_()
    assert "<b>" not in page
    assert page.count("<rect") == len(one.powers)
    again = pickle.loads(pickle.dumps(one))
    assert (again, again.name, type(again)) == (one, one.name, fasttrace.Histogram)
    assert str(fasttrace.Histogram("read", {})) == "read: 0 calls"
    summary = fasttrace.summary(["true"])
    assert sum(summary.histogram("mmap").values()) == summary.calls["mmap"]
