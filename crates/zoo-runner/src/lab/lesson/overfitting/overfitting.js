// Lesson 8: two networks learn from the same few images, one of them from images that change.

import { ask } from "/page/ask.js";
import { make } from "/page/element.js";
import { button, menu, slider } from "../parts.js";
import { latest } from "../message.js";
import { Pair } from "../pair.js";
import { savable } from "../save.js";
import { follow, newVisit } from "../workshop.js";

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

/** The pixels of an image. */
function asCanvas(image) {
  const canvas = make("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas;
}

export async function open(lab) {
  const strengths = Object.fromEntries(KNOBS.map(([name, , , , , first]) => [name, Number(lab.get(name, first))]));
  let images = Number(lab.get("images", 100));
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

  const openSide = (side) => () => lab.json("open", { visit: visits[side], images, augment: side === "plain" ? [] : augment() });
  const pair = new Pair(lab, Object.fromEntries(SIDES.map((side) => [side, { title: TITLES[side], visit: visits[side], open: openSide(side) }])));

  /** Opens both trainings anew. */
  async function begin() {
    await pair.begin();
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
    make("div", { className: "controls" }, pair.play, pair.reset, number.element),
    pair.element,
    make("div", { className: "controls" }, ...knobs, button("Begin anew with these", () => lab.guard(begin))),
    make("div", {}, make("h3", {}, "What augmentation does to the images"), savable(picture, "contact sheet", () => asCanvas(picture))), command);
  await begin();
  follow(lab, () => pair.look());
}
