// Photos before one or several networks: classes, certainty, heat maps, side by side.

import { byId, make, percent } from "./element.js";
import { askImage, askJson, tell } from "./ask.js";
import { connectCamera } from "./camera.js";
import { connectHistory, remember } from "./history.js";

let networks = [];
/** Counts looks, so that what comes late for an older one is dropped. */
let latest = 0;

const chosen = () => networks.filter((network) => network.box.checked);
const unsureBelow = () => byId("unsure").value / 100;

function certainty(probability, unsure) {
  if (unsure) return "unsure";
  if (probability >= 0.99) return "practically certain";
  if (probability >= 0.9) return "very sure";
  return probability >= 0.7 ? "fairly sure" : "leaning towards it";
}

function card(network) {
  const picture = make("img", { className: network.image_size < 100 ? "pixels" : "", alt: `The photo as ${network.name} sees it` });
  const heat = make("img", { className: "heat", alt: "" });
  const parts = {
    network, picture, heat,
    verdict: make("p", { className: "verdict" }, "…"),
    bars: make("ol", { className: "bars", "aria-label": `Classes by ${network.name}` }),
    note: make("small", {}),
  };
  const title = make("h3", {}, network.name, " ", make("small", {}, network.model));
  parts.element = make("article", { className: "card", "aria-label": `Answer of ${network.name}` },
    title, parts.verdict, make("div", { className: "stack" }, picture, heat), parts.note, parts.bars);
  return parts;
}

function showAnswer(parts, answer, explain) {
  if (answer.error) {
    parts.verdict.textContent = `⚠ ${answer.error}`;
    return;
  }
  const best = answer.predictions[0];
  parts.verdict.replaceChildren(make("b", {}, best.class), ` ${percent(best.probability)}, ${certainty(best.probability, answer.unsure)}`);
  const bars = answer.predictions.map(({ class: name, label, probability }) => {
    const bar = make("button", { type: "button", title: `Show what speaks for ${name}` },
      make("span", {}, name), make("span", { className: "value" }, percent(probability)),
      make("meter", { min: 0, max: 1, value: probability, "aria-hidden": "true" }));
    bar.addEventListener("click", () => explain(label, name));
    return make("li", {}, bar);
  });
  parts.bars.replaceChildren(...bars);
}

function swap(image, address) {
  const before = image.src;
  image.src = address;
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
}

const path = (network, verb, query) => `/${verb}/${encodeURIComponent(network.name)}?${new URLSearchParams(query)}`;
const post = (file) => ({ method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });

async function showHeat(parts, file, number, label, name) {
  const { network } = parts;
  const wanted = byId("method").value;
  const method = network.explains.includes(wanted) ? wanted : network.explains[0];
  try {
    const query = label === undefined ? { method } : { method, class: label };
    const [picture, heat] = await Promise.all([
      askImage(path(network, "explain", { view: "input" }), post(file)),
      askImage(path(network, "explain", { ...query, view: "heat" }), post(file)),
    ]);
    if (number !== latest) return;
    swap(parts.picture, picture);
    swap(parts.heat, heat);
    parts.note.textContent = `${method}: what speaks for ${name}${method === wanted ? "" : ` (${wanted} is not for this network)`}`;
  } catch (error) {
    parts.note.textContent = error.message;
  }
}

async function predict(network, file) {
  try {
    const query = { top_k: 5, unsure_below: unsureBelow() };
    const { images } = await askJson(path(network, "predict", query), post(file));
    return { network: network.name, ...images[0] };
  } catch (error) {
    return { network: network.name, error: error.message };
  }
}

function tellAgreement(answers) {
  const said = answers.filter((answer) => answer.predictions).map((answer) => answer.predictions[0].class);
  const differ = new Set(said).size > 1;
  byId("agreement").textContent = said.length < 2 ? "" : differ ? "The networks disagree about this photo." : "All networks agree.";
}

/** Shows a photo to the chosen networks; their answers, once they are there. */
async function look(file, name, isLive) {
  const number = ++latest;
  const those = chosen();
  if (those.length === 0) {
    tell("Choose a network first.");
    return [];
  }
  tell(null);
  byId("answer-title").textContent = name;
  const known = isLive ? [...byId("cards").children].map((element) => element.parts) : [];
  const isSame = known.length === those.length && known.every((parts, place) => parts?.network === those[place]);
  const cards = isSame ? known : those.map(card);
  if (!isSame) {
    cards.forEach((parts) => { parts.element.parts = parts; });
    byId("cards").replaceChildren(...cards.map((parts) => parts.element));
    applyHeat();
  }
  const answers = await Promise.all(cards.map(async (parts) => {
    const answer = await predict(parts.network, file);
    if (number === latest) showAnswer(parts, answer, (label, name) => showHeat(parts, file, number, label, name));
    return answer;
  }));
  if (number !== latest) return answers;
  tellAgreement(answers);
  const heats = cards.map((parts, place) => {
    const best = answers[place].predictions?.[0];
    return best && showHeat(parts, file, number, best.label, best.class);
  });
  await Promise.all(heats);
  return answers;
}

async function lookAndRemember(file, name) {
  const answers = await look(file, name, false);
  if (answers.length > 0) remember({ name, file, answers, address: URL.createObjectURL(file) }, (visit) => look(visit.file, visit.name, false));
}

async function lookAtAll(files) {
  for (const file of files) await lookAndRemember(file, file.name || "pasted");
}

function applyHeat() {
  const opacity = byId("heat").value / 100;
  document.querySelectorAll("#cards .heat").forEach((image) => { image.style.opacity = opacity; });
}

function connectFiles() {
  const drop = byId("drop");
  byId("file").addEventListener("change", async (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    await lookAtAll(files);
  });
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
  document.addEventListener("dragover", () => drop.classList.add("over"));
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    lookAtAll([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length > 0) lookAtAll(files);
  });
}

function connectSettings() {
  const methods = [...new Set(networks.flatMap((network) => network.explains))];
  byId("method").append(...methods.map((name) => make("option", { value: name, selected: name === "hires-cam" }, name)));
  byId("heat").addEventListener("input", applyHeat);
  byId("unsure").addEventListener("input", () => { byId("unsure-text").textContent = percent(unsureBelow(), 0); });
}

/** Fills the view with the networks that are served. */
export async function connectLook() {
  networks = await askJson("/models");
  if (networks.length === 0) byId("networks").append("None is finished yet: the runs are in the other tab. Start zoo serve again when one is.");
  networks.forEach((network, place) => {
    network.box = make("input", { type: "checkbox", checked: place < 2, value: network.name });
    const parameters = network.parameters < 1e5 ? network.parameters.toLocaleString("en") : `${(network.parameters / 1e6).toFixed(1)} M`;
    const size = `${network.model}, ${parameters} parameters, ${network.classes.length} classes`;
    byId("networks").append(make("label", {}, network.box, make("span", {}, network.name, " ", make("small", {}, size))));
  });
  connectFiles();
  connectSettings();
  connectHistory();
  connectCamera((file, name, isLive) => (isLive ? look(file, name, true) : lookAndRemember(file, name)));
}
