"""Draw what tracing costs as one bar chart.

python -m pytest bench/test_inline.py --benchmark-json results.json
python bench/plot.py results.json -o docs/cost.svg
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

TRACERS = {
    "strace": ("strace -f -c", "#b3b3b3"),
    "ptrace": ("fasttrace, engine ptrace", "#e69f00"),
    "inline": ("fasttrace, engine inline", "#0072b2"),
}

TITLES = {
    "dd": "dd bs=1, 4 M calls",
    "getppid": "getppid loop, 5 M calls",
    "getppid_8_threads": "the same, by 8 threads",
    "find": "find /usr",
    "tar": "tar of /usr/include",
    "perl_stat": "perl, 200,000 x stat",
    "fork_exec": "sh, 500 x fork and exec",
    "python": "python3, imports",
    "gcc": "gcc -O2, 2,000 lines",
    "git_log": "git log, 20,000 commits",
}


def ratios_of(results: dict[str, Any]) -> dict[str, dict[str, float]]:
    """By workload, in the order measured, and tracer: wall time by that untraced."""
    found: dict[str, dict[str, float]] = {}
    for benchmark in results["benchmarks"]:
        extra = benchmark["extra_info"]
        if "ratios" in extra:
            found.setdefault(extra["workload"], {}).update(extra["ratios"])
    return found


def draw(ratios: dict[str, dict[str, float]], path: Path) -> None:
    import matplotlib

    # "svg": needs no display, and the file is the same for the same figures.
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "fasttrace", "font.size": 9})
    from matplotlib import pyplot

    shown = [name for name in TRACERS if any(name in of for of in ratios.values())]
    height = 0.8 / len(shown)
    figure, axes = pyplot.subplots(figsize=(8, 1.2 + 0.5 * len(ratios)), layout="constrained")
    for i, name in enumerate(shown):
        label, colour = TRACERS[name]
        rows = [(y, of[name]) for y, of in enumerate(ratios.values()) if name in of]
        bars = axes.barh(
            [y + (i - (len(shown) - 1) / 2) * height for y, _ in rows],
            # The axis begins at 1, as if untraced, and noise can be below it.
            [max(ratio, 1.0) - 1 for _, ratio in rows],
            left=1,
            height=height,
            label=label,
            color=colour,
        )
        labels = [f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}" for _, ratio in rows]
        axes.bar_label(bars, labels, padding=3, fontsize=7)
    axes.set_xscale("log")
    axes.set_xlim(1, 1.6 * max(ratio for of in ratios.values() for ratio in of.values()))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("wall time / wall time untraced (log scale; 1: tracing costs nothing)")
    axes.set_yticks(range(len(ratios)), [TITLES.get(name, name) for name in ratios])
    axes.set_ylabel("workload")
    axes.invert_yaxis()
    axes.grid(axis="x", color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=True, edgecolor="none")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> int | str:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", type=Path, help="written by pytest's --benchmark-json")
    parser.add_argument("-o", "--output", type=Path, required=True, help="an .svg file")
    args = parser.parse_args()
    try:
        ratios = ratios_of(json.loads(args.results.read_text()))
    except (OSError, ValueError, KeyError) as error:
        return f"plot: {args.results} holds no results of pytest-benchmark: {error!r}"
    if not ratios:
        return f"plot: {args.results} holds no ratios: run bench/test_inline.py"
    try:
        draw(ratios, args.output)
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        return 'plot: matplotlib is missing: pip install "fasttrace[plot]"'
    except (OSError, ValueError) as error:
        return f"plot: cannot write {args.output}: {error}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
