// Lesson 5: scores are dragged; probabilities, loss and gradients follow.

import { make, percent } from "/page/element.js";
import { latest } from "../message.js";
import { bars, button, fixed, menu, slider } from "../parts.js";

export const about = [
  "The last layer gives each class a score, a logit. Scores can be any numbers. Softmax makes probabilities of them: e to the power of each score, divided by the sum of all powers. Then they are all above 0 and add up to 1.",
  "The loss says how wrong that is: cross entropy is minus the logarithm of the probability of the right class. Sure and right costs nothing; sure and wrong costs much. Drag the scores, and look at the gradient: it says in which direction training pushes each score.",
];
export const question = "Add 5 to every score. What happens to the probabilities? And what does a loss of 2.30 mean with ten classes?";
export const answer = "Nothing: every power is multiplied by the same e⁵, which the division takes away again. Only differences of scores count. And 2.30 is the logarithm of 10: the loss of a network that has learned nothing and finds ten classes equally probable. An untrained network should begin near it; a loss above it is worse than guessing.";

const [LOW, HIGH] = [-15, 15];

export async function open(lab) {
  const changed = new Map();
  for (const part of lab.get("scores", "").split("_").filter(Boolean)) {
    const [label, value] = part.split("~").map(Number);
    if (Number.isInteger(label) && value >= LOW && value <= HIGH) changed.set(label, value);
  }
  let target = lab.get("target", null);
  let smoothing = Math.min(Math.max(Number(lab.get("smoothing", 0)) || 0, 0), 0.5);
  const scores = make("div", { className: "controls", id: "scores" });
  const result = make("div", { className: "side" });
  const sum = make("p", { className: "sum", id: "worked" });
  const sliders = new Map();

  const ask = () => ({
    scores: [...changed].map(([label, logit]) => ({ label, logit })),
    target: target === null ? null : Number(target),
    label_smoothing: smoothing,
  });

  const show = latest(async () => {
    const found = await lab.json("worked", ask());
    if (sliders.size === 0) controls(found);
    const { classes } = found;
    const right = classes.find(({ label }) => label === found.target);
    const part = (title, rows, options) => make("section", { className: "wide" }, make("h3", {}, title), bars(rows, options));
    const best = (one) => classes.every((other) => other.probability <= one.probability);
    const size = Math.max(...classes.map(({ gradient }) => Math.abs(gradient)), 0.1);
    result.replaceChildren(
      part("Probabilities; the line is the target", classes.map((one) => ({ name: one.class, value: one.probability, mark: one.target, markTitle: `target ${percent(one.target)}`, best: best(one) }))),
      part("Gradient of the loss, by score", classes.map((one) => ({ name: one.class, value: one.gradient, text: fixed(one.gradient, 4) })), { low: -size, high: size }));
    result.firstChild.id = "probabilities";
    result.lastChild.id = "gradients";
    const loss = make("strong", { id: "loss" }, fixed(found.loss, 4));
    loss.dataset.value = found.loss;
    const smooth = smoothing > 0 ? `, of the whole target: each class's share times −ln of its probability, added up. It cannot fall below ${fixed(found.least, 4)}` : right ? ` = −ln ${right.probability.toPrecision(4)}` : "";
    sum.replaceChildren(
      right ? `${right.class}: e to the power of (${fixed(right.logit)} − ${fixed(found.largest)}) = ${right.power.toPrecision(4)}; divided by ${found.sum_of_powers.toPrecision(5)}, the sum of all ${found.all_classes}: ${right.probability.toPrecision(4)}` : "",
      make("br"), "Loss: ", loss, `${smooth}. A guess costs ln ${found.all_classes} = ${fixed(found.loss_of_guessing, 4)}.`);
    lab.say(`loss ${fixed(found.loss, 3)}`);
  });

  function controls({ classes, target: right, all_classes: count }) {
    scores.append(...classes.map(({ label, class: name, own, logit }) => {
      const one = slider({ label: name, min: LOW, max: HIGH, step: 0.1, value: logit, show: (value) => fixed(value, 1), onInput: (value) => { changed.set(label, value); keep(); } });
      one.own = own;
      sliders.set(label, one);
      return one.element;
    }));
    const rest = count > classes.length ? make("span", { className: "quiet" }, `The other ${count - classes.length} scores stay.`) : "";
    scores.append(rest);
    const targetMenu = menu({ label: "The right class", options: classes.map(({ label, class: name }) => [label, name]), value: right, onChoose: (value) => { target = value; keep(); } });
    const smooth = slider({ label: "Label smoothing", min: 0, max: 0.5, step: 0.01, value: smoothing, show: (value) => percent(value, 0), onInput: (value) => { smoothing = value; keep(); } });
    const add = (by) => () => {
      for (const [label, { own }] of sliders) changed.set(label, Math.min(Math.max((changed.get(label) ?? own) + by, LOW), HIGH));
      for (const [label, one] of sliders) one.set(changed.get(label));
      keep();
    };
    lab.stage.prepend(make("div", { className: "controls" }, targetMenu.element, smooth.element, button("Add 5 to every score", add(5)), button("Reset", () => {
      changed.clear();
      smoothing = 0;
      smooth.set(0);
      for (const one of sliders.values()) one.set(one.own);
      keep();
    })));
  }

  function keep() {
    lab.set({ scores: changed.size ? [...changed].map((pair) => pair.join("~")).join("_") : null, target, smoothing: smoothing || null });
    lab.guard(show);
  }

  lab.stage.append(scores, sum, result,
    make("div", {}, make("p", { className: "quiet" }, "The network's own scores, and training with label smoothing:"), lab.command(`zoo predict ${lab.run} photo.png --logits --json`), lab.command("zoo train quickstart --set loss.cross-entropy.label_smoothing=0.1 --run-dir runs/smoothed")));
  await show();
}
