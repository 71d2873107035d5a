// Two networks that learn side by side.

import { make, percent } from "/page/element.js";
import { button } from "./parts.js";
import { savableCharts } from "./save.js";
import { Workshop } from "./workshop.js";

export class Pair {
  /** `sides` has a title, a visit, and `open()` for each, by a name; all learn for so many epochs. */
  constructor(lab, sides, { epochs = 1000, heading = "h3" } = {}) {
    Object.assign(this, { lab, sides, epochs, workshops: {} });
    this.parts = Object.fromEntries(Object.entries(sides).map(([name, { title }]) => [name, {
      title: make(heading, {}, title), told: make("p", { id: `told-${name}`, role: "status" }, "The images are being opened …"), charts: make("div", { className: "charts" }),
    }]));
    this.play = button("Play", () => this.tell(this.play.dataset.word));
    this.play.dataset.word = "play";
    this.play.disabled = true;
    this.reset = button("Reset both", () => this.tell("reset"));
    this.element = make("div", { className: "side" }, ...Object.entries(this.parts).map(([name, { title, told, charts }]) => make("section", { className: "wide" }, title, told, savableCharts(charts, `curves ${name}`))));
  }

  /** Opens both trainings anew. */
  async begin() {
    // What is told meanwhile would go to those that are replaced.
    this.play.disabled = true;
    for (const side of Object.values(this.sides)) await side.open();
    for (const [name, { visit }] of Object.entries(this.sides)) {
      this.workshops[name] = new Workshop(this.lab, visit);
      const sight = await this.workshops[name].opened();
      this.show(name, sight);
      if (sight.controls) await this.workshops[name].tell("controls", { controls: { ...sight.controls, epochs: this.epochs } });
    }
    this.play.disabled = false;
  }

  tell(word) {
    return this.lab.guard(async () => {
      for (const workshop of Object.values(this.workshops)) await workshop.tell(word);
      await this.look();
    });
  }

  async look() {
    for (const [name, workshop] of Object.entries(this.workshops)) this.show(name, await workshop.look());
  }

  show(name, sight) {
    const { told, charts } = this.parts[name];
    const { train, valid } = this.workshops[name].curves;
    const last = (points) => (points.length ? `${percent(points.at(-1).accuracy)}, loss ${(points.at(-1).loss ?? NaN).toFixed(3)}` : "not yet");
    // The mean over an epoch: a single batch says little.
    const recent = train.slice(-Math.max(sight.steps_per_epoch, 1));
    const mean = recent.reduce((sum, { accuracy }) => sum + accuracy, 0) / Math.max(recent.length, 1);
    const text = sight.reason ?? `${sight.epochs} epochs. Training images: ${recent.length ? percent(mean) : "not yet"}. Valid split: ${last(valid)}.`;
    if (told.textContent !== text) told.textContent = text;
    Object.assign(told.dataset, { doing: sight.doing, epochs: sight.epochs, images: sight.facts.train_images, valid: valid.at(-1)?.accuracy ?? "" });
    told.className = sight.reason ? "bad" : "";
    charts.replaceChildren(...this.workshops[name].charts());
    if (!sight.controls || name !== Object.keys(this.sides).at(-1)) return;
    this.play.textContent = sight.doing === "training" ? "Pause" : "Play";
    this.play.dataset.word = sight.doing === "training" ? "pause" : "play";
  }
}
