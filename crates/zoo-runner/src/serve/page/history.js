// The photos of this visit, in the memory of the browser alone.

import { byId, download, make, percent } from "./element.js";

/** Photos that are kept; older ones are forgotten. */
const MOST = 200;

const visits = [];

/** Text of a cell of a CSV file; one that a spreadsheet would compute is quoted for it. */
function cell(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csv() {
  const rows = [["time", "image", "network", "class", "probability", "unsure", "error"]];
  for (const { time, name, answers } of visits) {
    for (const answer of answers) {
      const best = answer.predictions?.[0];
      rows.push([time.toISOString(), name, answer.network, best?.class ?? "", best?.probability ?? "", answer.unsure ?? "", answer.error ?? ""]);
    }
  }
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function summary({ network, predictions, error }) {
  const best = predictions?.[0];
  return make("div", {}, `${network}: `, best ? make("b", {}, best.class) : `⚠ ${error}`, best ? ` ${percent(best.probability)}` : "");
}

function row(visit, showAgain) {
  const again = make("button", { className: "plain", type: "button" }, visit.name);
  again.addEventListener("click", () => showAgain(visit));
  return make("tr", {},
    make("td", {}, make("img", { src: visit.address, alt: "" })),
    make("td", { className: "word" }, again),
    make("td", { className: "word" }, ...visit.answers.map(summary)),
    make("td", {}, visit.time.toLocaleTimeString()));
}

/** Adds a photo with what the networks say; `showAgain(visit)` is called when it is chosen. */
export function remember(visit, showAgain) {
  visits.push({ ...visit, time: new Date() });
  const body = byId("history").tBodies[0];
  body.prepend(row(visits.at(-1), showAgain));
  if (visits.length > MOST) {
    URL.revokeObjectURL(visits.shift().address);
    body.lastElementChild.remove();
  }
  byId("history").hidden = false;
  byId("history-empty").hidden = true;
  byId("csv").disabled = false;
}

export function connectHistory() {
  const head = ["photo", "name", "most probable", "time"].map((text, column) => make("th", { className: column === 3 ? "" : "word" }, text));
  byId("history").tHead.append(make("tr", {}, ...head));
  byId("csv").addEventListener("click", () => download("burn-zoo.csv", "text/csv", csv()));
}
