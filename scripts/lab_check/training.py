"""Lesson 7."""

import json
import shlex
import time

from playwright.sync_api import expect

from lab_check.visit import near, note


def lines(zoo, line, **changed):
    """The lines of `metrics.jsonl` of a `zoo` line that the page shows."""
    words = shlex.split(line)
    run = f"runs/again-{time.monotonic_ns()}"
    words[words.index("--run-dir") + 1] = run
    zoo.say(*words[1:], *(word for name, value in changed.items() for word in ("--set", f"{name}={value}")), "-q")
    text = (zoo.folder / run / "metrics.jsonl").read_text()
    return zoo.folder / run, [json.loads(one) for one in text.splitlines()]


def wait_step(page, at_least):
    page.wait_for_function("(n) => Number(document.querySelector('#steps').dataset.step) >= n", arg=at_least)


def check_training(visit):
    page = visit.page
    visit.open("training", network="cnn")
    doing = page.locator("#doing")
    expect(doing).to_have_attribute("data-doing", "paused")
    expect(page.locator("#steps")).to_contain_text("120 images / 20 per step = 6 steps an epoch; 3 epochs are 3 · 6 = 18 steps.")
    page.get_by_role("button", name="One step").click()
    wait_step(page, 1)
    line = page.locator("#command code").text_content()
    _, metrics = lines(visit.zoo, line)
    train = [one["loss"] for one in metrics if one["split"] == "train"]
    valid = [one["loss"] for one in metrics if one["split"] == "valid"]
    if float(page.locator("#charts").get_attribute("data-loss")) != train[0]:
        visit.note(f"the loss of the first step is {page.locator('#charts').get_attribute('data-loss')}, zoo train has {train[0]}")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(doing).to_have_attribute("data-doing", "finished")
    # The same numbers without the page, to the bit.
    with visit.page.expect_request("**/lab/training/look") as request:
        pass
    name = json.loads(request.value.post_data)["visit"]
    sight, maps = visit.ask("/lab/training/look", network="cnn", photo="cnn/0", visit=name, life=0, train=0, valid=0)
    if [point["loss"] for point in sight["train"]] != train or [point["loss"] for point in sight["valid"]] != valid:
        visit.note(f"losses {[point['loss'] for point in sight['train']]}, zoo train has {train}")
    if sum(map(sum, sight["confusion"])) != 40:
        visit.note(f"the confusion matrix counts {sight['confusion']}")
    head = sight["maps"]
    if len(maps) != head["shown"] * head["rows"] * head["columns"] or head["step"] != 18:
        visit.note(f"{len(maps)} numbers of the maps {head}")
    expect(page.locator("#maps canvas")).to_have_count(head["shown"])
    expect(page.locator("#confusion .matrix td")).to_have_count(100)
    visit.check_layout("training")
    check_controls(visit, name)


def check_controls(visit, name):
    """Other settings while it runs, a learning rate that diverges, a reset."""
    page = visit.page
    doing = page.locator("#doing")
    page.get_by_label("Epochs").fill("1000")
    page.keyboard.press("Enter")
    page.get_by_label("Batch size").select_option("32")
    expect(page.locator("#steps")).to_contain_text("120 images / 32 per step = 3.75, so 4 steps an epoch, the last of them with 24 images")
    page.get_by_role("button", name="Play", exact=True).click()
    wait_step(page, 22)
    page.get_by_label("Dropout").fill("0.5")
    page.get_by_label("Augmentation").click()
    expect(page.locator("#command code")).to_contain_text("--set model.cnn.dropout=0.5")
    before = int(page.locator("#steps").get_attribute("data-step"))
    wait_step(page, before + 4)
    page.get_by_role("button", name="Pause").click()
    expect(doing).to_have_attribute("data-doing", "paused")
    page.get_by_role("slider", name="Learning rate").fill("10")
    page.get_by_role("button", name="Reset").click()
    wait_step(page, 0)
    expect(page.locator("#steps")).to_contain_text("Now: 0 steps")
    visit.ask("/lab/training/tell", network="cnn", photo="cnn/0", visit=name, tell="controls",
              controls={"epochs": 3, "batch_size": 20, "learning_rate": 1e30, "dropout": 0.0, "augment": False})
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => ['run-away', 'finished'].includes(document.querySelector('#doing').dataset.doing)")
    for wrong in [{"epochs": 0}, {"batch_size": 0}, {"batch_size": 121}, {"learning_rate": 0}, {"learning_rate": -1}, {"dropout": 1}]:
        right = {"epochs": 3, "batch_size": 20, "learning_rate": 0.01, "dropout": 0.0, "augment": False}
        visit.refused("/lab/training/tell", 400, network="cnn", photo="cnn/0", visit=name, tell="controls", controls=right | wrong)
    visit.refused("/lab/training/tell", 404, network="cnn", photo="cnn/0", visit="nobody", tell="play")
    visit.refused("/lab/training/open", 404, network="other", photo="cnn/0", visit="x")
    page.get_by_role("button", name="Reset").click()
    expect(doing).to_have_attribute("data-doing", "paused")
