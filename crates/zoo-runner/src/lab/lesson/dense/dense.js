// Lesson 4: the same map pooled in two ways; then from maps to a row of numbers, and from the row to a score.

import { make } from "/page/element.js";
import { Grid, canvasOf, grey, range } from "../grid.js";
import { latest } from "../message.js";
import { button, fixed, menu, numbers, predictionBars, slider } from "../parts.js";

export const about = [
  "Pooling makes a map smaller: of each window it keeps the largest number, or the mean. The largest says whether a pattern is there, the mean how much of it. Where exactly it was is forgotten, which is what lets a shifted photo have the same class.",
  "At the end, what is left of the maps is laid into one row of numbers. A dense layer has a weight for every number and every class: number times weight, added up, plus a bias, is the score of the class.",
];
export const question = "A map is all 0 but for one place with a 9. What do the maximum and the mean of a 3 × 3 window around it say, and which of the two still says the same if the 9 moves by one pixel within the window?";
export const answer = "The maximum says 9, the mean 1. Both stay as they are while the 9 moves within the window, but with two nines the maximum still says 9 and the mean 2. So the maximum answers \"is it there?\", the mean \"how much?\".";

const number = (text) => {
  const value = Number(text.trim().replace(",", ".").replace("−", "-"));
  return text.trim() !== "" && Number.isFinite(value) && Math.abs(value) <= 1e6 ? value : null;
};

export async function open(lab) {
  lab.stage.append(await poolingPart(lab), await densePart(lab),
    lab.command(`zoo explain ${lab.run} photo.png --only pooling,flattening,classes`));
}

/** The map of a layer with the largest number: one where there is something to see. */
async function liveliest(lab, layer) {
  const { channels, rows, columns, values } = await lab.numbers("/lab/maps/maps", { layer: layer.name });
  let best = 0;
  values.forEach((value, place) => { if (value > values[best]) best = place; });
  return channels[Math.floor(best / (rows * columns))];
}

async function poolingPart(lab) {
  const layers = await lab.json("/lab/maps/layers", {});
  let layer = layers.find(({ name }) => name === lab.get("layer")) ?? layers[0];
  const inside = (value, low, high, otherwise) => (Number.isInteger(Number(value)) && value >= low && value <= high ? Number(value) : otherwise);
  let channel = inside(lab.get("map"), 0, layer.channels - 1, await liveliest(lab, layer));
  let size = inside(lab.get("size"), 1, Math.min(layer.rows, 8), Math.min(2, layer.rows));
  let stride = inside(lab.get("stride"), 1, Math.min(layer.rows, 8), size);
  let shown = null;
  const before = new Grid({ label: "The map", size: "16rem" });
  const say = make("div", { id: "window" });
  const pick = (row, column, isFixed) => {
    for (const grid of [largest, mean]) grid.mark([row, column]);
    before.mark([row * stride, column * stride, size, size]);
    const { columns, pooled_columns: across, pooled_rows: down, rows } = shown;
    if (row >= down || column >= across) return;
    const at = (r, c) => shown.values[(row * stride + r) * columns + column * stride + c];
    const most = shown.values[rows * columns + row * across + column];
    const average = shown.values[rows * columns + down * across + row * across + column];
    const value = (id, shownValue) => make("strong", { id }, fixed(shownValue, 4));
    const [one, other] = [value("largest", most), value("mean", average)];
    one.dataset.value = most;
    other.dataset.value = average;
    say.replaceChildren(numbers({ caption: "The window", rows: size, columns: size, cell: (r, c) => ({ text: fixed(at(r, c), 3), at: at(r, c) === most }) }), make("p", { className: "sum" }, "The largest: ", one, "; the mean: ", other));
    if (isFixed) lab.say(`largest ${fixed(most, 3)}, mean ${fixed(average, 3)}`);
  };
  const largest = new Grid({ label: "The largest of each window", size: "16rem", onPick: pick });
  const mean = new Grid({ label: "The mean of each window", size: "16rem", onPick: pick });
  const draw = latest(async () => {
    shown = await lab.numbers("pool", { layer: layer.name, channel, size, stride });
    const { rows, columns, pooled_rows: down, pooled_columns: across, values } = shown;
    const parts = [[0, rows * columns], [rows * columns, down * across], [rows * columns + down * across, down * across]].map(([from, length]) => values.subarray(from, from + length));
    // One scale for all three, so that they can be compared.
    const scale = range(parts[0]);
    before.paint(rows, columns, grey(parts[0], scale));
    largest.paint(down, across, grey(parts[1], scale));
    mean.paint(down, across, grey(parts[2], scale));
    sizes.textContent = `${rows} × ${columns} become ${down} × ${across}: one number where there were ${size * size}.`;
    largest.at = mean.at = [Math.floor(down / 2), Math.floor(across / 2)];
    pick(...largest.at, false);
  });
  const sizes = make("p", { id: "sizes" });
  const change = (settings) => { lab.set(settings); lab.guard(draw); };
  const sizeSlider = slider({ label: "Window", min: 1, max: 8, value: size, onInput: (value) => {
    size = Math.min(value, layer.rows, layer.columns);
    stride = size;
    sizeSlider.set(size);
    strideSlider.set(stride);
    change({ size, stride });
  } });
  const strideSlider = slider({ label: "Stride", min: 1, max: 8, value: stride, onInput: (value) => {
    stride = Math.min(value, layer.rows, layer.columns);
    strideSlider.set(stride);
    change({ stride });
  } });
  const mapSlider = slider({ label: "Map", min: 0, max: layer.channels - 1, value: channel, onInput: (value) => { channel = value; change({ map: channel }); } });
  const layerMenu = menu({ label: "Layer", options: layers.map(({ name }) => [name, name]), value: layer.name, onChoose: (name) => lab.guard(async () => {
    layer = layers.find((known) => known.name === name);
    channel = await liveliest(lab, layer);
    mapSlider.field.max = layer.channels - 1;
    mapSlider.set(channel);
    size = Math.min(size, layer.rows, layer.columns);
    stride = Math.min(stride, layer.rows, layer.columns);
    sizeSlider.set(size);
    strideSlider.set(stride);
    change({ layer: name, map: null, size, stride });
  }) });
  await draw();
  return make("section", {}, make("h3", {}, "Pooling"),
    make("div", { className: "controls" }, layerMenu.element, mapSlider.element, sizeSlider.element, strideSlider.element), sizes,
    make("div", { className: "side" }, lab.figure("The map", before, "map"), lab.figure("Maximum", largest, "maximum"), lab.figure("Average", mean, "average"), say));
}

async function densePart(lab) {
  const edits = new Map();
  for (const part of lab.get("edits", "").split("_").filter(Boolean)) {
    const [label, feature, weight] = part.split("~").map(Number);
    if (Number.isInteger(label) && Number.isInteger(feature) && Number.isFinite(weight)) edits.set(`${label}~${feature}`, weight);
  }
  let label = lab.get("label", null);
  const parts = { way: make("p", { className: "sum", id: "way" }), strips: make("div", {}), sum: make("p", { className: "sum", id: "score" }), weights: make("div", { id: "weights" }), scores: make("div", { id: "prediction" }) };
  const strip = (title, name, pixels, length) => {
    const canvas = canvasOf(1, length, pixels);
    return Object.assign(lab.figure(title, canvas, name), { className: "strip" });
  };
  const spread = (values) => {
    const most = Math.max(...range(values).map(Math.abs));
    return grey(values, [-most, most]);
  };
  const draw = latest(async () => {
    const asked = { edits: [...edits].map(([place, weight]) => ({ label: Number(place.split("~")[0]), feature: Number(place.split("~")[1]), weight })) };
    if (label !== null) asked.label = Number(label);
    const found = await lab.numbers("head", asked);
    const { features, values } = found;
    const [row, weights, products] = [0, 1, 2].map((part) => values.subarray(part * features, (part + 1) * features));
    const shape = (step) => step.shape.join(" × ");
    parts.way.textContent = found.way.map((step) => `${step.layer} ${shape(step)}`).join(" → ");
    const [least, most] = range(row);
    parts.strips.replaceChildren(
      strip(`The row: ${features} numbers, black ${fixed(least)}, white ${fixed(most)}`, "row", grey(row), features),
      strip(`The weights of ${found.class} over it: grey is 0, white adds, black takes away`, "weights", spread(weights), features),
      strip("Number times weight", "products", spread(products), features));
    const total = make("strong", { id: "logit" }, fixed(found.logit, 4));
    total.dataset.value = found.logit;
    const scale = found.scale === 1 ? "" : `, times ${found.scale}`;
    parts.sum.replaceChildren(`The score of ${found.class}: all products ${fixed(found.sum, 4)}, plus the bias ${fixed(found.bias, 4)}${scale} = `, total);
    parts.scores.replaceChildren(predictionBars(found.predictions));
    showWeights(found, row, weights, products);
    classMenu.value = String(found.label);
    lab.say(`${found.class}: score ${fixed(found.logit, 3)}`);
  });
  function showWeights(found, row, weights, products) {
    const order = [...products.keys()].sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]));
    const edited = [...edits.keys()].filter((place) => place.startsWith(`${found.label}~`)).map((place) => Number(place.split("~")[1]));
    const listed = [...new Set([...edited, ...order])].slice(0, 8).sort((a, b) => a - b);
    const of = (feature) => {
      if (found.per_map === 0) return `number ${feature}`;
      return found.per_map === 1 ? `map ${feature}` : `map ${Math.floor(feature / found.per_map)}, place ${feature % found.per_map}`;
    };
    parts.weights.replaceChildren(make("h3", {}, "The numbers that count most; change a weight"), make("div", { className: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...["from", "number", "weight", "product"].map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...listed.map((feature) => {
      const field = make("input", { type: "text", inputMode: "decimal", value: String(Number(weights[feature].toPrecision(6))), "aria-label": `weight of ${of(feature)}`, size: 9 });
      field.addEventListener("change", () => {
        const weight = number(field.value);
        field.setCustomValidity(weight === null ? "a number from -1000000 to 1000000" : "");
        field.reportValidity();
        if (weight === null) return;
        edits.set(`${found.label}~${feature}`, weight);
        keep();
      });
      return make("tr", {}, make("td", { className: "word" }, of(feature)), make("td", {}, fixed(row[feature], 4)), make("td", {}, field), make("td", {}, fixed(products[feature], 4)));
    })))));
  }
  function keep() {
    lab.set({ label, edits: edits.size ? [...edits].map(([place, weight]) => `${place}~${weight}`).join("_") : null });
    lab.guard(draw);
  }
  const { classes } = lab.network;
  const classField = menu({ label: "The weights of", options: classes.map((name, place) => [place, name]), value: label ?? 0, onChoose: (value) => { label = value; keep(); } });
  const classMenu = classField.field;
  await draw();
  return make("section", {}, make("h3", {}, "From maps to scores"), parts.way,
    make("div", { className: "controls" }, classField.element, button("Reset the weights", () => { edits.clear(); keep(); })),
    parts.strips, parts.sum, make("div", { className: "side" }, parts.weights, make("div", { className: "wide" }, make("h3", {}, "What the network then says"), parts.scores)));
}
