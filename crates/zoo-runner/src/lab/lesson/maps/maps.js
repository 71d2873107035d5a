// Lesson 3: the layers of the network, one by one; a place of a map, and what it has seen.

import { make } from "/page/element.js";
import { askImage } from "/page/ask.js";
import { Grid, canvasOf, grey, range, rgba } from "../grid.js";
import { latest } from "../message.js";
import { button, fixed, menu, numbers } from "../parts.js";
import { savable, sheetOf } from "../save.js";

export const about = [
  "Layer after layer looks at the maps of the layer before. The first finds edges and colours, the next puts them together to corners and textures, the last to parts of things. What a place of a deep map says depends on a large part of the photo: its receptive field.",
  "Choose a layer and a map. Point at a place of it to see its receptive field on the photo, and click to work out the number.",
];
export const question = "Two convolutions of 3 × 3, one after the other: how large is the receptive field of a place of the second? And with a pooling of 2 × 2 between them?";
export const answer = "5 × 5: the 3 × 3 places of the second each look one pixel further than the next. With the pooling between them, neighbouring places lie two pixels apart, so it is 8 × 8: 3 for the first, 1 more for the pooling, and twice 2 for the second. This is why pooling and stride let deep layers see things whole.";

const canvasesOf = (place) => [...place.querySelectorAll("canvas")];

export async function open(lab) {
  const [layers, photo] = await Promise.all([lab.json("layers", {}), lab.numbers("/lab/pixels/look", {})]);
  let layer = layers.find(({ name }) => name === lab.get("layer")) ?? layers[0];
  let shown = null;
  let channel = null;
  let at = lab.get("at", "").split(".").map(Number);

  const picture = new Grid({ label: "The photo, and the receptive field on it" });
  picture.paint(photo.side, photo.side, rgba(photo.values, photo.channels));
  const map = new Grid({ label: "The map", onPick: (row, column, isFixed) => {
    at = [row, column];
    if (isFixed) lab.set({ at: at.join(".") });
    lab.guard(() => showCell(row, column, isFixed));
  } });
  const figure = lab.figure("", map, "map");
  const all = make("div", { className: "maps", role: "group", "aria-label": "Maps of the layer" });
  const heading = make("h3", { id: "layer" });
  const worked = make("div", { id: "worked" });
  const exciting = make("div", { id: "exciting" });

  async function showLayer() {
    shown = await lab.numbers("maps", { layer: layer.name });
    const { channels, rows, columns, values } = shown;
    const of = (place) => values.subarray(place * rows * columns, (place + 1) * rows * columns);
    const part = channels.length < shown.all_channels ? `, of which the ${channels.length} with most variation are shown` : "";
    heading.textContent = `${layer.name}: ${layer.does}. ${shown.all_channels} maps of ${rows} × ${columns}${part}`;
    all.replaceChildren(...channels.map((number, place) => {
      const element = make("button", { type: "button", value: number, "aria-label": `map ${number}` }, canvasOf(rows, columns, grey(of(place))), String(number));
      element.addEventListener("click", () => { lab.set({ map: number }); lab.guard(() => showMap(number)); });
      return element;
    }));
    const wanted = Number(lab.get("map", NaN));
    await showMap(channels.includes(wanted) ? wanted : channels[0]);
  }

  async function showMap(number) {
    channel = number;
    const { channels, rows, columns, values } = shown;
    const place = channels.indexOf(number);
    const own = values.subarray(place * rows * columns, (place + 1) * rows * columns);
    for (const element of all.children) element.setAttribute("aria-pressed", String(element.value === String(number)));
    map.paint(rows, columns, grey(own));
    const [low, high] = range(own);
    figure.caption.textContent = `Map ${number}: black is ${fixed(low, 3)}, white ${fixed(high, 3)}`;
    exciting.replaceChildren(button("Which photos excite this map most?", () => lab.guard(showExciting)));
    if (at.length !== 2 || !(at[0] < rows && at[1] < columns)) at = [Math.floor(rows / 2), Math.floor(columns / 2)];
    map.at = at;
    await showCell(...at, false);
  }

  const showCell = latest(async (row, column, isFixed) => {
    const cell = await lab.json("cell", { layer: layer.name, channel, row, column });
    const [top, left, height, width] = cell.field;
    map.mark([row, column]);
    picture.mark(cell.field);
    const size = cell.sees_all ? "the whole photo" : `${height} × ${width} pixels of the photo${top < 0 || left < 0 || top + height > photo.side || left + width > photo.side ? ", some of them outside, where zeros stand" : ""}`;
    const value = make("strong", { id: "value" }, fixed(cell.value, 4));
    value.dataset.value = cell.value;
    worked.replaceChildren(make("h3", {}, `Row ${row}, column ${column} of map ${channel}: `, value), make("p", { id: "field" }, `It depends on ${size}.`), make("p", {}, `${cell.how}.`), ...(cell.sum ? sums(cell.sum) : []), steps(cell));
    if (isFixed) lab.say(`row ${row}, column ${column}: ${fixed(cell.value, 4)}, depends on ${size}`);
  });

  function sums(sum) {
    const [rows, columns] = sum.kernel;
    const listed = rows * columns <= 49 ? sum.channels.slice(0, 3) : [];
    const table = (caption, values, digits) => numbers({ caption, rows, columns, cell: (row, column) => {
      const value = values[row * columns + column];
      return value === null ? { text: "0", pad: true } : { text: fixed(value, digits) };
    } });
    const others = sum.all_channels > listed.length ? make("p", { className: "quiet" }, `${sum.all_channels} maps go into the sum; ${listed.length ? `the ${listed.length} above add most` : "a window of this size is not written out"}.`) : null;
    return [...listed.map(({ channel: from, values, weights, products, sum: part }) => make("div", { className: "side" }, table(`Map ${from} before`, values, 2), table("times the weights", weights, 3), table(`gives ${fixed(part, 3)}`, products, 2))), others].filter(Boolean);
  }

  function steps(cell) {
    if (!cell.sum) return "";
    const total = make("strong", { id: "sum" }, fixed(cell.sum.sum, 4));
    total.dataset.value = cell.sum.sum;
    return make("p", { className: "sum" }, "All products: ", total, ...cell.steps.flatMap(([how, value]) => [make("br"), `${how.replaceAll(/-(?=\d)/g, "−")}: `, make("strong", {}, fixed(value, 4))]));
  }

  async function showExciting() {
    exciting.replaceChildren(make("p", { role: "status" }, "The network looks at the photos of its test split …"));
    const found = await lab.json("exciting", { layer: layer.name, channel });
    const figures = await Promise.all(found.photos.map(async ({ photo: name, class: text, value, field, side }) => {
      const image = make("img", { alt: "", src: await askImage(`/lab/photos/picture?${new URLSearchParams({ photo: name })}`) });
      await image.decode();
      const canvas = make("canvas", { width: 128, height: 128 });
      const context = canvas.getContext("2d");
      context.imageSmoothingEnabled = false;
      const edge = Math.min(image.naturalWidth, image.naturalHeight);
      context.drawImage(image, (image.naturalWidth - edge) / 2, (image.naturalHeight - edge) / 2, edge, edge, 0, 0, 128, 128);
      if (field) {
        const [top, left, height, width] = field.map((pixels) => (128 * pixels) / side);
        context.strokeStyle = "#000";
        context.lineWidth = 4;
        context.strokeRect(left, top, width, height);
        context.strokeStyle = "#fff";
        context.lineWidth = 2;
        context.strokeRect(left, top, width, height);
      }
      const element = make("button", { type: "button", title: name, "aria-label": `${text}, ${fixed(value, 3)}: show this photo` }, canvas, `${text} ${fixed(value, 2)}`);
      element.addEventListener("click", () => lab.choose(name));
      return element;
    }));
    const place = make("div", { className: "maps large" }, ...figures);
    exciting.replaceChildren(make("h3", {}, `Of ${found.looked_at} photos of the test split, these excite map ${channel} most`), savable(place, "exciting photos", () => sheetOf(canvasesOf(place), 4)));
  }

  const layerMenu = menu({ label: "Layer", options: layers.map(({ name, channels, rows, columns }) => [name, `${name}: ${channels} of ${rows} × ${columns}`]), value: layer.name, onChoose: (name) => choose(layers.findIndex((known) => known.name === name)) });
  function choose(place) {
    if (!layers[place]) return;
    layer = layers[place];
    layerMenu.field.value = layer.name;
    lab.set({ layer: layer.name, map: null });
    lab.guard(showLayer);
  }
  const step = (by) => () => choose(layers.indexOf(layer) + by);
  lab.stage.append(
    make("div", { className: "controls" }, button("← Layer before", step(-1)), layerMenu.element, button("Next layer →", step(1))),
    heading,
    make("div", { className: "side" }, lab.figure("The photo", picture, "photo", { natural: true }), figure, make("div", { className: "wide" }, savable(all, "all maps", () => sheetOf(canvasesOf(all), 8)))),
    worked, exciting,
    make("div", {}, make("p", { className: "quiet" }, "Maps of an early, a middle and a deep layer, as a page:"), lab.command(`zoo explain ${lab.run} photo.png --only feature-maps`)));
  await showLayer();
}
