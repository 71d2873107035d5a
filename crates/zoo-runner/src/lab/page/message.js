// What the page and the server tell each other.

import { ask } from "/page/ask.js";

const asJson = (body) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** An answer in JSON to a question in JSON. */
export async function tellJson(path, body, signal) {
  return (await ask(path, { ...asJson(body), signal })).json();
}

/** An answer with many numbers: its header, and `values`. */
export async function tellNumbers(path, body, signal) {
  const buffer = await (await ask(path, { ...asJson(body), signal })).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { ...header, values: new Float32Array(buffer, 4 + length) };
}

/**
 * Has `work` done for the latest of many calls: one at a time, and of those that come meanwhile only the
 * last. For hovering, so that answers keep up with the pointer.
 */
export function latest(work) {
  let running = false;
  let next = null;
  const run = async (values) => {
    running = true;
    try {
      await work(...values);
    } finally {
      running = false;
      if (next) {
        const waiting = next;
        next = null;
        run(waiting).catch(() => {});
      }
    }
  };
  return async (...values) => {
    if (running) next = values;
    else await run(values);
  };
}
