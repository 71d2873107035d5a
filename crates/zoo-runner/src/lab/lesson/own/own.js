// Lesson 11: classes of one's own, from photos to a network that others can use.

import { ask } from "/page/ask.js";
import { byId, make, percent } from "/page/element.js";
import { camera } from "../camera.js";
import { button, choice, predictionBars } from "../parts.js";
import { savableCharts } from "../save.js";
import { Shelf } from "../shelf.js";
import { Workshop, confusionTable, follow, newVisit } from "../workshop.js";

export const about = [
  "Choose two or more classes, give each a few photos, and train. The last quarter of the photos of each class is kept apart: the network never learns from them, so they say how good it is.",
  "With few photos, begin with what the network above has learned, and fit a new head to it: that takes seconds. The better it has learned to see, the better it does; the networks that zoo lab trains first have seen nothing but drawings. Give it weights that were trained on photos, as in zoo lab weights.safetensors, and see the difference.",
];
export const question = "Every photo of your first class has the same background, and every photo of the second another. The network is right about all of them. What has it learned?";
export const answer = "Perhaps the background. Test it with the camera: the thing of the first class before the background of the second. A network learns whatever tells the classes apart, wanted or not; photos must vary in everything but the class.";

const METHODS = [
  ["head", "A new head on the network above", "The network stays as it is, and a new last layer is fitted to what it sees: a linear probe."],
  ["all", "All of the network above", "The network goes on learning, with a new head: fine-tuning. It takes longer, and does better where the photos are unlike those that it knows."],
  ["nothing", "Nothing", "A small CNN with random weights. It has to learn to see from your photos alone."],
];
const DOING = {
  opening: "The network is being prepared …", paused: "Stopped.", training: "The network is learning.", finished: "The network has learned.",
  "run-away": "Training has run away.", failed: "This cannot be trained.",
};
const KEY = "burn-zoo-lab-own";
/** One collection of photos for a tab of the browser, also when the page is loaded again. */
const visit = sessionStorage.getItem(KEY) ?? newVisit();
sessionStorage.setItem(KEY, visit);

/** Offers what the server answers as a file. */
async function downloadFrom(path, name) {
  const address = URL.createObjectURL(await (await ask(path)).blob());
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

class Own {
  constructor(lab) {
    this.lab = lab;
    this.method = METHODS.some(([name]) => name === lab.get("method", "head")) ? lab.get("method", "head") : "head";
    this.workshop = new Workshop(lab, visit);
    this.isFollowed = false;
    this.doing = make("p", { id: "doing", role: "status" }, "");
    this.charts = make("div", { className: "charts", id: "charts" });
    this.matrix = make("div", { className: "scroll", id: "confusion" });
    this.cell = make("section", { id: "cell", "aria-live": "polite" });
    this.said = make("div", { id: "said-of-photo" });
    this.shot = make("img", { alt: "The photo that was tested last", id: "tested", hidden: true });
    this.saved = make("div", { id: "saved", role: "status" });
    this.shelf = new Shelf(lab, visit, () => this.noteChange());
  }

  noteChange() {
    this.changed = true;
    if (this.doing.dataset.doing === "finished") this.doing.textContent = `${this.outcome} Photos have changed since: train again.`;
  }

  /** Trains anew on the photos as they are. */
  async train() {
    await this.lab.guard(async () => {
      this.doing.dataset.doing = "opening";
      this.cell.replaceChildren();
      this.saved.replaceChildren();
      this.matrix.replaceChildren();
      await this.lab.json("open", { visit, method: this.method });
      this.changed = false;
      this.judged = null;
      this.workshop = new Workshop(this.lab, visit);
      this.show(await this.workshop.opened());
      if (this.doing.dataset.doing === "failed") return;
      await this.workshop.tell("play");
      this.follow();
    });
  }

  follow() {
    if (this.isFollowed) return;
    this.isFollowed = true;
    follow(this.lab, async () => this.show(await this.workshop.look()));
  }

  show(sight) {
    const { facts, valid } = { facts: sight.facts, valid: this.workshop.curves.valid };
    const last = valid.at(-1);
    const best = valid.reduce((found, { accuracy }) => Math.max(found, accuracy), 0);
    const epochs = facts.is_probe ? "" : ` Epoch ${sight.epochs} of ${sight.controls?.epochs ?? 0}.`;
    this.outcome = sight.reason ? `${DOING[sight.doing]} ${sight.reason}` : `${DOING[sight.doing]}${epochs}${last ? ` Of the ${facts.valid_images} photos that were kept apart, it gets ${percent(best)} right; it has learned from ${facts.train_images}.` : ""}`;
    if (!(this.changed && sight.doing === "finished")) {
      if (this.doing.textContent !== this.outcome) this.doing.textContent = this.outcome;
    }
    Object.assign(this.doing.dataset, { doing: sight.doing, best: last ? best : "" });
    this.doing.className = sight.reason ? "bad" : "";
    this.stop.hidden = !["training", "paused"].includes(sight.doing) || facts.is_probe;
    this.stop.textContent = sight.doing === "training" ? "Pause" : "Go on";
    this.stop.dataset.word = sight.doing === "training" ? "pause" : "play";
    this.save.disabled = sight.doing !== "finished";
    const drawn = JSON.stringify([this.workshop.curves.train.length, valid.length, sight.life, sight.doing]);
    if (this.drawn === drawn) return;
    this.drawn = drawn;
    this.charts.replaceChildren(...this.workshop.charts());
    if (sight.confusion.length === 0) return;
    this.matrix.replaceChildren(make("h3", {}, "What is taken for what, of the photos kept apart"),
      confusionTable(facts.classes, sight.confusion, (label, prediction) => this.lab.guard(() => this.showCell(facts.classes, label, prediction))));
  }

  /** The photos of a cell of the table, to be looked at and put where they belong. */
  async showCell(classes, label, prediction) {
    const judged = await this.lab.json("scored", { visit });
    const photos = judged.filter((one) => one.label === label && one.prediction === prediction);
    const items = photos.map(({ photo, learned, probability }) => {
      const to = make("select", { "aria-label": "Belongs to" }, ...this.shelf.classes.map(({ name }) => make("option", { value: name, selected: name === classes[label] }, name)));
      const item = make("li", {}, this.shelf.picture(photo, `a photo of ${classes[label]}`), make("span", {}, `${percent(probability)}${learned ? ", learned from" : ", kept apart"}`), to);
      to.addEventListener("change", () => this.shelf.change({ move: { photo, to: to.value } }));
      const away = button("Take away", async () => {
        await this.shelf.change({ remove: { photo } });
        item.remove();
      });
      item.append(away);
      return item;
    });
    const what = label === prediction ? `Photos of ${classes[label]} that are taken for what they are` : `Photos of ${classes[label]} that are taken for ${classes[prediction]}`;
    this.cell.replaceChildren(make("h3", {}, `${what}: ${photos.length}`),
      make("p", {}, "Is a photo in the wrong class? Choose the right one, and train again."), make("ul", { className: "judged" }, ...items));
  }

  /** What the network says of a photo. */
  async test(file) {
    await this.lab.guard(async () => {
      const said = await (await ask(`/lab/own/test?${new URLSearchParams({ visit })}`, { method: "POST", body: file, signal: this.lab.signal })).json();
      this.said.replaceChildren(predictionBars(said));
      this.said.dataset.said = JSON.stringify(said);
      URL.revokeObjectURL(this.shot.src);
      Object.assign(this.shot, { src: URL.createObjectURL(file), hidden: false });
    });
  }

  showSaved(saved) {
    const { name, path, accuracy, images } = saved;
    const run = /^[\w./-]+$/.test(path) ? path : `'${path}'`;
    const out = (ending) => `${/^[\w.-]+$/.test(name) ? name : `'${name}'`}`.replace(/'?$/, (end) => `${ending}${end}`);
    const exports = [["safetensors", "Weights (safetensors)", "model.safetensors"], ["onnx", "Network (ONNX)", `${name}.onnx`]].map(([format, text, file]) => button(text, () => this.lab.guard(() => downloadFrom(`/lab/own/export?${new URLSearchParams({ visit, format })}`, file))));
    this.saved.replaceChildren(
      make("p", {}, `Saved in ${path}: photos, network, curves and report. It gets ${percent(accuracy)} of ${images} photos right. Every lesson can now be taken with it: choose ${name} above.`),
      make("div", { className: "controls" }, make("span", {}, "Export:"), ...exports),
      ...[`zoo evaluate ${run} --split valid`, `zoo predict ${run} photo.jpg`, `zoo serve ${run}`, `zoo export ${run} --format onnx --out ${out(".onnx")}`, `zoo train ${run}/config.json --run-dir runs/again`].map((line) => this.lab.command(line)));
    this.saved.dataset.path = path;
  }

  parts() {
    const { lab } = this;
    const told = make("p", { className: "quiet" });
    const tellMethod = () => { told.textContent = METHODS.find(([name]) => name === this.method)[2]; };
    tellMethod();
    const method = choice({ label: "Begin with", options: METHODS.map(([name, text]) => [name, text]), value: this.method, onChoose: (name) => {
      this.method = name;
      lab.set({ method: name });
      tellMethod();
    } });
    this.stop = button("Pause", () => lab.guard(() => this.workshop.tell(this.stop.dataset.word)));
    this.stop.hidden = true;
    const file = make("input", { type: "file", className: "unseen", accept: "image/*", "aria-label": "A photo to test" });
    file.addEventListener("change", async () => {
      if (file.files[0]) await this.test(file.files[0]);
      file.value = "";
    });
    const name = make("input", { type: "text", maxLength: 60, value: "my-network", "aria-label": "Name of the run" });
    this.save = button("Save as a run", () => lab.guard(async () => {
      this.showSaved(await lab.json("save", { visit, name: name.value }));
      await lab.findNetworks();
    }));
    this.save.disabled = true;
    return [
      make("h3", {}, "1. Photos"), this.shelf.element,
      make("h3", {}, "2. Train"), make("div", { className: "controls" }, make("span", {}, "Begin with:"), method.element), told,
      make("div", { className: "controls" }, button("Train now", () => this.train()), this.stop), this.doing, savableCharts(this.charts, "curves"), this.matrix, this.cell,
      make("h3", {}, "3. Test"), make("div", { className: "controls" }, make("label", { className: "file" }, file, make("span", {}, "A photo …"))),
      camera({ of: "the test", many: "Live", onPhoto: (blob) => this.test(blob), signal: lab.signal }),
      make("div", { className: "side" }, this.shot, this.said),
      make("h3", {}, "4. Save and export"), make("form", { className: "controls", onsubmit: (event) => event.preventDefault() }, make("label", {}, "Name ", name), this.save), this.saved,
    ];
  }
}

export async function open(lab) {
  const own = new Own(lab);
  // The photos of the course have no part in this lesson.
  byId("photos").hidden = true;
  lab.signal.addEventListener("abort", () => { byId("photos").hidden = false; });
  lab.stage.append(...own.parts());
  const { trains, saved } = await own.shelf.load();
  if (!trains) return;
  own.show(await own.workshop.opened());
  if (saved) own.showSaved(saved);
  own.follow();
}
