// Runs: their list, their curves while they train, what they confuse, and how they compare.

import { byId, make, percent } from "./element.js";
import { askImage, askJson, listen, tell } from "./ask.js";
import { lineChart } from "./chart.js";

/** How often the list is renewed while it is seen, in milliseconds. */
const INTERVAL = 5000;
const compared = new Set();
let opened = null;
let following = null;

const runPath = (name, rest = "") => `/runs/${encodeURIComponent(name)}${rest}`;
const pick = (lines, split, key) => lines.filter((line) => line.split === split && typeof line[key] === "number").map((line) => [line.step, line[key]]);

/** The curves of a run, by what they show. */
function curves(lines) {
  const both = (key) => [{ name: "train", points: pick(lines, "train", key) }, { name: "valid", points: pick(lines, "valid", key) }];
  return [
    lineChart("Loss", "step", both("loss")),
    lineChart("Accuracy", "step", both("accuracy")),
    lineChart("Learning rate", "step", [{ name: "learning rate", points: pick(lines, "train", "lr") }]),
  ].filter((figure) => figure.childElementCount > 0);
}

async function showComparison() {
  const names = [...compared];
  byId("comparison").hidden = names.length < 2;
  if (names.length < 2) return;
  const all = await Promise.all(names.map((name) => askJson(runPath(name, "/metrics"))));
  const of = (key) => all.map(({ name, lines }) => ({ name, points: pick(lines, "valid", key) }));
  byId("comparison-charts").replaceChildren(lineChart("Accuracy on the valid split", "step", of("accuracy")), lineChart("Loss on the valid split", "step", of("loss")));
}

function row(run) {
  const box = make("input", { type: "checkbox", checked: compared.has(run.name), "aria-label": `Compare ${run.name}` });
  box.addEventListener("change", () => {
    compared[box.checked ? "add" : "delete"](run.name);
    guard(showComparison());
  });
  const open = make("button", { className: "plain", type: "button" }, run.name);
  open.addEventListener("click", () => guard(openRun(run.name)));
  const accuracy = run.accuracy === null ? "–" : `${percent(run.accuracy, 2)}`;
  const element = make("tr", {}, make("td", {}, box), make("td", { className: "word" }, open),
    ...[run.model, run.data, run.state].map((text) => make("td", { className: "word" }, text ?? "–")),
    make("td", { title: run.split ? `on the ${run.split} split` : "" }, accuracy));
  if (run.name === opened) element.setAttribute("aria-current", "true");
  return element;
}

let listed = "";

async function showList() {
  const runs = await askJson("/runs");
  const text = JSON.stringify([runs, opened]);
  // The same list is left alone, and with it the focus of who is reading it.
  if (text === listed) return;
  listed = text;
  const focus = document.activeElement?.closest("#runs tr")?.rowIndex;
  byId("runs").tBodies[0].replaceChildren(...runs.map(row));
  if (focus) byId("runs").rows[focus]?.querySelector("button")?.focus();
  if (runs.length === 0) byId("runs").tBodies[0].append(make("tr", {}, make("td", { colSpan: 6, className: "word" }, "No run yet: zoo train makes one.")));
}

function tile(name, value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

function tiles(report, manifest, lines) {
  const last = (split, key) => lines.filter((line) => line.split === split).at(-1)?.[key];
  const shown = [];
  if (report) shown.push(tile(`accuracy, ${report.split}`, percent(report.accuracy, 2)), tile("loss", report.loss.toFixed(4)));
  const valid = last("valid", "accuracy");
  if (valid !== undefined && valid !== null) shown.push(tile("accuracy, valid", percent(valid, 2)));
  const latest = lines.at(-1);
  if (latest) shown.push(tile("epoch", latest.epoch), tile("step", latest.step), tile("training", `${latest.seconds.toFixed(0)} s`));
  if (manifest) shown.push(tile("parameters", manifest.parameters.toLocaleString("en")));
  return shown;
}

/** Waits until the server has looked at the run's images, and gives its answer. */
async function whenLooked(path, wait, name) {
  for (;;) {
    const answer = await askJson(path);
    if (answer.done === undefined) return answer;
    wait(answer.images ? `The network looks at the images: ${answer.done} of ${answer.images}` : "The images are being opened …");
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (name !== opened) return null;
  }
}

async function openCell(name, classes, label, prediction) {
  const place = byId("run-cell");
  const title = label === prediction ? `${classes[label]}, found` : `${classes[label]}, taken for ${classes[prediction]}`;
  const wait = make("p", { role: "status" }, "…");
  place.hidden = false;
  place.replaceChildren(make("h2", {}, title), wait);
  place.focus();
  const found = await whenLooked(runPath(name, `/confusion?label=${label}&prediction=${prediction}`), (text) => { wait.textContent = text; }, name);
  if (!found || name !== opened) return;
  const rest = found.images > found.listed.length ? `; the ${found.listed.length} surest are shown` : "";
  wait.textContent = `${found.images} images${rest}`;
  const photos = found.listed.map(({ index, image, probability }) => photo(name, index, image, percent(probability)));
  place.append(make("div", { className: "photos" }, ...photos));
}

/** An image of the run's split, fetched once it comes into view. */
function photo(name, index, ...captions) {
  const image = make("img", { alt: captions[0] });
  const figure = make("figure", {}, image, make("figcaption", {}, ...captions.map((caption) => make("div", {}, caption))));
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    guard(askImage(runPath(name, `/images/${index}`)).then((address) => { image.src = address; }));
  }).observe(figure);
  return figure;
}

/** The counts of a matrix as rows of all classes, whichever form the report has. */
function full(matrix) {
  return matrix.map((row) => (Array.isArray(row) ? row : matrix.map((_, prediction) => row[prediction] ?? 0)));
}

const MOST_CLASSES = 30;

function confusion(name, report) {
  const classes = report.per_class.map((entry) => entry.class);
  const open = (label, prediction) => guard(openCell(name, classes, label, prediction));
  if (classes.length > MOST_CLASSES) {
    const pairs = report.most_confused.map(({ class: one, prediction, images }) => {
      const button = make("button", { type: "button" }, `${one} as ${prediction}: ${images}`);
      button.addEventListener("click", () => open(classes.indexOf(one), classes.indexOf(prediction)));
      return button;
    });
    return [make("h2", {}, "Most confused"), make("p", {}, "Choose a pair to see its images."), make("div", { className: "row" }, ...pairs)];
  }
  const head = make("tr", {}, make("th", {}), ...classes.map((text) => make("th", { title: text, scope: "col" }, make("span", {}, text))));
  const rows = full(report.confusion_matrix).map((counts, label) => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    const cells = counts.map((count, prediction) => {
      if (count === 0) return make("td", { className: "none" }, "0");
      const told = `${count} ${classes[label]} taken for ${classes[prediction]}: show them`;
      const button = make("button", { type: "button", title: told, "aria-label": told }, String(count));
      button.addEventListener("click", () => open(label, prediction));
      const cell = make("td", { className: label === prediction ? "right" : "" }, button);
      cell.style.setProperty("--share", count / all);
      return cell;
    });
    return make("tr", {}, make("th", { title: classes[label], scope: "row" }, make("span", {}, classes[label])), ...cells);
  });
  const table = make("table", { className: "matrix" }, make("thead", {}, head), make("tbody", {}, ...rows));
  return [make("h2", {}, "Confusion matrix"), make("p", {}, "Each row holds the images of one class, each column those taken for it. Choose a cell to see its images."), make("div", { className: "scroll" }, table)];
}

async function showHardest(name, report) {
  const place = byId("run-hardest");
  const button = make("button", { type: "button" }, "Show them");
  place.replaceChildren(make("h2", {}, "Hardest images"), make("p", {}, "The images with the highest loss, worst first."), button);
  button.addEventListener("click", () => guard((async () => {
    const wait = make("p", { role: "status" }, "…");
    button.replaceWith(wait);
    await whenLooked(runPath(name, "/confusion?label=0&prediction=0"), (text) => { wait.textContent = text; }, name);
    const photos = report.hardest.map((hard) => photo(name, hard.index, hard.image, hard.class, `taken for ${hard.prediction}, ${percent(hard.probability)}`));
    wait.replaceWith(make("div", { className: "photos" }, ...photos));
  })()));
}

async function showFigures(name, lines) {
  const { report, manifest, config } = await askJson(runPath(name));
  if (name !== opened) return;
  byId("run-tiles").replaceChildren(...tiles(report, manifest, lines));
  byId("run-confusion").replaceChildren(...(report ? confusion(name, report) : []));
  byId("run-hardest").replaceChildren();
  if (report) showHardest(name, report);
  byId("run-config").querySelector("pre").textContent = JSON.stringify(config, null, 2);
}

/** What a run was told on its way. */
function showSteered(lines) {
  const words = { pause: "paused", "go-on": "went on", end: "ended", "learning-rate": "learning rate ×" };
  const told = lines.filter((line) => line.steered).map(({ step, steered }) => `${words[steered.command]}${steered.factor ? ` ${steered.factor}` : ""} after step ${step}`);
  byId("run-steered").hidden = told.length === 0;
  byId("run-steered").textContent = `Steered by hand: ${told.join(", ")}.`;
}

async function openRun(name, isAsked = true) {
  following?.abort();
  following = new AbortController();
  const { signal } = following;
  opened = name;
  byId("run").hidden = false;
  byId("run-cell").hidden = true;
  byId("run-title").textContent = name;
  byId("run-state").textContent = "";
  byId("run-steered").hidden = true;
  byId("run-charts").replaceChildren();
  if (isAsked) byId("run").scrollIntoView({ block: "start" });
  guard(showList());
  let lines = [];
  let drawing = 0;
  await showFigures(name, lines);
  const redraw = () => {
    drawing = 0;
    if (signal.aborted) return;
    byId("run-charts").replaceChildren(...curves(lines));
    showSteered(lines);
    const tile = (key) => [...byId("run-tiles").children].find((element) => element.firstChild.textContent === key)?.lastChild;
    if (!tile("step")) return void guard(showFigures(name, lines));
    [tile("epoch").textContent, tile("step").textContent, tile("training").textContent] = [lines.at(-1).epoch, lines.at(-1).step, `${lines.at(-1).seconds.toFixed(0)} s`];
  };
  await listen(runPath(name, "/events"), signal, (event, data) => {
    if (event === "restart") lines = [];
    if (event === "line") lines.push(JSON.parse(data));
    if (event === "state") {
      byId("run-state").textContent = { training: "Training: the curves grow as it goes.", stopped: "Stopped: neither finished nor training.", finished: "Finished." }[data];
      guard(showFigures(name, lines));
    }
    if (lines.length > 0) drawing ||= requestAnimationFrame(redraw);
  });
}

/** Opens a run from outside of the list. */
export const showRun = (name) => guard(openRun(name, false));

/** Shows what went wrong, unless it was called off. */
function guard(promise) {
  return promise.catch((error) => { if (error.name !== "AbortError") tell(error.message); });
}

let timer = 0;

/** Begins, or ends, to keep the list up to date. */
export function watchRuns(isSeen) {
  clearInterval(timer);
  if (!isSeen) return;
  guard(showList());
  timer = setInterval(() => { if (!document.hidden) guard(showList()); }, INTERVAL);
}
