// Lesson 9: the same few images, from nothing and from pretrained features, side by side.

import { make, percent } from "/page/element.js";
import { latest } from "../message.js";
import { menu } from "../parts.js";
import { Pair } from "../pair.js";
import { Workshop, follow, newVisit } from "../workshop.js";

export const about = [
  "What a network has learned from many images helps it with others: the first layers find edges, colours and textures, whatever they belong to. So one takes the weights of a network that has learned before, puts a new head on it, and trains that, or all of it, on the few images that there are. That is transfer learning.",
  "Both networks below have the same layers and see the same few images in the same order. The left one begins with random weights, the right one with pretrained weights and a new head.",
];
export const question = "The right network, with its old weights left as they are and a new head alone to train, has far fewer numbers to learn. Why is it the better one with few images, and not always with many?";
export const answer = "A head alone can hardly learn a few images by heart, and what it stands on was learned from many. But it can only tell apart what the old weights tell apart. With many images, all weights can be fitted to the new task, and even random ones catch up.";

const visits = { nothing: newVisit(), pretrained: newVisit() };
/** The network that learns before, one for each network that it is like. */
const sources = new Map();
const OWN = "burn-zoo-lab-own";
const EACH = [1, 2, 5, 10, 20, 50];

export async function open(lab) {
  const state = { before: lab.get("before", "trained"), tuned: lab.get("tuned", "head"), photos: lab.get("photos", "drawn"), each: Number(lab.get("each", 10)) };
  const told = make("p", { id: "source", role: "status" });
  const knows = make("p", { id: "knows", hidden: true });
  const glance = make("div", { id: "glance" });
  const command = make("div", { id: "command" });
  /** What `zoo train` is told to do the same. */
  const lines = {};
  const own = sessionStorage.getItem(OWN);
  if (!own || !(await ownClasses(lab, own))) state.photos = "drawn";

  const openSide = (side) => async () => {
    const from = side === "nothing" ? "nothing" : state.before === "trained" ? { trained: sources.get(lab.network.name) } : "network";
    const photos = state.photos === "own" ? { own } : { drawn: state.each };
    const said = await lab.json("open", { visit: visits[side], from, tuned: state.tuned, photos });
    lines[side] = said.sets;
    if (side === "pretrained") {
      knows.hidden = !(said.knows && state.before === "network");
      knows.textContent = "This network has learned these very animals before, from many images: it has less to learn than it seems.";
    }
  };
  const pair = new Pair(lab, {
    nothing: { title: "From nothing", visit: visits.nothing, open: openSide("nothing") },
    pretrained: { title: "From pretrained weights", visit: visits.pretrained, open: openSide("pretrained") },
  }, { epochs: 30 });

  /** Has a network like the one above learn other animals, unless one has. */
  async function learnBefore() {
    if (state.before !== "trained") {
      told.textContent = `The pretrained weights are those of ${lab.network.name}.`;
      return;
    }
    const name = lab.network.name;
    const visit = sources.get(name) ?? newVisit();
    sources.set(name, visit);
    const { classes, sets } = await lab.json("source", { visit });
    lines.source = sets;
    const source = new Workshop(lab, visit);
    const animals = classes.join(", ");
    for (;;) {
      const sight = await source.look();
      if (sight.reason) throw new Error(sight.reason);
      if (sight.doing === "paused") await source.tell("play");
      const valid = source.curves.valid.at(-1);
      const accuracy = valid ? `, ${percent(valid.accuracy)} of the valid split` : "";
      told.dataset.doing = sight.doing;
      if (sight.doing === "finished") {
        told.textContent = `The pretrained weights are of a network like ${name} that was trained here on ${sight.facts.train_images} drawings of other animals (${animals})${accuracy}.`;
        return;
      }
      told.textContent = `First, a network like ${name} learns from drawings of other animals (${animals}): epoch ${sight.epochs} of ${sight.controls?.epochs ?? "…"}${accuracy}.`;
      await new Promise((resolve) => setTimeout(resolve, 250));
      lab.signal.throwIfAborted();
    }
  }

  /** What is seen before the first step. */
  async function showGlance() {
    const found = {};
    for (const side of ["nothing", "pretrained"]) found[side] = await lab.json("glance", { visit: visits[side] });
    const row = (text, key) => make("tr", {}, make("th", { scope: "row" }, text), ...["nothing", "pretrained"].map((side) => make("td", {}, percent(found[side][key]))));
    glance.replaceChildren(make("h3", {}, "Before the first step: how often what the network sees tells the class"), make("div", { className: "scroll" }, make("table", {},
      make("thead", {}, make("tr", {}, make("td", {}), make("th", { scope: "col" }, "from nothing"), make("th", { scope: "col" }, "pretrained"))),
      make("tbody", {}, row("by the nearest mean of a class", "nearest_centroid_accuracy"), row(`by the ${found.nothing.k} nearest images`, "knn_accuracy")))));
    glance.dataset.found = JSON.stringify(found);
  }

  async function begin() {
    lab.set({ before: state.before, tuned: state.tuned, photos: state.photos, each: state.each });
    lab.stage.setAttribute("aria-busy", "true");
    pair.play.disabled = true;
    each.querySelector("select").disabled = state.photos === "own";
    try {
      await learnBefore();
      await pair.begin();
      await showGlance();
    } finally {
      if (!lab.signal.aborted) lab.stage.removeAttribute("aria-busy");
    }
    const line = (run, sets) => lab.command(`zoo train quickstart --run-dir runs/${run}${sets.map((set) => ` --set '${set.replaceAll("'", "'\\''")}'`).join("")}`);
    const before = ["pretrained=\"runs/before\"", `fine_tune={"head":"new","freeze":"${state.tuned === "head" ? "all-but-head" : "nothing"}"}`];
    command.replaceChildren(...(state.before === "trained" ? [line("before", lines.source)] : []), line("from-nothing", lines.nothing),
      line("transferred", state.before === "trained" ? [...lines.nothing, ...before] : lines.pretrained));
  }

  // Of many changes, the last.
  const beginAgain = latest(begin);
  const choose = (key, label, options) => menu({ label, options, value: state[key], onChoose: (value) => {
    state[key] = key === "each" ? Number(value) : value;
    lab.guard(beginAgain);
  } }).element;
  const each = choose("each", "Images of each class", EACH.map((count) => [count, count]));
  lab.stage.append(
    make("div", { className: "controls" },
      choose("before", "Pretrained weights", [["trained", "learned here, of other animals"], ["network", `those of ${lab.network.name}, above`]]),
      choose("tuned", "On the right is trained", [["head", "the head alone"], ["all", "everything"]]),
      ...(own ? [choose("photos", "Images", [["drawn", "drawings of five animals"], ["own", "your photos of lesson 11"]])] : []), each),
    told, knows, make("div", { className: "controls" }, pair.play, pair.reset), pair.element, glance, command);
  await beginAgain();
  follow(lab, () => pair.look());
}

/** Whether there are photos in lesson 11. */
async function ownClasses(lab, visit) {
  const { classes } = await lab.json("/lab/own/list", { visit });
  return classes.length > 1 && classes.every(({ photos }) => photos.length > 1);
}
