// Line charts.

import { draw, make } from "./element.js";

const [WIDTH, HEIGHT] = [480, 240];
const [LEFT, RIGHT, TOP, BOTTOM] = [48, 12, 28, 34];

/** Round numbers from `low` to `high`. */
function ticks(low, high, about) {
  const rough = (high - low || 1) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) found.push(Number(tick.toPrecision(12)));
  return found;
}

function shown(value) {
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e5) ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}

/** The most points of a line; of more, neighbours are averaged. */
const MOST = 300;

function thinned(points) {
  const each = Math.ceil(points.length / MOST);
  if (each < 2) return points;
  const mean = (part, place) => part.reduce((sum, point) => sum + point[place], 0) / part.length;
  const parts = Array.from({ length: Math.ceil(points.length / each) }, (_, part) => points.slice(part * each, (part + 1) * each));
  return parts.map((part) => [part.at(-1)[0], mean(part, 1)]);
}

/** A chart of `series`, each with a name and points `[x, y]`; `span` are the least and the largest y that there can be. */
export function lineChart(title, xTitle, series, span = [-Infinity, Infinity]) {
  const drawn = series.filter(({ points }) => points.length > 0).map(({ name, points }) => ({ name, points: thinned(points) }));
  const all = drawn.flatMap(({ points }) => points);
  const figure = make("figure", {});
  if (all.length === 0) return figure;
  const range = (place) => {
    const values = all.map((point) => point[place]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return low === high ? [low - 0.5, high + 0.5] : [low, high];
  };
  const [[x0, x1], [low, high]] = [range(0), range(1)];
  const [y0, y1] = [Math.max(low, span[0]), Math.min(high, span[1])];
  const x = (value) => LEFT + ((value - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": `${title}: ${drawn.map(({ name, points }) => `${name} ${shown(points.at(-1)[1])}`).join(", ")}` });
  const text = (content, attributes) => svg.append(draw("text", attributes, content));
  text(title, { x: LEFT, y: 16, class: "title" });
  text(xTitle, { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end" });
  for (const tick of ticks(y0, y1, 4)) {
    svg.append(draw("path", { class: "grid", d: `M${LEFT} ${y(tick)}H${WIDTH - RIGHT}` }));
    text(shown(tick), { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" });
  }
  for (const tick of ticks(x0, x1, 5)) text(shown(tick), { x: x(tick), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" });
  drawn.forEach(({ name, points }, place) => {
    const number = `nr${place % 6}`;
    const path = points.map(([a, b], index) => `${index ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("");
    svg.append(draw("path", { class: `line ${number}`, d: path }));
    for (const [a, b] of points.length <= 100 ? points : [points.at(-1)]) {
      svg.append(draw("circle", { class: `mark ${number}`, cx: x(a), cy: y(b), r: 2.5 }, draw("title", {}, `${name}, ${xTitle} ${shown(a)}: ${shown(b)}`)));
    }
  });
  const keys = drawn.map(({ name }, place) => {
    const key = draw("svg", { width: 28, height: 10, "aria-hidden": "true" }, draw("path", { class: `line nr${place % 6}`, d: "M0 5H28" }));
    return make("li", {}, key, name);
  });
  figure.append(svg, make("ul", { className: "legend" }, ...keys));
  return figure;
}
