// The camera: one photo, or one after the other.

import { make } from "/page/element.js";
import { tell } from "/page/ask.js";
import { button } from "./parts.js";

/** The least time between two photos, in milliseconds. */
const PAUSE = 250;

/** What a video shows now, as a file. */
function still(video) {
  const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
}

/**
 * Buttons and the view of a camera. `onPhoto(file)` is given each photo, and awaited before the next one of
 * many; `many` names the button that takes one after the other until it is pressed again. `of` says what
 * the photos are for, `signal` ends it.
 */
export function camera({ of, many, onPhoto, signal }) {
  let stream = null;
  /** The series that goes on; null when none does. */
  let current = null;
  const video = make("video", { muted: true, playsInline: true, hidden: true, "aria-label": `What the camera sees, for ${of}` });
  const setCurrent = (value) => { current = value; series.setAttribute("aria-pressed", String(value !== null)); };
  const show = (isOn) => {
    on.hidden = isOn;
    for (const part of [one, series, off, video]) part.hidden = !isOn;
  };

  async function start() {
    // A second stream would go on when the first is stopped.
    on.disabled = true;
    try {
      await open();
    } finally {
      on.disabled = false;
    }
  }

  async function open() {
    tell(null);
    if (!navigator.mediaDevices?.getUserMedia) {
      tell("The browser gives the camera only to pages on this machine or over https. Choose files instead.");
      return;
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } } });
    } catch (error) {
      tell(`The camera cannot be used: ${error.message}. Choose files instead.`);
      return;
    }
    if (signal.aborted) return void stop();
    video.srcObject = stream;
    await video.play();
    show(true);
    one.focus();
  }

  function stop() {
    setCurrent(null);
    stream?.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = null;
    show(false);
  }

  /** Takes one photo after another until `mine` is turned off, which may be while a photo is made. */
  async function takeMany(mine) {
    while (current === mine) {
      const photo = await still(video);
      if (current !== mine) return;
      await onPhoto(photo);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  function pressSeries() {
    setCurrent(current ? null : Symbol(many));
    if (current) takeMany(current);
  }

  const named = (text, onClick) => Object.assign(button(text, onClick), { title: `${text}: ${of}` });
  const on = named("Camera", start);
  const one = named("One photo", async () => onPhoto(await still(video)));
  const series = named(many, pressSeries);
  const off = named("Camera off", stop);
  setCurrent(null);
  show(false);
  signal.addEventListener("abort", stop);
  return make("div", { className: "camera" }, on, one, series, off, video);
}
