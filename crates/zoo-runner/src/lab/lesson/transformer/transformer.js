// Lesson 10: patches and positions, whom each patch looks at, rollout, the lens, and shuffled pieces.

import { make, percent } from "/page/element.js";
import { fewPart } from "../few.js";
import { latest, tellJson } from "../message.js";
import { Grid, canvasOf, grey, heat, range, rgba } from "../grid.js";
import { bars, button, fixed, menu, predictionBars } from "../parts.js";
import { savable, sheetOf } from "../save.js";

export const about = [
  "A Vision Transformer cuts the photo into patches and makes a token of each: a row of numbers, to which numbers for its position are added. In every block each token looks at all others and takes from them in shares that add up to 1: attention. Several heads do so side by side. A convolution sees its neighbourhood; a head may look anywhere.",
  "Point at a patch to see whom it looks at, by block and head: the lighter, the more it takes.",
];
export const question = "Shuffle the tokens together with their positions, and the prediction stays as it was. Shuffle the patches alone, and it changes. What follows for a transformer without positions?";
export const answer = "It could not tell a photo from the same photo in pieces. Attention knows no order: it takes from tokens by what they hold, not by where they stand. All that it knows of places is in the positions that are added. A convolution has neighbourhood built in, which is why it learns from fewer photos.";

export async function open(lab) {
  const [tokens, photo] = await Promise.all([lab.json("tokens", {}), lab.numbers("/lab/pixels/look", {})]);
  const attention = tokens.blocks > 0 ? await attentionPart(lab, tokens, photo) : [without(lab)];
  lab.stage.append(...attention, await lensPart(lab), await shufflePart(lab, tokens), fewPart(lab));
  lab.stage.append(make("div", {}, ...(tokens.blocks > 0 ? [lab.command(`zoo explain ${lab.run} photo.png --only positions,attention,attention-distance,rollout`)] : []),
    make("p", { className: "quiet" }, "How a CNN and a ViT learn from few examples and from many, measured:"), lab.command("zoo compare cnn-sea vit-sea --fractions 0.05,0.2,1.0 --budget images=20000 --out few")));
}

function without(lab) {
  const others = lab.networks.filter(({ explains }) => explains.includes("rollout")).map(({ name }) => name);
  const advice = others.length ? `Choose one that has it above: ${others.join(", ")}.` : "zoo train vit-quickstart trains one that has it, in half a minute.";
  return make("p", { id: "without", className: "bad" }, `${lab.network.name} is a ${lab.network.model}: it has no attention, so there is nobody to look at. ${advice} What follows works for it, too.`);
}

async function attentionPart(lab, tokens, photo) {
  const { blocks, heads, side, patch, before, registers } = tokens;
  let at = lab.get("patch", "").split(".").map(Number);
  if (at.length !== 2 || !at.every((place) => Number.isInteger(place) && place >= 0 && place < side)) at = null;
  const picture = new Grid({ label: `The photo in ${side} × ${side} patches`, onPick: (row, column, isFixed) => pick([Math.min(Math.floor(row / patch), side - 1), Math.min(Math.floor(column / patch), side - 1)], isFixed) });
  picture.paint(photo.side, photo.side, rgba(photo.values, photo.channels));
  picture.cut(side, side);
  const said = make("p", { id: "asked" });
  const sums = make("p", { id: "sums" });
  const maps = Array.from({ length: blocks * heads }, () => canvasOf(side, side, grey(new Float32Array(side * side))));
  const position = new Grid({ label: "Positions that are similar" });
  position.paint(side, side, grey(new Float32Array(side * side)));
  const positionFigure = lab.figure("Similar positions", position, "positions");
  const table = make("table", { className: "numbers", id: "attention" },
    make("thead", {}, make("tr", {}, make("th", {}), ...Array.from({ length: heads }, (_, head) => make("th", { scope: "col" }, `head ${head}`)))),
    make("tbody", {}, ...Array.from({ length: blocks }, (_, block) => make("tr", {}, make("th", { scope: "row" }, `block ${block}`), ...maps.slice(block * heads, (block + 1) * heads).map((canvas, head) => {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `block ${block}, head ${head}`);
      return make("td", {}, canvas);
    })))));
  const show = latest(async (patchAt) => {
    const found = await lab.numbers("attention", patchAt ? { patch: patchAt } : {});
    const area = side * side;
    const alone = (map) => found.values.subarray(map * area, (map + 1) * area);
    maps.forEach((canvas, map) => {
      canvas.getContext("2d").putImageData(new ImageData(heat(alone(map)), side, side), 0, 0);
      canvas.title = `largest share ${percent(range(alone(map))[1])}${before ? `; ${percent(found.elsewhere[map])} goes to class token and registers` : ""}`;
    });
    const [low, high] = range(found.sums);
    sums.textContent = `Every head's shares add up to 1: from ${fixed(low, 6)} to ${fixed(high, 6)}${before ? `; of them, ${percent(found.elsewhere.reduce((sum, part) => sum + part, 0) / found.elsewhere.length)} on average goes to tokens that are no patches` : ""}.`;
    sums.dataset.low = low;
    sums.dataset.high = high;
    positionFigure.hidden = !found.positions;
    if (found.positions) position.paint(side, side, grey(found.values.subarray(blocks * heads * area)));
    if (patchAt) {
      picture.mark([patchAt[0] * patch, patchAt[1] * patch, patch, patch]);
      position.mark(patchAt);
      said.textContent = `Row ${patchAt[0]}, column ${patchAt[1]} of the patches looks at:`;
    } else {
      picture.mark();
      said.textContent = found.is_class_token ? "The class token, from which the answer is read, looks at:" : "All patches on average, from which the answer is read, look at:";
    }
  });
  function pick(patchAt, isFixed) {
    if (isFixed) {
      at = patchAt;
      lab.set({ patch: at.join(".") });
      lab.say(`patch in row ${at[0]}, column ${at[1]}`);
    }
    lab.guard(() => show(patchAt));
  }
  const rollout = await lab.numbers("rollout", {});
  const rolled = new Grid({ label: "Rollout: where information can have come from" });
  rolled.paint(side, side, heat(rollout.values));
  await show(at);
  const extra = registers ? ` and ${registers} registers` : "";
  return [
    make("p", { id: "tokens" }, `${photo.side} × ${photo.side} pixels in patches of ${patch} × ${patch}: ${side * side} patches${before - registers ? `, a class token${extra} before them` : extra}. Each token has ${tokens.width} numbers.`),
    make("div", { className: "side" }, lab.figure("Point at a patch", picture, "photo", { natural: true }), make("div", { className: "wide" }, said, savable(make("div", { className: "scroll" }, table), "attention", () => sheetOf(maps, heads)), sums, button("Whom the answer looks at", () => { at = null; lab.set({ patch: null }); lab.guard(() => show(null)); }))),
    make("div", { className: "side" }, positionFigure, lab.figure(`Rollout: the mixing of all blocks, multiplied together; black is 0, the lightest ${percent(range(rollout.values)[1])}`, rolled, "rollout")),
  ];
}

async function lensPart(lab) {
  const place = make("div", { className: "side", id: "lens" });
  const panel = (title, lens) => make("div", { className: "wide" }, make("h3", {}, title), bars(lens.steps.map(({ layer, probability, predictions, agreement }) => ({
    name: layer,
    value: probability,
    best: predictions[0].label === lens.label,
    text: `${percent(probability, 2)} ${predictions[0].label === lens.label ? "✓" : `(${predictions[0].class})`}${agreement === null ? "" : `, agrees for ${percent(agreement, 0)}`}`,
  }))), make("p", { className: "quiet" }, lens.how));
  // Heads may have to be fitted first, which takes longer than a request may.
  const lensOf = async (network) => {
    for (;;) {
      try {
        return await tellJson("/lab/transformer/lens", { network, photo: lab.photo }, lab.signal);
      } catch (error) {
        if (error.status !== 503 || lab.signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  };
  const show = async () => {
    const other = lab.networks.find(({ name }) => name === beside.field.value);
    place.setAttribute("aria-busy", "true");
    if (!place.firstChild) place.append(make("p", { role: "status" }, "The network looks at photos, so that heads can be fitted to its layers …"));
    const own = await lensOf(lab.network.name);
    const parts = [panel(`${lab.network.name}: ${own.class} after each layer`, own)];
    if (other) {
      const lens = await lensOf(other.name);
      const [mine, theirs] = await Promise.all([lab.network, other].map(({ name }) => tellJson("/lab/predict", { network: name, photo: lab.photo }, lab.signal)));
      parts.push(panel(`${other.name}: ${lens.class} after each layer`, lens));
      parts.push(make("div", { className: "wide" }, make("h3", {}, `${lab.network.name} says`), predictionBars(mine.slice(0, 5))), make("div", { className: "wide" }, make("h3", {}, `${other.name} says`), predictionBars(theirs.slice(0, 5))));
    }
    place.replaceChildren(...parts);
    place.removeAttribute("aria-busy");
  };
  const others = lab.networks.filter(({ name }) => name !== lab.network.name);
  const beside = menu({ label: "Beside it, on the same photo", options: [["", "no other network"], ...others.map(({ name, model }) => [name, `${name} (${model})`])], value: lab.get("beside", ""), onChoose: (value) => {
    lab.set({ beside: value || null });
    lab.guard(show);
  } });
  lab.guard(show);
  return make("section", {}, make("h3", {}, "The lens: what the class would be after every layer"), make("div", { className: "controls" }, beside.element), place);
}

async function shufflePart(lab, tokens) {
  const pieces = tokens.side || Math.max(2, Math.round(lab.network.image_size / 8));
  const grid = new Grid({ label: "The photo in pieces" });
  const result = make("div", { className: "wide", id: "shuffled" });
  const place = make("div", { className: "side", hidden: true }, lab.figure("The photo in pieces", grid, "pieces", { natural: true }), result);
  let seed = Number(lab.get("seed", 0)) || 0;
  const show = async (withPositions) => {
    const found = await lab.numbers("shuffle", { seed, pieces, with_positions: withPositions });
    grid.paint(found.side, found.side, rgba(found.values, found.channels));
    place.hidden = false;
    const moved = make("strong", { id: "moved" }, found.moved.toExponential(1));
    moved.dataset.value = found.moved;
    result.replaceChildren(make("h3", {}, withPositions ? "Tokens shuffled with their positions" : "Pieces shuffled, positions stay"), predictionBars(found.predictions), make("p", {}, "The scores moved by at most ", moved, "."));
    lab.say(`${found.predictions[0].class}, scores moved by ${found.moved.toExponential(1)}`);
  };
  const press = (withPositions) => () => { seed += 1; lab.set({ seed, moves: withPositions ? "1" : null }); lab.guard(() => show(withPositions)); };
  if (seed) await show(lab.get("moves") === "1" && tokens.blocks > 0);
  return make("section", {}, make("h3", {}, "Shuffle"), make("div", { className: "controls" }, button("Shuffle the pieces", press(false)), ...(tokens.blocks > 0 ? [button("Shuffle tokens with their positions", press(true))] : [])), place);
}
