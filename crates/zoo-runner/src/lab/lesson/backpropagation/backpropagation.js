// Lesson 6: one step under the magnifying glass, every learning rate tried, and a slice of the loss surface.

import { make } from "/page/element.js";
import { lineChart } from "/page/chart.js";
import { Grid, heat, range } from "../grid.js";
import { button, choice, fixed, numbers, slider } from "../parts.js";
import { savableCharts } from "../save.js";
import { newVisit } from "../workshop.js";

export const about = [
  "The loss says how wrong the network is about a batch. Backpropagation goes from the loss back through every layer and finds, for each weight, how much the loss would rise if that weight were a little larger: its gradient. A step moves every weight a little against its gradient. How far, the learning rate says.",
  "The numbers below are of one real step on the first batch of the run. Move the slider: too small, and hardly anything happens; too large, and the step jumps over the valley.",
];
export const question = "The gradient says in which direction the loss falls fastest. Why not take one giant step in that direction?";
export const answer = "Because the gradient holds only where the network stands now. A few steps further the surface bends another way. The curve of the learning rates shows it: the loss after one step falls at first, then rises far above where it began.";

const SIDE = 21;
const REACH = 1;
const POWERS = [-25, 10];
/** One visit has its own copy of the training. */
const visit = newVisit();
const rateOf = (power) => 10 ** (power / 5);
const short = (value) => String(Number(value.toPrecision(3)));
const scientific = (value) => (value === 0 ? "0" : Math.abs(value) < 0.001 || Math.abs(value) >= 1e4 ? value.toExponential(2) : fixed(value, 4));

export async function open(lab) {
  let weights = lab.get("weights", "fresh");
  let power = Number(lab.get("power", "nothing"));
  let tried = [];
  const told = make("p", { id: "told", role: "status" }, "The images are being opened …");
  const table = make("div", { id: "layers" });
  const single = make("div", { id: "weights" });
  const steps = make("div", { className: "charts", id: "steps" });
  const rates = make("div", { className: "charts", id: "rates" });
  const surfaceTold = make("p", { id: "surface-told", className: "quiet" }, "The surface is computed row by row.");
  const command = make("div", { id: "command" });
  const values = new Float32Array(SIDE * SIDE).fill(NaN);
  const place = (index) => (REACH * (index - (SIDE - 1) / 2)) / ((SIDE - 1) / 2);
  const surface = new Grid({ label: "The loss around the weights, along two random directions", size: "20rem", onPick: (row, column) => {
    const loss = values[row * SIDE + column];
    surfaceTold.textContent = Number.isNaN(loss) ? "Not computed yet." : `${fixed(place(column))} along the first direction, ${fixed(place(row))} along the second: loss ${fixed(loss, 4)}.`;
    surfaceTold.dataset.value = loss;
  } });

  const opened = await lab.json("open", { visit });
  if (!Number.isInteger(power)) power = Math.min(Math.max(Math.round(5 * Math.log10(opened.rate)), POWERS[0]), POWERS[1]);

  function showStep(step, rate) {
    const [before, after] = step.losses;
    const verdict = after === undefined || after === null || !(after <= before) ? " The step was too long: the loss has risen." : "";
    told.textContent = `Loss on ${step.images} images before the step: ${fixed(before, 4)}; after it: ${after === null || after === undefined ? "no number" : fixed(after, 4)}.${verdict}`;
    told.className = verdict ? "bad" : "";
    Object.assign(told.dataset, { before, after, hash: step.weight_hash });
    const heads = ["parameters", "norm of gradient", "norm of weights", "norm of change"];
    const cells = step.layers.map((layer) => [String(layer.parameters), ...[layer.gradient, layer.weights, layer.change].map(scientific)]);
    table.replaceChildren(numbers({ caption: "What the step did, from the pixels to the head", rows: cells.length, columns: heads.length, cell: (row, column) => ({ text: cells[row][column] }), head: { rows: (row) => step.layers[row].layer, columns: (column) => heads[column] } }));
    const parts = ["before", "gradient", "after"];
    single.replaceChildren(numbers({ caption: "The weights of the head with the largest gradients", rows: step.weights.length, columns: 3, cell: (row, column) => ({ text: scientific(step.weights[row][parts[column]]) }), head: { rows: (row) => step.weights[row].name, columns: (column) => parts[column] } }));
    const points = step.losses.map((loss, number) => [number, loss]).filter(([, loss]) => loss !== null);
    steps.replaceChildren(lineChart(`Loss over ${step.losses.length - 1} steps of ${short(rate)} on this batch${step.runs_away ? ": it runs away" : ""}`, "step", [{ name: "loss", points }]));
    lab.say(told.textContent);
  }

  let turn = 0;
  async function take() {
    const mine = ++turn;
    const rate = rateOf(power);
    const step = await lab.json("step", { visit, weights, rate, steps: 20 });
    if (mine !== turn) return;
    showStep(step, rate);
    drawRates();
    const line = `zoo train ${lab.run}/config.json --run-dir runs/one-step --set train.steps=1 --set train.log_every=1 --set schedule='{"constant": {}}' --set optimizer.${opened.optimizer}.learning_rate=${rate}`;
    command.replaceChildren(make("p", { className: "quiet" }, "The same step on the command line; its loss is that before the step."), lab.command(line));
  }

  function drawRates() {
    const points = tried.filter(({ loss }) => loss !== null).map(({ power: at, loss }) => [at / 5, loss]);
    const now = tried.find(({ power: at }) => at === power);
    const series = [{ name: "loss after one step", points }];
    if (now && now.loss !== null) series.push({ name: `learning rate ${short(rateOf(power))}`, points: [[power / 5, now.loss]] });
    rates.replaceChildren(lineChart("Loss after one step, by learning rate", "learning rate, power of ten", series));
    rates.dataset.tried = tried.length;
  }

  /** Tries the learning rates, as far as the loss is still worth drawing. */
  async function tryRates() {
    tried = [];
    const mine = weights;
    for (let at = POWERS[0]; at <= POWERS[1]; at += 1) {
      const { loss } = await lab.json("rates", { visit, weights, power: at });
      if (mine !== weights || lab.signal.aborted) return;
      const first = Number(told.dataset.before);
      // Far beyond the first loss, the curve would hide all that is before.
      if (loss === null || loss > 10 * first) break;
      tried.push({ power: at, loss });
      drawRates();
    }
  }

  async function computeSurface() {
    values.fill(NaN);
    const mine = weights;
    const middle = (SIDE - 1) / 2;
    // From the middle outwards.
    const rows = Array.from({ length: SIDE }, (_, row) => row).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    for (const row of rows) {
      const answer = await lab.numbers("surface", { visit, weights, seed: 1, side: SIDE, row, reach: REACH });
      if (mine !== weights || lab.signal.aborted) return;
      values.set(answer.values, row * SIDE);
      const known = [...values].filter((value) => Number.isFinite(value));
      const [low, high] = range(known);
      surface.paint(SIDE, SIDE, heat(Float32Array.from(values, (value) => (Number.isFinite(value) ? value - low : 0)), high - low));
      surface.mark([middle, middle]);
      surfaceTold.textContent = `From ${fixed(low, 3)}, dark, to ${fixed(high, 3)}, bright; the network is in the middle.`;
    }
    surface.element.dataset.done = "1";
  }

  async function all() {
    surface.element.dataset.done = "";
    await take();
    await tryRates();
    await computeSurface();
  }

  const rate = slider({ label: "Learning rate", min: POWERS[0], max: POWERS[1], value: power, show: (at) => short(rateOf(at)), onInput: (at) => {
    power = at;
    lab.set({ power });
    lab.guard(take);
  } });
  const which = choice({ label: "Which weights", options: [["fresh", "Before training"], ["trained", "After training"]], value: weights, onChoose: (chosen) => {
    weights = chosen;
    lab.set({ weights });
    lab.guard(all);
  } });
  lab.stage.append(make("div", { className: "controls" }, which.element, rate.element, button("The run's own rate", () => {
    power = Math.round(5 * Math.log10(opened.rate));
    rate.set(power);
    lab.set({ power });
    lab.guard(take);
  })), told, make("div", { className: "side" }, table, single), make("div", { className: "side" }, make("div", { className: "wide" }, savableCharts(steps, "loss by step")), make("div", { className: "wide" }, savableCharts(rates, "loss by learning rate"))),
  make("div", {}, lab.figure("A slice of the loss surface", surface, "loss surface"), surfaceTold, make("p", { className: "quiet" }, "The loss without dropout. The true surface has one dimension for every weight. This slice goes through the network's weights along two random directions, in which every filter is as long as the network's own (Li et al. 2018). A step leads almost at a right angle out of the slice.")), command);
  await take();
  // The rest comes while the lesson can be used.
  lab.guard(async () => {
    await tryRates();
    await computeSurface();
  });
}
