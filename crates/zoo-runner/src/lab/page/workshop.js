// A network in training on the server: what it is told, and what is to be seen of it.

import { make } from "/page/element.js";
import { lineChart } from "/page/chart.js";

/** How often the server is asked, in milliseconds: drawing takes from training what it costs. */
const INTERVAL = 500;
/** The same while images are opened. */
const OPENING = 100;

/** A name for a visit, so that two browsers do not share a training. */
export const newVisit = () => crypto.getRandomValues(new Uint32Array(2)).join("-");

export class Workshop {
  constructor(lab, visit) {
    Object.assign(this, { lab, visit, curves: { life: 0, train: [], valid: [] }, turn: Promise.resolve() });
  }

  /** Tells it something. */
  tell(word, more = {}) {
    return this.lab.json("/lab/training/tell", { visit: this.visit, tell: word, ...more });
  }

  /** What is to be seen. One look after the other, so that no point of a curve comes twice. */
  look(layer = null) {
    const sight = this.turn.then(() => this.lookNow(layer));
    this.turn = sight.catch(() => {});
    return sight;
  }

  async lookNow(layer) {
    const { curves, visit } = this;
    const sight = await this.lab.numbers("/lab/training/look", { visit, life: curves.life, train: curves.train.length, valid: curves.valid.length, layer });
    if (sight.life !== curves.life) this.curves = { life: sight.life, train: [], valid: [] };
    this.curves.train.push(...sight.train);
    this.curves.valid.push(...sight.valid);
    return sight;
  }

  /** Waits until the images are open; the first sight of it, or of why it cannot be. */
  async opened() {
    for (;;) {
      const sight = await this.look();
      if (sight.doing !== "opening" || this.lab.signal.aborted) return sight;
      await new Promise((resolve) => setTimeout(resolve, OPENING));
    }
  }

  /** Loss and accuracy, of training images and of the valid split. */
  charts(heading = "") {
    const { train, valid } = this.curves;
    // What is no number, as of a network that has run away, is null.
    const points = (all, key) => all.filter((point) => point[key] !== null).map((point) => [point.step, point[key]]);
    const of = (key) => [{ name: "train", points: points(train, key) }, { name: "valid", points: points(valid, key) }];
    return [lineChart(`${heading}Loss`, "step", of("loss")), lineChart(`${heading}Accuracy`, "step", of("accuracy"), [0, 1])];
  }
}

/** Has `look` look again and again, as long as the lesson is open. */
export async function follow(lab, look) {
  while (!lab.signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    if (lab.signal.aborted || document.hidden) continue;
    try {
      await look();
    } catch (error) {
      if (error.name !== "AbortError") lab.guard(() => Promise.reject(error));
      return;
    }
  }
}

/** A table of what was taken for what; where given, `pick(label, prediction)` is told which cell is clicked. */
export function confusionTable(classes, counts, pick = null) {
  const cell = (count, all, label, prediction) => {
    const isRight = label === prediction;
    const text = pick && count ? make("button", { type: "button", "aria-label": `${count} of ${classes[label]} taken for ${classes[prediction]}: show them` }, String(count)) : String(count);
    const element = make("td", { className: isRight ? "right" : count ? "" : "none" }, text);
    if (pick && count) text.addEventListener("click", () => pick(label, prediction));
    element.style.setProperty("--share", all ? count / all : 0);
    return element;
  };
  const short = (name) => make("span", { title: name }, name);
  const head = make("tr", {}, make("th", { className: "corner" }, "is ↓ taken for →"), ...classes.map((name) => make("th", { scope: "col" }, short(name))));
  const rows = counts.map((row, label) => {
    const all = row.reduce((sum, count) => sum + count, 0);
    return make("tr", {}, make("th", { scope: "row" }, short(classes[label])), ...row.map((count, prediction) => cell(count, all, label, prediction)));
  });
  return make("table", { className: "matrix" }, make("thead", {}, head), make("tbody", {}, ...rows));
}
