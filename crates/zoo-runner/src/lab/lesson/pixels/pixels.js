// Lesson 1: zoom until pixels are numbers, change one, shuffle all.

import { make } from "/page/element.js";
import { Grid, rgba } from "../grid.js";
import { latest } from "../message.js";
import { button, numbers, predictionBars } from "../parts.js";

export const about = [
  "You see an animal. The computer sees a table of numbers: for every pixel one for red, one for green and one for blue, from 0, none, to 255, all there is. Nothing in the table says \"fin\" or \"claw\". Between these numbers and the word lies the semantic gap, and the whole course is about crossing it.",
  "Point at the photo to read the numbers there, and click to hold the place. Write another number into a cell, and the network looks again.",
];
export const question = "Shuffle the pixels. Not one number was lost, so why does the network no longer know the class?";
export const answer = "Because the meaning is not in the numbers but in how they lie beside each other: edges, textures, shapes. Shuffling keeps every colour and destroys every neighbourhood. A network that still knew the class would only have learned the colours.";

/** The side of the window that is shown as numbers, in pixels. */
const WINDOW = 7;
const NAMES = { 1: ["grey"], 3: ["red", "green", "blue"] };
const TINTS = { grey: [128, 128, 128], red: [220, 60, 50], green: [40, 150, 70], blue: [50, 110, 220] };

/** Changes as the address keeps them: row.column.channel.value, joined by `_`. */
const readEdits = (text) => text.split("_").map((part) => part.split(".").map(Number)).filter((part) => part.length === 4 && part.every(Number.isInteger));
const writeEdits = (edits) => (edits.size ? [...edits].map(([place, value]) => `${place}.${value}`).join("_") : null);

export async function open(lab) {
  const edits = new Map(readEdits(lab.get("edits", "")).map(([row, column, channel, value]) => [`${row}.${column}.${channel}`, value]));
  let shuffle = lab.get("shuffle", null);
  let photo = null;
  let at = lab.get("at", "").split(".").map(Number);
  const tables = make("div", { className: "side", id: "tables" });
  const scores = make("div", { id: "prediction" });
  const before = make("p", { id: "before" });
  let first = null;

  const grid = new Grid({ label: "The photo, pixel by pixel", onPick: (row, column, isFixed) => {
    at = [row, column];
    if (isFixed) {
      lab.set({ at: at.join(".") });
      lab.say(`row ${row}, column ${column}: ${colours(row, column).join(", ")}`);
    }
    show();
  } });

  const value = (row, column, channel) => photo.values[(row * photo.side + column) * photo.channels + channel];
  const colours = (row, column) => NAMES[photo.channels].map((name, channel) => `${name} ${value(row, column, channel)}`);

  function show() {
    const side = Math.min(WINDOW, photo.side);
    const [top, left] = at.map((place) => Math.min(Math.max(place - Math.floor(side / 2), 0), photo.side - side));
    grid.mark([top, left, side, side, "soft"], [...at, 1, 1]);
    tables.replaceChildren(...NAMES[photo.channels].map((name, channel) => numbers({
      caption: name,
      rows: side,
      columns: side,
      head: { rows: (row) => String(top + row), columns: (column) => String(left + column) },
      cell: (row, column) => {
        const shown = value(top + row, left + column, channel);
        const tint = TINTS[name].map((part) => Math.round((part * shown) / 255));
        return { text: String(shown), at: top + row === at[0] && left + column === at[1], shade: `rgb(${tint})`, ink: "#fff" };
      },
      edit: {
        read: (row, column) => String(value(top + row, left + column, channel)),
        label: (row, column) => `${name}, row ${top + row}, column ${left + column}`,
        write: (row, column, text, field) => edit([top + row, left + column, channel], text, field),
      },
    })));
  }

  function edit(place, text, field) {
    const number = Number(text);
    if (text.trim() === "" || !Number.isInteger(number) || number < 0 || number > 255) {
      field.setCustomValidity("a whole number from 0 to 255");
      field.reportValidity();
      return;
    }
    edits.set(place.join("."), number);
    at = place.slice(0, 2);
    lab.set({ edits: writeEdits(edits), at: at.join(".") });
    lab.guard(look);
  }

  const look = latest(async () => {
    const asked = { edits: [...edits].map(([place, value]) => {
      const [row, column, channel] = place.split(".").map(Number);
      return { row, column, channel, value };
    }) };
    if (shuffle !== null) asked.shuffle = Number(shuffle);
    photo = await lab.numbers("look", asked);
    if (at.length !== 2 || !at.every((place) => Number.isInteger(place) && place >= 0 && place < photo.side)) at = [Math.floor(photo.side / 2), Math.floor(photo.side / 2)];
    first ??= (await lab.numbers("look", {})).predictions[0];
    grid.at = at;
    grid.paint(photo.side, photo.side, rgba(photo.values, photo.channels));
    scores.replaceChildren(predictionBars(photo.predictions));
    const now = photo.predictions.find(({ label }) => label === first.label);
    const changed = edits.size || shuffle !== null;
    before.textContent = changed ? `As it was: ${first.class}, ${(100 * first.probability).toFixed(2)} %; now ${now ? `${(100 * now.probability).toFixed(2)} %` : "no longer among the five"}.` : "Nothing is changed.";
    lab.say(`${photo.predictions[0].class}, ${(100 * photo.predictions[0].probability).toFixed(1)} percent`);
    show();
  });

  const all = (number) => () => {
    for (const channel of NAMES[photo.channels].keys()) edits.set(`${at[0]}.${at[1]}.${channel}`, number);
    lab.set({ edits: writeEdits(edits) });
    lab.guard(look);
  };
  const controls = make("div", { className: "controls" },
    button("Make this pixel white", all(255)),
    button("Make this pixel black", all(0)),
    button("Shuffle all pixels", () => {
      shuffle = String(Number(shuffle ?? 0) + 1);
      edits.clear();
      lab.set({ shuffle, edits: null });
      lab.guard(look);
    }),
    button("Reset", () => {
      shuffle = null;
      edits.clear();
      lab.set({ shuffle, edits: null });
      lab.guard(look);
    }));
  const figure = lab.figure("As the network gets it", grid, "photo", { natural: true });
  lab.stage.append(controls, make("div", { className: "side" }, figure, make("div", { className: "wide" }, make("h3", {}, "What the network says"), scores, before)), tables,
    make("div", {}, make("p", { className: "quiet" }, "Save the picture, and the same network says the same of it on the command line; the second line shows the numbers as a page."), lab.command(`zoo predict ${lab.run} photo.png`), lab.command(`zoo explain ${lab.run} photo.png --only pixels`)));
  await look();
}
