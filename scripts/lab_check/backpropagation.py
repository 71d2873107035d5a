"""Lesson 6."""

import json
import math

from playwright.sync_api import expect

from lab_check.training import lines
from lab_check.visit import near


def check_backpropagation(visit):
    page = visit.page
    visit.open("backpropagation", network="cnn")
    told = page.locator("#told")
    expect(told).to_contain_text("Loss on 20 images before the step")
    before, after = (float(told.get_attribute(f"data-{name}")) for name in ("before", "after"))
    run, metrics = lines(visit.zoo, page.locator("#command code").text_content())
    if metrics[0]["loss"] != before:
        visit.note(f"the loss before the step is {before}, zoo train has {metrics[0]['loss']}")
    about = {"network": "cnn", "photo": "cnn/0", "visit": "check"}
    opened = visit.ask("/lab/backpropagation/open", **about)
    rate = float(page.locator("#command code").text_content().rsplit("=", 1)[1])
    one = visit.ask("/lab/backpropagation/step", **about, weights="fresh", rate=rate, steps=1)
    manifest = json.loads((run / "manifest.json").read_text())
    if one["weight_hash"] != manifest["weight_hash"]:
        visit.note("the weights after the step are not those of zoo train")
    if one["losses"] != [before, after]:
        visit.note(f"the page has {[before, after]}, the step {one['losses']}")
    if len(page.locator("#layers tbody tr").all()) != len(one["layers"]) or not all(layer["change"] > 0 for layer in one["layers"]):
        visit.note(f"layers {one['layers']}")
    # The first step of AdamW is the learning rate against the sign of the gradient, and the decay.
    for weight in one["weights"]:
        step = weight["before"] - weight["after"]
        near(f"the step of {weight['name']}", step, math.copysign(rate, weight["gradient"]) + rate * 0.05 * weight["before"] * 0, 0.06 * rate + 1e-6)
    again = visit.ask("/lab/backpropagation/rates", **about, weights="fresh", power=round(5 * math.log10(rate)))
    near("the loss after one step", again["loss"], after, 1e-6)
    page.wait_for_function("() => document.querySelector('[data-done=\"1\"]')")
    _, row = visit.ask("/lab/backpropagation/surface", **about, weights="fresh", seed=1, side=21, row=10, reach=1)
    _, same = visit.ask("/lab/backpropagation/surface", **about, weights="fresh", seed=1, side=21, row=10, reach=1)
    near("the same row again", row, same, 0)
    visit.hover(page.locator("div.grid"), 10, 3, 21, 21)
    near("the loss at a hovered place", visit.value("#surface-told"), row[3], 1e-6)
    visit.check_layout("backpropagation")
    page.get_by_role("slider", name="Learning rate").fill("10")
    expect(told).to_contain_text("The step was too long")
    page.get_by_role("button", name="After training").click()
    page.wait_for_function("(before) => document.querySelector('#told').dataset.before !== before", arg=str(before))
    for wrong in [{"rate": 0}, {"rate": -1}, {"steps": 0}, {"steps": 51}]:
        visit.refused("/lab/backpropagation/step", 400, **about, **({"weights": "fresh", "rate": rate, "steps": 1} | wrong))
    visit.refused("/lab/backpropagation/surface", 400, **about, weights="fresh", seed=1, side=20, row=0, reach=1)
    # Without dropout and batch norm, the middle of the surface is the loss before the step.
    about |= {"network": "vit", "visit": "check-vit"}
    visit.ask("/lab/backpropagation/open", **about)
    one = visit.ask("/lab/backpropagation/step", **about, weights="trained", rate=rate, steps=1)
    _, row = visit.ask("/lab/backpropagation/surface", **about, weights="trained", seed=1, side=21, row=10, reach=1)
    near("the middle of the surface", row[10], one["losses"][0], 1e-4)
    if opened["images"] != 20:
        visit.note(f"opened: {opened}")
