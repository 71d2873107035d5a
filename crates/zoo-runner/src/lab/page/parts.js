// What lessons are made of: bars, tables of numbers, controls. Nothing here computes what is shown.

import { make, percent } from "/page/element.js";

/** A number with so many digits, and a minus that is as wide as a plus. */
export const fixed = (value, digits = 2) => (Object.is(Math.round(value * 10 ** digits), -0) ? 0 : value).toFixed(digits).replace("-", "−");

/** Bars with names: `[{ name, value, text?, mark?, best? }]` from `low` to `high`. */
export function bars(rows, { low = 0, high = 1, text = (value) => percent(value) } = {}) {
  const part = (value) => (100 * (Math.min(Math.max(value, low), high) - low)) / (high - low);
  return make("ul", { className: "scores" }, ...rows.map((row) => {
    const bar = make("i", { className: row.value < 0 ? "below" : "" });
    const zero = part(0);
    Object.assign(bar.style, { left: `${Math.min(zero, part(row.value))}%`, width: `${Math.abs(part(row.value) - zero)}%` });
    const parts = [bar];
    if (row.mark !== undefined) {
      const mark = make("b", { title: row.markTitle ?? "" });
      mark.style.left = `${part(row.mark)}%`;
      parts.push(mark);
    }
    const best = row.best ? " best" : "";
    return make("li", {}, make("span", { className: `name${best}`, title: row.name }, row.name),
      make("span", { className: "bar", "aria-hidden": "true" }, ...parts), make("span", { className: `value${best}` }, row.text ?? text(row.value)));
  }));
}

/** The most probable classes. */
export const predictionBars = (predictions) => bars(predictions.map(({ class: name, probability }, place) => ({ name, value: probability, best: place === 0 })));

/**
 * A table of numbers. `cell(row, column)` gives `{ text, at?, pad?, shade? }`; `edit`, where given,
 * `{ read: (row, column) => text, write: (row, column, text), label }`, makes its cells fields.
 */
export function numbers({ caption, rows, columns, cell, edit = null, head = null }) {
  const body = Array.from({ length: rows }, (_, row) => make("tr", {}, ...(head ? [make("th", { scope: "row" }, head.rows(row))] : []), ...Array.from({ length: columns }, (_, column) => {
    const shown = cell(row, column);
    const element = make("td", { className: [shown.at && "at", shown.pad && "pad"].filter(Boolean).join(" ") });
    if (shown.shade) element.style.background = shown.shade;
    if (shown.ink) element.style.color = shown.ink;
    if (edit) {
      const field = make("input", { type: "text", inputMode: "decimal", value: edit.read(row, column), "aria-label": edit.label(row, column) });
      if (shown.ink) field.style.color = shown.ink;
      field.addEventListener("change", () => edit.write(row, column, field.value, field));
      element.append(field);
    } else element.append(shown.text);
    return element;
  })));
  const heading = head ? make("thead", {}, make("tr", {}, make("th", {}), ...Array.from({ length: columns }, (_, column) => make("th", { scope: "col" }, head.columns(column))))) : null;
  return make("div", { className: "scroll" }, make("table", { className: "numbers" }, make("caption", {}, caption), heading, make("tbody", {}, ...body)));
}

/** A slider with its value beside it; `show` says the value in words. */
export function slider({ label, min, max, step = 1, value, show = String, onInput }) {
  const output = make("output", {}, show(Number(value)));
  const field = make("input", { type: "range", min, max, step, value, "aria-label": label });
  field.addEventListener("input", () => {
    output.textContent = show(Number(field.value));
    onInput(Number(field.value));
  });
  return { element: make("label", {}, label, field, output), field, set: (next) => { field.value = next; output.textContent = show(Number(next)); } };
}

/** A choice of a few, as buttons of which one is pressed. */
export function choice({ label, options, value, onChoose }) {
  const element = make("div", { className: "tabs", role: "group", "aria-label": label });
  const show = (chosen) => {
    for (const button of element.children) button.setAttribute("aria-pressed", String(button.value === String(chosen)));
  };
  for (const [name, text] of options) {
    const button = make("button", { type: "button", value: name }, text);
    button.addEventListener("click", () => { show(name); onChoose(name); });
    element.append(button);
  }
  show(value);
  return { element, show };
}

/** A menu of many. */
export function menu({ label, options, value, onChoose }) {
  const field = make("select", {}, ...options.map(([name, text]) => make("option", { value: name, selected: String(name) === String(value) }, text)));
  field.addEventListener("change", () => onChoose(field.value));
  return { element: make("label", {}, label, field), field };
}

/** A button. */
export function button(text, onClick) {
  const element = make("button", { type: "button" }, text);
  element.addEventListener("click", onClick);
  return element;
}
