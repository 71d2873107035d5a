// Lesson 7: a network learns before one's eyes, and heeds every control while it does.

import { make } from "/page/element.js";
import { canvasOf, grey } from "../grid.js";
import { button, fixed, menu, slider } from "../parts.js";
import { savable, savableCharts, sheetOf } from "../save.js";
import { Workshop, confusionTable, follow, newVisit } from "../workshop.js";

export const about = [
  "Training is one step, again and again: take a batch of images, measure how wrong the network is about them (the loss), and move every weight a little in the direction that makes the loss smaller. One pass over all training images is an epoch. After each epoch the network looks at the valid split, images that it is never trained on: that curve says whether it learns or learns by heart.",
  "Press Play. The steps are those that zoo train takes, so the numbers are the same. Change a control while it runs, and watch what happens to the curves.",
];
export const question = "Why does the loss of the training images jump up and down from step to step, while the loss of the valid split is smooth?";
export const answer = "Each point of the training curve is measured on the images of a single batch, and some batches are harder than others. The valid curve is the mean over the whole split. Make the batch larger and the jumps become smaller; there are then fewer steps in an epoch.";

const DOING = {
  opening: "The images are being opened …",
  paused: "Paused: press Play, or take one step.",
  training: "The network is learning.",
  finished: "All epochs are done. Raise their number to go on, or reset.",
  "run-away": "Training has run away. Reset, and choose a smaller learning rate.",
  failed: "This network cannot be trained here.",
};
const BATCHES = [8, 16, 32, 64, 128, 256];
/** One visit has one training, whatever photo is looked at meanwhile. */
const visit = newVisit();

/** The sentence that works out the steps of an epoch. */
function worked({ train_images: images, accumulate }, { batch_size: size, epochs }, steps) {
  const each = accumulate === 1 ? `${size}` : `(${size} · ${accumulate})`;
  const rest = images % (size * accumulate);
  return `${images} images / ${each} per step = ${fixed(images / (size * accumulate), rest ? 2 : 0)}${rest ? `, so ${steps} steps an epoch, the last of them with ${rest} images` : " steps an epoch"}; ${epochs} epochs are ${epochs} · ${steps} = ${epochs * steps} steps.`;
}

/** The `zoo train` line with these controls. */
function trainLine(lab, { model, optimizer, augment }, first, now) {
  const sets = [];
  if (now.epochs !== first.epochs) sets.push(`train.epochs=${now.epochs}`);
  if (now.batch_size !== first.batch_size) sets.push(`loader.batch_size=${now.batch_size}`);
  if (now.learning_rate !== first.learning_rate) sets.push(`optimizer.${optimizer}.learning_rate=${now.learning_rate}`);
  if (now.dropout !== first.dropout) sets.push(`model.${model}.dropout=${now.dropout}`);
  if (first.augment && !now.augment) sets.push("augment=[]", "mix.mixup_alpha=0", "mix.cutmix_alpha=0");
  if (!first.augment && now.augment) sets.push(`augment='${JSON.stringify(augment)}'`);
  return `zoo train ${lab.run}/config.json --run-dir runs/again --set train.log_every=1${sets.map((set) => ` --set ${set}`).join("")}`;
}

export async function open(lab) {
  const workshop = new Workshop(lab, visit);
  let layer = lab.get("layer", null);
  let controls = null;
  const doing = make("p", { id: "doing", role: "status" }, DOING.opening);
  const steps = make("p", { id: "steps" });
  const charts = make("div", { className: "charts", id: "charts" });
  const maps = make("div", { className: "maps", id: "maps" });
  const mapsTitle = make("h3", {}, "Feature maps of the photo");
  const confusion = make("div", { className: "scroll", id: "confusion" });
  const command = make("div", { id: "command" });
  const layers = make("div", { className: "controls" });
  const knobs = make("div", { className: "controls", id: "knobs" });

  const tell = (word, more = {}) => lab.guard(async () => {
    await workshop.tell(word, more);
    await look();
  });
  const play = button("Play", () => tell(play.dataset.word));
  play.dataset.word = "play";
  const buttons = make("div", { className: "controls" }, play, button("One step", () => tell("step")), button("Reset", () => tell("reset")));

  function change(settings) {
    controls = { ...controls, ...settings };
    lab.set({ epochs: controls.epochs, batch: controls.batch_size, rate: controls.learning_rate, dropout: controls.dropout, augment: controls.augment ? 1 : 0 });
    tell("controls", { controls });
  }

  /** The knobs, once the config has said what they begin with. */
  function fillKnobs(facts) {
    const first = facts.first;
    const sizes = [...new Set([...BATCHES.filter((size) => size <= facts.train_images), first.batch_size])].sort((a, b) => a - b);
    const epochs = make("input", { type: "number", min: 1, max: 1000, value: controls.epochs });
    epochs.addEventListener("change", () => change({ epochs: Number(epochs.value) }));
    const augment = make("input", { type: "checkbox", checked: controls.augment });
    augment.addEventListener("change", () => change({ augment: augment.checked }));
    const batch = menu({ label: "Batch size", options: sizes.map((size) => [size, size]), value: controls.batch_size, onChoose: (size) => change({ batch_size: Number(size) }) });
    // In powers of ten, in steps of a fifth.
    const rate = slider({ label: "Learning rate", min: -25, max: 10, value: Math.round(5 * Math.log10(controls.learning_rate)), show: (power) => String(Number((10 ** (power / 5)).toPrecision(3))), onInput: (power) => change({ learning_rate: Number((10 ** (power / 5)).toPrecision(3)) }) });
    rate.element.querySelector("output").textContent = String(controls.learning_rate);
    const dropout = slider({ label: "Dropout", min: 0, max: 0.9, step: 0.05, value: controls.dropout, onInput: (value) => change({ dropout: value }) });
    knobs.replaceChildren(make("label", {}, "Epochs", epochs), batch.element, rate.element, dropout.element, make("label", {}, augment, "Augmentation"));
  }

  function drawCurves(sight) {
    const { facts } = sight;
    const drawn = `${sight.life} ${workshop.curves.train.length} ${workshop.curves.valid.length}`;
    if (charts.dataset.drawn === drawn) return;
    charts.dataset.drawn = drawn;
    charts.replaceChildren(...workshop.charts());
    const last = workshop.curves.train.at(-1);
    charts.dataset.loss = last ? String(last.loss) : "";
    const judged = `${sight.life} ${workshop.curves.valid.length}`;
    if (confusion.dataset.judged === judged) return;
    confusion.dataset.judged = judged;
    if (sight.confusion.length > 0) confusion.replaceChildren(make("h3", {}, `What is taken for what, of ${facts.valid_images} images of the valid split`), confusionTable(facts.classes, sight.confusion));
    else confusion.replaceChildren(make("h3", {}, "What is taken for what"), make("p", {}, "After the first epoch, the network looks at the valid split, and this table says what it takes for what."));
  }

  function drawMaps({ maps: head, layers: names, values }) {
    if (!head) return;
    mapsTitle.textContent = `Feature maps of the photo, after ${head.step} steps`;
    if (layers.childElementCount === 0 && names.length > 0) {
      layers.append(menu({ label: "Layer", options: names.map((name) => [name, name]), value: layer ?? head.layer, onChoose: (name) => {
        layer = name;
        lab.set({ layer: name });
        lab.guard(look);
      } }).element);
    }
    const size = head.rows * head.columns;
    const drawn = Array.from({ length: head.shown }, (_, map) => canvasOf(head.rows, head.columns, grey(values.subarray(map * size, (map + 1) * size))));
    drawn.forEach((canvas, map) => { canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", `map ${map} of ${head.layer}`); });
    maps.replaceChildren(...drawn);
  }

  function show(sight) {
    const text = sight.reason ? `${DOING[sight.doing]} ${sight.reason}` : DOING[sight.doing];
    if (doing.textContent !== text) doing.textContent = text;
    doing.className = sight.reason ? "bad" : "";
    doing.dataset.doing = sight.doing;
    if (!sight.controls) return;
    if (controls === null) {
      controls = sight.controls;
      fillKnobs(sight.facts);
    }
    const isPlaying = sight.doing === "training";
    play.textContent = isPlaying ? "Pause" : "Play";
    play.dataset.word = isPlaying ? "pause" : "play";
    steps.textContent = `${worked(sight.facts, sight.controls, sight.steps_per_epoch)} Now: ${sight.step} steps, ${sight.epochs} epochs done${sight.doing === "finished" ? "" : `; learning rate of the next step ${Number(sight.rate.toPrecision(3))}`}.`;
    steps.dataset.step = sight.step;
    const line = trainLine(lab, sight.facts, sight.facts.first, sight.controls);
    if (command.dataset.line !== line) {
      command.dataset.line = line;
      command.replaceChildren(lab.command(line));
    }
    drawCurves(sight);
    drawMaps(sight);
  }

  const look = async () => show(await workshop.look(layer));

  /** The controls that the address keeps, over those of the config. */
  async function restore({ facts }) {
    const kept = ["epochs", "batch", "rate", "dropout", "augment"].map((name) => lab.get(name, null));
    if (kept.every((value) => value === null)) return;
    const [epochs, batch, rate, dropout, augment] = kept;
    controls = {
      epochs: Number(epochs ?? controls.epochs), batch_size: Number(batch ?? controls.batch_size), learning_rate: Number(rate ?? controls.learning_rate),
      dropout: Number(dropout ?? controls.dropout), augment: augment === null ? controls.augment : augment === "1",
    };
    await workshop.tell("controls", { controls });
    fillKnobs(facts);
  }

  lab.stage.append(buttons, doing, knobs, steps, savableCharts(charts, "curves"),
    make("div", {}, mapsTitle, layers, savable(maps, "feature maps", () => sheetOf([...maps.children], 8))), confusion, command);
  const { begins } = await lab.json("open", { visit });
  const first = await workshop.opened();
  show(first);
  if (doing.dataset.doing === "failed") return;
  if (begins) {
    await restore(first);
    await look();
  }
  follow(lab, look);
}
