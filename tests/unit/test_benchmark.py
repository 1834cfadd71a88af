"""Promise: medians, ratios and costs are what they are said to be, what makes them doubtful is
said, and the table and the JSON hold all that is needed to cite them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest

from fasttrace.bench import measure, peers
from fasttrace.bench.measure import Once
from fasttrace.bench.peers import PEERS, UNTRACED, Contender, LeftOut
from fasttrace.bench.results import Count, Machine, Measurement, Report, standard_error
from fasttrace.bench.table import bench_table
from fasttrace.cli import bench
from fasttrace.errors import EngineUnavailable, Interrupted
from fasttrace.tracing.sessions import ENGINES

MS = 1_000_000
QUIET = Machine("6.1.0", "x86_64", "A Processor", 8, 8, False, None, (0.0, 0.0, 0.0))


def traced(name: str, **options: object) -> Contender:
    return Contender(name, lambda argv, output: [name, output, *argv], **options)  # type: ignore[arg-type]


def measured(
    contender: Contender, walls_ms: Sequence[float], nothing_ms: float = 1, status: int = 0
) -> Measurement:
    return Measurement(
        contender,
        contender.command(["work"], "/dev/null"),
        walls_ns=[round(ms * MS) for ms in walls_ms],
        nothing_walls_ns=[round(nothing_ms * MS)] * len(walls_ms),
        statuses=[status] * len(walls_ms),
    )


def report(*ones: Measurement, calls: int | None = 1000, machine: Machine = QUIET) -> Report:
    began = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)
    rounds = max(len(one.walls_ns) for one in ones)
    return Report(["work"], rounds, machine, began, list(ones), calls=calls)


@pytest.fixture
def plain() -> Report:
    """Untraced 10 ms; the tracer takes 5 ms to start and 5 us for each of 1000 calls."""
    slow = measured(traced("slow", version="slow 1.2"), [20, 21, 19], nothing_ms=6)
    slow.count, slow.counted = Count(1000, 2000), 1000
    return report(measured(UNTRACED, [10, 10.5, 9.9]), slow)


def test_figures_are_of_the_medians(plain: Report) -> None:
    alone, slow = plain.measurements
    assert plain.wall(slow) == (20 * MS, 19 * MS, 21 * MS)
    assert plain.startup_ns(slow) == 5 * MS
    assert plain.ratio(slow, startup=True) == 2
    assert plain.ratio(slow, startup=False) == 1.5
    assert plain.calls_per_second(slow) == pytest.approx(1000 / 0.015)
    assert plain.stops_per_call(slow) == 2
    assert plain.cost_ns(slow) == 5000
    assert not plain.cost_is_noise(slow)
    assert plain.startup_ns(alone) == 0
    assert plain.ratio(alone, startup=False) == 1
    assert plain.cost_ns(alone) is None
    assert plain.cost_error_ns(alone) is None
    assert plain.stops_per_call(alone) is None


def test_of_many_processes_the_cost_of_each_is_told(plain: Report) -> None:
    alone, slow = plain.measurements
    assert plain.processes == 1
    assert "processes/s" not in bench_table(plain)
    slow.count = Count(1000, 2000, 100)
    assert plain.processes == 100
    assert plain.processes_per_second(slow) == pytest.approx(100 / 0.015)
    assert plain.processes_per_second(alone) == pytest.approx(100 / 0.010)
    assert plain.stops_per_process(slow) == 20
    assert plain.process_cost_ns(slow) == 50_000
    lines = bench_table(plain).splitlines()
    heading = next(line for line in lines if "processes/s" in line)
    row = lines[lines.index(heading) + 3]
    assert row.split() == ["slow", "6.67", "k", "20.0", "50.0", "us"]
    assert "1,000 calls, 100 processes, exit status 0" in lines[1]
    assert plain.to_dict()["contenders"][1]["cost_per_process_ns"] == 50_000
    assert plain.to_dict()["processes"] == 100


def test_what_was_not_measured_is_none() -> None:
    partly = report(measured(UNTRACED, []), measured(traced("t"), []))
    for one in partly.measurements:
        assert partly.wall(one) is None
        assert partly.ratio(one, startup=True) is None
        assert partly.calls_per_second(one) is None
        assert partly.processes_per_second(one) is None
        assert partly.process_cost_ns(one) is None
        assert partly.cost_ns(one) is None
        assert not partly.cost_is_noise(one)
    assert partly.errors == []
    assert "-" in bench_table(partly)
    json.dumps(partly.to_dict())


def test_calls_that_were_not_counted() -> None:
    uncounted = report(measured(UNTRACED, [10]), measured(traced("t"), [20]), calls=None)
    assert uncounted.cost_ns(uncounted.measurements[1]) is None
    assert "calls not counted" in bench_table(uncounted)


def test_an_interrupted_round_counts_where_it_was_measured() -> None:
    cut = report(measured(UNTRACED, [10, 20]), measured(traced("t"), [30]))
    cut.interrupted = True
    assert cut.ratio(cut.measurements[1], startup=True) == 2
    assert any("interrupted: 1 of 2 rounds" in line for line in cut.warnings)


def test_more_runs_make_a_smaller_error() -> None:
    assert standard_error([]) is None
    assert standard_error([3]) is None
    assert standard_error([3, 3]) == 0
    few, many = standard_error([1, 2, 3]), standard_error([1, 2, 3] * 10)
    assert few is not None
    assert many is not None
    assert 0 < many < few < 2


def test_a_cost_within_the_noise_is_no_figure() -> None:
    noisy = report(measured(UNTRACED, [10, 12, 14]), measured(traced("t"), [12.2, 10, 15]))
    assert noisy.cost_is_noise(noisy.measurements[1])
    assert any("cost per call of t is not above the noise" in line for line in noisy.warnings)
    assert "noise" in bench_table(noisy)


def test_quiet_and_steady_there_is_nothing_to_warn_of(plain: Report) -> None:
    assert plain.warnings == []
    assert plain.errors == []


def busy(load: float) -> Machine:
    return QUIET._replace(load=(load, 0.0, 0.0))


@pytest.mark.parametrize(
    ("doubtful", "said"),
    [
        (report(measured(UNTRACED, [10, 10, 11.2])), "differ by 12 %"),
        (report(measured(UNTRACED, [10, 10])), "too few rounds"),
        (report(measured(UNTRACED, [10] * 3), machine=busy(4.0)), "load average was 4.00"),
        (report(measured(UNTRACED, [10] * 2), measured(UNTRACED, [])), "too few rounds"),
    ],
)
def test_each_doubt_is_one_warning(doubtful: Report, said: str) -> None:
    assert [said in line for line in doubtful.warnings] == [True]
    assert f"warning: {doubtful.warnings[0]}" in bench_table(doubtful)


def test_others_that_ran_are_told(plain: Report) -> None:
    plain.others_running = 1.2
    assert ["(1.2 tasks" in line for line in plain.warnings] == [True]


def test_a_command_that_ends_now_so_now_so_is_told(plain: Report) -> None:
    plain.untraced.statuses = [0, 1, 0]
    assert any("exit status 0 or exit status 1" in line for line in plain.warnings)
    plain.measurements[1].statuses = [1]
    assert plain.errors == []


def test_calls_that_a_peer_has_not_seen_are_told(plain: Report) -> None:
    plain.measurements[1].counted = 960
    assert plain.warnings == []
    plain.measurements[1].counted = 900
    assert any("slow counted 900 of 1000 calls" in line for line in plain.warnings)


def test_processes_that_fell_back_are_told(plain: Report) -> None:
    plain.measurements[1].count = Count(1000, 10, processes=3, fallbacks=("static", "static"))
    assert ["2 of 3 processes were traced by ptrace: static" in w for w in plain.warnings] == [True]


@pytest.mark.parametrize(
    ("alone", "under", "passes", "said"),
    [
        (0, 0, True, None),
        (3, 3, True, None),
        (0, 1, True, "ended with exit status 1, untraced with exit status 0"),
        (0, -11, True, "ended with signal 11"),
        (3, 0, True, "ended with exit status 0, untraced with exit status 3"),
        (3, 0, False, None),
        (3, 3, False, None),
        (3, 1, False, "ended with exit status 1"),
    ],
)
def test_another_exit_status_is_an_error(
    alone: int, under: int, passes: bool, said: str | None
) -> None:
    got = report(
        measured(UNTRACED, [10] * 3, status=alone),
        measured(traced("t", passes_status=passes), [20] * 3, status=under),
    )
    assert [said in line for line in got.errors] == ([True] if said else [])
    assert ("error: under t " in bench_table(got)) == (said is not None)


def test_json_holds_what_is_needed_to_work_it_out_again(plain: Report) -> None:
    plain.left_out.append(LeftOut("perf", "not installed", True))
    shown = json.loads(json.dumps(plain.to_dict()))
    assert shown["argv"] == ["work"]
    assert shown["rounds"] == 3
    assert shown["calls"] == 1000
    assert shown["started"] == "2026-01-02T03:04:00+00:00"
    assert shown["machine"]["kernel"] == "6.1.0"
    assert shown["left_out"] == [{"name": "perf", "why": "not installed", "asked": True}]
    assert shown["warnings"] == shown["errors"] == []
    slow = shown["contenders"][1]
    assert slow["command"] == ["slow", "/dev/null", "work"]
    assert slow["version"] == "slow 1.2"
    assert slow["walls_ns"] == [20 * MS, 21 * MS, 19 * MS]
    assert slow["wall_ns"] == {"median": 20 * MS, "min": 19 * MS, "max": 21 * MS}
    assert slow["ratio_without_startup"] == 1.5
    assert slow["cost_per_call_ns"] == 5000
    assert slow["exit_statuses"] == [0]


def test_the_table_shows_all_figures(plain: Report) -> None:
    text = bench_table(plain)
    assert "1,000 calls, exit status 0" in text
    assert "3 rounds in turn after one that is not counted" in text
    assert "Linux 6.1.0 x86_64, 8 processors, A Processor, load 0.00 0.00 0.00" in text
    assert ", slow 1.2" in text
    assert re.search(r"^slow +20\.0 ms +19\.0 ms +21\.0 ms +2\.00 +5\.00 ms +1\.50$", text, re.M)
    assert re.search(r"^slow +66\.7 k +2\.00 +5\.00 us +\S+ us +1000$", text, re.M)
    assert "  slow       slow /dev/null work" in text
    assert "\x1b" not in text
    assert max(map(len, text.partition("command lines")[0].splitlines())) <= 100


def test_color_adds_nothing_but_color(plain: Report) -> None:
    plain.measurements[1].statuses = [1]
    colored = bench_table(plain, color=True)
    assert "\x1b[31merror: " in colored
    assert re.sub(r"\x1b\[\d*m", "", colored) == bench_table(plain)


def test_a_commands_own_text_does_not_steer_the_terminal() -> None:
    steering = report(measured(UNTRACED, [10]))
    steering.argv = ["\x1b[2J"]
    assert "\x1b" not in bench_table(steering)


def test_what_is_left_out_is_one_line_unless_asked_for(plain: Report) -> None:
    plain.left_out = [LeftOut("perf", "not installed", False), LeftOut("bpftrace", "no", False)]
    assert "not measured: perf (not installed), bpftrace (no)" in bench_table(plain)
    plain.left_out = [LeftOut("perf", "not installed", True)]
    assert "left out: perf: not installed" in bench_table(plain)


# The order of the runs


class Runs:
    """Notes what is run, and takes a millisecond for each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: list[list[str]] = []
        self.end_after: int | None = None
        monkeypatch.setattr(measure, "run_once", self.run)
        monkeypatch.setattr(peers, "nothing", lambda: ["nothing"])

    def run(self, command: Sequence[str]) -> Once:
        if len(self.commands) == self.end_after:
            raise KeyboardInterrupt
        self.commands.append(list(command))
        return Once(MS, 0)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def test_contenders_run_in_turn_after_a_round_that_is_not_counted(runs: Runs) -> None:
    ones = [measured(UNTRACED, []), measured(traced("a"), []), measured(traced("b"), [])]
    got = Report(["work"], 2, QUIET, datetime.now(timezone.utc), ones)
    steps: list[tuple[int, int]] = []
    measure.measure(got, lambda done, total: steps.append((done, total)))
    first = [command[0] for command in runs.commands]
    assert first[:6] == ["nothing", "work", "a", "a", "b", "b"]
    assert first[6:] == ["nothing", "a", "b", "work", "a", "b"] * 2
    assert all(len(one.walls_ns) == len(one.nothing_walls_ns) == 2 for one in ones)
    assert all(len(one.statuses) == 3 for one in ones)
    assert runs.commands[9:12] == [["work"], ["a", "/dev/null", "work"], ["b", "/dev/null", "work"]]
    assert steps == [(done, 9) for done in range(1, 10)]


def test_what_the_contender_counts_is_read_in_the_first_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(command: Sequence[str]) -> Once:
        if command[0] == "a" and command[1] != "/dev/null":
            Path(command[1]).write_text("77")
        return Once(1, 0)

    monkeypatch.setattr(measure, "run_once", run)
    one = measured(traced("a", counted=int), [])
    got = Report(["work"], 1, QUIET, datetime.now(timezone.utc), [measured(UNTRACED, []), one])
    measure.measure(got, lambda done, total: None)
    assert one.counted == 77


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No peers and no engine but ptrace, which counts 5 calls."""

    def counted(argv: list[str], engine: str) -> tuple[str, Count, int]:
        if engine == "inline":
            raise EngineUnavailable.of(engine, "no reason")
        return "ptrace", Count(5, 10), 0

    monkeypatch.setattr(measure, "_count", counted)
    monkeypatch.setattr(peers, "find", lambda against: ([], []))


def test_an_engine_that_does_not_work_is_left_out(runs: Runs, alone: None) -> None:
    got = measure.run(["true"], 1)
    assert [one.contender.name for one in got.measurements] == ["untraced", "fasttrace ptrace"]
    assert [(out.name, out.asked) for out in got.left_out] == [("fasttrace inline", False)]
    assert got.calls == 5
    only = measure.run(["true"], 1, ["inline"])
    assert [one.contender.name for one in only.measurements] == ["untraced"]
    assert only.left_out[0].asked
    assert only.calls == 5
    chosen = measure.run(["true"], 1, ["auto"])
    assert chosen.measurements[1].contender.name == "fasttrace auto (ptrace)"
    assert "--engine auto" in " ".join(chosen.measurements[1].command)


@pytest.mark.parametrize("after", range(9))
def test_ctrl_c_leaves_what_was_measured(runs: Runs, alone: None, after: int) -> None:
    runs.end_after = after
    if after == 8:  # 2 rounds of 2 contenders, each with `true`
        assert not measure.run(["true"], 1).interrupted
        return
    with pytest.raises(Interrupted) as caught:
        measure.run(["true"], 1)
    got = caught.value.result
    assert got.interrupted
    assert sum(len(one.walls_ns) for one in got.measurements) == max(0, after - 6)
    assert "interrupted" in bench_table(got)
    json.dumps(got.to_dict())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": 0}, "at least 1"),
        ({"engines": ["warp"]}, "unknown engine 'warp'"),
        ({"against": ["truss"]}, "unknown peer 'truss': one of strace, perf, bpftrace"),
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        measure.run(["true"], **options)  # type: ignore[arg-type]


def test_the_command_line_knows_the_same_names() -> None:
    assert set(bench._PEERS) == set(PEERS)
    assert set(bench._ENGINES) == {*ENGINES, "all"}


def test_this_machine_can_be_named() -> None:
    here = measure.machine()
    assert 1 <= here.usable_processors <= here.processors
    assert here.kernel
    assert here.cpu
