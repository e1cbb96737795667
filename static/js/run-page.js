// The live curve of a run: asks for new measurements every two seconds and draws them over the picture from the server.
/* global uPlot */

const POLL_MS = 2000;
const PREFERRED = ["reward", "loss", "accuracy", "mean_reward", "margin", "kl_nats", "kl", "log_loss"];
const NOT_DRAWN = new Set(["epoch", "num_tokens"]);

const card = document.querySelector("#run-curve[data-metrics]");
const holder = card.querySelector(".run-chart");
const readout = card.querySelector(".run-readout");
const series = new Map(); // metric → split → [[step, value], …]
let wished = card.dataset.metric;
let plot = null;
let next = 0;
let before = 0;

// A run that went back to a checkpoint measures steps again: what it went back behind is forgotten, in every series.
function forget(step) {
  for (const splits of series.values()) {
    for (const points of splits.values()) {
      while (points.length && points.at(-1)[0] >= step) points.pop();
    }
  }
}

function add({ step, values }) {
  if (step < before) forget(step);
  before = step;
  const split = values.split ?? "";
  for (const [metric, value] of Object.entries(values)) {
    if (NOT_DRAWN.has(metric) || typeof value !== "number") continue;
    if (!series.has(metric)) series.set(metric, new Map());
    const splits = series.get(metric);
    if (!splits.has(split)) splits.set(split, []);
    const points = splits.get(split);
    if (points.length && points.at(-1)[0] === step) points.pop();
    points.push([step, value]);
  }
}

function rank(metric) {
  const place = PREFERRED.indexOf(metric);
  return place < 0 ? PREFERRED.length : place;
}

function inOrder() {
  return [...series.keys()].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  holder.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function lineColour(split) {
  return colour(`--line-${["validation", "test"].includes(split) ? split : "train"}`);
}

function lineDash(split) {
  return { validation: [6, 4], test: [2, 4] }[split];
}

function format(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  return size !== 0 && size < 0.001 ? value.toExponential(2) : value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: size < 10 ? 4 : 1 });
}

// One column of steps, one column of values a split; a split that did not measure a step has a gap there.
function columns(lines) {
  const steps = [...new Set(lines.flat().map(([step]) => step))].sort((a, b) => a - b);
  const values = lines.map((points) => {
    const at = new Map(points);
    return steps.map((step) => at.get(step) ?? null);
  });
  return [steps, ...values];
}

// A line needs two points; one alone is shown as a dot.
function isPoint(chart, index) {
  return chart.data[index].filter((value) => value != null).length === 1;
}

// Lines carry their names at their ends, apart from each other, instead of a legend.
function nameLines(chart, names) {
  const { ctx, bbox } = chart;
  const scale = devicePixelRatio;
  const ends = names
    .map((name, index) => {
      const column = chart.data[index + 1];
      const last = column.findLastIndex((value) => value != null);
      return { name, x: chart.valToPos(chart.data[0][last], "x", true), y: chart.valToPos(column[last], "y", true) };
    })
    .filter(({ name, y }) => name && Number.isFinite(y))
    .sort((a, b) => a.y - b.y);
  ctx.save();
  ctx.font = `${13 * scale}px ${getComputedStyle(holder).fontFamily}`;
  ctx.fillStyle = colour("--quiet");
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  let lowest = -Infinity;
  for (const { name, x, y } of ends) {
    lowest = Math.max(y, lowest + 16 * scale);
    ctx.fillText(name, Math.min(x, bbox.left + bbox.width) + 6 * scale, lowest);
  }
  ctx.restore();
}

function tell(chart, names, metric) {
  const index = chart.cursor.idx;
  if (index == null) {
    readout.textContent = "";
    return;
  }
  const values = names.map((name, line) => `${name || metric} ${format(chart.data[line + 1][index])}`);
  readout.textContent = `${card.dataset.stepLabel} ${format(chart.data[0][index])} · ${values.join(" · ")}`;
}

function draw() {
  const metric = series.has(wished) ? wished : inOrder()[0];
  if (!metric) return;
  const splits = series.get(metric);
  const names = [...splits.keys()].filter((name) => splits.get(name).length);
  if (!names.length) return;
  const data = columns(names.map((name) => splits.get(name)));
  const signature = JSON.stringify([metric, names, document.documentElement.dataset.theme ?? "", matchMedia("(prefers-color-scheme: dark)").matches]);
  if (plot && plot.signature === signature) {
    plot.setData(data);
    return;
  }
  plot?.destroy();
  holder.replaceChildren();
  card.querySelector("#curve-title").textContent = metric;
  const axis = { stroke: colour("--quiet"), font: `12px ${getComputedStyle(holder).fontFamily}`, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  plot = new uPlot(
    {
      width: holder.clientWidth,
      height: Math.max(220, Math.min(320, holder.clientWidth * 0.5)),
      padding: [12, names.some(Boolean) ? 84 : 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 7 } },
      scales: { x: { time: false } },
      axes: [{ ...axis, grid: { show: false } }, { ...axis, size: 60, space: 48 }],
      series: [{}, ...names.map((name) => ({ stroke: lineColour(name), width: 2, dash: lineDash(name), spanGaps: true, points: { show: isPoint, size: 7 } }))],
      hooks: { draw: [(chart) => nameLines(chart, names)], setCursor: [(chart) => tell(chart, names, metric)] },
    },
    data,
    holder,
  );
  plot.signature = signature;
  plot.root.setAttribute("role", "img");
  plot.root.setAttribute("aria-label", metric);
  offerMetrics(metric);
}

// The choice of metrics grows with what the run measures.
function offerMetrics(current) {
  const names = inOrder();
  if (names.length < 2) return;
  let choice = card.querySelector(".run-metrics");
  if (!choice) {
    choice = document.createElement("nav");
    choice.className = "cluster small run-metrics";
    card.querySelector(".card-header").append(choice);
  }
  choice.replaceChildren(
    ...names.map((name) => {
      const link = document.createElement("a");
      link.href = `?metric=${encodeURIComponent(name)}`;
      link.textContent = name;
      if (name === current) link.setAttribute("aria-current", "true");
      link.addEventListener("click", (event) => {
        event.preventDefault();
        wished = name;
        history.replaceState(null, "", link.href);
        draw();
      });
      return link;
    }),
  );
}

async function follow() {
  let isLive = true;
  try {
    let page;
    do {
      const response = await fetch(`${card.dataset.metrics}?after=${next}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(response.statusText);
      page = await response.json();
      page.metrics.forEach(add);
      next = page.next;
      isLive = page.state === "queued" || page.state === "running";
    } while (page.metrics.length >= 2000);
    draw();
  } catch {
    // The server is away for a moment; the next round asks again.
  }
  if (isLive) setTimeout(follow, POLL_MS);
}

new ResizeObserver(() => plot?.setSize({ width: holder.clientWidth, height: plot.height })).observe(holder);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
follow();
