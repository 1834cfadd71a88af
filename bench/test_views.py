"""What it costs to look at a million calls, and to watch small pieces of Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_export import make

import fasttrace

EVENTS = 1_000_000
TESTS = 500
TRACES = 100


@pytest.fixture(scope="module")
def trace():
    events, payload = make(EVENTS)
    return fasttrace.Trace(events, payload, realtime_offset_ns=1)


def test_watch_of_nothing(in_turn, report):
    """The block runs in this process; a helper attaches to it and lets it go."""

    def watched() -> None:
        with fasttrace.watch():
            pass

    watched()
    seconds = in_turn({"watch(): enter and leave": watched})["watch(): enter and leave"]
    report("ms", seconds * 1e3, "<= 3")


def test_pytest_of_small_tests(in_turn, tmp_path):
    """500 tests that do next to nothing; the plugin is loaded in both runs, and no other."""
    lines = ["import os", *(f"def test_{i}(): os.stat('/')" for i in range(TESTS))]
    (tmp_path / "test_small.py").write_text("\n".join(lines) + "\n")
    plugins = ("-p", "fasttrace.testing.plugin", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-q", *plugins, str(tmp_path)]
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def run(*options: str) -> None:
        subprocess.run([*command, *options], stdout=subprocess.DEVNULL, env=env, check=True)

    in_turn({"--fasttrace": lambda: run("--fasttrace"), "without": run}, {"without": 1.5})


def test_html_of_a_million(in_turn, report, trace, tmp_path):
    pytest.importorskip("plotly")
    page = tmp_path / "x.html"
    in_turn({"to_html()": lambda: trace.to_html(page)})
    report("MB", page.stat().st_size / 1e6, "<= 20")


def test_html_of_a_million_opens(in_turn, report, trace, tmp_path):
    pytest.importorskip("plotly")
    webdriver = pytest.importorskip("selenium.webdriver")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium, or no chromedriver")
    page = tmp_path / "x.html"
    trace.to_html(page)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for switch in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"):
        options.add_argument(switch)
    options.add_argument(f"--user-data-dir={tmp_path / 'profile'}")
    browser = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=driver)
    )
    try:
        # `get` returns when all is loaded and drawn that is drawn without being asked for.
        seconds = in_turn({"open the page": lambda: browser.get(page.as_uri())})["open the page"]
    finally:
        browser.quit()
    report("s", seconds, "<= 3")


def test_scan_of_a_hundred_traces(in_turn, report, trace, tmp_path):
    """100 files of a million events each: one that is written, and links to it."""
    pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    first = tmp_path / "0.parquet"
    trace.to_parquet(first)
    for i in range(1, TRACES):
        Path(tmp_path / f"{i}.parquet").hardlink_to(first)
    counted = fasttrace.scan(tmp_path / "*.parquet")
    assert counted.summary().total_calls == TRACES * EVENTS
    seconds = in_turn({"scan().summary()": counted.summary})["scan().summary()"]
    report("s", seconds, "<= 10")


def test_why_and_diff_of_a_million(in_turn, trace):
    later = trace[1:]
    in_turn({"why()": trace.why, "diff()": lambda: fasttrace.diff(trace, later)})
