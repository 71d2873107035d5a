// The learner's classes, with the photos of each: brought as files, in folders or from the camera, taken
// away, and moved. They lie on the server, in memory.

import { ask, askImage, tell } from "/page/ask.js";
import { make } from "/page/element.js";
import { camera } from "./camera.js";
import { button } from "./parts.js";

/** Files that systems leave in folders. */
const LEFTOVERS = /^(\..*|thumbs\.db|desktop\.ini)$/i;

/** The files of what was dropped, folders opened: `[{ file, folder }]`. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  const open = async (entry, folder) => {
    if (entry.isFile) found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), folder });
    else {
      const reader = entry.createReader();
      // A reader gives a part at a time, and nothing at the end.
      for (let part = [null]; part.length > 0;) {
        part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        for (const inner of part) await open(inner, entry.name);
      }
    }
  };
  for (const entry of entries) await open(entry, "");
  return found;
}

/** Has `heed(files)` have what is dropped on an element. */
function takeDrops(element, heed) {
  element.addEventListener("dragover", (event) => { event.preventDefault(); element.classList.add("over"); });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    document.body.classList.remove("over");
    element.classList.remove("over");
    heed(await dropped(event.dataTransfer));
  });
}

/** A button that chooses files; `folder` has it choose a folder. */
function chooser(text, label, folder, heed) {
  const field = make("input", { type: "file", className: "unseen", multiple: true, accept: folder ? "" : "image/*", webkitdirectory: folder, "aria-label": label });
  field.addEventListener("change", () => {
    heed([...field.files].map((file) => ({ file, folder: file.webkitRelativePath.split("/").at(-2) ?? "" })));
    field.value = "";
  });
  return make("label", { className: "file" }, field, make("span", {}, text));
}

export class Shelf {
  /** The classes of a visit; `onChange` is told of every change. */
  constructor(lab, visit, onChange) {
    Object.assign(this, { lab, visit, onChange, classes: [], pictures: new Map() });
    this.told = make("p", { id: "brought", role: "status" });
    this.leftOut = make("ul", { id: "left-out", className: "bad" });
    this.cards = make("div", { className: "cards", id: "classes" });
    const folder = chooser("A folder with a folder for each class …", "A folder with a folder for each class", true, (files) => this.bringFolder(files));
    const fresh = button("Add a class", () => this.change({ add: { class: this.freshName() } }));
    this.element = make("section", { "aria-label": "Classes and photos" }, make("div", { className: "controls" }, fresh, folder), this.told, this.leftOut, this.cards);
    takeDrops(this.element, (files) => this.bringFolder(files));
  }

  freshName() {
    for (let number = 1; ; number += 1) {
      if (!this.classes.some(({ name }) => name === `class ${number}`)) return `class ${number}`;
    }
  }

  /** What there is on the server; two classes to begin with. */
  async load() {
    const found = await this.lab.json("list", { visit: this.visit });
    this.classes = found.classes;
    if (this.classes.length === 0) {
      for (const name of ["class 1", "class 2"]) await this.change({ add: { class: name } });
    }
    this.draw();
    return found;
  }

  /** Changes classes or where a photo is. */
  change(change) {
    return this.lab.guard(async () => {
      try {
        ({ classes: this.classes } = await this.lab.json("change", { visit: this.visit, change }));
      } finally {
        // A name that was refused goes back to what it was.
        this.draw();
      }
      this.onChange();
    });
  }

  /** Brings files into the classes that `files` say: `[{ file, folder }]`. */
  async bringFolder(files) {
    const kept = files.filter(({ file }) => !LEFTOVERS.test(file.name));
    const loose = kept.filter(({ folder }) => folder === "");
    if (kept.length === 0) return;
    if (loose.length > 0) {
      tell(`${loose[0].file.name} lies in no folder: drop photos on their class, or folders that are named after theirs.`);
      return;
    }
    for (const { name, photos } of this.classes) {
      if (photos.length === 0) await this.change({ "remove-class": { class: name } });
    }
    await this.bring(kept.map(({ file, folder }) => ({ file, name: folder })));
  }

  /** Brings files: `[{ file, name }]` with the name of a class. What cannot be read is named. */
  async bring(files) {
    tell(null);
    this.leftOut.replaceChildren();
    let brought = 0;
    for (const { file, name } of files) {
      this.told.textContent = `Bringing photo ${brought + 1} of ${files.length} …`;
      try {
        await this.bringOne(file, name, file.name);
      } catch (error) {
        if (error.name === "AbortError") return;
        this.leftOut.append(make("li", {}, `Left out: ${file.name}: ${error.message}`));
        if (error.status === 0) break;
      }
      brought += 1;
    }
    await this.lab.guard(async () => {
      const { classes } = await this.lab.json("list", { visit: this.visit });
      this.classes = classes;
      this.draw();
      this.onChange();
    });
  }

  bringOne(file, name, fileName) {
    const query = new URLSearchParams({ visit: this.visit, class: name, name: fileName });
    return ask(`/lab/own/photo?${query}`, { method: "POST", body: file, signal: this.lab.signal });
  }

  /** A photo of the camera's. */
  async bringShot(blob, name) {
    await this.lab.guard(async () => {
      await this.bringOne(blob, name, "camera.jpg");
      const { classes } = await this.lab.json("list", { visit: this.visit });
      this.classes = classes;
      this.drawPhotos();
      this.onChange();
    });
  }

  /** A small picture of a photo. */
  picture(photo, alt) {
    const image = make("img", { alt, loading: "lazy" });
    if (!this.pictures.has(photo)) this.pictures.set(photo, askImage(`/lab/own/picture?${new URLSearchParams({ visit: this.visit, photo })}`));
    this.pictures.get(photo).then((address) => { image.src = address; }).catch(() => this.pictures.delete(photo));
    return image;
  }

  draw() {
    // Who is at a card with the keyboard stays there.
    const at = [...this.cards.children].findIndex((card) => card.contains(document.activeElement));
    this.cards.replaceChildren(...this.classes.map(({ name }) => this.card(name)));
    this.cards.children[at]?.querySelector(".class-name").focus();
    this.drawPhotos();
  }

  card(name) {
    const field = make("input", { type: "text", className: "class-name", value: name, maxLength: 60, "aria-label": "Name of the class" });
    field.addEventListener("change", () => this.change({ rename: { class: name, to: field.value } }));
    const take = (files) => this.bring(files.filter(({ file }) => !LEFTOVERS.test(file.name)).map(({ file }) => ({ file, name })));
    const remove = Object.assign(button("Remove", () => this.change({ "remove-class": { class: name } })), { title: `Remove the class ${name}` });
    const card = make("section", { className: "card", "aria-label": name }, field, make("p", { className: "count" }),
      make("div", { className: "controls" }, chooser("Photos …", `Photos of ${name}`, false, take), remove),
      camera({ of: name, many: "Take many", onPhoto: (blob) => this.bringShot(blob, name), signal: this.lab.signal }),
      make("ul", { className: "shots" }));
    takeDrops(card, take);
    return card;
  }

  /** The photos of every class, without disturbing its camera. */
  drawPhotos() {
    const all = this.classes.reduce((sum, { photos }) => sum + photos.length, 0);
    this.told.textContent = all === 0 ? "Drop photos on a class, choose files, or take them with the camera. Two photos of each are the least, 20 are good." : `${all} photos in ${this.classes.length} classes. They are in the memory of the server alone until you save.`;
    this.told.dataset.photos = all;
    this.classes.forEach(({ name, photos }, place) => {
      const card = this.cards.children[place];
      card.querySelector(".count").textContent = photos.length === 1 ? "1 photo" : `${photos.length} photos`;
      card.querySelector(".shots").replaceChildren(...photos.map((photo, number) => {
        const remove = make("button", { type: "button", "aria-label": `Take photo ${number + 1} of ${name} away` }, "×");
        remove.addEventListener("click", () => this.change({ remove: { photo } }));
        return make("li", {}, this.picture(photo, `photo ${number + 1} of ${name}`), remove);
      }));
    });
  }
}
