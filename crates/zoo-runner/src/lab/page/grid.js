// Numbers in rows and columns, drawn as a picture that can be pointed at: by mouse, finger or arrow keys.

import { make } from "/page/element.js";

/** The pixels of numbers from 0 to 255, stored pixel by pixel, of 1 or 3 channels. */
export function rgba(values, channels) {
  const count = values.length / channels;
  const pixels = new Uint8ClampedArray(4 * count);
  for (let place = 0; place < count; place += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      pixels[4 * place + channel] = values[channels * place + (channels === 3 ? channel : 0)];
    }
    pixels[4 * place + 3] = 255;
  }
  return pixels;
}

/** The smallest and the largest of some numbers. */
export function range(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Numbers in grey, from black, the smallest, to white, the largest. */
export function grey(values, [low, high] = range(values)) {
  const factor = high > low ? 255 / (high - low) : 0;
  return rgba(Float32Array.from(values, (value) => (value - low) * factor), 1);
}

// matplotlib's magma at every eighth (CC0): equal steps look equal, in black and white, too.
const HEAT = [[0, 0, 4], [29, 17, 71], [81, 18, 124], [131, 38, 129], [183, 55, 121], [229, 80, 100], [251, 135, 97], [254, 194, 135], [252, 253, 191]];

/** Numbers in the colours of heat, from black, 0 or less, to light yellow, `most`. */
export function heat(values, most = range(values)[1]) {
  const pixels = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, place) => {
    const at = most > 0 ? Math.min(Math.max(value / most, 0), 1) * (HEAT.length - 1) : 0;
    const below = Math.min(Math.floor(at), HEAT.length - 2);
    for (let channel = 0; channel < 3; channel += 1) {
      pixels[4 * place + channel] = HEAT[below][channel] + (at - below) * (HEAT[below + 1][channel] - HEAT[below][channel]);
    }
    pixels[4 * place + 3] = 255;
  });
  return pixels;
}

/** A canvas of these pixels. */
export function canvasOf(rows, columns, pixels) {
  const canvas = make("canvas", { width: columns, height: rows });
  paint(canvas, rows, columns, pixels);
  return canvas;
}

function paint(canvas, rows, columns, pixels) {
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  canvas.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
}

/** The same picture with every cell `scale` pixels wide. */
export function enlarged(canvas, scale) {
  const large = make("canvas", { width: canvas.width * scale, height: canvas.height * scale });
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  return large;
}

/**
 * A picture of cells. `onPick(row, column, isFixed)` hears where the pointer is, and with `isFixed` where it
 * was clicked, tapped or moved to with the arrow keys. Without `onPick` it is a picture alone.
 */
export class Grid {
  constructor({ label, onPick = null, size = null }) {
    this.canvas = make("canvas", { width: 1, height: 1 });
    this.marks = [];
    this.at = [0, 0];
    this.element = make("div", { className: onPick ? "grid" : "grid still" }, this.canvas);
    if (size) this.element.style.setProperty("--size", size);
    this.element.setAttribute("role", onPick ? "application" : "img");
    this.element.setAttribute("aria-label", onPick ? `${label}; arrow keys move, with Shift by eight` : label);
    if (onPick) this.listen(onPick);
  }

  get rows() { return this.canvas.height; }
  get columns() { return this.canvas.width; }

  /** Shows these pixels, four bytes each. */
  paint(rows, columns, pixels) {
    paint(this.canvas, rows, columns, pixels);
  }

  /** Marks areas: `[row, column, rows, columns, kind]` each, in cells; parts outside are cut off. */
  mark(...areas) {
    this.marks.forEach((mark) => mark.remove());
    this.marks = areas.filter(Boolean).map(([row, column, rows = 1, columns = 1, kind = ""]) => {
      const [top, left] = [Math.max(row, 0), Math.max(column, 0)];
      const [bottom, right] = [Math.min(row + rows, this.rows), Math.min(column + columns, this.columns)];
      const mark = make("div", { className: `mark ${kind}` });
      const part = (value, all) => `${(100 * value) / all}%`;
      Object.assign(mark.style, { top: part(top, this.rows), left: part(left, this.columns), height: part(bottom - top, this.rows), width: part(right - left, this.columns) });
      return mark;
    });
    this.element.append(...this.marks);
  }

  /** Draws lines between so many rows and columns of larger pieces. */
  cut(rows, columns) {
    const lines = make("div", { className: "lines" });
    lines.style.backgroundSize = `${100 / columns}% ${100 / rows}%`;
    this.element.append(lines);
  }

  listen(onPick) {
    this.element.tabIndex = 0;
    const place = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const cell = (at, from, length, count) => Math.min(Math.max(Math.floor(((at - from) / length) * count), 0), count - 1);
      return [cell(event.clientY, box.top, box.height, this.rows), cell(event.clientX, box.left, box.width, this.columns)];
    };
    let last = "";
    const pick = (at, isFixed) => {
      if (!isFixed && String(at) === last) return;
      last = String(at);
      this.at = at;
      onPick(...at, isFixed);
    };
    this.element.addEventListener("pointermove", (event) => { if (event.pointerType !== "touch") pick(place(event), false); });
    this.element.addEventListener("click", (event) => pick(place(event), true));
    this.element.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const by = event.shiftKey ? 8 : 1;
      const inside = (value, count) => Math.min(Math.max(value, 0), count - 1);
      pick([inside(this.at[0] + by * step[0], this.rows), inside(this.at[1] + by * step[1], this.columns)], true);
    });
  }
}
