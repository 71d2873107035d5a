// Lesson 2: a kernel runs over the photo, and every number of the map can be worked out.

import { make } from "/page/element.js";
import { Grid, grey, range, rgba } from "../grid.js";
import { latest } from "../message.js";
import { button, choice, fixed, menu, numbers, slider } from "../parts.js";

export const about = [
  "A convolution lays a small table of weights, the kernel, on a window of the photo. It multiplies each number by the weight over it, adds up all products, and writes down the sum. Then the window moves on. The sums form a new picture, the feature map: light where the pattern of the kernel was found, dark where its opposite was.",
  "Type weights, or choose a kernel. Point at the map to see the window, the products and the sum behind that one number.",
];
export const question = "The weights of an edge kernel add up to 0. What does it say of a patch of one colour, and why?";
export const answer = "It says 0, whatever the colour is: each pixel is multiplied by its weight, all pixels are the same, so the sum is the colour times the sum of the weights, which is 0. An edge kernel is blind to colour and sees only change. A blur kernel, whose weights add up to 1, leaves the colour as it is.";

const filled = (side, value) => Array.from({ length: side }, () => Array(side).fill(value));
const around = (side, centre, rest) => {
  const kernel = filled(side, rest);
  kernel[(side - 1) / 2][(side - 1) / 2] = centre;
  return kernel;
};
const PRESETS = {
  edges: { text: "Edges", of: (side) => around(side, side * side - 1, -1) },
  vertical: { text: "Upright edges", of: (side) => Array.from({ length: side }, (_, row) => Array.from({ length: side }, (_, column) => (column - (side - 1) / 2) * ((side + 1) / 2 - Math.abs(row - (side - 1) / 2)))) },
  blur: { text: "Blur", of: (side) => filled(side, Number((1 / (side * side)).toFixed(4))) },
  sharpen: { text: "Sharpen", of: (side) => around(side, Number((2 - 1 / (side * side)).toFixed(4)), Number((-1 / (side * side)).toFixed(4))) },
  nothing: { text: "All zeros", of: (side) => filled(side, 0) },
};

/** Weights as typed: decimals, or fractions such as 1/9. */
function weight(text) {
  const [above, below, ...rest] = text.trim().replace(",", ".").replace("−", "-").split("/");
  const value = rest.length || above === "" || below === "" ? NaN : Number(above) / (below === undefined ? 1 : Number(below));
  return Number.isFinite(value) ? value : null;
}
const write = (kernel) => kernel.map((row) => row.join("~")).join("_");
function read(text) {
  const kernel = text.split("_").map((row) => row.split("~").map(weight));
  const side = kernel.length;
  return [3, 5, 7].includes(side) && kernel.every((row) => row.length === side && row.every((value) => value !== null)) ? kernel : null;
}

export async function open(lab) {
  const own = await lab.numbers("filters", {});
  let filter = lab.get("filter", null);
  let kernel = read(lab.get("kernel", "")) ?? PRESETS.edges.of(3);
  const inside = (text, otherwise, low, high) => (Number.isInteger(Number(text ?? NaN)) && text >= low && text <= high ? Number(text) : otherwise);
  if (filter !== null) filter = inside(filter, 0, 0, own.count - 1);
  let stride = inside(lab.get("stride"), 1, 1, 8);
  let padding = inside(lab.get("padding"), 1, 0, 8);
  let at = null;
  let shown = null;

  const photo = new Grid({ label: "The photo under the kernel" });
  const map = new Grid({ label: "The map", onPick: (row, column, isFixed) => {
    at = [row, column];
    if (isFixed) lab.set({ at: at.join(".") });
    lab.guard(() => hover(row, column, isFixed));
  } });
  const field = make("div", { id: "kernel" });
  const formula = make("p", { className: "sum", id: "formula", role: "status" });
  const worked = make("div", { id: "worked" });
  const what = () => ({ kernel: filter === null ? { typed: kernel } : { own: filter }, stride, padding });

  function showKernel() {
    const [rows, columns] = filter === null ? [kernel.length, kernel.length] : [own.rows, own.columns];
    const table = (caption, value, edit) => numbers({ caption, rows, columns, edit, cell: (row, column) => ({ text: fixed(value(row, column), 3) }) });
    if (filter === null) {
      field.replaceChildren(table("The kernel", (row, column) => kernel[row][column], {
        read: (row, column) => String(kernel[row][column]),
        label: (row, column) => `weight in row ${row + 1}, column ${column + 1}`,
        write: (row, column, text, input) => {
          const value = weight(text);
          input.setCustomValidity(value === null ? "a number, such as -1, 0.5 or 1/9" : "");
          input.reportValidity();
          if (value === null) return;
          kernel[row][column] = value;
          changed({ kernel: write(kernel) });
        },
      }));
      return;
    }
    const names = own.channels === 3 ? ["red", "green", "blue"] : ["grey"];
    const area = rows * columns;
    field.replaceChildren(make("div", { className: "side" }, ...names.map((name, channel) => table(`Filter ${filter}, ${name}`, (row, column) => own.values[(filter * own.channels + channel) * area + row * columns + column]))));
  }

  function side(name, size) {
    const odd = size.left_over ? ` The stride does not fit: the last ${size.left_over === 1 ? "pixel is" : `${size.left_over} pixels are`} seen by no window.` : "";
    return [`${name}: (${size.input} + 2 · ${size.padding} − ${size.kernel}) / ${size.stride} + 1 = ${size.way} / ${size.stride} + 1 = `, make("strong", {}, String(size.output)), odd ? make("span", { className: "bad" }, odd) : ""];
  }

  const draw = latest(async () => {
    let answer;
    try {
      answer = await lab.numbers("map", what());
    } catch (error) {
      if (error.status !== 400) throw error;
      formula.replaceChildren(make("span", { className: "bad" }, error.message));
      worked.replaceChildren();
      map.mark();
      return;
    }
    shown = answer;
    const { channels, rows, columns, values } = answer;
    const count = rows.input * columns.input;
    const picture = values.subarray(0, channels * count);
    const sums = values.subarray(channels * count);
    const [low, high] = range(picture);
    const byPixel = new Float32Array(channels * count);
    for (let channel = 0; channel < channels; channel += 1) {
      for (let place = 0; place < count; place += 1) byPixel[place * channels + channel] = (255 * (picture[channel * count + place] - low)) / (high - low || 1);
    }
    photo.paint(rows.input, columns.input, filter === null ? rgba(picture, 1) : rgba(byPixel, channels));
    map.paint(rows.output, columns.output, grey(sums));
    const [least, most] = range(sums);
    mapFigure.caption.textContent = least === most ? `The map: ${fixed(least)} everywhere` : `The map: black is ${fixed(least)}, white ${fixed(most)}`;
    formula.replaceChildren(...side("Rows", rows), make("br"), ...side("Columns", columns));
    if (filter === null && kernel.flat().every((value) => value === 0)) formula.append(make("br"), make("span", { className: "bad" }, "A kernel of zeros finds nothing: every product is 0."));
    at ??= lab.get("at", "").split(".").map(Number);
    if (at.length !== 2 || !(at[0] < rows.output && at[1] < columns.output)) at = [Math.floor(rows.output / 2), Math.floor(columns.output / 2)];
    map.at = at;
    await hover(...at, false);
  });

  const hover = latest(async (row, column, isFixed) => {
    if (!shown || row >= shown.rows.output || column >= shown.columns.output) return;
    const sum = await lab.json("sum", { ...what(), place: [row, column] });
    map.mark([row, column]);
    photo.mark([sum.top, sum.left, ...sum.kernel]);
    showSum(row, column, sum);
    if (isFixed) lab.say(`row ${row}, column ${column}: the sum is ${fixed(sum.output)}`);
  });

  function showSum(row, column, sum) {
    const [rows, columns] = sum.kernel;
    const names = sum.channels.length === 3 ? ["red", "green", "blue"] : ["grey"];
    const digits = filter === null ? 0 : 2;
    const table = (caption, values, digits) => numbers({ caption, rows, columns, cell: (r, c) => {
      const value = values[r * columns + c];
      return value === null ? { text: "0", pad: true } : { text: fixed(value, digits) };
    } });
    const parts = sum.channels.map(({ values, weights, products }, channel) => make("div", { className: "side" },
      table(`The window, ${names[channel]}`, values, digits), table("times the kernel", weights, 3), table("gives the products", products, 2)));
    const terms = sum.channels.map((channel) => fixed(channel.sum, 4));
    const spelled = (parts) => `${parts.join(" + ").replaceAll("+ −", "− ")} = `;
    const single = rows === 3 ? spelled(sum.channels[0].products.map((product) => fixed(product))) : `The ${rows * columns} products add up to `;
    const total = make("strong", { id: "sum", value: String(sum.output) }, fixed(sum.output, 4));
    total.dataset.value = sum.output;
    worked.replaceChildren(make("h3", {}, `Row ${row}, column ${column} of the map`), ...parts, make("p", { className: "sum" }, sum.channels.length === 1 ? single : spelled(terms), total));
  }

  function changed(settings) {
    lab.set(settings);
    lab.guard(draw);
  }
  const useTyped = (next) => {
    filter = null;
    kernel = next;
    ownMenu.field.value = "";
    sizes.show(kernel.length);
    showKernel();
    changed({ kernel: write(kernel), filter: null });
  };
  let preset = "edges";
  const sizes = choice({ label: "Size of the kernel", options: [[3, "3 × 3"], [5, "5 × 5"], [7, "7 × 7"]], value: kernel.length, onChoose: (side) => useTyped(PRESETS[preset].of(Number(side))) });
  const presets = Object.entries(PRESETS).map(([name, { text, of }]) => button(text, () => { preset = name; useTyped(of(kernel.length)); }));
  const ownMenu = menu({ label: "or one of the network's own", value: filter ?? "", options: [["", "–"], ...Array.from({ length: own.count }, (_, number) => [number, `filter ${number}`])], onChoose: (value) => {
    if (value === "") return useTyped(kernel);
    filter = Number(value);
    [stride, padding] = [own.stride, own.padding];
    strideSlider.set(stride);
    paddingSlider.set(padding);
    showKernel();
    changed({ filter, kernel: null, stride, padding });
  } });
  const strideSlider = slider({ label: "Stride", min: 1, max: Math.max(8, own.stride), value: stride, onInput: (value) => { stride = value; changed({ stride }); } });
  const paddingSlider = slider({ label: "Padding", min: 0, max: 8, value: padding, onInput: (value) => { padding = value; changed({ padding }); } });
  const mapFigure = lab.figure("The map", map, "map");
  showKernel();
  lab.stage.append(
    make("div", { className: "controls" }, sizes.element, ...presets, ownMenu.element),
    make("div", { className: "side" }, field, make("div", { className: "wide" }, make("div", { className: "controls" }, strideSlider.element, paddingSlider.element), formula)),
    make("div", { className: "side" }, lab.figure("The photo", photo, "photo"), mapFigure),
    worked,
    make("div", {}, make("p", { className: "quiet" }, "The same for the network's own filters, as a page:"), lab.command(`zoo explain ${lab.run} photo.png --only filters,convolution`)));
  await draw();
}
