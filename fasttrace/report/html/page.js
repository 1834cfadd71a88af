"use strict";
// What the tables, the tree and the two plots do. All text comes from the page itself, which Python has escaped;
// what is made here is made by textContent. plotly takes tags in its texts for tags: those are escaped, too.
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const FIRST = 25; // rows of a table that are seen at once

  // ---- light and dark
  const system = matchMedia("(prefers-color-scheme: dark)");
  const themeButton = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const nameTheme = () => {
    themeButton.textContent = isDark() ? "light" : "dark";
    themeButton.setAttribute("aria-label", `show in ${themeButton.textContent} colours`);
  };
  themeButton.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
    drawAll();
  });
  system.addEventListener("change", () => { nameTheme(); drawAll(); });
  nameTheme();

  // ---- tables
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  for (const table of document.querySelectorAll("table.data")) setUp(table);

  function setUp(table) {
    const body = table.tBodies[0], box = table.parentElement;
    let rows = [...body.rows], all = false;
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const search = make("input", "", {
      type: "search", placeholder: "search", "aria-label": `search ${table.dataset.name}`,
    });
    const found = make("span", "", { class: "found", role: "status" });
    const tools = make("p", "", { class: "tools" });
    tools.append(search, found);
    box.before(tools);
    const more = make("button", "", { type: "button", class: "more" });
    box.after(more);

    function show() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let matching = 0;
      for (const row of rows) {
        const text = texts.get(row);
        const is = words.every((word) => text.includes(word));
        matching += is;
        row.hidden = !is || (!all && matching > FIRST);
      }
      found.textContent = words.length ? `${matching.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`
        : `${rows.length.toLocaleString("en")} rows`;
      more.hidden = all || matching <= FIRST;
      more.textContent = `show all ${matching.toLocaleString("en")}`;
    }
    search.addEventListener("input", show);
    more.addEventListener("click", () => { all = true; show(); box.focus(); });

    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (head.classList.contains("plain")) return;
      const button = make("button", head.textContent, { type: "button" });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const numeric = head.classList.contains("n");
        const was = head.getAttribute("aria-sort");
        const descending = was ? was === "ascending" : numeric;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const value = (row) => {
          const cell = row.cells[column];
          return numeric ? Number(cell.dataset.v ?? cell.textContent) : cell.textContent;
        };
        const keys = new Map(rows.map((row) => [row, value(row)]));
        const sign = descending ? -1 : 1;
        const order = new Intl.Collator("en");
        rows.sort((a, b) => sign * (numeric ? keys.get(a) - keys.get(b) : order.compare(keys.get(a), keys.get(b))));
        body.append(...rows);
        show();
      });
    });
    show();
  }

  // ---- plots
  const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const narrow = () => innerWidth < 640;
  const faded = (color, alpha) => {
    const n = parseInt(color.slice(1), 16);
    return `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${alpha})`;
  };
  const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
  const time = (ns) => {
    const [size, unit] = UNITS.find(([size]) => ns >= size * 0.9995) || [1, "ns"];
    return `${Number((ns / size).toPrecision(3))} ${unit}`;
  };
  const config = { displaylogo: false, responsive: true, plotlyServerURL: "", modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]] };
  const layout = (more) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: style("--text"), family: getComputedStyle(document.body).fontFamily, size: 12 },
    margin: { l: 55, r: 16, t: 28, b: 45 }, showlegend: false,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: style("--dim"), activecolor: style("--accent") },
    hoverlabel: { bgcolor: style("--panel"), bordercolor: style("--line"), font: { color: style("--text") }, align: "left" },
    ...more,
  });
  const axis = (more) => ({ gridcolor: style("--line"), zerolinecolor: style("--line"), linecolor: style("--line"), ...more });

  const select = document.getElementById("latency-of");
  function barsOf(name) {
    const sum = new Map();
    for (const flat of name ? [data.latency.bars[name]] : Object.values(data.latency.bars))
      for (let i = 0; i < flat.length; i += 2) sum.set(flat[i], (sum.get(flat[i]) || 0) + flat[i + 1]);
    return [...sum].sort((a, b) => a[0] - b[0]);
  }
  function drawLatency() {
    if (!select) return;
    const steps = data.latency.steps, bars = barsOf(select.value);
    const ns = (bar) => 2 ** (bar / steps);
    const total = bars.reduce((sum, [, count]) => sum + count, 0);
    const ticks = [];
    for (let power = 0; power <= 19; power += 1) ticks.push(power);
    const first = bars[0][0] - 1, last = bars.at(-1)[0] + 2;
    const kept = ticks.filter((p) => { const x = steps * p * Math.log2(10); return x >= first && x <= last; });
    let below = 0, median = bars[0][0], most = bars[0];
    for (const bar of bars) {
      if (below < total / 2) median = bar[0];
      below += bar[1];
      if (bar[1] > most[1]) most = bar;
    }
    document.getElementById("latency-text").textContent =
      `${select.value || "all names"}: ${total.toLocaleString("en")} calls from ${time(ns(bars[0][0]))} to ` +
      `${time(ns(bars.at(-1)[0] + 1))}; half of them took up to ${time(ns(median + 1))}, most of them (` +
      `${most[1].toLocaleString("en")}) ${time(ns(most[0]))} to ${time(ns(most[0] + 1))}.`;
    Plotly.react("latency-plot", [{
      type: "bar", x: bars.map(([bar]) => bar + 0.5), y: bars.map(([, count]) => count), width: 0.94,
      marker: { color: style("--accent") },
      customdata: bars.map(([bar, count]) => [`${time(ns(bar))} – ${time(ns(bar + 1))}`, `${(100 * count / total).toFixed(2)} %`]),
      hovertemplate: "%{customdata[0]}<br>%{y:,} calls, %{customdata[1]}<extra></extra>",
    }], layout({
      height: 320, bargap: 0,
      xaxis: axis({ range: [first, last], tickvals: kept.map((p) => steps * p * Math.log2(10)), ticktext: kept.map((p) => time(10 ** p)), title: { text: "took" } }),
      yaxis: axis({ title: { text: "calls" }, rangemode: "tozero", fixedrange: true }),
    }), config);
  }

  const line = data.timeline;
  const boxes = [...document.querySelectorAll(".keys input")];
  // For each lane and cell the class that took most of the time, and what all took, as text.
  const cells = new Map();
  for (let i = 0; i < line.lane.length; i += 1) {
    const at = line.lane[i] * line.parts + line.cell[i];
    if (!cells.has(at)) cells.set(at, { shares: [], calls: 0 });
    cells.get(at).shares.push([line.share[i], line.kind[i]]);
  }
  for (let i = 0; i < line.began[0].length; i += 1) {
    const at = line.began[0][i] * line.parts + line.began[1][i];
    if (!cells.has(at)) cells.set(at, { shares: [], calls: 0 });
    cells.get(at).calls = line.began[2][i];
  }
  for (const cell of cells.values()) cell.shares.sort((a, b) => b[0] - a[0]);

  const scale = () => UNITS.find(([size]) => line.part_ns * line.parts >= 2 * size) || [1, "ns"];
  const whole = () => [0, line.part_ns * line.parts / scale()[0]];
  function drawTimeline() {
    const plot = document.getElementById("timeline-plot");
    if (!plot) return;
    const wanted = boxes.map((box) => box.checked);
    const lanes = line.lanes.length, part = line.part_ns;
    const [size, unit] = scale();
    const x0 = part / 2 / size, dx = part / size;
    // One picture for all: what a cell's number is before the point says the colour, what is behind it how strong.
    const z = line.alive.map(([first, last]) => Array.from({ length: line.parts }, (_, x) =>
      ((x + 1) * part > first && x * part <= last ? 0.5 : null)));
    const text = line.lanes.map((name) => Array.from({ length: line.parts }, (_, x) => `${name}, at ${time(x * part)}<br>no calls`));
    for (const [at, cell] of cells) {
      const lane = Math.floor(at / line.parts), x = at % line.parts;
      const best = cell.shares.find(([, kind]) => wanted[kind]);
      if (best) z[lane][x] = 1 + best[1] + 0.02 + 0.96 * Math.sqrt(Math.min(best[0], 1000) / 1000);
      const told = cell.shares.map(([share, kind]) => `${line.classes[kind]} ${share < 10 ? "&lt;1" : Math.round(share / 10)} %`);
      text[lane][x] = `${line.lanes[lane]}, at ${time(x * part)}<br>${told.join(", ")}<br>${cell.calls.toLocaleString("en")} calls began`;
    }
    const colors = [["--alive", 1, 1], ...line.classes.map((_, kind) => [`--c${kind}`, 0.2, 1])];
    const traces = [{
      type: "heatmap", z, text, x0, dx, y0: 0, dy: 1, ygap: 3, zmin: 0, zmax: colors.length, showscale: false, hoverongaps: false,
      colorscale: colors.flatMap(([name, low, high], i) => [
        [i / colors.length, faded(style(name), low)], [i + 1 < colors.length ? (i + 0.9999) / colors.length : 1, faded(style(name), high)],
      ]),
      hovertemplate: "%{text}<extra></extra>",
    }];
    const drawn = line.drawn.filter(([, , , kind]) => wanted[kind]);
    if (drawn.length) traces.push({
      type: "bar", orientation: "h", width: 0.36,
      y: drawn.map(([lane]) => lane), base: drawn.map(([, start]) => start / size), x: drawn.map(([, , took]) => took / size),
      marker: { color: drawn.map(([, , , kind]) => style(`--c${kind}`)), line: { width: 0.5, color: faded(style("--bg"), 0.7) } },
      customdata: drawn.map(([lane, start, took, , text]) => [line.lanes[lane], `at ${time(start)}, took ${time(took)}`, wrapped(text)]),
      hovertemplate: "%{customdata[0]}, %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
    });
    const labels = narrow() ? line.lanes.map((name) => (name.length > 14 && !name.includes("&") ? `…${name.slice(-13)}` : name)) : line.lanes;
    Plotly.react(plot, traces, layout({
      height: Math.max(210, 95 + 22 * lanes), barmode: "overlay", hovermode: "closest", uirevision: "kept",
      dragmode: narrow() ? false : "zoom",
      xaxis: axis({ title: { text: `since the start, ${unit}` }, range: whole() }),
      yaxis: axis({ tickvals: line.lanes.map((_, i) => i), ticktext: labels, range: [lanes - 0.5, -0.5], automargin: true, fixedrange: true, showgrid: false, zeroline: false }),
    }), config);
  }
  // A line of a hover text; entities stay whole.
  const wrapped = (text) => (text.match(/(?:&[^;\s]{1,8};|[^]){1,100}/g) || [""]).slice(0, 6).join("<br>");

  // Each plot is drawn when it is about to be seen.
  const plots = new Map([["latency-plot", drawLatency], ["timeline-plot", drawTimeline]]);
  function draw(plot) {
    plots.get(plot.id)();
    plot.dataset.drawn = String(1 + Number(plot.dataset.drawn || 0));
  }
  const present = [...plots.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const drawAll = () => present.filter((plot) => plot.dataset.drawn).forEach(draw);
  const watcher = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "400px" });
  present.forEach((plot) => watcher.observe(plot));
  addEventListener("beforeprint", () => present.filter((plot) => !plot.dataset.drawn).forEach(draw));

  if (select) select.addEventListener("change", () => draw(present.find(({ id }) => id === "latency-plot")));
  for (const box of boxes) box.addEventListener("change", () => draw(present.find(({ id }) => id === "timeline-plot")));
  document.getElementById("whole")?.addEventListener("click", () => Plotly.relayout("timeline-plot", { "xaxis.range": whole() }));
  for (const button of document.querySelectorAll(".pick")) button.addEventListener("click", () => {
    select.value = button.dataset.name;
    select.dispatchEvent(new Event("change"));
    document.getElementById("latency").scrollIntoView();
    select.focus({ preventScroll: true });
  });
})();
