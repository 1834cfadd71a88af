"""Promise: in a browser the HTML report opens without a network and without a complaint, its tables
sort and search, its plots draw, it can be used by keyboard, in the dark and on a telephone, and
nothing that a traced program chose is run.

Needs chromium, chromedriver and selenium; without them these tests skip.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fasttrace
from fasttrace.data.events import EVENT_DTYPE, Kind
from fasttrace.data.processes import Process
from fasttrace.data.trace import Trace
from fasttrace.report.html.timeline import CLASSES
from fasttrace.text.terminal import printable

pytest.importorskip("plotly")
webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if CHROMIUM is None or DRIVER is None:
    pytest.skip("no chromium, or no chromedriver", allow_module_level=True)

SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
NASTY = (
    "</script><script>window.caught=1</script><img src=x onerror=window.caught=1>'\"&lt;\x1b\udcff"
)
PROGRAM = r"""
import os, sys, threading
def work():
    for _ in range(50):
        os.close(os.open("/etc/hosts", os.O_RDONLY))
threads = [threading.Thread(target=work) for _ in range(3)]
[t.start() for t in threads]
[t.join() for t in threads]
name = os.fsdecode(bytes.fromhex(sys.argv[1]))
for i in range(20):
    try:
        os.stat(f"/{i}{name}")
    except OSError:
        pass
if not os.fork():
    os._exit(7)
os.wait()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in SWITCHES:
        options.add_argument(switch)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=DRIVER)
    started = webdriver.Chrome(options=options, service=service)
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture(scope="module")
def trace() -> Trace:
    """Threads, a child, paths that are NASTY."""
    name = NASTY.encode("utf-8", "surrogateescape").replace(b"/", b"|")
    return fasttrace.trace([sys.executable, "-S", "-c", PROGRAM, name.hex()])


@pytest.fixture(scope="module")
def report(trace: Trace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "x.html"
    trace.to_html(out)
    return out


@pytest.fixture
def page(browser: Any, report: Path) -> Any:
    """The report, opened anew, on a screen of 1280 pixels."""
    return opened(browser, report)


def opened(browser: Any, path: Path, width: int = 1280, scheme: str = "light") -> Any:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    preferred = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preferred})
    for log in ("browser", "performance"):
        browser.get_log(log)  # what an earlier page said
    browser.get(path.as_uri())
    return browser


def until(browser: Any, script: str) -> Any:
    """What a script returns once that is true."""
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(browser, 30, 0.05).until(lambda _: browser.execute_script(script))


def find(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def click(browser: Any, selector: str) -> None:
    """In the middle of the screen, where nothing lies above it."""
    element = find(browser, selector)
    browser.execute_script("arguments[0].scrollIntoView({ block: 'center' })", element)
    element.click()


def drawn(browser: Any, id: str) -> int:
    """Scrolls to a plot; how often it has been drawn, which is at least once then."""
    browser.execute_script(f"document.getElementById('{id}').closest('section').scrollIntoView()")
    return int(until(browser, f"return document.getElementById('{id}').dataset.drawn"))


def column(browser: Any, table: str, index: int) -> list[str]:
    """The cells that are seen."""
    script = (
        "return [...document.querySelector(`table[data-name='${arguments[0]}']`).tBodies[0].rows]"
        ".filter((row) => !row.hidden).map((row) => row.cells[arguments[1]].textContent)"
    )
    found: list[str] = browser.execute_script(script, table, index)
    return found


def test_it_asks_no_network_and_lets_nothing_ask(page: Any, report: Path) -> None:
    """Nor does it complain, until something of another's is put into it."""
    for plot in ("latency-plot", "timeline-plot"):
        assert drawn(page, plot)
    assert page.get_log("browser") == []
    assert page.execute_script("return document.documentElement.scrollWidth") <= 1280
    asked = [
        message["params"]["request"]["url"]
        for entry in page.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"]
        == "Network.requestWillBeSent"
    ]
    assert asked[0] == report.as_uri()
    assert all(url.startswith(("data:", "blob:")) for url in asked[1:])
    script = """
        const done = arguments[0], seen = [];
        document.addEventListener("securitypolicyviolation", (e) => {
            seen.push(e.effectiveDirective);
            if (seen.length === 3) done(seen.sort());
        });
        const script = document.createElement("script");
        script.text = "window.caught = 1";
        document.body.append(script);
        document.body.append(Object.assign(new Image(), { src: "file:///nothing.png" }));
        fetch("http://127.0.0.1:9/").catch(() => 0);
    """
    page.set_script_timeout(30)
    assert page.execute_async_script(script) == ["connect-src", "img-src", "script-src-elem"]
    assert page.execute_script("return window.caught") is None


def test_tables_sort_and_are_searched(page: Any, trace: Trace) -> None:
    """By numbers and by text, up and down; the first 25 rows are seen, the rest on demand."""
    syscalls = trace.summary().syscalls
    assert column(page, "system calls", 0) == [s.name for s in syscalls][:25]
    button = find(page, "table[data-name='system calls'] thead th:nth-child(2) button")
    button.click()
    most = sorted((s.calls for s in syscalls), reverse=True)
    assert column(page, "system calls", 1) == [f"{calls:,}" for calls in most][:25]
    button.click()
    assert column(page, "system calls", 1) == [f"{calls:,}" for calls in most[::-1]][:25]
    assert button.find_element("xpath", "..").get_attribute("aria-sort") == "ascending"
    click(page, "table[data-name='system calls'] thead th button")
    assert column(page, "system calls", 0) == sorted(s.name for s in syscalls)[:25]

    search = find(page, "#errors input[type=search]")
    search.send_keys("caught ENOENT")
    assert len(column(page, "errors by path", 0)) == 20
    told = page.execute_script("return document.querySelector('#errors .found').textContent")
    assert told == f"20 of {len(trace.files().errors)}"
    search.send_keys(" nowhere")
    assert column(page, "errors by path", 0) == []

    count = len(trace.files().files)
    assert len(column(page, "files touched", 0)) == 25
    click(page, "#files .more")
    assert len(column(page, "files touched", 0)) == count


def test_a_name_shows_its_latencies(page: Any, trace: Trace) -> None:
    before = drawn(page, "latency-plot")
    click(page, ".pick[data-name='openat']")
    assert drawn(page, "latency-plot") == before + 1
    (stats,) = [s for s in trace.summary().syscalls if s.name == "openat"]
    assert find(page, "#latency-text").text.startswith(f"openat: {stats.finished:,} calls from")
    bars = page.execute_script("return document.getElementById('latency-plot').data[0].y")
    assert sum(bars) == stats.finished
    assert page.execute_script("return document.activeElement.id") == "latency-of"


def test_the_timeline_has_a_line_for_each_thread(page: Any, trace: Trace) -> None:
    """Its drawn calls show their arguments as text, to a plotly that knows tags."""
    before = drawn(page, "timeline-plot")
    plot = "document.getElementById('timeline-plot')"
    tasks = {(int(e["pid"]), int(e["tid"])) for e in trace.events}
    assert page.execute_script(f"return {plot}.data[0].z.length") == len(tasks)
    page.execute_script(
        f"const at = {plot}.data[1].customdata.findIndex((told) => told[2].includes('caught'));"
        f"Plotly.Fx.hover({plot}, [{{ curveNumber: 1, pointNumber: at }}]);"
    )
    seen = until(page, "return document.querySelector('#timeline-plot .hoverlayer')?.textContent")
    assert "<|script><script>window.caught=1" in seen
    assert page.execute_script("return window.caught") is None

    calls = page.execute_script(f"return {plot}.data[1].y.length")
    for i in range(len(CLASSES)):
        click(page, f".keys input[value='{i}']")
    assert drawn(page, "timeline-plot") == before + len(CLASSES)
    assert page.execute_script(f"return {plot}.data.length") == 1
    click(page, ".keys input[value='0']")
    assert 0 < page.execute_script(f"return {plot}.data[1].y.length") < calls


def test_nothing_that_a_program_chose_is_run(browser: Any, tmp_path: Path) -> None:
    """Names of programs, threads, arguments, engine: all of them."""
    events = np.zeros(3, EVENT_DTYPE)
    events["kind"], events["pid"], events["tid"] = Kind.SYSCALL, 9, [9, 9, 10]
    events["time_ns"], events["duration_ns"] = [10, 900, 1000], [800, 50, 9000]
    known = [Process(9, 1, NASTY, [NASTY, NASTY], start_ns=1, end_ns=20_000, serial=1)]
    made = Trace(events, argv=[NASTY], engine=NASTY, processes=known, host=NASTY)
    made.to_html(tmp_path / "x.html")
    opened(browser, tmp_path / "x.html")
    for plot in ("latency-plot", "timeline-plot"):
        assert drawn(browser, plot)
    assert browser.get_log("browser") == []
    assert browser.execute_script("return window.caught") is None
    assert browser.execute_script("return document.scripts.length") == 3
    assert browser.execute_script("return document.images.length") == 0
    assert printable(NASTY)[:40] in find(browser, "h1").text
    assert printable(NASTY)[:40] in find(browser, "#processes").text
    labels = until(
        browser, "return document.querySelector('#timeline-plot .yaxislayer-above').textContent"
    )
    assert f"{printable(NASTY)} 9/10" in labels


def test_it_is_dark_where_the_system_is_and_by_a_switch(browser: Any, report: Path) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    text = "return document.getElementById('latency-plot').layout.font.color"
    opened(browser, report)
    light = browser.execute_script(ground)
    opened(browser, report, scheme="dark")
    dark = browser.execute_script(ground)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(15, 19, 24)")
    drawn(browser, "latency-plot")
    shown = browser.execute_script(text)
    switch = find(browser, "#theme")
    assert switch.get_attribute("aria-label") == "show in light colours"
    switch.click()
    assert browser.execute_script(ground) == light
    assert browser.execute_script(text) != shown


def test_all_of_it_goes_by_keyboard(page: Any) -> None:
    """Tab comes to the skip link first; Enter sorts, opens and closes."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(key: str) -> None:
        ActionChains(page).send_keys(key).perform()

    press(Keys.TAB)
    assert page.execute_script("return document.activeElement.className") == "skip"
    press(Keys.ENTER)
    assert page.execute_script("return document.activeElement.id") == "main"
    page.execute_script("document.querySelector('#summary thead th:nth-child(2) button').focus()")
    press(Keys.ENTER)
    assert find(page, "#summary thead th:nth-child(2)").get_attribute("aria-sort") == "descending"
    page.execute_script("document.querySelector('.tree summary').focus()")
    press(Keys.ENTER)
    assert find(page, ".tree details").get_attribute("open") is None
    unreached = page.execute_script(
        "return [...document.querySelectorAll('.scroll, .pick, select, #theme, .keys input')]"
        ".filter((e) => e.tabIndex < 0).length"
    )
    assert unreached == 0


def test_no_line_is_wider_than_a_telephone(browser: Any, report: Path) -> None:
    """Tables scroll in boxes of their own."""
    opened(browser, report, 390)
    for plot in ("latency-plot", "timeline-plot"):
        assert drawn(browser, plot)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390


def test_an_empty_page_opens_too(browser: Any, tmp_path: Path) -> None:
    Trace().to_html(tmp_path / "x.html")
    opened(browser, tmp_path / "x.html")
    assert browser.get_log("browser") == []
    assert "no calls" in find(browser, "#summary").text
