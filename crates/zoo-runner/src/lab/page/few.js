// Two networks of different kinds, on the same few images.

import { make } from "/page/element.js";
import { button, menu } from "./parts.js";
import { Pair } from "./pair.js";
import { follow, newVisit } from "./workshop.js";

const visits = { own: newVisit(), other: newVisit() };

/** A part of a lesson in which the network above and another begin anew, each as its run did, on few images. */
export function fewPart(lab) {
  const others = lab.networks.filter(({ name }) => name !== lab.network.name);
  const title = make("h3", {}, "With few images");
  if (others.length === 0) return make("section", { id: "few" }, title, make("p", {}, "Open the lab with a second network, as in zoo lab runs/cnn runs/vit, to see which of them needs fewer images."));
  const unlike = others.find(({ model }) => model !== lab.network.model) ?? others[0];
  let images = Number(lab.get("few", 100));
  let name = unlike.name;
  let pair = null;
  const place = make("div", {});
  const openOf = (network, visit) => () => lab.json("/lab/overfitting/open", { network, visit, images, augment: [] });

  const begin = () => lab.guard(async () => {
    lab.set({ few: images });
    pair = new Pair(lab, {
      own: { title: lab.network.name, visit: visits.own, open: openOf(lab.network.name, visits.own) },
      other: { title: name, visit: visits.other, open: openOf(name, visits.other) },
    }, { heading: "h4" });
    place.replaceChildren(make("div", { className: "controls" }, pair.play, pair.reset), pair.element);
    await pair.begin();
    await pair.tell("play");
    if (!place.dataset.follows) {
      place.dataset.follows = "1";
      follow(lab, () => (pair.play.disabled ? null : pair.look()));
    }
  });

  return make("section", { id: "few" }, title,
    make("p", {}, "Both begin with random weights, as their runs did, and learn from a few images of their data, without augmentation. Which is better on the valid split?"),
    make("div", { className: "controls" },
      menu({ label: "Against", options: others.map((other) => [other.name, `${other.name} (${other.model})`]), value: name, onChoose: (value) => { name = value; } }).element,
      menu({ label: "Images", options: [20, 50, 100, 200, 500].map((count) => [count, count]), value: images, onChoose: (count) => { images = Number(count); } }).element,
      button("Learn from few", begin)), place);
}
