// Which network looks at which photo: the choice above every lesson.

import { byId, make } from "/page/element.js";
import { ask, askImage, askJson, tell } from "/page/ask.js";

/** Fills the menu of networks. */
export function fillNetworks(networks) {
  byId("network").replaceChildren(...networks.map(({ name, model }) => make("option", { value: name }, name === model ? name : `${name} (${model})`)));
}

/** Says which network is chosen. */
export function showNetwork(network) {
  byId("network").value = network.name;
  const parameters = network.parameters.toLocaleString("en");
  byId("network-about").textContent = `${parameters} parameters, sees ${network.image_size} × ${network.image_size} pixels, ${network.classes.length} classes`;
}

const pictures = new Map();

/** An address of a small picture of a photo. */
function small(photo) {
  if (!pictures.has(photo)) pictures.set(photo, askImage(`/lab/photos/picture?${new URLSearchParams({ photo })}`));
  return pictures.get(photo);
}

const brought = [];
let shown = "";

/** Shows the photos that are offered for a network, and which of them is chosen; gives them. */
export async function showPhotos(network, chosen, onChoose) {
  const { photos, note } = await askJson(`/lab/photos?${new URLSearchParams({ network })}`);
  const own = brought.map((photo) => ({ photo, class: "own photo" }));
  const all = [...own, ...photos];
  byId("photos-note").hidden = !note;
  byId("photos-note").textContent = note ?? "";
  const list = JSON.stringify(all);
  if (list !== shown) {
    shown = list;
    byId("photos").replaceChildren(...all.map(({ photo, class: name }) => {
      const image = make("img", { alt: "" });
      small(photo).then((address) => { image.src = address; }).catch(() => pictures.delete(photo));
      const button = make("button", { type: "button", value: photo, title: name }, image, name);
      button.addEventListener("click", () => onChoose(photo));
      return button;
    }));
  }
  return all;
}

/** Marks the photo that is chosen. */
export function markPhoto(photo) {
  for (const button of byId("photos").children) button.setAttribute("aria-pressed", String(button.value === photo));
}

/** Takes photos that are chosen, dropped or pasted. */
export function connectPhotos(onBrought) {
  const bring = async (file) => {
    if (!file) return;
    tell(null);
    try {
      const { photo } = await (await ask("/lab/photos", { method: "POST", body: file })).json();
      if (!brought.includes(photo)) brought.unshift(photo);
      onBrought(photo);
    } catch (error) {
      tell(`${file.name || "The photo"}: ${error.message}`);
    }
  };
  byId("file").addEventListener("change", (event) => {
    bring(event.target.files[0]);
    event.target.value = "";
  });
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault());
  document.addEventListener("dragover", () => document.body.classList.add("over"));
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("over");
    bring(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => bring(event.clipboardData.files[0]));
}
