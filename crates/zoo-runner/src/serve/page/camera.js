// The camera: a photo at a time, or live.

import { byId } from "./element.js";
import { tell } from "./ask.js";

let stream = null;
/** The live view that goes on; null when none does. */
let live = null;

function show(isOn) {
  byId("camera-on").hidden = isOn;
  for (const id of ["camera-still", "camera-live", "camera-off", "video"]) byId(id).hidden = !isOn;
}

async function start() {
  // A second stream would go on when the first is stopped.
  byId("camera-on").disabled = true;
  try {
    await open();
  } finally {
    byId("camera-on").disabled = false;
  }
}

async function open() {
  if (!navigator.mediaDevices?.getUserMedia) {
    tell("The browser gives the camera only to pages on this machine or over https.");
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    tell(`The camera cannot be used: ${error.message}`);
    return;
  }
  tell(null);
  byId("video").srcObject = stream;
  await byId("video").play();
  show(true);
}

function stop() {
  setLive(null);
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  byId("video").srcObject = null;
  show(false);
}

function setLive(view) {
  live = view;
  byId("camera-live").setAttribute("aria-pressed", String(view !== null));
}

/** What the camera sees now, as a file. */
function still() {
  const video = byId("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Looks at one photo after another until `view` is turned off, which may be while a photo is made. */
async function watch(view, look) {
  while (live === view) {
    const photo = await still();
    if (live !== view) return;
    await look(photo, "live", true);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** `look(file, name, isLive)` is given each photo, and awaited before the next one of the live view. */
export function connectCamera(look) {
  let photos = 0;
  byId("camera-on").addEventListener("click", start);
  byId("camera-off").addEventListener("click", stop);
  byId("camera-still").addEventListener("click", async () => {
    setLive(null);
    photos += 1;
    look(await still(), `photo ${photos}`, false);
  });
  byId("camera-live").addEventListener("click", () => {
    setLive(live ? null : Symbol("live"));
    if (live) watch(live, look);
  });
}
