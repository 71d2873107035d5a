// Lesson 8: two networks learn from the same few images, one of them from images that change.

import { ask } from "/page/ask.js";
import { make, percent } from "/page/element.js";
import { button, menu, slider } from "../parts.js";
import { latest } from "../message.js";
import { Workshop, follow, newVisit } from "../workshop.js";

export const about = [
  "A network with many weights can learn a few images by heart. Its training loss then goes to zero while the valid loss rises: it knows the answers and has understood nothing. That is overfitting.",
  "Augmentation changes every training image at random, each time it is seen: mirrored, shifted, turned, in other light. The class stays, so the network has to find what stays. Both networks below begin with the same weights and see the same images in the same order; only the right one sees them changed.",
];
export const question = "The network with augmentation has a higher training loss than the one without. Is it the worse one?";
export const answer = "No. Its training images are harder, since they never look the same twice. What counts is the valid split, which neither of them is trained on.";

const visits = { plain: newVisit(), changed: newVisit() };
const SIDES = ["plain", "changed"];
const TITLES = { plain: "Without augmentation", changed: "With augmentation" };
const KNOBS = [
  ["flip", "Mirror", 0, 1, 0.1, 0.5, (value) => [{ "horizontal-flip": { probability: value } }]],
  ["shift", "Shift", 0, 8, 1, 3, (value) => [{ "random-crop": { padding: value } }]],
  ["turn", "Turn", 0, 45, 5, 10, (value) => [{ rotation: { degrees: value } }]],
  ["light", "Light and colour", 0, 0.8, 0.1, 0.3, (value) => [{ "color-jitter": { brightness: value, contrast: value, saturation: value } }]],
  ["erase", "Erase", 0, 1, 0.1, 0, (value) => [{ "random-erasing": { probability: value } }]],
];

export async function open(lab) {
  const strengths = Object.fromEntries(KNOBS.map(([name, , , , , first]) => [name, Number(lab.get(name, first))]));
  let images = Number(lab.get("images", 100));
  const sides = Object.fromEntries(SIDES.map((side) => [side, new Workshop(lab, visits[side])]));
  const parts = Object.fromEntries(SIDES.map((side) => [side, { told: make("p", { id: `told-${side}`, role: "status" }, "The images are being opened …"), charts: make("div", { className: "charts" }) }]));
  const picture = make("img", { id: "sheet", alt: "Training images in the first column, and changed versions of each beside it" });
  picture.style.maxWidth = "100%";
  const command = make("div", { id: "command" });
  const augment = () => KNOBS.flatMap(([name, , , , , , of]) => (strengths[name] > 0 ? of(strengths[name]) : []));

  const drawSheet = latest(async () => {
    const body = JSON.stringify({ network: lab.network.name, photo: lab.photo, visit: visits.changed, augment: augment() });
    const answer = await ask("/lab/overfitting/sheet", { method: "POST", headers: { "Content-Type": "application/json" }, body, signal: lab.signal });
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(await answer.blob());
    picture.dataset.augment = JSON.stringify(augment());
  });

  function showSide(side, sight) {
    const { told, charts } = parts[side];
    const { train, valid } = sides[side].curves;
    const last = (points) => (points.length ? `${percent(points.at(-1).accuracy)}, loss ${(points.at(-1).loss ?? NaN).toFixed(3)}` : "not yet");
    // The mean over an epoch: a single batch says little.
    const recent = train.slice(-Math.max(sight.steps_per_epoch, 1));
    const mean = recent.reduce((sum, { accuracy }) => sum + accuracy, 0) / Math.max(recent.length, 1);
    const text = sight.reason ?? `${sight.epochs} epochs. Training images: ${recent.length ? percent(mean) : "not yet"}. Valid split: ${last(valid)}.`;
    if (told.textContent !== text) told.textContent = text;
    Object.assign(told.dataset, { doing: sight.doing, epochs: sight.epochs, images: sight.facts.train_images });
    told.className = sight.reason ? "bad" : "";
    charts.replaceChildren(...sides[side].charts());
    if (sight.controls && side === "changed") {
      play.textContent = sight.doing === "training" ? "Pause" : "Play";
      play.dataset.word = sight.doing === "training" ? "pause" : "play";
    }
  }

  const look = async () => { for (const side of SIDES) showSide(side, await sides[side].look()); };
  const tellBoth = (word, more) => lab.guard(async () => {
    for (const side of SIDES) await sides[side].tell(word, more);
    await look();
  });
  const play = button("Play", () => tellBoth(play.dataset.word));
  play.dataset.word = "play";

  /** Opens both trainings anew. */
  async function begin() {
    // What is told meanwhile would go to those that are replaced.
    play.disabled = true;
    for (const side of SIDES) await lab.json("open", { visit: visits[side], images, augment: side === "plain" ? [] : augment() });
    for (const side of SIDES) {
      sides[side] = new Workshop(lab, visits[side]);
      const sight = await sides[side].opened();
      showSide(side, sight);
      if (sight.controls) await sides[side].tell("controls", { controls: { ...sight.controls, epochs: 1000 } });
    }
    play.disabled = false;
    lab.set({ images, ...strengths });
    const settings = JSON.stringify(augment());
    command.replaceChildren(lab.command(`zoo augment ${lab.run}/config.json --set augment='${settings}' --out sheet.png`));
    await drawSheet();
  }

  const knobs = KNOBS.map(([name, label, min, max, step]) => slider({ label, min, max, step, value: strengths[name], onInput: (value) => {
    strengths[name] = value;
    lab.set({ [name]: value });
    lab.guard(drawSheet);
  } }).element);
  const number = menu({ label: "Training images", options: [20, 50, 100, 200, 500].map((count) => [count, count]), value: images, onChoose: (count) => {
    images = Number(count);
    lab.guard(begin);
  } });
  lab.stage.append(
    make("div", { className: "controls" }, play, button("Reset both", () => tellBoth("reset")), number.element),
    make("div", { className: "side" }, ...SIDES.map((side) => make("section", { className: "wide" }, make("h3", {}, TITLES[side]), parts[side].told, parts[side].charts))),
    make("div", { className: "controls" }, ...knobs, button("Begin anew with these", () => lab.guard(begin))),
    make("div", {}, make("h3", {}, "What augmentation does to the images"), picture), command);
  await begin();
  follow(lab, look);
}
