// Pictures as files.

import { draw, make } from "/page/element.js";

/** How much larger than on the page a chart is saved. */
const SCALE = 2;
/** What a chart's shapes and texts get from the style of the page. */
const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "font-family", "font-size", "font-weight", "text-anchor"];

/** A button that saves the canvas that `picture()` gives as NAME.png. */
export function saveButton(name, picture) {
  const save = make("button", { type: "button", "aria-label": `Save picture: ${name}` }, "Save picture");
  save.addEventListener("click", async () => {
    const canvas = await picture();
    canvas.toBlob((blob) => {
      const address = URL.createObjectURL(blob);
      make("a", { href: address, download: `${name}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
  });
  return save;
}

/** A part of a lesson with pictures in `place`, and a button that saves what `picture()` makes of them. */
export const savable = (place, name, picture) => make("div", { className: "pictures" }, place, saveButton(name, picture));

/** Charts that change, and a button that saves them as they are then. */
export const savableCharts = (place, name) => savable(place, name, () => chartPicture(place));

/** Small pictures in rows of so many, each so many pixels wide, as one. */
export function sheetOf(pictures, columns, width = 128) {
  const gap = 4;
  const height = Math.max(...pictures.map((picture) => Math.round((width * picture.height) / picture.width)));
  const rows = Math.ceil(pictures.length / columns);
  const sheet = make("canvas", { width: columns * (width + gap) - gap, height: rows * (height + gap) - gap });
  const context = sheet.getContext("2d");
  context.imageSmoothingEnabled = false;
  pictures.forEach((picture, place) => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    context.drawImage(picture, column * (width + gap), row * (height + gap), width, (width * picture.height) / picture.width);
  });
  return sheet;
}

/** An element with its style written into it, so that it looks the same without the page. */
function styled(element) {
  const copy = element.cloneNode(true);
  const originals = [element, ...element.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((one, place) => {
    const style = getComputedStyle(originals[place]);
    for (const name of STYLES) one.style.setProperty(name, style.getPropertyValue(name));
  });
  return copy;
}

/** The charts in a place with their legends, one below the other, as a picture. */
async function chartPicture(place) {
  const [width, height, legend] = [480, 240, 24];
  const figures = [...place.querySelectorAll("figure:has(.chart)")];
  const ink = getComputedStyle(document.body);
  const all = draw("svg", { xmlns: "http://www.w3.org/2000/svg", width: SCALE * width, height: SCALE * Math.max(1, figures.length) * (height + legend), viewBox: `0 0 ${width} ${Math.max(1, figures.length) * (height + legend)}` });
  all.append(draw("rect", { width: "100%", height: "100%", fill: ink.backgroundColor }));
  figures.forEach((figure, number) => {
    const top = number * (height + legend);
    const chart = styled(figure.querySelector(".chart"));
    for (const [name, value] of Object.entries({ y: top, width, height })) chart.setAttribute(name, value);
    all.append(chart);
    let left = 48;
    for (const item of figure.querySelectorAll(".legend li")) {
      const key = draw("g", { transform: `translate(${left} ${top + height + 8})` }, ...[...item.querySelectorAll("path")].map(styled));
      all.append(key, draw("text", { x: left + 34, y: top + height + 12, fill: ink.color, "font-size": 12, "font-family": ink.fontFamily }, item.textContent));
      left += 50 + 7 * item.textContent.length;
    }
  });
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(all)], { type: "image/svg+xml" }));
  const image = make("img", { src: address });
  await image.decode();
  const canvas = make("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  canvas.getContext("2d").drawImage(image, 0, 0);
  URL.revokeObjectURL(address);
  return canvas;
}
