"""What watching costs: a network learns in lesson 7, with the page open, and in `zoo train`, one after the other."""

import json
import statistics
import time

from playwright.sync_api import expect

from lab_check.visit import note

RUN = "live"
EPOCHS, TURNS = 5, 3
# Notes in the page which step is shown when, in seconds, so that nobody need ask meanwhile.
WATCH = """() => {
  const steps = document.querySelector("#steps");
  window.seen = [];
  new MutationObserver(() => {
    const step = Number(steps.dataset.step);
    if (step > (window.seen.at(-1)?.[0] ?? 0)) window.seen.push([step, performance.now() / 1000]);
  }).observe(steps, { attributes: true, attributeFilter: ["data-step"] });
}"""
# The part of its speed that training may lose.
MOST = 0.15


def live(zoo):
    """The run that is trained again."""
    if not (zoo.runs / RUN / "report.json").exists():
        zoo.say("train", "quickstart", "--set", f"train.epochs={EPOCHS}", "-q", "--run-dir", str(zoo.runs / RUN))


def in_zoo_train(zoo):
    """Images a second from the end of the first epoch on, validation included."""
    run = f"runs/speed-{time.monotonic_ns()}"
    zoo.say("train", str(zoo.runs / RUN / "config.json"), "-q", "--run-dir", run)
    lines = [json.loads(line) for line in (zoo.folder / run / "metrics.jsonl").read_text().splitlines()]
    first, *_, last = [line for line in lines if line["split"] == "valid"]
    return (last["step"] - first["step"]) / (last["seconds"] - first["seconds"])


def in_the_lab(visit):
    """The same, as the page shows it."""
    page = visit.page
    visit.open("training", network=RUN)
    expect(page.locator("#doing")).to_have_attribute("data-doing", "paused")
    page.evaluate(WATCH)
    with page.expect_response("**/lab/training/look"):
        page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.querySelector('#doing').dataset.doing === 'finished'", polling=1000)
    seen = page.evaluate("window.seen")
    # When it was over is known no better than the page asks; what it saw on the way is as of then.
    seen = [(step, at) for step, at in seen if seen[-1][0] // EPOCHS <= step < seen[-1][0]]
    return (seen[-1][0] - seen[0][0]) / (seen[-1][1] - seen[0][1])


def check_speed(visit):
    batch = json.loads((visit.zoo.runs / RUN / "config.json").read_text()).get("loader", {}).get("batch_size", 64)
    pairs = [(batch * in_zoo_train(visit.zoo), batch * in_the_lab(visit)) for _ in range(TURNS)]
    alone, watched = (statistics.median(side) for side in zip(*pairs))
    lost = 1 - watched / alone
    print(f"  images a second: zoo train {alone:,.0f}, lesson 7 with the page open {watched:,.0f}: {100 * lost:.1f} % lost; "
          + "; ".join(f"{one:,.0f} and {other:,.0f}" for one, other in pairs), flush=True)
    if lost > MOST:
        note(f"live training costs {100 * lost:.1f} % of its speed, more than {100 * MOST:.0f} %")
