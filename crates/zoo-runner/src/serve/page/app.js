// The page: its views, and what they begin with.

import { byId } from "./element.js";
import { tell } from "./ask.js";
import { connectLook } from "./look.js";
import { showRun, watchRuns } from "./runs.js";
import { connectTraining } from "./training.js";

const VIEWS = ["look", "runs"];

function show(view) {
  for (const name of VIEWS) {
    const tab = byId(`tab-${name}`);
    tab.setAttribute("aria-selected", String(name === view));
    tab.tabIndex = name === view ? 0 : -1;
    byId(`view-${name}`).hidden = name !== view;
  }
  watchRuns(view === "runs");
}

for (const [place, name] of VIEWS.entries()) {
  const tab = byId(`tab-${name}`);
  tab.addEventListener("click", () => { location.hash = name; });
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = VIEWS[(place + step + VIEWS.length) % VIEWS.length];
    location.hash = next;
    byId(`tab-${next}`).focus();
  });
}

const viewOfAddress = () => (VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : VIEWS[0]);
window.addEventListener("hashchange", () => show(viewOfAddress()));
show(viewOfAddress());
connectLook().catch((error) => tell(error.message));
connectTraining().then((run) => {
  if (run === null) return;
  if (!location.hash) location.hash = "runs";
  showRun(run);
}, (error) => tell(error.message));
