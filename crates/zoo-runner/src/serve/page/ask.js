// Questions to the server, with the token if it wants one.

import { byId } from "./element.js";

const KEY = "burn-zoo-token";

/** What the server refused, in its words. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Shows a problem at the top of the page, or takes it away. */
export function tell(problem) {
  byId("problem").textContent = problem ?? "";
  byId("problem").hidden = !problem;
}

/** Has the user give a token; resolves once there is one. */
function askForToken() {
  const form = byId("token");
  form.hidden = false;
  byId("token-text").focus();
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEY, byId("token-text").value);
      form.hidden = true;
      resolve();
    }, { once: true });
  });
}

let asking = null;

async function send(path, options) {
  const token = sessionStorage.getItem(KEY);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...headers, ...options.headers } });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refused(0, "The server does not answer. Is zoo still running?");
  }
  if (response.status !== 401) return response;
  if (sessionStorage.getItem(KEY) === token) {
    asking ??= askForToken().finally(() => { asking = null; });
    await asking;
  }
  return send(path, options);
}

/** An answer of the server, whatever it is. */
export async function ask(path, options = {}) {
  const response = await send(path, options);
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new Refused(response.status, answer.error ?? `${path}: ${response.status}`);
}

export const askJson = async (path, options) => (await ask(path, options)).json();

/** An address of what the server answers, to be shown in an image. */
export async function askImage(path, options) {
  return URL.createObjectURL(await (await ask(path, options)).blob());
}

/** Server-sent events, each given to `heed(event, data)` until the stream or `signal` ends. */
export async function listen(path, signal, heed) {
  const response = await ask(path, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const field = (name) => part.split("\n").find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim();
      if (field("event")) heed(field("event"), field("data") ?? "");
    }
  }
}
