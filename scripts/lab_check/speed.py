"""What watching costs: a network learns in lesson 7, with the page open, and in `zoo train`, one after the other."""

import json
import statistics
import time

from playwright.sync_api import expect

from lab_check.training import WAIT
from lab_check.visit import note

RUN = "live"
EPOCHS, TURNS = 5, 3
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
    expect(page.locator("#doing")).to_have_attribute("data-doing", "paused", timeout=WAIT)
    with page.expect_response("**/lab/training/look"):
        page.get_by_role("button", name="Play", exact=True).click()
    seen, end = {}, time.monotonic() + WAIT / 1000
    while page.locator("#doing").get_attribute("data-doing") != "finished" and time.monotonic() < end:
        seen.setdefault(int(page.locator("#steps").get_attribute("data-step")), time.monotonic())
        time.sleep(0.02)
    each = max(seen) // EPOCHS
    first = min(step for step in seen if step >= each)
    last = max(seen)
    return (last - first) / (seen[last] - seen[first])


def check_speed(visit):
    batch = json.loads((visit.zoo.runs / RUN / "config.json").read_text()).get("loader", {}).get("batch_size", 64)
    pairs = [(batch * in_zoo_train(visit.zoo), batch * in_the_lab(visit)) for _ in range(TURNS)]
    alone, watched = (statistics.median(side) for side in zip(*pairs))
    lost = 1 - watched / alone
    print(f"  images a second: zoo train {alone:,.0f}, lesson 7 with the page open {watched:,.0f}: {100 * lost:.1f} % lost; "
          + "; ".join(f"{one:,.0f} and {other:,.0f}" for one, other in pairs), flush=True)
    if lost > MOST:
        note(f"live training costs {100 * lost:.1f} % of its speed, more than {100 * MOST:.0f} %")
