// The run under way: where it stands, what it makes of some images, and the buttons that steer it.

import { byId, make, percent } from "./element.js";
import { askImage, askJson, tell as tellProblem } from "./ask.js";
import { watchRuns } from "./runs.js";

/** How often the run is looked at, in milliseconds. */
const INTERVAL = 1000;
const DOING = {
  starting: "The run begins: no step has been taken yet.",
  training: "The network is training.",
  validating: "The network looks at the valid split.",
  paused: "The run is paused.",
  over: "The run has taken its last step; what it has learned is measured now.",
};
const pictures = new Map();
let shownSamples = "";

/** A time as people say it. */
function time(seconds) {
  if (seconds === null) return "unknown";
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function tiles({ seconds, seconds_left: left, epoch, epochs, step, steps, learning_rate: rate, learning_rate_factor: factor }) {
  const of = (part, all) => (all === null ? `${part}` : `${part} of ${all}`);
  const shown = [["time left", time(left)], ["trained for", time(seconds)], ["epoch", of(epoch, epochs)], ["step", of(step, steps)], ["learning rate", rate.toExponential(2)]];
  if (factor !== 1) shown.push(["steered to", `× ${Number(factor.toPrecision(4))}`]);
  return shown.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
}

/** The picture of a sample, fetched once. */
function picture(index, name) {
  if (!pictures.has(index)) {
    const image = make("img", { alt: name });
    askImage(`/training/images/${index}`).then((address) => { image.src = address; }, () => {});
    pictures.set(index, image);
  }
  return pictures.get(index);
}

function sample({ index, image, class: name, predictions }) {
  const [best] = predictions;
  const verdict = best.class === name ? "✓ right" : "✗ wrong";
  return make("figure", {}, picture(index, image),
    make("figcaption", {}, make("div", {}, make("b", {}, best.class), ` ${percent(best.probability, 0)}`), make("div", {}, verdict === "✓ right" ? verdict : `${verdict}: ${name}`)));
}

function showSamples(samples) {
  const text = JSON.stringify(samples);
  if (!samples || text === shownSamples) return;
  shownSamples = text;
  const right = samples.images.filter(({ class: name, predictions }) => predictions[0].class === name).length;
  byId("training-samples-title").textContent = `After epoch ${samples.epoch}: ${right} of ${samples.images.length} right`;
  byId("training-samples").replaceChildren(...samples.images.map(sample));
}

function show({ sight, samples }) {
  const doing = sight.is_ending ? "The run ends with a checkpoint, after this step." : DOING[sight.doing];
  // A live region says again what is set again.
  if (byId("training-doing").textContent !== doing) byId("training-doing").textContent = doing;
  byId("training-bar").hidden = sight.steps === null;
  if (sight.steps !== null) byId("training-bar").value = sight.step / sight.steps;
  byId("training-tiles").replaceChildren(...tiles(sight));
  const isPaused = sight.doing === "paused";
  byId("training-pause").textContent = isPaused ? "Go on" : "Pause";
  byId("training-pause").dataset.command = isPaused ? "go-on" : "pause";
  const isDone = sight.is_ending || ["starting", "over"].includes(sight.doing);
  for (const id of ["training-pause", "training-rate", "training-end", "training-end-yes"]) byId(id).disabled = isDone;
  if (isDone) byId("training-sure").hidden = true;
  showSamples(samples);
}

const problem = (text) => { byId("training-problem").textContent = text; byId("training-problem").hidden = !text; };

/** Tells the run something. */
async function tell(command) {
  problem("");
  try {
    show(await askJson("/training", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(command) }));
  } catch (error) {
    problem(error.message);
  }
}

function connectButtons() {
  byId("training-pause").addEventListener("click", () => tell({ command: byId("training-pause").dataset.command }));
  byId("training-rate-form").addEventListener("submit", (event) => {
    event.preventDefault();
    tell({ command: "learning-rate", factor: Number(byId("training-factor").value) });
  });
  const ask = (isAsked) => {
    byId("training-sure").hidden = !isAsked;
    byId(isAsked ? "training-end-no" : "training-end").focus();
  };
  byId("training-end").addEventListener("click", () => ask(true));
  byId("training-end-no").addEventListener("click", () => ask(false));
  byId("training-end-yes").addEventListener("click", () => tell({ command: "end" }));
}

/** Looks at the run again and again, until its server is gone with it. */
async function follow() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    if (document.hidden) continue;
    try {
      show(await askJson("/training"));
    } catch {
      watchRuns(false);
      tellProblem(null);
      byId("training-doing").textContent = "The run has ended, and this server with it. `zoo serve` shows what it has become.";
      for (const button of byId("training").querySelectorAll("button, input")) button.disabled = true;
      return;
    }
  }
}

/** Shows the run that this server watches; its name, or null if there is none. */
export async function connectTraining() {
  const training = await askJson("/training");
  if (training === null) return null;
  byId("training").hidden = false;
  byId("training-title").textContent = `${training.run}, under way`;
  connectButtons();
  show(training);
  follow();
  return training.run;
}
