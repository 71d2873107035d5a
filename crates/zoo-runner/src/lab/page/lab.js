// The frame: the list of lessons, the lesson in the address, and what a lesson's script may use.

import { byId, make } from "/page/element.js";
import { askJson, tell } from "/page/ask.js";
import { enlarged } from "./grid.js";
import { tellJson, tellNumbers } from "./message.js";
import { connectPhotos, fillNetworks, markPhoto, showNetwork, showPhotos } from "./photos.js";
import { saveButton } from "./save.js";

/** The least width of a saved picture, in pixels. */
const SAVED = 512;
let lessons = [];
let networks = [];
let opened = null;

/** The name of the lesson, and its state, as the address has them: `#pixels?photo=…`. */
function ofAddress() {
  const [name, query] = location.hash.slice(1).split("?");
  const lesson = lessons.find((known) => known.name === name) ?? lessons[0];
  return { lesson, state: new URLSearchParams(query ?? "") };
}

function toAddress(lesson, state) {
  const query = state.toString();
  return `#${lesson.name}${query ? `?${query}` : ""}`;
}

/** What a lesson's script may use. */
class Lab {
  constructor(lesson, state, network, photo, photos) {
    Object.assign(this, { lesson, network, photo, photos, networks });
    this.stage = byId("stage");
    this.state = state;
    this.leaving = new AbortController();
    /** Ends when another lesson, network or photo is chosen. */
    this.signal = this.leaving.signal;
  }

  /** A setting of the lesson, kept in the address. */
  get(name, otherwise) {
    return this.state.get(name) ?? otherwise;
  }

  /** Keeps settings in the address; one that is null is taken out. */
  set(settings) {
    if (this.signal.aborted) return;
    for (const [name, value] of Object.entries(settings)) {
      if (value === null || value === undefined) this.state.delete(name);
      else this.state.set(name, value);
    }
    history.replaceState(null, "", toAddress(this.lesson, this.state));
  }

  about(path, body) {
    const looked = { network: this.network.name, photo: this.photo, ...body };
    return [path.startsWith("/") ? path : `/lab/${this.lesson.name}/${path}`, looked, this.signal];
  }

  /** Asks the lesson's path `path`, or one of another that begins with `/`, of the network and the photo. */
  json(path, body) {
    return tellJson(...this.about(path, body));
  }

  /** The same where the answer has many numbers. */
  numbers(path, body) {
    return tellNumbers(...this.about(path, body));
  }

  /** Takes up networks that have come meanwhile, as that of a run that was saved. */
  async findNetworks() {
    await loadNetworks();
    this.networks = networks;
    showNetwork(this.network);
  }

  /** Shows the lesson with another photo. */
  choose(photo) {
    choosePhoto(photo);
  }

  /** Tells a screen reader what has changed. */
  say(text) {
    byId("said").textContent = text;
  }

  /** Does `work`, and shows what is refused at the top of the page. */
  async guard(work) {
    try {
      tell(null);
      return await work();
    } catch (error) {
      if (error.name !== "AbortError" && !this.signal.aborted) tell(error.message);
      return undefined;
    }
  }

  /** How the network is named on the command line. */
  get run() {
    const { origin } = this.network;
    return /^[\w./=@%+:,-]+$/.test(origin) ? origin : `'${origin.replaceAll("'", "'\\''")}'`;
  }

  /** A `zoo` line that does the same, to be copied. */
  command(line) {
    const copy = make("button", { type: "button" }, "Copy as command");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(line);
        copy.textContent = "Copied";
      } catch {
        // Without a right to the clipboard, the line is selected, to be copied by hand.
        getSelection().selectAllChildren(code);
      }
    });
    const code = make("code", {}, line);
    return make("div", { className: "command" }, copy, code);
  }

  /** A picture with a caption, and a button that saves it as NAME.png, of its own size if `natural`. */
  figure(caption, shown, name, { natural = false } = {}) {
    const canvas = shown.canvas ?? shown;
    const save = saveButton(name, () => enlarged(canvas, natural ? 1 : Math.max(1, Math.ceil(SAVED / canvas.width))));
    const text = make("span", {}, caption);
    const figure = make("figure", {}, make("figcaption", {}, text, save), shown.element ?? shown);
    return Object.assign(figure, { caption: text });
  }
}

function listLessons(current) {
  byId("lessons").replaceChildren(...lessons.map((lesson) => {
    const link = make("a", { href: toAddress(lesson, shared()) }, `${lesson.number} ${lesson.title}`);
    if (lesson === current) link.setAttribute("aria-current", "page");
    return make("li", {}, link);
  }));
  byId("lessons").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  const place = lessons.indexOf(current);
  const around = [[place - 1, "←"], [place + 1, "→"]].map(([to, arrow]) => lessons[to] && make("a", { href: toAddress(lessons[to], shared()) }, arrow === "←" ? `← ${lessons[to].title}` : `${lessons[to].title} →`));
  byId("around").replaceChildren(...around.filter(Boolean));
}

/** The part of the state that goes along to other lessons. */
function shared() {
  const { state } = ofAddress();
  return new URLSearchParams(["network", "photo", "present"].filter((name) => state.has(name)).map((name) => [name, state.get(name)]));
}

async function loadNetworks() {
  networks = await askJson("/models");
  fillNetworks(networks);
}

/** Says which parts of the lesson are wider than the window, where that may be. */
function markWide() {
  for (const part of byId("stage").querySelectorAll(".scroll")) part.classList.toggle("wider", part.scrollWidth > part.clientWidth + 1);
}

/** Shows the lesson of the address. */
async function open() {
  opened?.leaving.abort();
  const { lesson, state } = ofAddress();
  const turn = { leaving: new AbortController() };
  opened = turn;
  tell(null);
  const presents = state.get("present") === "1";
  document.documentElement.classList.toggle("presents", presents);
  byId("presenter").setAttribute("aria-pressed", String(presents));
  await loadNetworks();
  if (opened !== turn) return;
  const wanted = state.get("network");
  const found = networks.find(({ name }) => name === wanted);
  const network = found ?? networks[0];
  showNetwork(network);
  const photos = await showPhotos(network.name, null, choosePhoto);
  const photo = state.get("photo") ?? photos[0].photo;
  const script = await import(`./lessons/${lesson.name}.js`);
  if (opened !== turn) return;
  markPhoto(photo);
  listLessons(lesson);
  const lab = new Lab(lesson, state, network, photo, photos);
  opened = lab;
  document.title = `${lesson.number} ${lesson.title}: Burn Zoo`;
  byId("title").textContent = `${lesson.number} ${lesson.title}`;
  byId("about").replaceChildren(...script.about.map((text) => make("p", {}, text)));
  byId("question").textContent = script.question;
  byId("answer").textContent = script.answer;
  byId("think").hidden = false;
  byId("think").querySelector("details").open = false;
  lab.stage.replaceChildren();
  lab.stage.setAttribute("aria-busy", "true");
  await lab.guard(() => script.open(lab));
  if (opened !== lab) return;
  lab.stage.removeAttribute("aria-busy");
  if (wanted && !found && byId("problem").hidden) tell(`There is no network ${wanted} here: this is ${network.name}.`);
}

const reopen = () => open().catch((error) => tell(error.message));

function change(settings) {
  const { lesson, state } = ofAddress();
  for (const [name, value] of Object.entries(settings)) {
    if (value === null) state.delete(name);
    else state.set(name, value);
  }
  history.replaceState(null, "", toAddress(lesson, state));
  reopen();
}

const choosePhoto = (photo) => change({ photo });
const present = () => change({ present: document.documentElement.classList.contains("presents") ? null : "1" });

/** In front of people, a clicker's keys change the lesson, and Escape ends it. */
function heedKeys(event) {
  if (!document.documentElement.classList.contains("presents") || event.target.matches("input, select, [role='application']")) return;
  if (event.key === "Escape") return void present();
  const step = { PageDown: 1, PageUp: -1 }[event.key];
  const next = step && lessons[lessons.indexOf(ofAddress().lesson) + step];
  if (!next) return;
  event.preventDefault();
  location.hash = toAddress(next, shared());
}

async function begin() {
  [lessons] = await Promise.all([askJson("/lab/lessons"), loadNetworks()]);
  if (networks.length === 0) throw new Error("No network is finished yet. End zoo lab, and start it again when one is.");
  byId("network").addEventListener("change", (event) => change({ network: event.target.value }));
  connectPhotos(choosePhoto);
  byId("presenter").addEventListener("click", present);
  // The address is the lesson's: the link leads there without it.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("lesson").focus();
  });
  document.addEventListener("keydown", heedKeys);
  window.addEventListener("hashchange", reopen);
  if (matchMedia("(max-width: 40rem)").matches) new MutationObserver(markWide).observe(byId("stage"), { childList: true, subtree: true });
  await open();
}

begin().catch((error) => tell(error.message));
